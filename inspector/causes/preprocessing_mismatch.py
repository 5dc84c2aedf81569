"""`preprocessing-mismatch`: a scale, a mean or the colours' order on one side only, or twice.

Three places: what the sides were fed differs; one side has a layer in front that the other has not; or neither is
seen, and the usual transforms of B's input are tried one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from inspector.causes.case import Array, Case, InputPair, Suspicion, Trial
from inspector.causes.region import extra
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "preprocessing-mismatch"
FRONT = ("rescaling", "normalization", "scale", "offset")
TORCH_MEAN, TORCH_STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CAFFE_MEAN = np.array([103.939, 116.779, 123.68])  # BGR; keras.applications.imagenet_utils
PIPELINES = ("", "scale 1/255", "tf", "torch", "caffe", "bgr", "bgr | scale 1/255", "bgr | tf")
Transform = Callable[[Array], Array]
# name -> what is done to B's input, so that it becomes what B should have been fed
NUMBERS: dict[str, Transform] = {
    "divided by 255": lambda x: x / 255.0,
    "times 255": lambda x: x * 255.0,
    "x / 127.5 - 1": lambda x: x / 127.5 - 1.0,
    "(x + 1) * 127.5": lambda x: (x + 1.0) * 127.5,
    "2 x - 1": lambda x: 2.0 * x - 1.0,
    "(x + 1) / 2": lambda x: (x + 1.0) / 2.0,
    "minus 0.5": lambda x: x - 0.5,
    "1 - x": lambda x: 1.0 - x,
}
COLOURS: dict[str, Transform] = {
    "RGB and BGR exchanged": lambda x: x[..., ::-1],
    "ImageNet's mean and deviation taken off": lambda x: (x - TORCH_MEAN) / TORCH_STD,
    "ImageNet's mean and deviation put back": lambda x: x * TORCH_STD + TORCH_MEAN,
    "torch: x / 255, mean and deviation": lambda x: (x / 255.0 - TORCH_MEAN) / TORCH_STD,
    "caffe: BGR, mean taken off": lambda x: x[..., ::-1] - CAFFE_MEAN,
    "caffe undone": lambda x: (x + CAFFE_MEAN)[..., ::-1],
}


def suspect(case: Case) -> Iterator[Suspicion]:
    """What is stated first; the search only where nothing is."""
    if not case.ran:
        yield from _in_front(case)
        return
    fed = list(_fed(case))
    yield from fed
    yield from _in_front(case)
    if not fed and any(not pair.difference.within_noise for pair in case.outputs):
        yield from _searched(case)


def _fed(case: Case) -> Iterator[Suspicion]:
    """The sides were fed different numbers: what turns B's into A's."""
    for pair in case.inputs:
        a, b = _aligned(pair)
        if b is None or np.array_equal(a, b) or a.dtype.kind not in "fiu":
            continue
        relation = related(a, b)
        stated = f"A gets `{pair.preprocess_a or 'as it is'}`, B gets `{pair.preprocess_b or 'as it is'}`"
        apart = f"they differ by up to {short(float(np.abs(a.astype(np.float64) - b).max()))}"
        yield Suspicion(
            cause=CAUSE,
            title=f"the sides are fed differently at `{pair.a.name}`" + (f": B lacks {relation}" if relation else ""),
            layer_a=pair.a.tensor,
            layer_b=pair.b.tensor,
            layers=(pair.a.tensor,),
            confidence=0.92,
            evidence=f"{stated}; {apart}" + (f"; A's input is B's with {relation}" if relation else ""),
            mend=f"preprocess B as A: {pair.preprocess_a or relation or 'nothing at all'}",
            trial=Trial(text="B fed what A is fed", feeds_b={pair.b.tensor: _as_b(pair.array_a, pair)}),
        )


def related(a: Array, b: Array) -> str:
    """In words, which transform gives A's numbers from B's; empty where none of the usual ones does.

    A scale and an offset, one for all or one for each channel, are solved for by least squares."""
    one, other = np.asarray(a, np.float64), np.asarray(b, np.float64)
    size = float(np.abs(one).max(initial=0.0)) or 1.0
    colours = COLOURS if one.ndim > 1 and one.shape[-1] == 3 else {}
    for name, transform in {**NUMBERS, **colours}.items():
        if np.abs(transform(other) - one).max() <= 1e-5 * size:
            return name
    flips = {"left and right exchanged": 2, "top and bottom exchanged": 1} if one.ndim == 4 else {}
    for name, axis in flips.items():
        if np.abs(np.flip(other, axis) - one).max() <= 1e-5 * size:
            return name
    if one.ndim < 2 or np.ptp(other) == 0:
        return ""
    scale, offset = np.polyfit(other.ravel(), one.ravel(), 1)
    if np.abs(scale * other + offset - one).max() <= 1e-4 * size:
        return f"x * {scale:.6g} + {offset:.6g}"
    return ""


def _in_front(case: Case) -> Iterator[Suspicion]:
    """A layer of plain arithmetic that reads the input on one side, and has no partner on the other."""
    fed_a = {port.tensor for port in case.a.computation.inputs}
    for item in case.layers:
        layer = case.layer_a.get(item.a)
        if layer is not None and layer.kind in FRONT and item.b is None and set(layer.inputs) & fed_a:
            yield Suspicion(
                cause=CAUSE,
                title=f"A has `{item.a}` ({_told(layer)}) in front, B has not",
                layer_a=item.a,
                layer_b="",
                layers=(item.a,),
                confidence=0.94,
                evidence=f"`{item.a}` reads the input of A; nothing in B does its work",
                mend=f"feed B what `{item.a}` gives ({_told(layer)}), or export B with the layer inside",
                trial=Trial(text=f"A's `{item.a}` put in front of B"),
            )
    for item, layer, _ in case.suspects():
        before = [part for part in extra(case, item, layer) if part.kind in FRONT]
        if before and _reads_the_input(layer, case):
            yield _front_of_b(item, before[0])


def _front_of_b(item: LayerDifference, before: Layer) -> Suspicion:
    return Suspicion(
        cause=CAUSE,
        title=f"B has `{before.name}` ({_told(before)}) in front, A has not",
        layer_a=item.a,
        layer_b=before.name,
        layers=(item.a,),
        confidence=0.95,
        evidence=f"`{before.name}` lies between B's input and `{item.a}`; A has nothing there",
        mend=f"do not preprocess for B what `{before.name}` does already, or export it without that layer",
        trial=Trial(text=f"`{before.name}` left out of B"),
    )


def _reads_the_input(layer: Layer, case: Case) -> bool:
    """Whether only arithmetic and shapes lie between A's input and the layer."""
    makers = {tensor: made for made in case.a.computation.layers for tensor in made.outputs}
    passing = (*FRONT, "pad", "reshape", "permute", "upsample", "crop", "identity", "masking")
    waiting = list(layer.inputs)
    while waiting:
        maker = makers.get(waiting.pop())
        if maker is None or maker.kind == "input":
            return True
        if maker.kind in passing:
            waiting += maker.inputs
    return False


