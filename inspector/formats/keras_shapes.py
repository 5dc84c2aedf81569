"""Output shapes of Keras layers by rule, where the config does not state them (Keras 1 and 2 never do).

What no rule covers is None: unknown. A None extent is an axis that is known to be there, of unknown length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from inspector.domain.computation import Weight
from inspector.domain.files import Shape

Settings = dict[str, Any]
Rule = Callable[[Settings, list[Shape]], Shape | None]
SAME = (
    "activation",
    "leaky_relu",
    "prelu",
    "elu",
    "softmax",
    "batch_norm",
    "layer_norm",
    "group_norm",
    "dropout",
    "rescaling",
    "normalization",
    "masking",
    "identity",
)
MERGES = ("add", "subtract", "multiply", "average", "maximum", "minimum", "divide")
JOINING = (*MERGES, "concat", "attention")  # further inputs of other kinds are states and masks
WRAPPING = ("time_distributed", "bidirectional")  # their settings are the inner layer's, whose rule has been asked
RECURRENT = ("lstm", "gru", "simple_rnn")


def output_shape(
    kind: str, settings: Settings, inputs: Sequence[Shape | None], weights: Sequence[Weight] = ()
) -> Shape | None:
    """The shape of a layer's first output, None where it cannot be told."""
    needed = inputs if kind in JOINING else inputs[:1]
    known = [shape for shape in needed if shape is not None]
    if not known or len(known) != len(needed) or kind not in RULES:
        return None
    if "operation" in settings and kind not in (*SAME, *MERGES) and not (kind == "concat" and "axis" in settings):
        return None  # an op's arguments are not a layer's settings
    kernel = weights[0].shape if weights else ()
    if kind.startswith("depthwise") and len(kernel) > 2:
        settings = {**settings, "filters": kernel[-1] * kernel[-2]}
    try:
        found = RULES[kind](settings, known)
        halves = settings.get("activation") == "glu" and kind not in WRAPPING
        return _halved(found) if found and halves else found
    except (IndexError, TypeError, ValueError, KeyError, ZeroDivisionError):
        return None  # a config whose numbers do not fit its input; Keras will say so on loading


