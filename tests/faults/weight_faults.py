"""Faults of the weights, of what is fed and fetched, and of a folded batch norm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from faults import Fault, Made, after, another, before, found, is_inside, named, replaced, with_config

Layers = dict[str, Any]
WEIGHTED = ("Conv2D", "Conv1D", "Dense", "DepthwiseConv2D", "LSTM", "GRU", "MultiHeadAttention")


def edited(name: str, edit: Callable[[list[np.ndarray], np.random.Generator], list[np.ndarray]]) -> Any:
    def change(layers: Layers, random: np.random.Generator) -> None:
        layer = found(layers, name)
        layer.set_weights(edit([w.copy() for w in layer.get_weights()], random))

    return change


def changed(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    def noise(arrays: list[np.ndarray], random: np.random.Generator) -> list[np.ndarray]:
        return [w + random.normal(0, 0.1 * (w.std() + 0.1), w.shape).astype("f4") for w in arrays]

    def zeros(arrays: list[np.ndarray], random: np.random.Generator) -> list[np.ndarray]:
        flat = arrays[0].ravel()
        start = int(random.integers(flat.size // 2))
        flat[start : start + max(4, flat.size // 5)] = 0
        return arrays

    for name, _ in named(made, *WEIGHTED):
        yield Fault(cause="weights-changed", what="another step", layers=(name,), weights=edited(name, noise))
        yield Fault(cause="weights-changed", what="a block of zeros", layers=(name,), weights=edited(name, zeros))

    def everything(layers: Layers, random: np.random.Generator) -> None:
        for layer in layers.values():
            if "Normalization" not in layer.__class__.__name__ and layer.get_weights():
                layer.set_weights(noise(layer.get_weights(), random))

    yield Fault(cause="weights-changed", what="another training", weights=everything)


def not_loaded(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    names = [name for name, _ in named(made, "Conv2D", "Conv1D", "Dense", "LSTM", "GRU")]

    def fresh(wanted: list[str]) -> Callable[[Layers, np.random.Generator], None]:
        def change(layers: Layers, _random: np.random.Generator) -> None:
            for path, layer in layers.items():
                if path.rpartition("/")[2] in wanted and layer.get_weights():
                    again = layer.__class__.from_config(layer.get_config())
                    again.build(layer.get_build_config()["input_shape"])
                    layer.set_weights(again.get_weights())

        return change

    big = [name for name in names if name not in ("scores", "logits", "pose", "gaze")]
    for name in big:
        yield Fault(cause="weights-not-loaded", what="one layer", layers=(name,), weights=fresh([name]))
    yield Fault(cause="weights-not-loaded", what="all layers", layers=tuple(names), weights=fresh(names))


def order(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    shapes: dict[tuple[Any, ...], list[str]] = {}

    def exchanged(one: str, other: str) -> Callable[[Layers, np.random.Generator], None]:
        def change(layers: Layers, _random: np.random.Generator) -> None:
            first, second = found(layers, one), found(layers, other)
            a, b = first.get_weights(), second.get_weights()
            if [w.shape for w in a] != [w.shape for w in b]:
                raise LookupError("not of one shape")
            first.set_weights(b)
            second.set_weights(a)

        return change

    for kind in ("Conv2D", "Dense", "BatchNormalization", "LayerNormalization", "MultiHeadAttention"):
        names = [name for name, _ in named(made, kind)]
        for at, one in enumerate(names):
            for other in names[at + 1 :]:
                shapes.setdefault((kind,), []).append(one)
                yield Fault(
                    cause="weight-order", what=f"{one} and {other}", layers=(one, other), weights=exchanged(one, other)
                )

    def gamma_beta(arrays: list[np.ndarray], _random: np.random.Generator) -> list[np.ndarray]:
        return [arrays[1], arrays[0], *arrays[2:]]

    for name, _ in named(made, "BatchNormalization", "LayerNormalization"):
        yield Fault(cause="weight-order", what="gamma and beta", layers=(name,), weights=edited(name, gamma_beta))

    def columns(arrays: list[np.ndarray], random: np.random.Generator) -> list[np.ndarray]:
        return [arrays[0][..., random.permutation(arrays[0].shape[-1])], *arrays[1:]]

    for name, _ in named(made, "Conv2D", "Conv1D", "Dense"):
        if name not in ("scores", "logits", "pose", "gaze"):
            yield Fault(cause="weight-order", what="columns", layers=(name,), weights=edited(name, columns))


def statistics(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    ways: dict[str, Callable[..., Any]] = {
        "0 and 1": lambda w: [w[0], w[1], w[2] * 0, w[3] * 0 + 1],
        "deviation": lambda w: [w[0], w[1], w[2], np.sqrt(w[3])],
        "squared": lambda w: [w[0], w[1], w[2], w[3] ** 2],
        "mean 0": lambda w: [w[0], w[1], w[2] * 0, w[3]],
    }
    for name, _ in named(made, "BatchNormalization"):
        for what, way in ways.items():
            edit = edited(name, lambda w, _random, way=way: way(w))
            yield Fault(cause="batchnorm-statistics", what=what, layers=(name,), weights=edit)


def quantized(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    def grid(arrays: list[np.ndarray], _random: np.random.Generator) -> list[np.ndarray]:
        step = np.abs(arrays[0]).max() / 7
        return [np.round(arrays[0] / step) * step, *arrays[1:]]

    def scaled(arrays: list[np.ndarray], _random: np.random.Generator) -> list[np.ndarray]:
        step = np.abs(arrays[0]).max() / 127
        return [np.round(arrays[0] / step) * step * 1.25, *arrays[1:]]

    def saturated(arrays: list[np.ndarray], _random: np.random.Generator) -> list[np.ndarray]:
        limit = np.abs(arrays[0]).max() * 0.4
        return [np.clip(arrays[0], -limit, limit), *arrays[1:]]

    for name, _ in named(made, "Conv2D", "Conv1D", "Dense", "DepthwiseConv2D"):
        for what, way in (("four bits", grid), ("a bad scale", scaled), ("saturated", saturated)):
            yield Fault(cause="quantization", what=what, layers=(name,), weights=edited(name, way))


def precision(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    def half(arrays: list[np.ndarray]) -> list[np.ndarray]:
        return [w.astype("f2").astype("f4") for w in arrays]

    def every(layers: Layers, _random: np.random.Generator) -> None:
        for layer in layers.values():
            if layer.get_weights():
                layer.set_weights(half(layer.get_weights()))

    for name, _ in named(made, *WEIGHTED):
        edit = edited(name, lambda w, _random: half(w))
        yield Fault(cause="precision", what="one layer in float16", layers=(name,), weights=edit)
    yield Fault(cause="precision", what="all weights in float16", weights=every)


def not_a_number(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    def broken(value: float) -> Callable[..., Any]:
        def edit(arrays: list[np.ndarray], random: np.random.Generator) -> list[np.ndarray]:
            arrays[0].ravel()[int(random.integers(arrays[0].size))] = value
            return arrays

        return edit

    for name, _ in named(made, "Conv2D", "Conv1D", "Dense", "DepthwiseConv2D", "LSTM"):
        for what, value in (("NaN in a weight", np.nan), ("infinity in a weight", np.inf)):
            yield Fault(cause="nan-or-infinity", what=what, layers=(name,), weights=edited(name, broken(value)))


def labels(made: Made, random: np.random.Generator) -> Iterator[Fault]:
    for name in ("scores", "logits", "pose"):
        if not named([item for item in made if item[1] == name], "Dense"):
            continue
        count = int(next(config["args"][0] for _, own, config in made if own == name))
        order = np.roll(np.arange(count), 1)
        if random.integers(2):
            order[:2] = order[:2][::-1]
        edit = edited(name, lambda w, _random, order=order: [part[..., order] for part in w])
        yield Fault(cause="label-order", what="classes in another order", layers=(name,), weights=edit)


def folded(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    """The batch norm left out, and its convolution with the kernel and the bias of a wrong fold."""
    at = [(class_name, name, config) for class_name, name, config in made]
    for (conv_class, conv, config), (norm_class, norm, _) in pairwise(at):
        if (
            norm_class != "BatchNormalization"
            or conv_class not in ("Conv2D", "DepthwiseConv2D")
            or config.get("activation")
        ):
            continue
        for what in ("mean forgotten", "beta forgotten", "variance not under a root"):

            def change(
                keras: Any, class_name: str, name: str, given: dict[str, Any], conv: str = conv, norm: str = norm
            ) -> Any:
                if name == norm:
                    return lambda x: x
                if name != conv:
                    return None
                given = {**given, "use_bias": True}
                return getattr(keras.layers, class_name)(*given.pop("args"), name=name, **given)

            fault = Fault(cause="folding", what=what, layers=(norm, conv), change=change)
            fault.settings = {"fold": (conv, norm, what)}
            yield fault


def preprocessing(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    first = made[0][1]
    if is_inside(made, first):
        return
    rescaling = {"x * 2 - 1": (2.0, -1.0), "x / 4": (0.25, 0.0), "x / 255": (1 / 255.0, 0.0)}
    for what, (scale, offset) in rescaling.items():

        def front(keras: Any, x: Any, scale: float = scale, offset: float = offset) -> Any:
            return keras.layers.Rescaling(scale, offset, name="twice")(x)

        names = (first, "image", "steps", "tokens", "left", "right", made[1][1])
        yield Fault(cause="preprocessing-mismatch", what=f"B has {what}", layers=names, change=before(first, front))
    names = ("image", "steps", "tokens", "left", "right", first)
    for pipeline in ("scale 1/255", "scale 2 | mean 1", "scale 127.5 | mean -127.5"):
        yield Fault(
            cause="preprocessing-mismatch",
            what=f"A gets `{pipeline}`",
            layers=names,
            settings={"preprocess_a": pipeline},
        )


def ports(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    if not any(name == "left_conv" for _, name, _ in made):
        return
    yield Fault(
        cause="input-order", what="exchanged", layers=("left", "right"),
        call=lambda model, tensors: model([tensors[1], tensors[0]], training=False),
    )  # fmt: skip
    yield Fault(
        cause="output-order", what="exchanged", layers=("pose", "gaze"),
        call=lambda model, tensors: model(tensors, training=False)[::-1],
    )  # fmt: skip


__all__ = ["after", "another", "replaced", "with_config"]
