"""Dense, convolution of any rank, depthwise, separable and transposed, before their activation.

Arrays are (samples, places..., channels); kernels lie as Keras keeps them: (window..., inputs, filters), depthwise
(window..., channels, multiplier), transposed (window..., filters, inputs)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from inspector.causes.case import Array
from inspector.domain.computation import Layer

Pads = tuple[tuple[int, int], ...]
Weights = Mapping[str, Array]
MOST_CHOICES = 64
RANKS = {"1d": 1, "2d": 2, "3d": 3}


def rank_of(layer: Layer) -> int:
    """How many axes a convolution or pool moves along; 0 for another kind of layer."""
    return next((rank for word, rank in RANKS.items() if layer.kind.removesuffix("_transpose").endswith(word)), 0)


def dense(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """Kernel (inputs, units), or stored the other way; on more than two axes each row by itself."""
    kernel = weights.get("kernel")
    if kernel is not None and layer.settings.get("transposed_kernel"):
        kernel = kernel.T
    if kernel is None or kernel.ndim != 2 or inputs[0].shape[-1] != kernel.shape[0]:
        return None
    return np.asarray(inputs[0] @ kernel + weights.get("bias", 0.0))


def convolution(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """Cross-correlation, as TensorFlow's; grouped where the kernel takes fewer channels than there are."""
    kernel, rank = weights.get("kernel"), rank_of(layer)
    if kernel is None or inputs[0].ndim != rank + 2:
        return None
    kernel = kernel.reshape(kernel.shape[-rank - 2 :])
    found = _slid(layer, inputs[0], kernel.shape[:rank], lambda piece, at: _product(piece, kernel[at]))
    return None if found is None else np.asarray(found + weights.get("bias", np.zeros(1)).ravel())


