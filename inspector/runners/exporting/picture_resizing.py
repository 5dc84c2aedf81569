"""Resizing as Pillow does it, in TensorFlow's ops, on uint8 bit for bit.

Pillow, src/libImaging/Resample.c: a filter that grows with the shrinking, on uint8 with weights of 22 bits and
rounding after each of two passes, along the rows first; since Pillow 13 along the columns first where the height
loses more than twice as many pixels as the width (measured). src/libImaging/Geometry.c for `nearest`.
"""

import math
from typing import Any, Callable, Dict, Sequence, Tuple

import tensorflow as tf

BITS = 22
Filter = Tuple[float, Callable[[Any], Any]]


def resized(x: Any, width: int, height: int, method: str) -> Any:
    """(samples, rows, columns, channels) to these rows and columns; uint8 stays uint8, all else is float32."""
    if method == "nearest":
        return _picked(_picked(x, 1, height), 2, width)
    is_bytes = x.dtype == tf.uint8
    y = tf.cast(x if is_bytes else tf.cast(x, tf.float32), tf.float64)
    passes = [(2, width), (1, height)]

    def both(order: Sequence[Tuple[int, int]]) -> Any:
        found = y
        for axis, size in order:
            weights = _weights(tf.shape(x)[axis], size, *FILTERS[method])
            found = _along(found, axis, _fixed_point(weights) if is_bytes else weights)
            found = _rounded_bytes(found) if is_bytes else _narrow(found)
        return tf.cast(found, tf.uint8 if is_bytes else tf.float32)

    rows, columns = x.shape[1], x.shape[2]
    if rows is not None and columns is not None:
        return both(passes[::-1] if _columns_first(rows, columns, width, height) else passes)
    size = tf.cast(tf.shape(x), tf.int64)
    return tf.where(_columns_first(size[1], size[2], width, height), both(passes[::-1]), both(passes))


def _columns_first(rows: Any, columns: Any, width: int, height: int) -> Any:
    return (height < rows) & (rows - height > 2 * (columns - width))


def _weights(length: Any, size: int, support: float, kernel: Callable[[Any], Any]) -> Any:
    """(size, length) float64: how much of each pixel goes into each new one."""
    scale = tf.cast(length, tf.float64) / tf.constant(size, tf.float64)
    stretch = tf.maximum(scale, tf.constant(1.0, tf.float64))
    reach = stretch * support
    centre = (tf.range(size, dtype=tf.float64) + 0.5) * scale
    first = tf.maximum(tf.math.floor(centre - reach + 0.5), tf.constant(0.0, tf.float64))
    last = tf.minimum(tf.math.floor(centre + reach + 0.5), tf.cast(length, tf.float64))
    place = tf.cast(tf.range(length), tf.float64)[tf.newaxis, :]
    inside = tf.logical_and(place >= first[:, tf.newaxis], place < last[:, tf.newaxis])
    values = kernel((place - centre[:, tf.newaxis] + 0.5) / stretch)
    kept = values * tf.cast(inside, tf.float64)
    return kept / tf.reduce_sum(kept, axis=1, keepdims=True)


def _along(y: Any, axis: int, weights: Any) -> Any:
    """Sums of one axis's pixels, weighted."""
    order = [0, 1, 2, 3]
    order[axis], order[3] = order[3], order[axis]
    turned = tf.transpose(y, order)
    shape = tf.shape(turned)
    flat = tf.matmul(tf.reshape(turned, [-1, shape[3]]), weights, transpose_b=True)
    return tf.transpose(tf.reshape(flat, tf.concat([shape[:3], tf.shape(weights)[:1]], 0)), order)


def _fixed_point(weights: Any) -> Any:
    """Whole numbers, halves away from zero."""
    scaled = weights * float(1 << BITS)
    return tf.sign(scaled) * tf.math.floor(tf.abs(scaled) + 0.5)


def _rounded_bytes(sums: Any) -> Any:
    whole = tf.math.floor((sums + float(1 << (BITS - 1))) / float(1 << BITS))
    return tf.clip_by_value(whole, tf.constant(0.0, tf.float64), tf.constant(255.0, tf.float64))


def _narrow(sums: Any) -> Any:
    """As Pillow keeps what lies between the two passes."""
    return tf.cast(tf.cast(sums, tf.float32), tf.float64)


def _picked(x: Any, axis: int, size: int) -> Any:
    """Steps are added up, as Pillow does, so that the same pixels are met."""
    step = tf.cast(tf.shape(x)[axis], tf.float64) / tf.constant(size, tf.float64)
    steps = tf.concat([tf.reshape(step * 0.5, [1]), tf.fill([size - 1], step)], 0)
    return tf.gather(x, tf.cast(tf.math.floor(tf.cumsum(steps)), tf.int32), axis=axis)


def _box(x: Any) -> Any:
    return tf.cast(tf.logical_and(x > -0.5, x <= 0.5), tf.float64)


def _triangle(x: Any) -> Any:
    return tf.maximum(1.0 - tf.abs(x), tf.constant(0.0, tf.float64))


def _bicubic(x: Any) -> Any:
    x, a = tf.abs(x), -0.5
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    far = (((x - 5.0) * x + 8.0) * x - 4.0) * a
    return near * tf.cast(x < 1.0, tf.float64) + far * tf.cast(tf.logical_and(x >= 1.0, x < 2.0), tf.float64)


def _lanczos(x: Any) -> Any:
    inside = tf.cast(tf.logical_and(x >= -3.0, x < 3.0), tf.float64)
    return _sinc(x) * _sinc(x / 3.0) * inside


def _sinc(x: Any) -> Any:
    is_zero = tf.cast(tf.equal(x, 0.0), tf.float64)
    angle = math.pi * x + is_zero  # so that nothing is divided by zero
    return is_zero + (1.0 - is_zero) * tf.sin(angle) / angle


FILTERS: Dict[str, Filter] = {
    "area": (0.5, _box),
    "bilinear": (1.0, _triangle),
    "bicubic": (2.0, _bicubic),
    "lanczos": (3.0, _lanczos),
}
