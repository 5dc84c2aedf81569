"""The tree of a recording: inputs, outputs, layers in the order of computation, and an HDF5 file as it lies."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry
from inspector.formats.h5_tree import PREFIX, H5Tree
from inspector.formats.recording_content import Kept, KeptLayer, Recorded, kind_in

RAW = "section:Contents of the file"


class RecordingTree:
    """Ids: `section:TITLE`, `input:NAME`, `output:NAME`, `layer:NAME`, `value:NAME` of a layer with several
    outputs, and `h5:PATH` below the raw section."""

    def __init__(self, recorded: Recorded, raw: H5Tree | None) -> None:
        self._raw = raw
        self._layers = {f"layer:{layer.name}": layer for layer in recorded.layers}
        self._sections: dict[str, list[Entry]] = {
            "section:Inputs": [_tensor("input", kept) for kept in recorded.inputs],
            "section:Outputs": [_tensor("output", kept) for kept in recorded.outputs],
            "section:Layers": [_layer_entry(layer) for layer in recorded.layers],
        }
        self._entries = {entry.id: entry for entry, _ in self._own()}

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        """Raises NO_SUCH_ENTRY."""
        if entry_id.startswith(PREFIX) and self._raw is not None:
            return self._raw.children(entry_id.removeprefix(PREFIX), start, stop)
        if entry_id == RAW and self._raw is not None:
            return self._raw.children("/", start, stop)
        if not entry_id:
            return self._tops()[start:stop]
        if entry_id in self._sections:
            return self._sections[entry_id][start:stop]
        self._entry(entry_id)
        return self._values(entry_id)[start:stop]

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Every entry with the ids of its ancestors."""
        yield from self._own()
        if self._raw is not None:
            yield from self._raw.walk("/", (RAW,))

    def details(self, entry_id: str) -> Details:
        """Raises NO_SUCH_ENTRY."""
        if entry_id.startswith(PREFIX) and self._raw is not None:
            return self._raw.details(entry_id.removeprefix(PREFIX))
        if entry_id.startswith("section:"):
            top = next((entry for entry in self._tops() if entry.id == entry_id), None)
            if top is not None:
                return Details(top, (("Entries", str(top.child_count)),))
        entry = self._entry(entry_id)
        layer = self._layers.get(entry_id)
        rows = list(_layer_rows(layer)) if layer is not None else [("Recorded as", entry.value_id)]
        return Details(entry, tuple(rows))

    def _tops(self) -> list[Entry]:
        found = [_section(id_, len(entries)) for id_, entries in self._sections.items()]
        return found if self._raw is None else [*found, _section(RAW, self._raw.count("/"))]

    def _own(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        for section, entries in self._sections.items():
            for entry in entries:
                yield entry, (section,)
                yield from ((value, (section, entry.id)) for value in self._values(entry.id))

    def _values(self, entry_id: str) -> list[Entry]:
        layer = self._layers.get(entry_id)
        several = layer is not None and len(layer.outputs) > 1
        return [_tensor("value", kept) for kept in layer.outputs] if layer is not None and several else []

    def _entry(self, entry_id: str) -> Entry:
        if entry_id not in self._entries:
            raise InspectorError("NO_SUCH_ENTRY", f"there is no entry {entry_id}", where=entry_id)
        return self._entries[entry_id]


def _section(id_: str, count: int) -> Entry:
    return Entry(id=id_, name=id_.removeprefix("section:"), kind="section", child_count=count)


def _tensor(prefix: str, kept: Kept) -> Entry:
    return Entry(
        id=f"{prefix}:{kept.name}",
        name=kept.name,
        kind="tensor",
        shape=kept.shape,
        dtype=kept.dtype,
        size=_bytes(kept),
        tensor=kept.name,
        value_id=kept.value_id,
    )


def _layer_entry(layer: KeptLayer) -> Entry:
    first = layer.outputs[0]
    return Entry(
        id=f"layer:{layer.name}",
        name=layer.name,
        kind="layer",
        class_name=layer.class_name,
        shape=first.shape,
        dtype=first.dtype,
        size=sum(map(_bytes, layer.outputs)),
        child_count=len(layer.outputs) if len(layer.outputs) > 1 else 0,
        tensor=first.name,
        value_id=first.value_id,
    )


def _layer_rows(layer: KeptLayer) -> Iterator[tuple[str, str]]:
    yield "Class", layer.class_name or "not stated"
    yield "Kind", kind_in(layer)
    for number, name in enumerate(layer.inputs):
        yield f"Input {number}", name
    for number, kept in enumerate(layer.outputs):
        yield f"Output {number}", kept.name
    for alias in layer.aliases:
        yield "Also", alias
    for name, value in layer.config.items():
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _bytes(kept: Kept) -> int:
    """As kept in the file, where what numpy has no dtype for is float32."""
    try:
        width = np.dtype(kept.dtype).itemsize
    except TypeError:
        width = 4
    return width * int(np.prod(kept.shape, dtype=object))