def _halved(shape: Shape) -> Shape:
    """`glu` multiplies one half of the channels with the sigmoid of the other: Keras's own shapes do not say so."""
    return (*shape[:-1], None if shape[-1] is None else shape[-1] // 2)


def _same(_: Settings, inputs: list[Shape]) -> Shape:
    return inputs[0]


def _merge(_: Settings, inputs: list[Shape]) -> Shape | None:
    """Broadcast, as Keras's merging layers do."""
    rank = max(map(len, inputs))
    padded = [(1,) * (rank - len(shape)) + shape for shape in inputs]
    return tuple(_broadcast(extents) for extents in zip(*padded, strict=True))


def _broadcast(extents: tuple[int | None, ...]) -> int | None:
    large = {extent for extent in extents if extent not in (1, None)}
    return large.pop() if large else None if None in extents else 1


def _concat(settings: Settings, inputs: list[Shape]) -> Shape | None:
    axis = int(settings.get("axis", -1)) % len(inputs[0])
    lengths = [shape[axis] for shape in inputs]
    total = None if None in lengths else sum(length or 0 for length in lengths)
    return (*inputs[0][:axis], total, *inputs[0][axis + 1 :])


def _dense(settings: Settings, inputs: list[Shape]) -> Shape | None:
    units = settings.get("units")
    return (*inputs[0][:-1], units) if isinstance(units, int) else None


def _attention(_: Settings, inputs: list[Shape]) -> Shape:
    """Queries, then values."""
    return *inputs[0][:-1], inputs[1][-1]


def _flatten(_: Settings, inputs: list[Shape]) -> Shape:
    return inputs[0][0], _product(inputs[0][1:])


def _product(extents: Shape) -> int | None:
    total = 1
    for extent in extents:
        if extent is None:
            return None
        total *= extent
    return total


def _reshape(settings: Settings, inputs: list[Shape]) -> Shape | None:
    target = settings.get("target_shape")
    if not isinstance(target, tuple):
        return None
    whole = _product(inputs[0][1:])
    rest = _product(tuple(extent for extent in target if extent not in (-1, None)))
    missing = whole // rest if whole is not None and rest else None
    return (inputs[0][0], *(missing if extent in (-1, None) else extent for extent in target))


def _permute(settings: Settings, inputs: list[Shape]) -> Shape:
    return (inputs[0][0], *(inputs[0][axis] for axis in settings["dims"]))


def _repeat(settings: Settings, inputs: list[Shape]) -> Shape:
    return inputs[0][0], settings["n"], *inputs[0][1:]


def _embedding(settings: Settings, inputs: list[Shape]) -> Shape:
    return *inputs[0], settings["output_dim"]


def _spatial(settings: Settings, shape: Shape) -> tuple[int, list[int | None]]:
    """The channel axis and the extents between batch and channels."""
    if settings.get("data_format") == "channels_first":
        return 1, list(shape[2:])
    return len(shape) - 1, list(shape[1:-1])


def _placed(shape: Shape, channel_axis: int, spatial: Sequence[int | None], channels: int | None) -> Shape:
    return (shape[0], channels, *spatial) if channel_axis == 1 and len(shape) > 2 else (shape[0], *spatial, channels)


def _each(settings: Settings, name: str, rank: int, default: int = 1) -> list[int]:
    """A setting for every spatial axis: a number stands for all of them."""
    value = settings.get(name)
    if value is None:
        return [default] * rank
    return [value] * rank if isinstance(value, int) else list(value)


def _windowed(settings: Settings, shape: Shape, size: str, channels: int | None) -> Shape:
    """Convolution and pooling: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2"""
    axis, spatial = _spatial(settings, shape)
    rank = len(spatial)
    found = []
    for extent, window, stride, spread in zip(
        spatial,
        _each(settings, size, rank),
        _each(settings, "strides", rank),
        _each(settings, "dilation", rank),
        strict=True,
    ):
        covered = (window - 1) * spread if settings.get("padding", "valid") == "valid" else 0
        found.append(None if extent is None else max(0, -(-(extent - covered) // stride)))
    return _placed(shape, axis, found, channels)


def _conv(settings: Settings, inputs: list[Shape]) -> Shape:
    return _windowed(settings, inputs[0], "kernel_size", settings["filters"])


def _pool(settings: Settings, inputs: list[Shape]) -> Shape | None:
    if "output_size" in settings:
        return None
    sized = {"pool_size": 2, **settings}
    return _windowed(sized, inputs[0], "pool_size", inputs[0][_spatial(settings, inputs[0])[0]])


def _transposed(settings: Settings, inputs: list[Shape]) -> Shape:
    axis, spatial = _spatial(settings, inputs[0])
    rank = len(spatial)
    extra: list[int | None] = [None] * rank
    if settings.get("output_padding") is not None:
        extra = list(_each(settings, "output_padding", rank))
    found = []
    for extent, window, stride, spread, added in zip(
        spatial,
        _each(settings, "kernel_size", rank),
        _each(settings, "strides", rank),
        _each(settings, "dilation", rank),
        extra,
        strict=True,
    ):
        wide = (window - 1) * spread + 1
        found.append(None if extent is None else _upwards(extent, wide, stride, added, settings.get("padding")))
    return _placed(inputs[0], axis, found, settings["filters"])


def _upwards(extent: int, window: int, stride: int, added: int | None, padding: Any) -> int:
    """Length of a transposed convolution, as Keras's deconv_output_length."""
    if added is None:
        return extent * stride if padding == "same" else extent * stride + max(window - stride, 0)
    border = window // 2 if padding == "same" else 0
    return (extent - 1) * stride + window - 2 * border + added


def _global_pool(settings: Settings, inputs: list[Shape]) -> Shape:
    axis, spatial = _spatial(settings, inputs[0])
    channels = inputs[0][axis]
    if settings.get("keepdims"):
        return _placed(inputs[0], axis, [1] * len(spatial), channels)
    return inputs[0][0], channels


def _pairs(value: Any, rank: int) -> list[tuple[int, int]]:
    """Amounts before and after, for every spatial axis."""
    if isinstance(value, int):
        return [(value, value)] * rank
    if rank == 1 and len(value) == 2:
        return [(value[0], value[1])]
    if rank == 2 and len(value) == 4:  # Keras 1: top, bottom, left, right
        return [(value[0], value[1]), (value[2], value[3])]
    return [(item, item) if isinstance(item, int) else (item[0], item[1]) for item in value]


def _changed(name: str, sign: int, default: int) -> Rule:
    def rule(settings: Settings, inputs: list[Shape]) -> Shape:
        axis, spatial = _spatial(settings, inputs[0])
        amounts = _pairs(settings.get(name, default), len(spatial))
        found = [
            None if extent is None else max(0, extent + sign * sum(pair))
            for extent, pair in zip(spatial, amounts, strict=True)
        ]
        return _placed(inputs[0], axis, found, inputs[0][axis])

    return rule


def _upsample(settings: Settings, inputs: list[Shape]) -> Shape:
    axis, spatial = _spatial(settings, inputs[0])
    if "height" in settings:
        return _placed(inputs[0], axis, [settings["height"], settings["width"]], inputs[0][axis])
    found = [
        None if extent is None else extent * times
        for extent, times in zip(spatial, _each(settings, "size", len(spatial), 2), strict=True)
    ]
    return _placed(inputs[0], axis, found, inputs[0][axis])


def _recurrent(settings: Settings, inputs: list[Shape]) -> Shape:
    last = settings["units"]
    return (*inputs[0][:2], last) if settings.get("return_sequences") else (inputs[0][0], last)


def _conv_recurrent(settings: Settings, inputs: list[Shape]) -> Shape:
    step = _conv(settings, [(inputs[0][0], *inputs[0][2:])])
    return (step[0], inputs[0][1], *step[1:]) if settings.get("return_sequences") else step


def _bidirectional(settings: Settings, inputs: list[Shape]) -> Shape | None:
    kind = str(settings.get("layer_kind", ""))
    one = output_shape(kind, settings, inputs)
    if one is None or settings.get("merge_mode", "concat") != "concat":
        return one if settings.get("merge_mode") else None
    axis = 1 if settings.get("data_format") == "channels_first" and kind.startswith("conv") else len(one) - 1
    if axis != len(one) - 1:
        return None
    return None if one[-1] is None else (*one[:-1], 2 * one[-1])


def _time_distributed(settings: Settings, inputs: list[Shape]) -> Shape | None:
    one = output_shape(str(settings.get("layer_kind", "")), settings, [(inputs[0][0], *inputs[0][2:])])
    return None if one is None else (one[0], inputs[0][1], *one[1:])


RULES: dict[str, Rule] = {
    **dict.fromkeys(SAME, _same),
    **dict.fromkeys(MERGES, _merge),
    **dict.fromkeys(RECURRENT, _recurrent),
    "concat": _concat,
    "dense": _dense,
    "flatten": _flatten,
    "reshape": _reshape,
    "permute": _permute,
    "repeat": _repeat,
    "embedding": _embedding,
    "pool": _pool,
    "global_pool": _global_pool,
    "pad": _changed("padding", 1, 1),
    "crop": _changed("cropping", -1, 0),
    "upsample": _upsample,
    "attention": _attention,
    "multi_head_attention": _same,
    "bidirectional": _bidirectional,
    "time_distributed": _time_distributed,
    **{f"conv_lstm{rank}d": _conv_recurrent for rank in (1, 2, 3)},
    **{f"conv{rank}d": _conv for rank in (1, 2, 3)},
    **{f"conv{rank}d_transpose": _transposed for rank in (1, 2, 3)},
    **{f"{name}_conv{rank}d": _conv for rank in (1, 2) for name in ("separable", "depthwise")},
}
