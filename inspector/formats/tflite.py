"""TensorFlow Lite models (`.tflite`), mapped into the reader's memory; values stay where they lie."""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inspector.domain.computation import Computation
from inspector.domain.errors import InspectorError
from inspector.domain.files import Choice, Details, Entry, ModelFile, Warn
from inspector.formats.opened import NO_CHOICES, Choices
from inspector.formats.tflite_arrays import Arrays
from inspector.formats.tflite_layers import PASSING, computation
from inspector.formats.tflite_model import Model, Signature, read_model
from inspector.formats.tflite_tree import tree_of

NAME, TITLE = "tflite", "TensorFlow Lite model"
IDENTIFIER = b"TFL3"
FLEX = "Flex"
SHOWN = 5
WHOLE_NUMBERS = ("int8", "uint8", "int16", "int4")


def recognise(head: bytes, path: Path) -> bool:
    """The file identifier behind the first offset."""
    return head[4:8] == IDENTIFIER


def open(path: Path, choices: Choices = NO_CHOICES) -> OpenedLite:
    """Map the file and read its structure. Raises CORRUPT, BAD_CHOICE."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return OpenedLite(path, memoryview(mapped), choices)


class OpenedLite:
    """Implements formats.opened.Opened."""

    def __init__(self, path: Path, data: memoryview, choices: Choices) -> None:
        try:
            self.model = read_model(data)
        except InspectorError as error:
            raise InspectorError(error.code, error.what, where=str(path), todo=error.todo) from error
        self._signature = _signature(self.model, choices.get("signature", ""))
        self._arrays = Arrays(data, self.model, self._signature.subgraph if self._signature is not None else 0)
        self._tree = tree_of(self.model)
        self._computation: Computation | None = None
        foreign = sorted({item.name for graph in self.model.subgraphs for item in graph.operators if item.custom})
        found = path.stat()
        self._file = ModelFile(
            path=str(path),
            format=NAME,
            title=TITLE,
            size=found.st_size,
            runs_in="tflite",
            reason=f"a TensorFlow Lite model, {precision_words(self.model)}, runs in its own interpreter",
            facts=_facts(self.model),
            warnings=tuple(_warnings(self.model, foreign)),
            inode=found.st_ino,
            modified_ns=found.st_mtime_ns,
            choices=_choices(self.model, self._signature),
        )

    @property
    def file(self) -> ModelFile:
        return self._file

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        return self._tree.children(entry_id, start, stop)

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        return self._tree.entries()

    def details(self, entry_id: str) -> Details:
        return self._tree.details(entry_id)

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        return self._arrays.shape(value_id)

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        return self._arrays.values(value_id, start, stop)

    def computation(self) -> Computation:
        if self._computation is None:
            self._computation = computation(self.model, self._signature, self.values)
        return self._computation

    def close(self) -> None:
        """The mapping goes with the process, since arrays may still look into it."""


def precision_words(model: Model) -> str:
    """How the model's numbers are kept, in words."""
    graph = model.subgraphs[0]
    made = {index for operator in graph.operators for index in operator.outputs}
    computed = Counter(graph.tensors[i].dtype for i in made if graph.tensors[i].quantization is not None)
    whole = [dtype for dtype in WHOLE_NUMBERS if computed.get(dtype)]
    if whole:
        return f"quantized to {whole[0]}"
    stored = {tensor.dtype for tensor in graph.tensors if tensor.is_constant and len(tensor.shape) > 1}
    if "float16" in stored:
        return "float32 with float16 weights"
    kept = [dtype for dtype in WHOLE_NUMBERS if dtype in stored]
    return f"float32 with {kept[0]} weights (dynamic range)" if kept else "float32"


def _signature(model: Model, key: str) -> Signature | None:
    if key and key not in {item.key for item in model.signatures}:
        listed = ", ".join(item.key for item in model.signatures) or "none"
        raise InspectorError("BAD_CHOICE", f"there is no signature {key}", where=key, todo=f"Signatures are {listed}.")
    return next((item for item in model.signatures if not key or item.key == key), None)


def _choices(model: Model, chosen: Signature | None) -> tuple[Choice, ...]:
    if chosen is None or len(model.signatures) < 2:
        return ()
    keys = tuple(item.key for item in model.signatures)
    return (Choice(name="signature", title="Signature", values=keys, chosen=chosen.key),)


def _facts(model: Model) -> tuple[tuple[str, str], ...]:
    operators = [operator for graph in model.subgraphs for operator in graph.operators]
    counted = Counter(operator.name for operator in operators if operator.name not in PASSING)
    constants = [tensor for graph in model.subgraphs for tensor in graph.tensors if tensor.is_constant]
    rows = [
        ("Precision", precision_words(model)),
        ("Schema", f"version {model.version}"),
        ("Description", model.description),
        ("Operators", f"{len(operators)}: " + ", ".join(f"{count} {name}" for name, count in counted.most_common(6))),
        ("Weights", f"{len(constants)} tensors, {sum(tensor.size for tensor in constants)} bytes"),
        ("Metadata", ", ".join(name for name in model.metadata if name)),
    ]
    return tuple((name, value) for name, value in rows if value)


def _warnings(model: Model, foreign: list[str]) -> Iterator[Warn]:
    flex, own = ([name for name in foreign if name.startswith(FLEX) is wanted] for wanted in (True, False))
    if flex:
        yield Warn("FLEX_OPS", f"operators of TensorFlow's own, which only an interpreter with Flex runs: {_few(flex)}")
    if own:
        yield Warn("CUSTOM_OPS", f"operators that TensorFlow Lite itself does not have, so it may not run: {_few(own)}")
    if any(tensor.is_variable for tensor in model.subgraphs[0].tensors):
        yield Warn("MUTABLE_STATE", "it keeps state from one run to the next; here every run begins anew")


def _few(names: list[str]) -> str:
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
