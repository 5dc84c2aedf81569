"""From specs to what each side is fed: load or draw, put through each side's pipeline, fit to the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.compare.content import content
from inspector.domain.comparison import InputUsed
from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn
from inspector.session import sources, specs
from inspector.session.drawn import draw
from inspector.session.dtypes import cast, takes_whole_numbers
from inspector.session.fitting import fit, to_batch
from inspector.session.pictures import put_through
from inspector.session.preprocess import Pipeline, parse
from inspector.session.settings import Settings
from inspector.session.shapes import batch_of, channels_first
from inspector.session.sources import Source
from inspector.session.strings import is_text

Array = NDArray[np.generic]
Notes = tuple[Warn, ...]
ReadDataset = sources.ReadDataset
Pipelines = tuple[Pipeline, Pipeline]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One input, ready to be fed. `raw` is what the spec gave, before the pipelines; of pictures only
    the first, (1, rows, columns, 3) uint8. `array_a` and `array_b` have the shapes and dtypes that the
    sides take. `notes` say what was done on the way."""

    name_a: str
    name_b: str
    tensor_a: str
    tensor_b: str
    raw: Array
    array_a: Array
    array_b: Array
    used: InputUsed
    notes: Notes


@dataclass(frozen=True, slots=True)
class _Fed:
    """One side's array, the pipeline that made it, and what there is to say."""

    array: Array
    pipeline: Pipeline
    notes: Notes


def resolve(
    texts: Sequence[str],
    ports_a: Sequence[Port],
    ports_b: Sequence[Port],
    settings: Settings,
    read_dataset: ReadDataset,
) -> tuple[Prepared, ...]:
    """One Prepared for each pair `ports_a[i]`, `ports_b[i]`, from the specs.

    Both sides get the same raw numbers, each through its own pipeline (of several inputs, ids get none,
    and a pipeline with image steps is for images only). `read_dataset(path, dataset)` reads an array
    out of an HDF5 file. Raises InspectorError before anything is run: INPUT_MISSING, INPUT_UNKNOWN,
    INPUT_TWICE, WRONG_SHAPE, WRONG_DTYPE, BAD_PIPELINE, and what loading raises (docs/inputs.md)."""
    pipelines = (parse(settings.preprocess_a), parse(settings.preprocess_b))
    pairs = tuple(zip(ports_a, ports_b, strict=True))
    loaded = sources.load(specs.assign(tuple(texts), pairs), pairs, read_dataset)
    asked = pipelines[0].batch or pipelines[1].batch or settings.batch
    longest = max((source.count or 1 for source in loaded), default=1)
    prepared = []
    for stream, source in enumerate(loaded):
        count, notes = _count(source, asked, longest)
        chosen = _applied(pipelines, source, several=len(loaded) > 1)
        prepared.append(_prepare(source, chosen, settings, count, stream, notes))
    return tuple(prepared)


def _count(source: Source, asked: int | None, longest: int) -> tuple[int, Notes]:
    """How many samples to feed: what a side fixes, what a person asks for, what the data hold."""
    fixed = batch_of(source.pair)
    count = fixed or asked or longest
    name, came = source.pair[0].name, source.count
    notes: list[Warn] = []
    if fixed and asked and fixed != asked:
        text = f"input `{name}` takes batches of {fixed} only, not {asked}"
        notes.append(Warn("INPUT_BATCH_FIXED", text))
    if came is not None and came != count:
        if not (fixed or asked or came == 1):
            raise InspectorError(
                "WRONG_SHAPE", f"input `{name}` has {came} samples and another has {longest}", where=name,
                todo="Give all inputs as many samples, or set a batch.",
            )  # fmt: skip
        how = "the first ones" if came > count else "them over and over"
        notes.append(Warn("INPUT_BATCH", f"input `{name}`: {came} samples came, {count} are fed, {how}"))
    return count, tuple(notes)


