"""The steps of a preprocessing pipeline, each a frozen value that knows its own short text.

Arrays are (samples, ...); image steps take channels last, or channels first once `nchw` has been done.
Whole numbers become float32 where arithmetic begins; floating arrays keep their dtype."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inspector.domain.errors import InspectorError
from inspector.session.shapes import turned

Array = NDArray[np.generic]
Pair = tuple[Array, "Layout"]

RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "area": Image.Resampling.BOX,
}
DTYPES = ("float32", "float16", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
# keras.applications.imagenet_utils: RGB for torch, BGR for caffe
_TORCH_MEAN, _TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the array lies at this point of the pipeline."""

    channels_first: bool = False
    bgr: bool = False

    def axis(self, rank: int) -> int:
        """The axis of the channels."""
        return 1 if self.channels_first else rank - 1


class Step(Protocol):
    """One step: `str()` gives the text that parses back to it."""

    def apply(self, x: Array, layout: Layout) -> Pair:
        """The array after the step, and how it lies then. Raises InspectorError BAD_PIPELINE."""
        ...


@dataclass(frozen=True, slots=True)
class Resize:
    """To width x height as Pillow does it (it averages when it shrinks, unlike tf.image.resize).

    uint8 stays uint8; everything else is resized as float32, channel by channel."""

    width: int
    height: int
    method: str = "bilinear"

    def __str__(self) -> str:
        return f"resize {self.width}x{self.height} {self.method}"

    def apply(self, x: Array, layout: Layout) -> Pair:
        last = _channels_last(x, layout, str(self))
        if last.shape[1:3] != (self.height, self.width):
            last = np.stack([self._resize(image) for image in last])
        return _channels_back(last, layout), layout

    def _resize(self, image: Array) -> Array:
        size, method = (self.width, self.height), RESAMPLING[self.method]
        if image.dtype == np.uint8 and image.shape[2] == 3:
            return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize(size, method))
        plane_dtype = np.uint8 if image.dtype == np.uint8 else np.float32
        planes = [
            np.asarray(Image.fromarray(np.ascontiguousarray(plane, plane_dtype)).resize(size, method))
            for plane in np.moveaxis(image, 2, 0)
        ]
        return np.stack(planes, axis=2)


@dataclass(frozen=True, slots=True)
class Crop:
    """The middle width x height; the odd pixel is left off at the bottom and the right."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"crop {self.width}x{self.height} center"

    def apply(self, x: Array, layout: Layout) -> Pair:
        last = _channels_last(x, layout, str(self))
        top, left = (last.shape[1] - self.height) // 2, (last.shape[2] - self.width) // 2
        if top < 0 or left < 0:
            raise _unfit(str(self), f"the image is only {last.shape[2]}x{last.shape[1]}")
        return _channels_back(last[:, top : top + self.height, left : left + self.width], layout), layout


@dataclass(frozen=True, slots=True)
class Colour:
    """`rgb`, `bgr` or `gray`. Gray images get three equal channels for rgb and bgr. Gray is
    0.299 R + 0.587 G + 0.114 B with one channel; on uint8 rounded as Pillow rounds."""

    name: str

    def __str__(self) -> str:
        return self.name

    def apply(self, x: Array, layout: Layout) -> Pair:
        last = _channels_last(x, layout, self.name)
        if last.shape[-1] not in (1, 3):
            raise _unfit(self.name, f"there are {last.shape[-1]} channels, not 1 or 3")
        if self.name == "gray":
            gray = last if last.shape[-1] == 1 else _gray(last[..., ::-1] if layout.bgr else last)
            return _channels_back(gray, layout), replace(layout, bgr=False)
        after = replace(layout, bgr=self.name == "bgr")
        if last.shape[-1] == 1:
            return _channels_back(np.repeat(last, 3, axis=-1), layout), after
        return _channels_back(last if after.bgr == layout.bgr else last[..., ::-1], layout), after


@dataclass(frozen=True, slots=True)
class Scale:
    """Times `numerator`, then divided by `denominator`: `scale 1/255` is x / 255, bit for bit."""

    numerator: float
    denominator: float = 1.0

    def __str__(self) -> str:
        divided = "" if self.denominator == 1 else f"/{text_of(self.denominator)}"
        return f"scale {text_of(self.numerator)}{divided}"

    def apply(self, x: Array, layout: Layout) -> Pair:
        y = _floating(x)
        if self.numerator != 1:
            y = y * y.dtype.type(self.numerator)
        return (y if self.denominator == 1 else y / y.dtype.type(self.denominator)), layout


@dataclass(frozen=True, slots=True)
class Range:
    """0..255 to low..high: x / (255 / (high - low)) + low."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"range {text_of(self.low)} {text_of(self.high)}"

    def apply(self, x: Array, layout: Layout) -> Pair:
        y = _floating(x)
        return y / y.dtype.type(255 / (self.high - self.low)) + y.dtype.type(self.low), layout


@dataclass(frozen=True, slots=True)
class Mean:
    """Takes the mean away: one number, or one for each channel in the order the channels have."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        return f"mean {numbers_text(self.values)}"

    def apply(self, x: Array, layout: Layout) -> Pair:
        y = _floating(x)
        return y - _per_channel(self.values, y, layout, str(self)), layout


@dataclass(frozen=True, slots=True)
class Deviation:
    """Divides by the deviation: one number, or one for each channel in the order the channels have."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        return f"std {numbers_text(self.values)}"

    def apply(self, x: Array, layout: Layout) -> Pair:
        y = _floating(x)
        return y / _per_channel(self.values, y, layout, str(self)), layout


