"""The sections of a SavedModel's tree: signatures, variables, assets, objects and what lies beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry
from inspector.formats.listing import Listing, Rows, add_variables, shape_text, variable_entry
from inspector.formats.meta_graph import MetaGraph, Signature, TensorInfo
from inspector.formats.object_graph import keras_metadata, saved_objects
from inspector.formats.variables import VARIABLES
from inspector.formats.wire_format import VARINT, WireFormatError, fields

if TYPE_CHECKING:
    from inspector.formats.flat_graph import VariableValues
    from inspector.formats.saved_model_opened import Contents

LARGEST_METADATA = 256 << 20
FINGERPRINT = ((1, "Checksum of saved_model.pb"), (2, "Hash of the graph"), (3, "Hash of the signatures"))
LONGEST = 20_000


def sections(contents: Contents) -> Listing:
    """All sections but the graphs."""
    listing = Listing()
    _signatures(listing, contents.meta)
    add_graph_variables(listing, contents.meta, contents.values)
    _assets(listing, contents)
    _objects(listing, contents)
    _about(listing, contents)
    return listing


def _signatures(listing: Listing, meta: MetaGraph) -> None:
    if not meta.signatures:
        return
    top = listing.section("Signatures")
    for key, signature in meta.signatures.items():
        rows = (("Signature", key), ("Method", signature.method), *_ports(signature))
        listing.add(top, Entry(id=f"signature:{key}", name=key, kind="group"), rows)
        for word, infos in (("input", signature.inputs), ("output", signature.outputs)):
            for name, info in infos.items():
                listing.add(f"signature:{key}", _port_entry(key, word, name, info), _info_rows(word, name, info))


def _ports(signature: Signature) -> Iterator[tuple[str, str]]:
    for word, infos in (("Input", signature.inputs), ("Output", signature.outputs)):
        for name, info in infos.items():
            yield f"{word} {name}", f"{info.dtype} {shape_text(info.shape)}, {info.tensor or 'several tensors'}"


def _port_entry(key: str, word: str, name: str, info: TensorInfo) -> Entry:
    entry_id = f"{word}:{key}:{name}"
    return Entry(id=entry_id, name=name, kind="tensor", shape=info.shape, dtype=info.dtype, note=word)


def _info_rows(word: str, name: str, info: TensorInfo) -> Rows:
    return (
        (word.capitalize(), name),
        ("Tensor", info.tensor),
        ("Dtype", info.dtype),
        ("Shape", shape_text(info.shape)),
    )


def add_graph_variables(listing: Listing, meta: MetaGraph, values: VariableValues) -> None:
    """The variables of a graph, whether or not the chosen signature reads them."""
    nodes = {name: node for name, node in meta.graph.nodes.items() if node.op in VARIABLES}

    def entry_of(name: str, called: str) -> tuple[Entry, Rows]:
        slot = values.slots.get(name)
        note = ""
        try:
            shape, dtype = values.shape(nodes[name])
        except InspectorError as error:
            shape, dtype, slot, note = (), "", None, error.what
        key = slot.key if slot is not None else "none"
        rows = (("Variable", name), ("Key", key), ("Dtype", dtype), ("Shape", shape_text(shape)))
        value_id = name if slot is not None else ""
        note = note or ("" if slot is not None else values.missing)
        return variable_entry(f"variable:{name}", called, shape, dtype, value_id, note), rows

    if nodes:
        add_variables(listing, nodes, entry_of)


def _assets(listing: Listing, contents: Contents) -> None:
    folder = contents.folder / "assets"
    if not contents.meta.assets and not folder.is_dir():
        return
    top = listing.section("Assets")
    for tensor, name in contents.meta.assets.items():
        path = folder / name
        inside = ".." not in Path(name).parts and not Path(name).is_absolute()
        size = path.stat().st_size if inside and path.is_file() else None
        note = "" if size is not None else "missing" if inside else "outside of the model, never opened"
        rows = (("File", name), ("Taken by", tensor), ("Bytes", "missing" if size is None else str(size)))
        listing.add(top, Entry(id=f"asset:{name}", name=name, kind="dataset", size=size or 0, note=note), rows)


def _objects(listing: Listing, contents: Contents) -> None:
    """The object graph of TensorFlow 2, with what Keras wrote about its layers."""
    if contents.meta.objects is None:
        return
    told = keras_metadata(_small(contents.folder / "keras_metadata.pb"))
    top = listing.section("Objects")
    for found in saved_objects(contents.meta.objects):
        metadata = told.get(found.path, found.metadata)
        rows: Rows = (("Path", found.path), ("Kind", found.kind), ("Stated", found.text))
        rows += (("Keras metadata", metadata[:LONGEST]),) if metadata else ()
        name = found.path.removeprefix("root.") if found.path != "root" else "root"
        listing.add(top, Entry(id=f"object:{found.path}", name=name, kind="group", note=found.text or found.kind), rows)


def _about(listing: Listing, contents: Contents) -> None:
    """Collections, and the numbers of fingerprint.pb."""
    rows: list[tuple[str, str]] = [(name, f"{count} entries") for name, count in contents.meta.collections.items()]
    data = _small(contents.folder / "fingerprint.pb")
    try:
        numbers = {number: value for number, kind, value, _ in fields(data, 0, len(data)) if kind == VARINT}
    except WireFormatError:
        numbers = {}
    rows += [(title, f"{numbers[number]:016x}") for number, title in FINGERPRINT if number in numbers]
    if rows:
        listing.add("", Entry(id="section:About", name="Collections and fingerprint", kind="section"), tuple(rows))


def _small(path: Path) -> memoryview:
    """A file that is read whole; nothing when it is not there or too large."""
    try:
        return memoryview(path.read_bytes() if path.stat().st_size <= LARGEST_METADATA and path.is_file() else b"")
    except OSError:
        return memoryview(b"")