def _applied(pipelines: Pipelines, source: Source, *, several: bool) -> Pipelines:
    """The pipelines for this input: of several inputs the ids have none, nor what is no image when a
    pipeline is for images."""
    if not several or source.pictures:
        return pipelines
    if any(takes_whole_numbers(port) for port in source.pair):
        return Pipeline(), Pipeline()
    is_image = any(port.shape is not None and len(port.shape) == 4 for port in source.pair)
    a, b = (Pipeline() if each.for_images and not is_image else each for each in pipelines)
    return a, b


def _prepare(
    source: Source, pipelines: Pipelines, settings: Settings, count: int, stream: int, notes: Notes
) -> Prepared:
    if source.pictures:
        raw, fed_a, fed_b, more = _feed_pictures(source, pipelines, count)
    else:
        raw, more = _raw(source, settings, count, stream)
        fed_a, fed_b = (_feed(raw, source, pipelines, index, count) for index in (0, 1))
    port_a, port_b = source.pair
    said = (*notes, *source.notes, *more, *fed_a.notes, *fed_b.notes)
    return Prepared(
        name_a=port_a.name,
        name_b=port_b.name,
        tensor_a=port_a.tensor,
        tensor_b=port_b.tensor,
        raw=raw,
        array_a=fed_a.array,
        array_b=fed_b.array,
        used=_used(source, fed_a, fed_b),
        notes=tuple(dict.fromkeys(said)),
    )


def _raw(source: Source, settings: Settings, count: int, stream: int) -> tuple[Array, Notes]:
    if source.array is None:
        return draw(source.spec, source.pair, settings, count, stream)
    if is_text(source.array):
        return source.array, ()
    found = content(source.array)
    if found.finite == found.size:
        return source.array, ()
    infinite = found.size - found.finite - found.nan
    text = f"input `{source.pair[0].name}` holds {found.nan} NaN and {infinite} infinite numbers"
    return source.array, (Warn("INPUT_HAS_NAN", text),)


def _feed(raw: Array, source: Source, pipelines: Pipelines, index: int, count: int) -> _Fed:
    """One side's array from samples that were loaded or drawn."""
    pipeline = pipelines[index]
    made = pipeline.apply(to_batch(raw, count), channels_first=channels_first(raw.shape))
    return _finish(made, source, pipeline, index, laid_out=source.table or source.array is None)


def _finish(made: Array, source: Source, pipeline: Pipeline, index: int, *, laid_out: bool) -> _Fed:
    side = "AB"[index]
    fitted, notes = fit(made, source.pair, side, laid_out=laid_out)
    fed, more = cast(fitted, source.pair[index], side)
    return _Fed(fed, pipeline, (*notes, *more))


def _feed_pictures(source: Source, pipelines: Pipelines, count: int) -> tuple[Array, _Fed, _Fed, Notes]:
    found = put_through(source.pictures[:count], source.pair, pipelines)
    fed_a, fed_b = (
        _finish(to_batch(found.made[index], count), source, found.pipelines[index], index, laid_out=True)
        for index in (0, 1)
    )
    return found.first, fed_a, fed_b, found.notes


def _used(source: Source, fed_a: _Fed, fed_b: _Fed) -> InputUsed:
    return InputUsed(
        name_a=source.pair[0].name,
        name_b=source.pair[1].name,
        shape_a=fed_a.array.shape,
        shape_b=fed_b.array.shape,
        dtype_a=str(fed_a.array.dtype),
        dtype_b=str(fed_b.array.dtype),
        spec=source.spec.text,
        preprocess_a=str(fed_a.pipeline),
        preprocess_b=str(fed_b.pipeline),
        stats_a=_stats(fed_a.array),
        stats_b=_stats(fed_b.array),
    )


def _stats(array: Array) -> tuple[float, float, float, float]:
    """Least, greatest, mean and deviation of the finite numbers."""
    if is_text(array):
        return (0.0, 0.0, 0.0, 0.0)
    found = content(array)
    return found.minimum, found.maximum, found.mean, found.deviation
