"""An open SavedModel: its summary, its tree, the values of its variables, the computation of one signature."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inspector.domain.computation import Computation
from inspector.domain.files import Choice, Details, Entry, ModelFile, Warn
from inspector.formats.flat_graph import Asked, FlatGraph, VariableValues
from inspector.formats.graph_tree import GraphTree, facts
from inspector.formats.graphdef import SAVING, code_warning
from inspector.formats.listing import FILE, ModelTree
from inspector.formats.meta_graph import MetaGraph, SavedModelProto
from inspector.formats.saved_model_sections import sections
from inspector.graphs.inlining import Flattened
from inspector.lifting import lift


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was read. `path` is what was opened, `file` the saved_model.pb, `folder` where it lies; `key` names
    the chosen signature, "" when there is none."""

    path: Path
    file: Path
    folder: Path
    saved: SavedModelProto
    meta: MetaGraph
    key: str
    inputs: list[Asked]
    outputs: list[Asked]
    graph: FlatGraph
    flattened: Flattened
    values: VariableValues
    parts: tuple[str, ...]
    choices: tuple[Choice, ...]
    warnings: tuple[Warn, ...]


class OpenedFlat:
    """What a SavedModel and a checkpoint with its graph share: a flat graph, the file's graph, variables."""

    def __init__(self, contents: Contents, file: ModelFile, tree: ModelTree) -> None:
        self.graph = contents.graph
        self._contents = contents
        self._file = file
        self._tree = tree
        self._computation: Computation | None = None

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
        source = self._contents.meta.graph
        if value_id.startswith(FILE):
            return source.constant_shape(value_id.removeprefix(FILE))
        if not self.graph.is_constant(value_id) and value_id in source.nodes:
            return self._contents.values.shape(source.nodes[value_id])
        return self.graph.constant_shape(value_id)

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        source = self._contents.meta.graph
        if value_id.startswith(FILE):
            return source.constant_range(value_id.removeprefix(FILE), start, stop)
        if not self.graph.is_constant(value_id) and value_id in source.nodes:
            return self._contents.values.values(value_id, start, stop)
        return self.graph.constant_range(value_id, start, stop)

    def computation(self) -> Computation:
        if self._computation is None:
            contents = self._contents
            inputs = [asked.port(contents.flattened.tensors[asked.tensor]) for asked in contents.inputs]
            outputs = [asked.port(contents.flattened.tensors[asked.tensor]) for asked in contents.outputs]
            self._computation = lift(self.graph, inputs, outputs)
        return self._computation

    def close(self) -> None:
        """The mappings go with the process, since arrays may still look into them."""


class OpenedSavedModel(OpenedFlat):
    """Implements formats.opened.Opened."""

    def __init__(self, contents: Contents) -> None:
        tree = graph_tree(contents)
        super().__init__(
            contents, _summary(contents, tree), ModelTree(sections(contents), tree, GraphTree(contents.meta.graph))
        )


def graph_tree(contents: Contents) -> GraphTree:
    """The tree of the flat graph."""
    inputs = [_node(contents.flattened.tensors[asked.tensor]) for asked in contents.inputs]
    outputs = [_node(contents.flattened.tensors[asked.tensor]) for asked in contents.outputs]
    return GraphTree(contents.graph, inputs, outputs)


def _node(tensor: str) -> str:
    return tensor.rpartition(":")[0]


def _summary(contents: Contents, tree: GraphTree) -> ModelFile:
    runs_in, reason = _runs(contents)
    found = contents.path.stat()
    return ModelFile(
        path=str(contents.path),
        format="saved_model",
        title=_title(contents),
        size=size_of(contents.path, contents.parts),
        runs_in=runs_in,
        reason=reason,
        facts=(*_facts(contents), *facts(contents.graph, tree)),
        warnings=(*contents.warnings, *_warnings(contents)),
        inode=found.st_ino,
        modified_ns=found.st_mtime_ns,
        parts=contents.parts,
        choices=contents.choices,
    )


def size_of(path: Path, parts: Sequence[str]) -> int:
    """The bytes of the file that was opened; of a folder those of all its files."""
    paths = [Path(part) for part in parts] if path.is_dir() else [path]
    return sum(part.stat().st_size for part in paths if part.is_file())


def _title(contents: Contents) -> str:
    if (contents.folder / "tfhub_module.pb").is_file():
        return "TF Hub module (TensorFlow 1)"
    return f"SavedModel of TensorFlow {2 if contents.meta.objects is not None else 1}"


def _runs(contents: Contents) -> tuple[str, str]:
    if damage(contents):
        return "", f"{contents.file.name} is damaged, and only a part of it can be read"
    why = without_values(contents)
    if why:
        return "", why
    if not contents.outputs:
        return "", "it has no signature, and nothing in its graph looks like an output"
    return "saved_model", "a SavedModel runs by its signature in TensorFlow"


def damage(contents: Contents) -> str:
    """Where the file stops being a model, "" when it does not."""
    return contents.saved.broken or contents.meta.broken or contents.meta.graph.broken


def without_values(contents: Contents) -> str:
    """Why the variables that are needed have no values, "" when they have."""
    values = contents.values
    known = values.slots.keys() | values.joined.keys()
    without = [name for name in contents.graph.variables if name not in known]
    if values.bundle is None:
        return f"{values.missing}, so that its variables have no values" if without else ""
    if values.bundle.problems:
        return values.bundle.problems[0]
    return f"its checkpoint has no value for the variable {without[0]}" if without else ""


def _facts(contents: Contents) -> Iterator[tuple[str, str]]:
    if contents.meta.version:
        yield "Written by TensorFlow", contents.meta.version
    yield "Tags", ", ".join(contents.meta.tags) or "none"
    yield "Signature", contents.key or "none"
    yield "Signatures", ", ".join(contents.meta.served) or "none"
    yield "Variables", str(sum(1 for _ in contents.values.slots))


def _warnings(contents: Contents) -> Iterator[Warn]:
    meta = contents.meta
    if damage(contents):
        code = "TRUNCATED" if max(contents.saved.expected, meta.expected) else "CORRUPT"
        yield Warn(code, f"{contents.file.name} is damaged: {damage(contents)}; what stands before that is shown")
    if contents.flattened.mutating:
        names = ", ".join(contents.flattened.mutating[:3])
        yield Warn(
            "MUTABLE_STATE",
            f"this signature changes variables ({names}): a second run gives other numbers, and only its outputs "
            "can be compared",
        )
    yield from said_of_graph(contents)


def said_of_graph(contents: Contents) -> Iterator[Warn]:
    """Of the flat graph what is wrong with it, of the whole file what it may do: its saver is expected."""
    graph = contents.meta.graph
    if contents.graph.nodes:
        missing = GraphTree(contents.graph).missing
        if missing:
            yield Warn("MISSING_INPUTS", f"{len(missing)} inputs name no node: {', '.join(missing[:3])}")
    if graph.duplicates:
        names = ", ".join(node.name for node in graph.duplicates[:3])
        yield Warn("DUPLICATE_NAMES", f"{len(graph.duplicates)} node names stand twice: {names}")
    yield from code_warning(graph, SAVING)
