"""A preprocessing in words, and as a line for `--preprocess-b`."""

from __future__ import annotations

import numpy as np

from inspector.causes.case import Array
from inspector.causes.inputs.affine import IDENTITY, MIXED, Affine, uniform

IMAGENET = "ImageNet's mean"
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CAFFE = np.array([103.939, 116.779, 123.68])
BGR = Affine(np.eye(3)[::-1], np.zeros(3))
# keras.applications.imagenet_utils.preprocess_input, for RGB 0..255; the lines of docs/inputs.md
USUAL: dict[str, tuple[str, Affine]] = {
    "scale 1/255": ("x / 255", uniform(1 / 255)),
    "tf": ("x / 127.5 - 1", uniform(1 / 127.5, -1.0)),
    "torch": (
        "torch's: x / 255, ImageNet's mean and deviation",
        Affine(np.diag(1 / 255 / DEVIATION), -MEAN / DEVIATION),
    ),
    "caffe": (f"caffe's: BGR, {IMAGENET} taken away", Affine(np.eye(3)[::-1], -CAFFE)),
    "bgr": ("x with red and blue exchanged", BGR),
    "bgr | scale 1/255": ("x / 255 with red and blue exchanged", BGR.after(uniform(1 / 255))),
    "bgr | tf": ("x / 127.5 - 1 with red and blue exchanged", uniform(1 / 127.5, -1.0).after(BGR)),
}


def in_words(change: Affine) -> str:
    """`x / 255`, `x * 2 + 0.5`, `x with red and blue exchanged`, `(x - mean) / deviation, mean 0.485 0.456 0.406`."""
    if change.is_near(IDENTITY):
        return "x as it is"
    for words, usual in USUAL.values():
        if change.is_near(usual):
            return words
    if change.is_uniform:
        return _uniform(float(change.matrix[0, 0]), float(change.offset[0]))
    straight = np.diag(np.diag(change.matrix))
    if np.abs(change.matrix - straight).max() <= 1e-4 * np.abs(change.matrix).max():
        return _by_channel(np.diag(change.matrix), change.offset)
    turned = change.after(Affine(np.eye(len(change.offset))[::-1], np.zeros(len(change.offset))))
    if np.abs(turned.matrix - np.diag(np.diag(turned.matrix))).max() <= 1e-4 * np.abs(change.matrix).max():
        return f"the channels reversed and {in_words(turned)}"
    return "x with its channels mixed"


def pipeline_of(change: Affine) -> str | None:
    """The line that does it, None where there is no short one; empty for nothing to do."""
    if change.is_near(IDENTITY):
        return ""
    for line, (_, usual) in USUAL.items():
        if change.is_near(usual):
            return line
    if change.is_uniform:
        scale, offset = float(change.matrix[0, 0]), float(change.offset[0])
        steps = [] if scale == 1 else [f"scale {_scale(scale)}"]
        return " | ".join([*steps, *([f"mean {_number(-offset)}"] if offset else [])])
    return None


def _uniform(scale: float, offset: float) -> str:
    text = "-x" if scale == -1 else "x"
    if abs(scale) != 1:
        over = _over(scale)
        text = f"x / {over}" if over else f"x * {_number(scale)}"
    if not offset:
        return text
    return f"{text} {'-' if offset < 0 else '+'} {_number(abs(offset))}"


def _by_channel(scale: Array, offset: Array) -> str:
    if len(scale) > MIXED:
        return f"each of its {len(scale)} features scaled and shifted by its own numbers"
    mean, deviation = -offset / scale, 1 / scale
    return f"(x - mean) / deviation with mean {_numbers(mean)} and deviation {_numbers(deviation)}"


def _scale(scale: float) -> str:
    over = _over(scale)
    return f"1/{over}" if over else _number(scale)


def _over(scale: float) -> str:
    """What it divides by, where that is the rounder number."""
    one = 1 / scale if scale else 0.0
    return _number(one) if abs(one) > 1 and abs(one * 2 - round(one * 2)) <= 1e-4 * abs(one) else ""


def _number(value: float) -> str:
    return f"{value:.6g}"


def _numbers(values: Array) -> str:
    return " ".join(f"{value:.5g}" for value in values)