def depthwise(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """Channel c and multiplier m give output channel `c * multipliers + m`."""
    kernel, rank = weights.get("depthwise_kernel", weights.get("kernel")), rank_of(layer)
    if kernel is None or inputs[0].ndim != rank + 2:
        return None
    kernel = kernel.reshape(kernel.shape[-rank - 2 :])
    if kernel.shape[rank] != inputs[0].shape[-1]:
        return None

    def each(piece: Array, at: tuple[int, ...]) -> Array:
        return np.asarray((piece[..., None] * kernel[at]).reshape(*piece.shape[:-1], -1))

    found = _slid(layer, inputs[0], kernel.shape[:rank], each)
    return None if found is None else np.asarray(found + weights.get("bias", np.zeros(1)).ravel())


def separable(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """Depthwise, then a convolution with a window of one."""
    pointwise = weights.get("pointwise_kernel")
    middle = depthwise(layer, inputs, {role: array for role, array in weights.items() if role == "depthwise_kernel"})
    if middle is None or pointwise is None or pointwise.shape[-2] != middle.shape[-1]:
        return None
    return np.asarray(middle @ pointwise.reshape(pointwise.shape[-2:]) + weights.get("bias", 0.0))


def transposed(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """The gradient of a convolution: each input spreads its window over the output, of which a part is kept."""
    kernel, x, rank = weights.get("kernel"), inputs[0], rank_of(layer)
    if kernel is None or x.ndim != rank + 2 or kernel.shape[-1] != x.shape[-1]:
        return None
    kernel = np.asarray(kernel.reshape(kernel.shape[-rank - 2 :]))
    strides, dilation = (sizes(layer.settings.get(name), rank) for name in ("strides", "dilation"))
    spread = effective(kernel.shape[:rank], dilation)
    wide = [(n - 1) * s + k for n, s, k in zip(x.shape[1:-1], strides, spread, strict=True)]
    full = np.zeros((x.shape[0], *wide, kernel.shape[-2]))
    for at in np.ndindex(*kernel.shape[:rank]):
        place = _places(at, x.shape[1:-1], strides, dilation)
        full[(slice(None), *place)] += x @ kernel[at].T
    lengths = zip(x.shape[1:-1], strides, spread, strict=True)
    wanted = [_upwards(layer, axis, n, s, k) for axis, (n, s, k) in enumerate(lengths)]
    for axis, (length, size) in enumerate(zip(wide, wanted, strict=True), start=1):
        low = _cut(layer, axis - 1, length, size)
        full = np.pad(full, [(0, max(low + size - length, 0)) if at == axis else (0, 0) for at in range(rank + 2)])
        full = np.take(full, range(low, low + size), axis)
    return np.asarray(full + weights.get("bias", np.zeros(1)).ravel())


def _upwards(layer: Layer, axis: int, length: int, stride: int, window: int) -> int:
    """The output's size as Keras works it out (`deconv_output_length`)."""
    same, more = layer.settings.get("padding") == "same", layer.settings.get("output_padding")
    if more is None:
        return length * stride if same else length * stride + max(window - stride, 0)
    added = int(more[axis] if isinstance(more, tuple | list) else more)
    return (length - 1) * stride + window - (2 * (window // 2) if same else 0) + added


def _cut(layer: Layer, axis: int, length: int, size: int) -> int:
    """What is left off before the output; `cut` in the settings instead of what the padding says."""
    cut = layer.settings.get("cut")
    if cut is not None:
        return int(cut[axis])
    return max(length - size, 0) // 2 if layer.settings.get("padding") == "same" else 0


def own_pads(padding: str, lengths: Sequence[int], spread: Sequence[int], strides: Sequence[int]) -> Pads:
    """What `same`, `causal` and `valid` put before and behind each axis, as TensorFlow does."""
    if padding == "causal":
        return tuple((size - 1, 0) for size in spread)
    if padding != "same":
        return ((0, 0),) * len(lengths)
    found = []
    for length, window, stride in zip(lengths, spread, strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + window - length, 0)
        found.append((total // 2, total - total // 2))
    return tuple(found)


def pads_of(layer: Layer, x: Array, window: Sequence[int]) -> Pads:
    """The layer's padding in numbers: `pads` of its settings, or what its `padding` stands for here."""
    rank = len(window)
    if "pads" in layer.settings:
        return tuple(layer.settings["pads"])
    strides, dilation = (sizes(layer.settings.get(name), rank) for name in ("strides", "dilation"))
    return own_pads(str(layer.settings.get("padding", "valid")), x.shape[1:-1], effective(window, dilation), strides)


def usual(layer: Layer, x: Array, window: Sequence[int]) -> list[Pads]:
    """What is put around in practice, whatever shape the output then has."""
    rank = len(window)
    strides, dilation = (sizes(layer.settings.get(name), rank) for name in ("strides", "dilation"))
    spread = effective(window, dilation)
    named = [own_pads(name, x.shape[1:-1], spread, strides) for name in ("same", "valid", "causal")]
    around = [
        tuple((amount, amount) for amount in amounts) for amounts in ([n // 2 for n in spread], [n - 1 for n in spread])
    ]
    return [*named, *around]


def choices(layer: Layer, x: Array, window: Sequence[int], shape: Sequence[int]) -> list[Pads]:
    """Every amount before each axis with which the output keeps this shape: `same` and `valid` first, then the same
    for all axes, then the rest unless they are too many."""
    rank = len(window)
    strides, dilation = (sizes(layer.settings.get(name), rank) for name in ("strides", "dilation"))
    spread, each = effective(window, dilation), []
    for length, size, stride, out in zip(x.shape[1:-1], spread, strides, shape[1:-1], strict=True):
        ends = [(low, max((out - 1) * stride + size - length - low, 0)) for low in range(size)]
        each.append([(low, high) for low, high in ends if (length + low + high - size) // stride + 1 == out])
    named = [own_pads(name, x.shape[1:-1], spread, strides) for name in ("same", "valid")]
    fitting = [pads for pads in named if all(ends in known for ends, known in zip(pads, each, strict=True))]
    alike = [pads for pads in zip(*each, strict=False) if len({low for low, _ in pads}) == 1]
    total = int(np.prod([len(ends) for ends in each]))
    mixed = [pads for pads in product(*each) if pads not in alike] if total <= MOST_CHOICES else []
    return [*fitting, *alike, *mixed]


def effective(window: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """The places that a window covers."""
    return [(size - 1) * step + 1 for size, step in zip(window, dilation, strict=True)]


def sizes(value: Any, rank: int) -> tuple[int, ...]:
    """A setting for each axis; a graph writes a 1-D layer with an axis more in front. 1 where nothing is said."""
    if isinstance(value, tuple | list) and len(value) >= rank:
        return tuple(int(size) for size in value[-rank:])
    return (int(value),) * rank if isinstance(value, int) else (1,) * rank


def padded(layer: Layer, x: Array, window: Sequence[int], fill: float = 0.0) -> Array:
    """The input with its border; `pad_mode` as numpy calls it."""
    pads, mode = pads_of(layer, x, window), str(layer.settings.get("pad_mode", "constant"))
    if mode == "constant":
        return np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)
    return np.pad(x, ((0, 0), *pads, (0, 0)), mode=mode)  # type: ignore[call-overload,no-any-return]


def slices(
    layer: Layer, x: Array, window: Sequence[int], fill: float = 0.0
) -> tuple[Array, list[tuple[tuple[int, ...], tuple[slice, ...]]]] | None:
    """The input with its border, and for each place in the window what it meets there; None where none fits."""
    rank = len(window)
    strides, dilation = (sizes(layer.settings.get(name), rank) for name in ("strides", "dilation"))
    framed = padded(layer, x, window, fill)
    spread = effective(window, dilation)
    counts = [(n - k) // s + 1 for n, k, s in zip(framed.shape[1:-1], spread, strides, strict=True)]
    if any(count < 1 for count in counts):
        return None
    return framed, [(at, (slice(None), *_places(at, counts, strides, dilation))) for at in np.ndindex(*window)]


def _slid(layer: Layer, x: Array, window: Sequence[int], product: Any) -> Array | None:
    found = slices(layer, x, window)
    if found is None:
        return None
    framed, places = found
    total: Array | None = None
    for at, place in places:
        part = product(framed[place], at)
        if part is None:
            return None
        total = part if total is None else total + part
    return total


def _places(
    at: Sequence[int], counts: Sequence[int], strides: Sequence[int], dilation: Sequence[int]
) -> tuple[slice, ...]:
    starts = [place * step for place, step in zip(at, dilation, strict=True)]
    return tuple(
        slice(start, start + (count - 1) * stride + 1, stride)
        for start, count, stride in zip(starts, counts, strides, strict=True)
    )


def _product(piece: Array, kernel: Array) -> Array | None:
    """Channels times one place of the kernel, group by group."""
    taken, filters = kernel.shape
    groups = piece.shape[-1] // taken
    if groups * taken != piece.shape[-1] or filters % groups:
        return None
    if groups == 1:
        return np.asarray(piece @ kernel)
    parts = piece.reshape(*piece.shape[:-1], groups, 1, taken) @ kernel.reshape(taken, groups, -1).transpose(1, 0, 2)
    return np.asarray(parts.reshape(*piece.shape[:-1], filters))
