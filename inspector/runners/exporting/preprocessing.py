"""A preprocessing pipeline as ops of a graph: the same numbers as the app's own steps give (docs/inputs.md).

A step is a list, its word first: ["resize", width, height, method], ["scale", 1, 255], ["mean", 0.5, 0.5, 0.5], ...
"""

from typing import Any, Callable, Dict, List, NamedTuple, Sequence

import numpy as np
import tensorflow as tf

from .picture_resizing import resized
from .request import cannot

FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)
# keras.applications.imagenet_utils: RGB for torch, BGR for caffe
TORCH_MEAN, TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)
Step = Sequence[Any]


class Lying(NamedTuple):
    """An array at one point of the pipeline, and how it lies."""

    x: Any
    channels_first: bool = False
    bgr: bool = False


def preprocessed(x: Any, steps: Sequence[Step]) -> Any:
    """The ops behind a tensor (samples, ...). Raises CANNOT_CONVERT for a step that there are no ops for."""
    lying = Lying(x)
    for step in steps:
        made = STEPS.get(step[0])
        if made is None:
            raise cannot("the step `{}` cannot be put into a model".format(step[0]), "", "Take it out.")
        lying = made(lying, list(step[1:]))
    return lying.x


def changes_size(steps: Sequence[Step]) -> bool:
    """Whether pictures of any size fit: some step gives them the model's."""
    return any(step[0] in ("resize", "crop") for step in steps)


def _resize(lying: Lying, words: List[Any]) -> Lying:
    return _on_last(lying, lambda x: resized(x, words[0], words[1], words[2]))


def _crop(lying: Lying, words: List[Any]) -> Lying:
    width, height = words

    def cropped(x: Any) -> Any:
        top, left = (tf.shape(x)[1] - height) // 2, (tf.shape(x)[2] - width) // 2
        return x[:, top : top + height, left : left + width, :]

    return _on_last(lying, cropped)


def _colour(lying: Lying, words: List[Any]) -> Lying:
    name = words[0]
    channels = lying.x.shape[1 if lying.channels_first else 3]
    channels = int(channels) if channels is not None else 3
    if name == "gray":
        turned = lying.bgr
        same = channels == 1
        made = _on_last(lying, lambda x: x if same else _gray(x[..., ::-1] if turned else x))
        return made._replace(bgr=False)
    after = lying._replace(bgr=name == "bgr")
    if channels == 1:
        return _on_last(after, lambda x: tf.concat([x, x, x], -1))
    return after if after.bgr == lying.bgr else _on_last(after, lambda x: x[..., ::-1])


def _gray(x: Any) -> Any:
    if x.dtype == tf.uint8:
        parts = [tf.cast(x[..., at : at + 1], tf.int32) * weight for at, weight in enumerate((19595, 38470, 7471))]
        return tf.cast((parts[0] + parts[1] + parts[2] + 0x8000) // 65536, tf.uint8)
    y = _floating(x)
    parts = [y[..., at : at + 1] * _like(y, weight) for at, weight in enumerate((0.299, 0.587, 0.114))]
    return parts[0] + parts[1] + parts[2]


def _scale(lying: Lying, words: List[Any]) -> Lying:
    numerator, denominator = words
    y = _floating(lying.x)
    y = y if numerator == 1 else y * _like(y, numerator)
    return lying._replace(x=y if denominator == 1 else y / _like(y, denominator))


def _range(lying: Lying, words: List[Any]) -> Lying:
    low, high = words
    y = _floating(lying.x)
    return lying._replace(x=y / _like(y, 255 / (high - low)) + _like(y, low))


def _mean(lying: Lying, words: List[Any]) -> Lying:
    y = _floating(lying.x)
    return lying._replace(x=y - _per_channel(y, words, lying))


def _std(lying: Lying, words: List[Any]) -> Lying:
    y = _floating(lying.x)
    return lying._replace(x=y / _per_channel(y, words, lying))


def _mode(lying: Lying, words: List[Any]) -> Lying:
    if words[0] == "tf":
        return _range(lying, [-1.0, 1.0])
    if words[0] == "torch":
        return _std(_mean(_scale(lying, [1.0, 255.0]), list(TORCH_MEAN)), list(TORCH_STD))
    return _mean(_colour(lying._replace(x=_floating(lying.x)), ["bgr"]), list(CAFFE_MEAN))


def _order(lying: Lying, words: List[Any]) -> Lying:
    first = words[0] == "nchw"
    if first == lying.channels_first:
        return lying
    return lying._replace(x=tf.transpose(lying.x, FIRST if first else LAST), channels_first=first)


def _flip(lying: Lying, words: List[Any]) -> Lying:
    return _on_last(lying, lambda x: tf.reverse(x, [2 if words[0] == "horizontal" else 1]))


def _cast(lying: Lying, words: List[Any]) -> Lying:
    x, dtype = lying.x, tf.as_dtype(words[0])
    if x.dtype.is_floating and dtype.is_integer:
        ends = np.iinfo(dtype.as_numpy_dtype)
        y = tf.cast(x, tf.float64)
        whole = tf.math.floor(tf.abs(y)) * tf.sign(y)
        x = tf.clip_by_value(whole, tf.constant(ends.min, tf.float64), tf.constant(ends.max, tf.float64))
    return lying._replace(x=tf.cast(x, dtype))


def _kept(lying: Lying, _words: List[Any]) -> Lying:
    return lying


def _on_last(lying: Lying, change: Callable[[Any], Any]) -> Lying:
    """A change of pictures whose channels are last."""
    if not lying.channels_first:
        return lying._replace(x=change(lying.x))
    return lying._replace(x=tf.transpose(change(tf.transpose(lying.x, LAST)), FIRST))


def _floating(x: Any) -> Any:
    return x if x.dtype.is_floating else tf.cast(x, tf.float32)


def _like(x: Any, number: float) -> Any:
    return tf.constant(number, x.dtype)


def _per_channel(x: Any, values: Sequence[float], lying: Lying) -> Any:
    rank = x.shape.rank
    if len(values) == 1 or rank is None:
        return tf.constant(list(values), x.dtype)
    axis = 1 if lying.channels_first else rank - 1
    return tf.constant(np.reshape(values, [-1 if at == axis else 1 for at in range(rank)]), x.dtype)


STEPS: Dict[str, Callable[[Lying, List[Any]], Lying]] = {
    "resize": _resize,
    "crop": _crop,
    "colour": _colour,
    "scale": _scale,
    "range": _range,
    "mean": _mean,
    "std": _std,
    "mode": _mode,
    "order": _order,
    "flip": _flip,
    "cast": _cast,
    "batch": _kept,
}
