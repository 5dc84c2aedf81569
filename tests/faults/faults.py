"""Faults as a converter or a person makes them, each put into a net at a seeded place.

A fault changes a layer while B is built (`change`), B's weights (`weights`), B's frozen graph (`graph`), how B's
model is called (`call`), how the two are fed (`settings`), or writes files of its own (`files`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Made = list[tuple[str, str, dict[str, Any]]]


@dataclass(kw_only=True)
class Fault:
    """`layers` are A's layers of which one must be named, by the last part of their names; empty: any.
    `also`: other causes that say the same."""

    cause: str
    what: str
    also: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    change: Callable[..., Any] | None = None
    weights: Callable[[dict[str, Any], np.random.Generator], None] | None = None
    graph: Callable[[Any], None] | None = None
    call: Callable[[Any, list[Any]], Any] | None = None
    files: Callable[[Any], dict[str, Any]] | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def named(made: Made, *classes: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, config) for class_name, name, config in made if class_name in classes]


def replaced(target: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """A change of one layer: `make(keras, class_name, name, config)`."""

    def change(keras: Any, class_name: str, name: str, config: dict[str, Any]) -> Any:
        return make(keras, class_name, name, dict(config)) if name == target else None

    return change


def with_config(target: str, **other: Any) -> Callable[..., Any]:
    """The same class with other arguments."""

    def make(keras: Any, class_name: str, name: str, config: dict[str, Any]) -> Any:
        args = config.pop("args")
        return getattr(keras.layers, class_name)(*args, name=name, **{**config, **other})

    return replaced(target, make)


def another(target: str, class_name: str, *args: Any, **config: Any) -> Callable[..., Any]:
    """A layer of another class in its place."""
    return replaced(
        target, lambda keras, _class, name, _config: getattr(keras.layers, class_name)(*args, name=name, **config)
    )


def after(target: str, function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The layer, and something behind it: `function(keras, tensor)`."""

    def make(keras: Any, class_name: str, name: str, config: dict[str, Any]) -> Any:
        args = config.pop("args")
        made = getattr(keras.layers, class_name)(*args, name=name, **config)
        return Then(keras, made, function)

    return replaced(target, make)


class Then:
    """A layer and what follows it; in a Sequential model only the layer counts."""

    def __init__(self, keras: Any, layer: Any, function: Callable[[Any, Any], Any]) -> None:
        self._keras, self._layer, self._function = keras, layer, function

    def __call__(self, tensor: Any) -> Any:
        return self._function(self._keras, self._layer(tensor))