def _searched(case: Case) -> Iterator[Suspicion]:
    for pair in case.inputs:
        if pair.array_b.dtype.kind != "f" or pair.array_b.ndim < 2:
            continue
        for name, array in _candidates(case, pair):
            yield Suspicion(
                cause=CAUSE,
                title=f"B agrees with A when its input `{pair.b.name}` is changed: {name}",
                layer_a=pair.a.tensor,
                layer_b=pair.b.tensor,
                layers=(pair.a.tensor,),
                confidence=0.4,
                evidence=f"of the usual preprocessings this one makes the sides agree: {name}",
                mend=f"preprocess B's input: {name}",
                trial=Trial(text=f"B's input {name}", feeds_b={pair.b.tensor: array}),
                needs_proof=True,
                family="preprocess",
            )


def _candidates(case: Case, pair: InputPair) -> Iterator[tuple[str, Array]]:
    if pair.picture:
        for pipeline in PIPELINES:
            fed = case.feeds("b", pipeline)
            if fed is not None and not np.array_equal(fed[pair.b.tensor], pair.array_b):
                yield f"preprocess `{pipeline or 'as it is'}`", fed[pair.b.tensor]
    x = np.asarray(pair.array_b, np.float64)
    colours = COLOURS if x.shape[-1] == 3 else {}
    for name, transform in {**NUMBERS, **colours}.items():
        yield name, transform(x).astype(pair.array_b.dtype)


def _aligned(pair: InputPair) -> tuple[Array, Array | None]:
    """Both arrays in A's layout; None where their sizes differ."""
    a, b = pair.array_a, pair.array_b
    if a.shape == b.shape:
        return a, b
    if a.ndim == b.ndim == 4 and a.shape == tuple(b.shape[i] for i in (0, 2, 3, 1)):
        return a, b.transpose(0, 2, 3, 1)
    if a.ndim == b.ndim == 4 and a.shape == tuple(b.shape[i] for i in (0, 3, 1, 2)):
        return a, b.transpose(0, 3, 1, 2)
    return a, b.reshape(a.shape) if a.size == b.size else None


def _as_b(array: Array, pair: InputPair) -> Array:
    shape = pair.array_b.shape
    if array.shape != shape and array.ndim == len(shape) == 4:
        for axes in ((0, 2, 3, 1), (0, 3, 1, 2)):
            if tuple(array.shape[i] for i in axes) == shape:
                return np.ascontiguousarray(array.transpose(axes)).astype(pair.array_b.dtype)
    return array.reshape(shape).astype(pair.array_b.dtype)


def _told(layer: Layer) -> str:
    scale, offset = layer.settings.get("scale"), layer.settings.get("offset")
    if scale is not None and not isinstance(scale, bool):
        return f"x * {scale}" + (f" + {offset}" if offset else "")
    return layer.class_name
