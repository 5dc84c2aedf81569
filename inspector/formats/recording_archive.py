"""A recording that `inspector.record` wrote: a zip of `.npy` arrays that a `recording.json` names."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn
from inspector.formats.keras_archive import FAILURES, Archive
from inspector.formats.recording_content import Kept, KeptLayer, Recorded

KIND, SCHEMA, MANIFEST = "model-inspector recording", 1, "recording.json"
SIGNATURE, NAME_AT = b"PK\x03\x04", 30  # of a zip: the first member's local header, and its name
BAD_HEADER = (*FAILURES, SyntaxError, TypeError, RecursionError, MemoryError, tokenize.TokenError)


class _Tensor(msgspec.Struct):
    name: str
    array: int
    shape: list[int]
    dtype: str


class _Layer(msgspec.Struct):
    name: str
    outputs: list[_Tensor]
    class_name: str = ""
    config: dict[str, Any] = {}
    inputs: list[str] = []
    aliases: list[str] = []


class _Note(msgspec.Struct):
    code: str
    text: str


class _Manifest(msgspec.Struct):
    kind: str
    schema: int
    inputs: list[_Tensor]
    outputs: list[_Tensor]
    layers: list[_Layer] = []
    notes: list[_Note] = []
    time: str = ""
    model: str = ""
    framework: str = ""
    versions: dict[str, str] = {}
    python: str = ""
    platform: str = ""


def is_recording(head: bytes) -> bool:
    """Whether a zip's first member is a recording's manifest."""
    return head.startswith(SIGNATURE) and head[NAME_AT : NAME_AT + len(MANIFEST)] == MANIFEST.encode()


class RecordingArchive:
    """Arrays by range. Raises CORRUPT, TOO_LARGE, NEWER."""

    raw = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive = Archive(path)
        self._members = {member.name: member.size for member in self._archive.members}
        try:
            manifest = self._manifest()
            self.recorded = self._recorded(manifest)
        except InspectorError:
            self._archive.close()
            raise

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        """Raises NO_SUCH_VALUE, NOT_NUMERIC, CORRUPT."""
        shape, dtype, _ = self._header(value_id)
        return shape, dtype.name

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Elements `start` to `stop` in C order, one-dimensional. Raises as `value_shape`."""
        shape, dtype, offset = self._header(value_id)
        count = int(np.prod(shape, dtype=object))
        stop = count if stop is None else max(0, min(stop, count))
        start = max(0, min(start, stop))
        member = self._archive.open(value_id)
        member.seek(offset + start * dtype.itemsize)
        found = member.read((stop - start) * dtype.itemsize) or b""
        return np.frombuffer(found, dtype).astype(dtype.newbyteorder("="), copy=False)

    def close(self) -> None:
        self._archive.close()

    def _manifest(self) -> _Manifest:
        if MANIFEST not in self._members:
            raise self._corrupt(f"its directory has no {MANIFEST}")
        try:
            manifest = msgspec.json.decode(self._archive.text(MANIFEST), type=_Manifest)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise self._corrupt(f"its {MANIFEST} cannot be read: {error}") from error
        if manifest.kind != KIND:
            raise self._corrupt(f"its {MANIFEST} describes {manifest.kind[:100]!r}, not a recording")
        if manifest.schema > SCHEMA:
            what = f"the recording has schema {manifest.schema}, and this version reads up to {SCHEMA}"
            raise InspectorError("NEWER", what, where=str(self._path), todo="Update Model Inspector.")
        for things in (manifest.inputs, manifest.outputs, manifest.layers):
            names = [thing.name for thing in things]
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise self._corrupt(f"its {MANIFEST} names {twice[:100]!r} twice")
        return manifest

    def _recorded(self, manifest: _Manifest) -> Recorded:
        layers = [
            KeptLayer(
                name=layer.name,
                class_name=layer.class_name,
                config=layer.config,
                inputs=tuple(layer.inputs),
                outputs=self._kept(layer.outputs),
                aliases=tuple(layer.aliases),
            )
            for layer in manifest.layers
        ]
        return Recorded(
            inputs=self._kept(manifest.inputs),
            outputs=self._kept(manifest.outputs),
            layers=tuple(layer for layer in layers if layer.outputs),
            facts=_facts(manifest),
            major=3 if re.match(r"Keras [3-9]", manifest.framework) else 2,
            warnings=tuple(Warn(note.code, note.text) for note in manifest.notes) + self._missing(manifest),
        )

    def _kept(self, tensors: list[_Tensor]) -> tuple[Kept, ...]:
        there = [(tensor, _member(tensor)) for tensor in tensors]
        return tuple(
            Kept(name=tensor.name, value_id=member, shape=tuple(tensor.shape), dtype=tensor.dtype)
            for tensor, member in there
            if member in self._members
        )

    def _missing(self, manifest: _Manifest) -> tuple[Warn, ...]:
        tensors = [*manifest.inputs, *manifest.outputs, *(x for layer in manifest.layers for x in layer.outputs)]
        lost = [tensor.name for tensor in tensors if _member(tensor) not in self._members]
        if not lost:
            return ()
        return (Warn("MISSING_ARRAYS", f"{len(lost)} recorded arrays are not in the file: {', '.join(lost[:3])}"),)

    def _header(self, value_id: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
        """Shape, dtype, and where in the member its values begin."""
        if value_id not in self._members:
            raise InspectorError("NO_SUCH_VALUE", f"the recording has no {value_id}", where=value_id)
        member = self._archive.open(value_id)
        try:
            version = np.lib.format.read_magic(member)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(member)
        except BAD_HEADER as error:
            raise self._corrupt(f"{value_id} is no .npy array: {error}") from error
        if dtype.kind not in "biufc":
            raise InspectorError("NOT_NUMERIC", f"not numeric: {dtype}", where=value_id)
        if fortran or min(shape, default=0) < 0:
            raise self._corrupt(f"{value_id} is not laid out as a recording's arrays are")
        if member.tell() + int(np.prod(shape, dtype=object)) * dtype.itemsize > self._members[value_id]:
            raise self._corrupt(f"{value_id} ends before its values do")
        return shape, dtype, member.tell()

    def _corrupt(self, what: str) -> InspectorError:
        return InspectorError("CORRUPT", what, where=str(self._path), todo="Copy the file again, or record anew.")


def _member(tensor: _Tensor) -> str:
    return f"{tensor.array:05d}.npy"


def _facts(manifest: _Manifest) -> tuple[tuple[str, str], ...]:
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    rows = (
        ("Recorded with", manifest.framework or "a program of one's own"),
        ("Recorded at", manifest.time),
        ("Model", manifest.model),
        ("Python", manifest.python),
        ("Packages", versions),
        ("Machine", manifest.platform),
    )
    return tuple((label, value) for label, value in rows if value)