def before(target: str, function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Something in front of the layer."""

    def make(keras: Any, class_name: str, name: str, config: dict[str, Any]) -> Any:
        args = config.pop("args")
        made = getattr(keras.layers, class_name)(*args, name=name, **config)
        return lambda tensor: made(function(keras, tensor))

    return replaced(target, make)


def is_inside(made: Made, name: str) -> bool:
    """In the nested net some layers are handed to a Sequential, which takes only real layers."""
    return any(other == "head_conv" for _, other, _ in made) and name in (
        "head_conv",
        "flat",
        "drop",
        "hidden",
        "logits",
    )


def epsilon(made: Made, random: np.random.Generator) -> Iterator[Fault]:
    for cause, classes in (("batchnorm-epsilon", "BatchNormalization"), ("layernorm-epsilon", "LayerNormalization")):
        for name, _ in named(made, classes):
            value = float(random.choice([0.05, 0.1, 1e-2]))
            yield Fault(cause=cause, what=f"epsilon {value}", layers=(name,), change=with_config(name, epsilon=value))


def training_mode(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    names = [name for name, _ in named(made, "BatchNormalization")]

    def batch_moments(keras: Any, class_name: str, name: str, config: dict[str, Any]) -> Any:
        if name not in wanted:
            return None
        args = config.pop("args")

        class Trains(keras.layers.BatchNormalization):
            def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
                import tensorflow as tf

                if len(inputs.shape) == 4:
                    nothing = tf.zeros([0])
                    return tf.compat.v1.nn.fused_batch_norm(
                        inputs, self.gamma, self.beta, nothing, nothing, self.epsilon, is_training=True
                    )[0]
                mean, variance = tf.nn.moments(inputs, list(range(len(inputs.shape) - 1)))
                return tf.nn.batch_normalization(inputs, mean, variance, self.beta, self.gamma, self.epsilon)

        return Trains(*args, name=name, **config)

    if names:
        wanted = names
        yield Fault(
            cause="batchnorm-training-mode", what="all batch norms train", layers=tuple(names), change=batch_moments
        )


def activation(made: Made, random: np.random.Generator) -> Iterator[Fault]:
    def fault(name: str, what: str, change: Any) -> Fault:
        return Fault(cause="activation", what=what, layers=(name,), change=change)

    for name, config in named(made, "Conv2D", "Conv1D", "Dense"):
        own = config.get("activation")
        if own and own != "softmax":
            other = str(
                random.choice([x for x in ("relu", "elu", "sigmoid", "tanh", "linear", "softplus") if x != own])
            )
            yield fault(name, f"{own} becomes {other}", with_config(name, activation=other))
        if own == "softmax":
            yield fault(name, "softmax missing", with_config(name, activation="linear"))
        if own == "gelu":
            import tensorflow as tf

            yield fault(name, "gelu with tanh", with_config(name, activation=lambda x: tf.nn.gelu(x, approximate=True)))
    for name, _ in named(made, "Activation"):
        other = str(random.choice(["elu", "tanh", "softplus", "selu"]))
        yield fault(name, f"becomes {other}", another(name, "Activation", other))
    for name, _ in named(made, "ReLU"):
        yield fault(name, "relu6 becomes relu", another(name, "ReLU"))
        yield fault(name, "slope added", another(name, "LeakyReLU", 0.1))
    for name, _ in named(made, "LeakyReLU"):
        yield fault(name, "another slope", another(name, "LeakyReLU", 0.1))
        yield fault(name, "slope lost", another(name, "ReLU"))
    for name, _ in named(made, "Softmax"):
        yield fault(name, "softmax missing", another(name, "Activation", "linear"))
        yield fault(name, "softmax over the batch", another(name, "Softmax", axis=0))


def padding(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    for name, config in named(made, "Conv2D", "DepthwiseConv2D", "Conv1D"):
        args, strides = config["args"], config.get("strides", 1)
        size = args[0] if "dw" in name else args[1]
        if config.get("padding") != "same" or size == 1 or is_inside(made, name):
            continue
        low, high = ((size - 1) // 2, size - 1 - (size - 1) // 2) if strides == 1 else (size // 2, size // 2)
        if strides == 1:
            low, high = high + 1, low - 1
        pads = (low, high)

        def make(keras: Any, class_name: str, own: str, given: dict[str, Any], pads: Any = pads) -> Any:
            given = {**given, "padding": "valid"}
            positional = given.pop("args")
            made_layer = getattr(keras.layers, class_name)(*positional, name=own, **given)
            flat = class_name == "Conv1D"
            pad = keras.layers.ZeroPadding1D(pads) if flat else keras.layers.ZeroPadding2D((pads, pads))
            return lambda x: made_layer(pad(x))

        yield Fault(cause="padding", what=f"explicit {pads}", layers=(name,), change=replaced(name, make))
    for name, _ in named(made, "ZeroPadding2D"):
        yield Fault(
            cause="padding", what="before instead of behind", layers=(name, "stem"),
            change=another(name, "ZeroPadding2D", ((1, 0), (1, 0))),
        )  # fmt: skip


def pooling(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    others = {
        "MaxPooling2D": "AveragePooling2D",
        "AveragePooling2D": "MaxPooling2D",
        "GlobalAveragePooling2D": "GlobalMaxPooling2D",
        "GlobalAveragePooling1D": "GlobalMaxPooling1D",
    }
    for class_name, other in others.items():
        for name, config in named(made, class_name):
            given = dict(config)
            args = given.pop("args")
            change = another(name, other, *args, **given)
            yield Fault(cause="pooling", what=f"{class_name} becomes {other}", layers=(name,), change=change)
    for name, config in named(made, "AveragePooling2D"):
        if config.get("padding") == "same":
            import tensorflow as tf

            def counted(keras: Any, _class: str, own: str, given: dict[str, Any]) -> Any:
                size, stride = given["args"][0], given.get("strides") or given["args"][0]

                def call(x: Any) -> Any:
                    total = max((-(-int(x.shape[1]) // stride) - 1) * stride + size - int(x.shape[1]), 0)
                    pads = [total // 2, total - total // 2]
                    return tf.nn.avg_pool2d(tf.pad(x, [[0, 0], pads, pads, [0, 0]]), size, stride, "VALID")

                return keras.layers.Lambda(call, name=own)

            yield Fault(cause="pooling", what="counts padding", layers=(name,), change=replaced(name, counted))


def resize(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    import tensorflow as tf

    for name, _ in named(made, "UpSampling2D"):
        yield Fault(cause="resize", what="nearest", layers=(name,), change=with_config(name, interpolation="nearest"))
        for what, options in (("no half pixels", {}), ("align_corners", {"align_corners": True})):

            def make(keras: Any, _class: str, own: str, _config: Any, options: Any = options) -> Any:
                def call(x: Any) -> Any:
                    size = [2 * int(x.shape[1]), 2 * int(x.shape[2])]
                    return tf.compat.v1.image.resize_bilinear(x, size, **options)

                return keras.layers.Lambda(call, name=own)

            yield Fault(cause="resize", what=what, layers=(name,), change=replaced(name, make))


def layout(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    for name, _ in named(made, "Flatten"):
        following = [other for _, other, _ in made]
        dense = next((o for c, o, _ in made[following.index(name) + 1 :] if c == "Dense"), name)
        if not is_inside(made, name):
            change = before(name, lambda keras, x: keras.layers.Permute((3, 1, 2))(x))
            yield Fault(cause="layout", what="channels first before Flatten", layers=(name, dense), change=change)
    for name, _ in named(made, "Conv2D", "Conv1D", "Dense"):

        def turn(layers: dict[str, Any], _random: np.random.Generator, name: str = name) -> None:
            layer = found(layers, name)
            kernel, *rest = layer.get_weights()
            turned = kernel.swapaxes(0, 1) if kernel.ndim != 3 else kernel[::-1]
            if turned.shape == kernel.shape and (turned != kernel).any():
                layer.set_weights([np.ascontiguousarray(turned), *rest])

        yield Fault(cause="layout", what="kernel turned", layers=(name,), weights=turn)


def depthwise_layout(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    for name, _ in named(made, "DepthwiseConv2D"):
        for what, order in (("reshaped across axes", (0, 1, 3, 2)), ("channels before rows", (2, 3, 0, 1))):

            def wrong(
                layers: dict[str, Any], _random: np.random.Generator, name: str = name, order: Any = order
            ) -> None:
                layer = found(layers, name)
                kernel, *rest = layer.get_weights()
                layer.set_weights([np.ascontiguousarray(kernel.transpose(order)).reshape(kernel.shape), *rest])

            yield Fault(cause="depthwise-layout", what=what, layers=(name,), weights=wrong)


def dropout(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    def active(cause: str, name: str, function: Callable[[Any, float], Any]) -> Fault:
        def make(keras: Any, _class: str, own: str, config: dict[str, Any]) -> Any:
            rate = config["args"][0]
            return keras.layers.Lambda(lambda x: function(x, rate), name=own)

        behind = [other for _, other, _ in made]
        following = behind[behind.index(name) + 1 :][:3]
        return Fault(cause=cause, what="left in", layers=(name, *following), change=replaced(name, make))

    import tensorflow as tf

    for name, _ in named(made, "Dropout"):
        yield active("dropout-active", name, lambda x, rate: tf.nn.dropout(x, rate, name="dropout"))
    for name in [name for _, name, _ in made if "relu" in name or name in ("gru", "a_wide", "hidden", "mix")]:
        if is_inside(made, name):
            continue

        def noisy(keras: Any, x: Any) -> Any:
            return keras.layers.Lambda(lambda t: t + tf.random.normal(tf.shape(t), stddev=0.1), name="jitter")(x)

        names = [other for _, other, _ in made]
        yield Fault(
            cause="random-op", what="noise left in", layers=(name, *names[names.index(name) + 1 :][:3]),
            change=after(name, noisy),
        )  # fmt: skip


def recurrent(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    def fault(name: str, what: str, change: Any = None, weights: Any = None) -> Fault:
        return Fault(cause="recurrent-variant", what=what, layers=(name,), change=change, weights=weights)

    for name, _ in named(made, "LSTM", "GRU"):
        yield fault(name, "hard_sigmoid gates", with_config(name, recurrent_activation="hard_sigmoid"))
        yield fault(name, "relu", with_config(name, activation="relu"))
        yield fault(name, "backwards", with_config(name, go_backwards=True))
    for name, _ in named(made, "GRU"):

        def before_reset(keras: Any, _class: str, own: str, config: dict[str, Any]) -> Any:
            args = config.pop("args")
            return keras.layers.GRU(*args, name=own, **{**config, "reset_after": False})

        yield fault(name, "reset_after False", replaced(name, before_reset))
    for name, _ in named(made, "LSTM", "GRU"):

        def gates(layers: dict[str, Any], random: np.random.Generator, name: str = name) -> None:
            layer = found(layers, name)
            count = 4 if layer.__class__.__name__ == "LSTM" else 3
            order = [0, 2, 1, 3] if count == 4 else [1, 0, 2]
            layer.set_weights(
                [np.concatenate([np.split(w, count, -1)[at] for at in order], -1) for w in layer.get_weights()]
            )

        yield fault(name, "gates in another order", weights=gates)


def missing(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    names = [name for _, name, _ in made]

    def nothing(keras: Any, class_name: str, _name: str, _config: Any) -> Any:
        return (lambda tensors: tensors[-1]) if class_name == "Add" else lambda x: x  # what was skipped over stays

    for name, _ in named(made, "Add", "LayerNormalization", "BatchNormalization", "ReLU", "LeakyReLU", "Activation"):
        if not is_inside(made, name):
            yield Fault(cause="missing-layer", what="left out", layers=(name,), change=replaced(name, nothing))
    for name, _ in named(made, "Conv2D", "Dense"):
        if is_inside(made, name):
            continue
        rank_two = any(class_name == "Dense" and own == name for class_name, own, _ in made)

        def smoothed(keras: Any, x: Any, rank_two: bool = rank_two) -> Any:
            if rank_two:
                return keras.layers.Activation("relu", name="added")(x)
            return keras.layers.AveragePooling2D(3, 1, "same", name="added")(x)

        behind = names[names.index(name) + 1 :][:2]
        yield Fault(cause="missing-layer", what="one more", layers=(name, *behind), change=after(name, smoothed))
        break


def found(layers: dict[str, Any], name: str) -> Any:
    """A layer by the last part of its path."""
    return next(layer for path, layer in layers.items() if path.rpartition("/")[2] == name)
