"""What a TensorFlow Lite file states: tensors, operators, subgraphs, signatures.

Field numbers are those of tensorflow/lite/schema/schema.fbs (version 3c), in the order of each table's fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from inspector.domain.files import Shape
from inspector.formats.flatbuffer import Table, corrupt, root
from inspector.formats.tflite_ops import CUSTOM, PLACEHOLDER, operator_name

DTYPES = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64",
    "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16", "int2", "uint4",
)  # fmt: skip
LARGEST_RANK = 16


@dataclass(frozen=True, slots=True)
class Quantization:
    """`real = (stored - zero_point) * scale`; one scale, or one for each index of `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int

    @property
    def step(self) -> float:
        """The largest scale."""
        return max(self.scales)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """`name` is unique in the file. `start`, `size`: where its values lie, size 0 when it is computed."""

    index: int
    name: str
    shape: tuple[int, ...]
    signature: Shape
    dtype: str
    start: int
    size: int
    quantization: Quantization | None
    is_variable: bool
    is_sparse: bool = False

    @property
    def is_constant(self) -> bool:
        return self.size > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """`inputs` are tensor indices, -1 where an optional one is left out. `options` is its table of options,
    `options_kind` the kind of that table (tflite_options.FIELDS)."""

    index: int
    name: str
    custom: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None
    options_kind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """One graph of the file; the first is the model, the others are bodies of control flow."""

    name: str
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Names for the inputs and outputs of a subgraph: pairs of name and tensor index."""

    key: str
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]
    subgraph: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A whole file."""

    version: int
    description: str
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...]
    metadata: tuple[str, ...]


def read_model(data: memoryview) -> Model:
    """Raises CORRUPT."""
    table = root(data)
    buffers = [_buffer(item, len(data)) for item in table.tables(4)]
    codes = [_code(item) for item in table.tables(1)]
    subgraphs = tuple(_subgraph(item, buffers, codes) for item in table.tables(2))
    if not subgraphs:
        raise corrupt("it holds no graph")
    signatures = tuple(_signature(item) for item in table.tables(7))
    for signature in signatures:
        _check_signature(signature, subgraphs)
    return Model(
        version=table.number(0, "I"),
        description=table.text(3),
        subgraphs=subgraphs,
        signatures=signatures,
        metadata=tuple(item.text(0) for item in table.tables(6)),
    )


def _buffer(table: Table, size: int) -> tuple[int, int]:
    """Start and length; large values stand behind the flatbuffer, named by offset and size."""
    offset, length = table.number(1, "Q"), table.number(2, "Q")
    if offset > 1:
        if offset + length > size:
            raise corrupt(f"values that reach to byte {offset + length} of {size}")
        return offset, length
    return table.span(0)


def _code(table: Table) -> tuple[str, str, int]:
    """The operator's name, its custom name, its version."""
    old = table.number(0, "b")
    number = max(old, table.number(3, "i")) if old != PLACEHOLDER else table.number(3, "i")
    custom = table.text(1) if number == CUSTOM else ""
    return custom or operator_name(number), custom, table.number(2, "i", 1)


def _subgraph(table: Table, buffers: list[tuple[int, int]], codes: list[tuple[str, str, int]]) -> Subgraph:
    tensors = tuple(_unique(_tensor(index, item, buffers) for index, item in enumerate(table.tables(0))))
    operators = tuple(_operator(index, item, codes) for index, item in enumerate(table.tables(3)))
    inputs, outputs = (tuple(map(int, table.numbers(field, "<i4"))) for field in (1, 2))
    used = [index for item in operators for index in (*item.inputs, *item.outputs)]
    for index in (*inputs, *outputs, *used):
        if not -1 <= index < len(tensors):
            raise corrupt(f"tensor {index} of {len(tensors)} is named")
    return Subgraph(name=table.text(4), tensors=tensors, inputs=inputs, outputs=outputs, operators=operators)


def _tensor(index: int, table: Table, buffers: list[tuple[int, int]]) -> Tensor:
    shape = tuple(map(int, table.numbers(0, "<i4")))
    stated = tuple(None if size < 0 else int(size) for size in table.numbers(7, "<i4"))
    if len(shape) > LARGEST_RANK or any(size < 0 for size in shape):
        raise corrupt(f"tensor {index} has the shape {list(shape)[:LARGEST_RANK]}")
    code, buffer = table.number(1, "b"), table.number(2, "I")
    if buffer >= len(buffers) and buffer:
        raise corrupt(f"tensor {index} names buffer {buffer} of {len(buffers)}")
    start, size = buffers[buffer] if buffer < len(buffers) else (0, 0)
    return Tensor(
        index=index,
        name=table.text(3) or f"tensor {index}",
        shape=shape,
        signature=stated or shape,
        dtype=DTYPES[code] if 0 <= code < len(DTYPES) else f"dtype {code}",
        start=start,
        size=size,
        quantization=_quantization(table.table(4), shape),
        is_variable=table.number(5, "?", default=False),
        is_sparse=table.table(6) is not None,
    )


def _quantization(table: Table | None, shape: tuple[int, ...]) -> Quantization | None:
    if table is None:
        return None
    scales = tuple(map(float, table.numbers(2, "<f4")))
    zeros = tuple(map(int, table.numbers(3, "<i8"))) or (0,) * len(scales)
    axis = table.number(6, "i")
    if not scales or len(zeros) != len(scales):
        return None
    if len(scales) > 1 and (not 0 <= axis < len(shape) or shape[axis] != len(scales)):
        raise corrupt(f"{len(scales)} scales for the shape {list(shape)}")
    return Quantization(scales, zeros, axis)


def _unique(tensors: Iterable[Tensor]) -> Iterator[Tensor]:
    """Names that stand twice get the tensor's index, as the runner calls them (tflite_adapter.unique_names)."""
    known = list(tensors)
    counts = Counter(tensor.name for tensor in known)
    for tensor in known:
        yield replace(tensor, name=f"{tensor.name}#{tensor.index}") if counts[tensor.name] > 1 else tensor


def _operator(index: int, table: Table, codes: list[tuple[str, str, int]]) -> Operator:
    code = table.number(0, "I")
    if code >= len(codes):
        raise corrupt(f"operator {index} names kind {code} of {len(codes)}")
    name, custom, version = codes[code]
    return Operator(
        index=index,
        name=name,
        custom=custom,
        version=version,
        inputs=tuple(map(int, table.numbers(1, "<i4"))),
        outputs=tuple(map(int, table.numbers(2, "<i4"))),
        options=table.table(4),
        options_kind=table.number(3, "B"),
    )


def _signature(table: Table) -> Signature:
    inputs, outputs = (tuple((item.text(0), item.number(1, "I")) for item in table.tables(field)) for field in (0, 1))
    return Signature(table.text(2), inputs, outputs, table.number(4, "I"))


def _check_signature(signature: Signature, subgraphs: tuple[Subgraph, ...]) -> None:
    count = len(subgraphs[signature.subgraph].tensors) if signature.subgraph < len(subgraphs) else 0
    if any(index >= count for _, index in (*signature.inputs, *signature.outputs)):
        raise corrupt(f"signature {signature.key} names a tensor that is not there")