@dataclass(frozen=True, slots=True)
class Mode:
    """`tf`, `torch` or `caffe`, as keras.applications.imagenet_utils.preprocess_input computes them from
    RGB 0..255: x/127.5 - 1; x/255, mean and std of ImageNet; BGR, mean of ImageNet taken away."""

    name: str

    def __str__(self) -> str:
        return self.name

    def apply(self, x: Array, layout: Layout) -> Pair:
        if self.name == "tf":
            return Range(-1.0, 1.0).apply(x, layout)
        if self.name == "torch":
            y, layout = Scale(1.0, 255.0).apply(x, layout)
            return Deviation(_TORCH_STD).apply(Mean(_TORCH_MEAN).apply(y, layout)[0], layout)
        y, layout = Colour("bgr").apply(_floating(x), layout)
        return Mean(_CAFFE_MEAN).apply(y, layout)


@dataclass(frozen=True, slots=True)
class Order:
    """`nhwc` or `nchw`: where the channels go. Nothing to do when they are there."""

    name: str

    def __str__(self) -> str:
        return self.name

    def apply(self, x: Array, layout: Layout) -> Pair:
        first = self.name == "nchw"
        if first == layout.channels_first:
            return x, layout
        if x.ndim < 3:
            raise _unfit(self.name, f"an array of shape {list(x.shape)} has no channels to move")
        return x.transpose(turned(x.ndim, to_first=first)), replace(layout, channels_first=first)


@dataclass(frozen=True, slots=True)
class Flip:
    """Mirrored `horizontal` (left and right) or `vertical` (top and bottom)."""

    direction: str = "horizontal"

    def __str__(self) -> str:
        return f"flip {self.direction}"

    def apply(self, x: Array, layout: Layout) -> Pair:
        last = _channels_last(x, layout, str(self))
        mirrored = last[:, :, ::-1] if self.direction == "horizontal" else last[:, ::-1]
        return _channels_back(mirrored, layout), layout


@dataclass(frozen=True, slots=True)
class Cast:
    """To a dtype; fractions are cut off for whole numbers, what is out of range is set to its end."""

    dtype: str

    def __str__(self) -> str:
        return self.dtype

    def apply(self, x: Array, layout: Layout) -> Pair:
        if x.dtype.kind == "f" and np.dtype(self.dtype).kind in "iu":
            ends = np.iinfo(self.dtype)
            x = np.clip(np.trunc(np.nan_to_num(x.astype(np.float64))), ends.min, ends.max)
        return x.astype(self.dtype, copy=False), layout


@dataclass(frozen=True, slots=True)
class Batch:
    """How many samples are fed: the first ones, or all of them over and over. Done last of all."""

    count: int

    def __str__(self) -> str:
        return f"batch {self.count}"

    def apply(self, x: Array, layout: Layout) -> Pair:
        return x, layout


def text_of(number: float) -> str:
    """The shortest text that parses back to the number, `0.485` and `255`."""
    return repr(float(number)).removesuffix(".0")


def numbers_text(values: tuple[float, ...]) -> str:
    return " ".join(text_of(value) for value in values)


def _unfit(step: str, why: str) -> InspectorError:
    return InspectorError(
        "BAD_PIPELINE", f"`{step}` cannot be done: {why}", todo="Take the step out or change it."
    )  # fmt: skip


def _floating(x: Array) -> NDArray[np.floating]:
    return x if x.dtype.kind == "f" else x.astype(np.float32)  # type: ignore[return-value]


def _channels_last(x: Array, layout: Layout, step: str) -> Array:
    if x.ndim != 4:
        raise _unfit(step, f"{list(x.shape)} is no image (samples, rows, columns, channels)")
    return x.transpose(turned(4, to_first=False)) if layout.channels_first else x


def _channels_back(x: Array, layout: Layout) -> Array:
    return x.transpose(turned(4, to_first=True)) if layout.channels_first else x


def _gray(x: Array) -> Array:
    """(…, 3) RGB to (…, 1); on uint8 with Pillow's own whole-number weights."""
    if x.dtype == np.uint8:
        red, green, blue = (x[..., channel].astype(np.uint32) for channel in range(3))
        whole = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
        return whole.astype(np.uint8)[..., np.newaxis]
    y = _floating(x)
    number = y.dtype.type
    parts = [y[..., at : at + 1] * number(weight) for at, weight in enumerate((0.299, 0.587, 0.114))]
    return parts[0] + parts[1] + parts[2]


def _per_channel(values: tuple[float, ...], x: NDArray[np.floating], layout: Layout, step: str) -> NDArray[np.floating]:
    """The numbers in a shape that meets the channels of x, in its dtype."""
    numbers = np.array(values, x.dtype)
    if len(values) == 1:
        return numbers.reshape(())
    axis = layout.axis(x.ndim)
    if x.ndim < 2 or x.shape[axis] != len(values):
        raise _unfit(step, f"there are {x.shape[axis] if x.ndim > 1 else 0} channels, not {len(values)}")
    return numbers.reshape([-1 if at == axis else 1 for at in range(x.ndim)])
