"""A preprocessing pipeline: a short line of steps that a person reads, writes and saves.

For example `resize 224x224 bilinear | bgr | scale 1/255 | mean 0.485 0.456 0.406 | nchw | float32`.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.session import steps
from inspector.session.steps import Layout, Step

Array = NDArray[np.generic]
Words = list[str]

STEPS = {
    "resize": "resize WxH [nearest|bilinear|bicubic|lanczos|area]",
    "crop": "crop WxH [center]",
    "rgb": "rgb", "bgr": "bgr", "gray": "gray",
    "scale": "scale NUMBER or scale N/M",
    "range": "range LOW HIGH (from 0..255)",
    "mean": "mean NUMBER...", "std": "std NUMBER...",
    "caffe": "caffe", "torch": "torch", "tf": "tf",
    "nhwc": "nhwc", "nchw": "nchw",
    "flip": "flip [horizontal|vertical]",
    **{dtype: dtype for dtype in steps.DTYPES},
    "batch": "batch N",
}  # fmt: skip
_IMAGE_STEPS = (steps.Resize, steps.Crop, steps.Colour, steps.Mode, steps.Order, steps.Flip)
_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Steps in the order in which they are done; `str()` is the line that `parse` reads back."""

    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return " | ".join(str(step) for step in self.steps)

    def __bool__(self) -> bool:
        return bool(self.steps)

    def apply(self, x: Array, *, channels_first: bool = False) -> Array:
        """Every step on (samples, ...), RGB where there are colours; `batch` is left to the caller.

        `channels_first` says how x lies. Raises InspectorError BAD_PIPELINE for a step that x does not
        allow."""
        layout = Layout(channels_first=channels_first)
        for step in self.steps:
            x, layout = step.apply(x, layout)
        return x

    @property
    def batch(self) -> int | None:
        """The number of samples that the last `batch` step asks for."""
        counts = [step.count for step in self.steps if isinstance(step, steps.Batch)]
        return counts[-1] if counts else None

    @property
    def for_images(self) -> bool:
        """Whether some step only makes sense on images."""
        return any(isinstance(step, _IMAGE_STEPS) for step in self.steps)

    def has(self, *kinds: type) -> bool:
        """Whether a step of one of these classes is in it."""
        return any(isinstance(step, kinds) for step in self.steps)


def parse(text: str) -> Pipeline:
    """Reads a line of steps with `|` between them; numbers may be parted by blanks or commas.

    Raises InspectorError BAD_PIPELINE that names the step and says what is allowed."""
    parts = [part.strip() for part in text.split("|")] if text.strip() else []
    return Pipeline(tuple(_step(part, order) for order, part in enumerate(parts, 1)))


def _step(text: str, order: int) -> Step:
    words = text.replace(",", " ").split()
    word = words[0].lower() if words else ""
    if word not in STEPS:
        near = difflib.get_close_matches(word, STEPS, n=1)
        hint = f"Did you mean `{STEPS[near[0]]}`? " if near else ""
        raise InspectorError(
            "BAD_PIPELINE", f"step {order}, `{text}`, is not known",
            todo=f"{hint}Steps are: {'; '.join(STEPS.values())}.",
        )  # fmt: skip
    made = _MAKERS.get(word, _plain(word))([value.lower() for value in words[1:]])
    if made is None:
        raise InspectorError(
            "BAD_PIPELINE", f"step {order}, `{text}`, cannot be read", todo=f"Write it as: {STEPS[word]}."
        )  # fmt: skip
    return made


def _plain(word: str) -> Callable[[Words], Step | None]:
    """Steps that are one word: colours, modes, orders, dtypes."""
    kinds: dict[str, Callable[[str], Step]] = {
        **dict.fromkeys(("rgb", "bgr", "gray"), steps.Colour),
        **dict.fromkeys(("caffe", "torch", "tf"), steps.Mode),
        **dict.fromkeys(("nhwc", "nchw"), steps.Order),
        **dict.fromkeys(steps.DTYPES, steps.Cast),
    }
    return lambda words: None if words else kinds[word](word)


def _resize(words: Words) -> Step | None:
    size = _SIZE.fullmatch(words[0]) if words else None
    method = words[1] if len(words) > 1 else "bilinear"
    if not size or len(words) > 2 or method not in steps.RESAMPLING:
        return None
    return steps.Resize(int(size[1]), int(size[2]), method)


def _crop(words: Words) -> Step | None:
    words = [word for word in words if word != "center"]
    size = _SIZE.fullmatch(words[0]) if len(words) == 1 else None
    return steps.Crop(int(size[1]), int(size[2])) if size else None


def _scale(words: Words) -> Step | None:
    upper, slash, lower = "".join(words).partition("/")
    values = _numbers([upper, lower] if slash else [upper])
    if not values or values[-1] == 0:
        return None
    return steps.Scale(*values)


def _range(words: Words) -> Step | None:
    values = _numbers(words)
    return steps.Range(*values) if len(values) == 2 and values[0] != values[1] else None


def _mean(words: Words) -> Step | None:
    values = _numbers(words)
    return steps.Mean(values) if values else None


def _deviation(words: Words) -> Step | None:
    values = _numbers(words)
    return steps.Deviation(values) if values and 0 not in values else None


def _flip(words: Words) -> Step | None:
    direction = words[0] if words else "horizontal"
    return steps.Flip(direction) if len(words) < 2 and direction in ("horizontal", "vertical") else None


def _batch(words: Words) -> Step | None:
    count = int(words[0]) if len(words) == 1 and words[0].isdecimal() else 0
    return steps.Batch(count) if 0 < count <= 65536 else None


def _numbers(words: Words) -> tuple[float, ...]:
    """Finite numbers, or nothing when one of them is not."""
    try:
        values = tuple(float(word) for word in words)
    except ValueError:
        return ()
    return values if all(math.isfinite(value) for value in values) else ()


_MAKERS: dict[str, Callable[[Words], Step | None]] = {
    "resize": _resize,
    "crop": _crop,
    "scale": _scale,
    "range": _range,
    "mean": _mean,
    "std": _deviation,
    "flip": _flip,
    "batch": _batch,
}
