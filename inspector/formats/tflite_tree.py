"""A TensorFlow Lite file as rows: signatures, the operators in order, all tensors with their quantization."""

from __future__ import annotations

from dataclasses import replace

from inspector.domain.files import Entry
from inspector.formats.listing import Listing, ModelTree, Rows, shape_text
from inspector.formats.tflite_arrays import REAL, STORED
from inspector.formats.tflite_model import Model, Operator, Quantization, Subgraph, Tensor
from inspector.formats.tflite_options import options_of
from inspector.formats.tflite_values import NO_NUMBERS

SHOWN = 8


def tree_of(model: Model) -> ModelTree:
    """Ids: `section:NAME`, `signature:KEY`, `operator:GRAPH:INDEX`, `tensor:GRAPH:INDEX`."""
    listing = Listing()
    if model.signatures:
        top = listing.section("Signatures")
        for signature in model.signatures:
            names = model.subgraphs[signature.subgraph].tensors
            rows = [("Input", f"{name} = {names[index].name}") for name, index in signature.inputs]
            rows += [("Output", f"{name} = {names[index].name}") for name, index in signature.outputs]
            entry = Entry(id=f"signature:{signature.key}", name=signature.key, kind="function")
            listing.add(top, entry, tuple(rows))
    for number, graph in enumerate(model.subgraphs):
        label = f" of {graph.name or f'graph {number}'}" if number else ""
        _add_ports(listing, graph, number, label)
        _add_operators(listing, graph, number, label)
        _add_tensors(listing, graph, number, label)
    return ModelTree(listing, None, None)


def _add_ports(listing: Listing, graph: Subgraph, number: int, label: str) -> None:
    for name, indices in (("Inputs", graph.inputs), ("Outputs", graph.outputs)):
        top = listing.section(name + label)
        for index in indices:
            if index >= 0:
                tensor = graph.tensors[index]
                listing.add(top, _entry(f"{name}:{number}:{index}", tensor, number), _rows(tensor))


def _add_operators(listing: Listing, graph: Subgraph, number: int, label: str) -> None:
    top = listing.section(f"Operators{label}")
    for operator in graph.operators:
        first = graph.tensors[operator.outputs[0]] if operator.outputs and operator.outputs[0] >= 0 else None
        row = f"operator:{number}:{operator.index}"
        entry = Entry(
            id=row,
            name=first.name if first is not None else operator.name,
            kind="node",
            class_name=operator.name,
            shape=first.signature if first is not None else None,
            dtype=first.dtype if first is not None else "",
            tensor=first.name if first is not None and number == 0 else "",
        )
        listing.add(top, entry, _operator_rows(operator, graph))
        for index in operator.inputs:
            if index >= 0 and graph.tensors[index].is_constant:
                _add(listing, row, f"{row}:{index}", graph.tensors[index], number)


def _add_tensors(listing: Listing, graph: Subgraph, number: int, label: str) -> None:
    top = listing.section(f"Tensors{label}")
    for tensor in graph.tensors:
        _add(listing, top, f"tensor:{number}:{tensor.index}", tensor, number)


def _add(listing: Listing, above: str, entry_id: str, tensor: Tensor, number: int) -> None:
    """A tensor's row; under it, where real numbers are worked out of them, its values as they are stored."""
    entry = _entry(entry_id, tensor, number)
    listing.add(above, entry, _rows(tensor))
    if entry.value_id and tensor.quantization is not None:
        stored = replace(
            entry, id=f"{entry_id}:stored", name="as stored", value_id=f"{STORED}:{number}:{tensor.index}", note=""
        )
        listing.add(entry_id, stored, (("Name", tensor.name), ("Values are shown", f"as stored: {tensor.dtype}")))


def _entry(entry_id: str, tensor: Tensor, number: int) -> Entry:
    numbers = tensor.is_constant and tensor.dtype not in NO_NUMBERS and not tensor.is_sparse
    return Entry(
        id=entry_id,
        name=tensor.name,
        kind="weight" if tensor.is_constant else "tensor",
        shape=tensor.signature,
        dtype=tensor.dtype,
        size=tensor.size if numbers else 0,
        tensor=tensor.name if number == 0 and not tensor.is_constant else "",
        value_id=f"{REAL}:{number}:{tensor.index}" if numbers else "",
        note=_short(tensor.quantization),
    )


def _rows(tensor: Tensor) -> Rows:
    rows = [("Name", tensor.name), ("Shape", shape_text(tensor.signature)), ("Dtype", tensor.dtype)]
    found = tensor.quantization
    if found is not None:
        rows.append(("Scale", _listed(found.scales)))
        rows.append(("Zero point", _listed(found.zero_points)))
        if len(found.scales) > 1:
            rows.append(("Quantized along axis", str(found.axis)))
        rows.append(("Values are shown", "as real numbers: (stored - zero point) x scale"))
    if tensor.is_sparse:
        rows.append(("Stored", "packed as a sparse tensor"))
    if tensor.is_variable:
        rows.append(("State", "kept from one run to the next"))
    return tuple(rows)


def _operator_rows(operator: Operator, graph: Subgraph) -> Rows:
    rows = [("Operator", operator.name), ("Version", str(operator.version))]
    rows += [("Input", graph.tensors[index].name) for index in operator.inputs if index >= 0]
    rows += [("Output", graph.tensors[index].name) for index in operator.outputs if index >= 0]
    options = options_of(operator.options_kind, operator.options)
    return (*rows, *((name.replace("_", " ").capitalize(), _text(value)) for name, value in options.items()))


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:.9g}" if isinstance(value, float) else str(value) or "none"


def _short(found: Quantization | None) -> str:
    if found is None:
        return ""
    if len(found.scales) == 1:
        return f"scale {found.scales[0]:.6g}, zero point {found.zero_points[0]}"
    return f"{len(found.scales)} scales along axis {found.axis}"


def _listed(numbers: tuple[float, ...]) -> str:
    shown = ", ".join(f"{number:.9g}" for number in numbers[:SHOWN])
    return shown + (f", ... ({len(numbers)} in all)" if len(numbers) > SHOWN else "")
