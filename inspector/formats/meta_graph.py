"""A SavedModel's meta graphs: tags, signatures, collections, assets; each graph as an index over its bytes.

tensorflow/core/protobuf/saved_model.proto, meta_graph.proto, saver.proto
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from inspector.domain.files import Shape
from inspector.formats.graph_index import GraphIndex
from inspector.formats.tensor_proto import dtype_name, shape_of
from inspector.formats.wire_format import BYTES, VARINT, WireFormatError, fields, text

HIDDEN = ("__saved_model_init_op", "__saved_model_train_op")  # signatures that are no functions of the model


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or output of a signature. `tensor` is empty for one that is no single dense tensor."""

    tensor: str
    dtype: str
    shape: Shape | None


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs and outputs by key, in alphabetical order of the keys."""

    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    method: str = ""


@dataclass(slots=True)
class MetaGraph:
    """One MetaGraphDef. `assets` are file names by the tensor that takes their path; `broken` says where its
    bytes stop being a message, and is empty when they do not."""

    data: memoryview
    tags: tuple[str, ...] = ()
    version: str = ""
    signatures: dict[str, Signature] = field(default_factory=dict)
    collections: dict[str, int] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)
    objects: memoryview | None = None
    restore_op: str = ""
    broken: str = ""
    expected: int = 0
    _graph: memoryview | None = None
    _index: GraphIndex | None = None

    @property
    def graph(self) -> GraphIndex:
        """The graph, indexed when it is first asked for."""
        if self._index is None:
            self._index = GraphIndex.read(self._graph if self._graph is not None else memoryview(b""))
        return self._index

    @property
    def served(self) -> dict[str, Signature]:
        """The signatures that compute something for a user."""
        return {key: signature for key, signature in self.signatures.items() if key not in HIDDEN}

    @classmethod
    def read(cls, data: memoryview) -> MetaGraph:
        """What stands before a break is kept."""
        meta = cls(data)
        try:
            for number, kind, start, stop in _partial(data):
                if kind == BYTES:
                    meta._field(number, data[start:stop])
        except WireFormatError as error:
            meta.broken, meta.expected = str(error), error.expected
        meta.signatures = dict(sorted(meta.signatures.items()))
        return meta

    def _field(self, number: int, part: memoryview) -> None:
        if number == 1:
            tags = [text(part, b, e) for n, k, b, e in fields(part, 0, len(part)) if (n, k) == (4, BYTES)]
            self.tags = tuple(sorted(tags))
            self.version = _text(part, 5)
        elif number == 2:
            self._graph = part
        elif number == 3:
            self.restore_op = _text(part, 3)
        elif number == 4:
            key, value = _entry(part)
            self.collections[key] = _count(value)
        elif number == 5:
            key, value = _entry(part)
            self.signatures[key] = _signature(value)
        elif number == 6:
            info = next((part[b:e] for n, k, b, e in fields(part, 0, len(part)) if (n, k) == (1, BYTES)), part[:0])
            self.assets[_text(info, 1)] = _text(part, 2)
        elif number == 7:
            self.objects = part


@dataclass(slots=True)
class SavedModelProto:
    """A saved_model.pb. `version` is its schema; `broken` and `expected` as in MetaGraph."""

    data: memoryview
    version: int = 0
    metas: list[MetaGraph] = field(default_factory=list)
    broken: str = ""
    expected: int = 0

    @classmethod
    def read(cls, data: memoryview) -> SavedModelProto:
        """What stands before a break is kept."""
        saved = cls(data)
        try:
            for number, kind, start, stop in _partial(data):
                if (number, kind) == (1, VARINT):
                    saved.version = start
                elif (number, kind) == (2, BYTES):
                    saved.metas.append(MetaGraph.read(data[start:stop]))
        except WireFormatError as error:
            saved.broken, saved.expected = str(error), error.expected
        return saved


def _partial(data: memoryview) -> Iterator[tuple[int, int, int, int]]:
    """The fields; one that is cut off by the end of the data is given as far as it reaches, then it raises."""
    at = 0
    try:
        for found in fields(data, 0, len(data)):
            yield found
            at = found[3] if found[1] != VARINT else at
    except WireFormatError as error:
        start = _content_of_cut_field(data, error.offset)
        if start is not None and error.expected > len(data):
            yield data[error.offset] >> 3, BYTES, start, len(data)
        raise


def _content_of_cut_field(data: memoryview, at: int) -> int | None:
    """Where the content of a message field begins whose end is missing; None for any other break."""
    if at >= len(data) or data[at] & 7 != BYTES or data[at] >= 0x80:
        return None
    at += 1
    while at < len(data) and data[at] >= 0x80:
        at += 1
    return at + 1 if at + 1 < len(data) else None


def _text(data: memoryview, wanted: int) -> str:
    return next((text(data, b, e) for n, k, b, e in fields(data, 0, len(data)) if (n, k) == (wanted, BYTES)), "")


def _entry(data: memoryview) -> tuple[str, memoryview]:
    key, value = "", data[:0]
    for number, kind, start, stop in fields(data, 0, len(data)):
        if (number, kind) == (1, BYTES):
            key = text(data, start, stop)
        elif (number, kind) == (2, BYTES):
            value = data[start:stop]
    return key, value


def _count(collection: memoryview) -> int:
    """How many entries a CollectionDef has."""
    lists = [collection[b:e] for _, k, b, e in fields(collection, 0, len(collection)) if k == BYTES]
    return sum(1 for part in lists for _ in fields(part, 0, len(part)))


def _signature(data: memoryview) -> Signature:
    inputs: dict[str, TensorInfo] = {}
    outputs: dict[str, TensorInfo] = {}
    method = ""
    for number, kind, start, stop in fields(data, 0, len(data)):
        if kind == BYTES and number in (1, 2):
            key, value = _entry(data[start:stop])
            (inputs if number == 1 else outputs)[key] = _tensor_info(value)
        elif (number, kind) == (3, BYTES):
            method = text(data, start, stop)
    return Signature(dict(sorted(inputs.items())), dict(sorted(outputs.items())), method)


def _tensor_info(data: memoryview) -> TensorInfo:
    name, dtype, shape = "", "", None
    for number, kind, start, stop in fields(data, 0, len(data)):
        if (number, kind) == (1, BYTES):
            name = text(data, start, stop)
        elif (number, kind) == (2, VARINT):
            dtype = dtype_name(start)
        elif (number, kind) == (3, BYTES):
            shape = shape_of(data, start, stop)
    return TensorInfo(name if ":" in name or not name else f"{name}:0", dtype, shape)
