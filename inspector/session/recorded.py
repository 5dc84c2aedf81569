"""When a side is a recording, both sides are fed what was recorded: it answers for nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inspector.compare.content import content
from inspector.domain.comparison import InputUsed
from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry, ModelFile, Side, Warn
from inspector.session.dtypes import cast
from inspector.session.fitting import fit
from inspector.session.inputs import Prepared
from inspector.session.settings import Settings
from inspector.session.shapes import batch_of

Array = NDArray[Any]
Pair = tuple[Port, Port]
FORMAT, SECTION, MOST = "recording", "section:Inputs", 4096


class Reads(Protocol):
    """What is asked of a side's reader."""

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]: ...

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> Array: ...


class ReadSide(Protocol):
    """What is asked of a side."""

    @property
    def file(self) -> ModelFile | None: ...

    @property
    def reader(self) -> Reads: ...


@dataclass(frozen=True, slots=True)
class RecordedInputs:
    """The recorded arrays by the input tensors of `side`, samples first."""

    side: Side
    arrays: Mapping[str, Array]


def recorded_inputs(a: ReadSide, b: ReadSide) -> RecordedInputs | None:
    """The inputs of the side that is a recording (A's when both are), None when neither is."""
    for name, side in (("a", a), ("b", b)):
        if side.file is not None and side.file.format == FORMAT:
            found = {entry.tensor: entry for entry in side.reader.children(SECTION, 0, MOST)}
            arrays = {tensor: _array(side.reader, entry) for tensor, entry in found.items()}
            return RecordedInputs("a" if name == "a" else "b", arrays)
    return None


def _array(reader: Reads, entry: Entry) -> Array:
    shape = tuple(size or 0 for size in entry.shape or ())
    return reader.values(entry.value_id).reshape(shape)


def prepared(recorded: RecordedInputs, pairs: Sequence[Pair], settings: Settings) -> tuple[Prepared, ...]:
    """One Prepared for each pair of ports: the recorded numbers on both sides, whatever is set but for `batch`.

    Of a model that takes fewer samples at a time than were recorded, the first ones are fed. Raises
    WRONG_SHAPE, WRONG_DTYPE, INPUT_MISSING."""
    return tuple(_prepared(recorded, pair, settings) for pair in pairs)


def _prepared(recorded: RecordedInputs, pair: Pair, settings: Settings) -> Prepared:
    port_a, port_b = pair
    raw = _samples(recorded, pair, settings)
    fitted = [fit(raw, pair, side, laid_out=False) for side in "AB"]
    fed = [cast(array, port, side) for (array, _), port, side in zip(fitted, pair, "AB", strict=True)]
    array_a, array_b = (array for array, _ in fed)
    said = Warn("RECORDED_INPUTS", f"both sides are fed what side {recorded.side.upper()} recorded, nothing else")
    notes = [said, *(note for _, notes in (*fitted, *fed) for note in notes)]
    used = InputUsed(
        name_a=port_a.name,
        name_b=port_b.name,
        shape_a=array_a.shape,
        shape_b=array_b.shape,
        dtype_a=str(array_a.dtype),
        dtype_b=str(array_b.dtype),
        spec=f"recorded by side {recorded.side.upper()}",
        preprocess_a="",
        preprocess_b="",
        stats_a=_stats(array_a),
        stats_b=_stats(array_b),
    )
    return Prepared(
        name_a=port_a.name,
        name_b=port_b.name,
        tensor_a=port_a.tensor,
        tensor_b=port_b.tensor,
        raw=raw,
        array_a=array_a,
        array_b=array_b,
        used=used,
        notes=tuple(dict.fromkeys(notes)),
    )


def _samples(recorded: RecordedInputs, pair: Pair, settings: Settings) -> Array:
    port = pair[0] if recorded.side == "a" else pair[1]
    raw = recorded.arrays.get(port.tensor)
    if raw is None:
        raise InspectorError("INPUT_MISSING", f"the recording has no input {port.name}", where=port.name)
    if not raw.ndim:
        return raw
    fixed = batch_of(pair)
    count = min(fixed or settings.batch or len(raw), max(len(raw), 1))
    if fixed and fixed > len(raw):
        what = f"{len(raw)} samples were recorded, and a side takes batches of {fixed} only"
        raise InspectorError("WRONG_SHAPE", what, where=port.name, todo="Record as many samples.")
    return raw[:count]


def _stats(array: Array) -> tuple[float, float, float, float]:
    """Least, greatest, mean and deviation of the finite numbers."""
    found = content(np.asarray(array))
    return found.minimum, found.maximum, found.mean, found.deviation
