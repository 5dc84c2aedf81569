"""Pictures through both pipelines, with what these leave unsaid: the model's size, colours, channel order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Port
from inspector.domain.files import Shape, Warn
from inspector.session import images, steps
from inspector.session.preprocess import Pipeline
from inspector.session.shapes import channels_first

Array = NDArray[np.generic]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PutThrough:
    """The first picture as it was read, (1, rows, columns, 3) uint8; for A and for B the pictures after
    the pipeline, and the pipeline with what was added to it."""

    first: Array
    made: tuple[Array, Array]
    pipelines: tuple[Pipeline, Pipeline]
    notes: tuple[Warn, ...]


def put_through(files: Sequence[Path], pair: tuple[Port, Port], pipelines: tuple[Pipeline, Pipeline]) -> PutThrough:
    """Reads the pictures one at a time, so that large ones are never held together, and puts each
    through both pipelines. Raises InspectorError as images.load and Pipeline.apply do."""
    sizes = [images.size_of(path) for path in files]
    several = len(set(sizes)) > 1
    full_a, notes_a = complete(pipelines[0], *pair, "A", sizes[0], several_sizes=several)
    full_b, notes_b = complete(pipelines[1], *pair[::-1], "B", sizes[0], several_sizes=several)
    first, notes = None, list[Warn]()
    made_a, made_b = list[Array](), list[Array]()
    for path in files:
        picture = images.load(path)
        rgb = picture.rgb[np.newaxis]
        first = rgb if first is None else first
        notes += picture.notes
        made_a.append(full_a.apply(rgb))
        made_b.append(full_b.apply(rgb))
    return PutThrough(
        np.asarray(first),
        (np.concatenate(made_a), np.concatenate(made_b)),
        (full_a, full_b),
        (*images.together(notes), *notes_a, *notes_b),
    )


def complete(
    pipeline: Pipeline, port: Port, other: Port, side: str, pixels: Size, *, several_sizes: bool
) -> tuple[Pipeline, tuple[Warn, ...]]:
    """The pipeline with the steps that a picture of `pixels` (rows, columns) needs to fit the port.

    Gray for a model of one channel comes first, then a bilinear resize to the model's size (the other
    side's where this one takes any; the first picture's where pictures of several sizes have to make
    one batch), channels first at the end; none of them where the pipeline says its own."""
    shape = port.shape if port.shape is not None else other.shape
    front: list[steps.Step] = []
    notes: list[Warn] = []
    if _wants_gray(shape, pixels) and not pipeline.has(steps.Colour, steps.Mode):
        front.append(steps.Colour("gray"))
        notes.append(Warn("IMAGE_GRAY", f"{side} takes one channel: pictures are made gray for it"))
    size = _size(shape) or _size(other.shape) or (pixels if several_sizes else None)
    if size and (size != pixels or several_sizes) and not pipeline.has(steps.Resize, steps.Crop):
        front.append(steps.Resize(size[1], size[0]))
        came = "pictures of several sizes" if several_sizes else f"{pixels[1]}x{pixels[0]}"
        text = f"{came} resized to {size[1]}x{size[0]} for {side} (bilinear, as Pillow does)"
        notes.append(Warn("IMAGE_RESIZED", text))
    last = [steps.Order("nchw")] if channels_first(shape) and not pipeline.has(steps.Order) else []
    return Pipeline((*front, *pipeline.steps, *last)), tuple(notes)


def _wants_gray(shape: Shape | None, pixels: Size) -> bool:
    """One channel is stated, or there is no axis for channels (rows by columns, or all in one row)."""
    if shape is None:
        return False
    if len(shape) == 4:
        return shape[1 if channels_first(shape) else 3] == 1
    return len(shape) == 3 or (len(shape) == 2 and shape[1] == math.prod(pixels))


def _size(shape: Shape | None) -> Size | None:
    """Rows and columns, where the shape states both."""
    if shape is None or len(shape) not in (3, 4):
        return None
    rows, columns = shape[2:4] if len(shape) == 4 and channels_first(shape) else shape[1:3]
    return None if rows is None or columns is None else (rows, columns)
