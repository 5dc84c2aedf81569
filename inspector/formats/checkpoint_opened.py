"""An open checkpoint: with its graph, run as it was trained; or its variables alone, layers by their scopes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inspector.domain.computation import Computation, Layer, Weight
from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry, ModelFile, Warn
from inspector.formats.graph_tree import GraphTree, facts
from inspector.formats.keras_weights_only import kind_by_weights
from inspector.formats.listing import Listing, ModelTree, Rows, add_variables, shape_text, variable_entry
from inspector.formats.object_graph import checkpoint_keys
from inspector.formats.saved_model_opened import (
    Contents,
    OpenedFlat,
    damage,
    graph_tree,
    said_of_graph,
    size_of,
    without_values,
)
from inspector.formats.saved_model_sections import add_graph_variables
from inspector.formats.tensor_bundle import TensorBundle, parts_of
from inspector.formats.variables import OBJECTS

FORMAT = "checkpoint"
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
SLOTS = re.compile(r"(^|/)(Adam(_\d)?|Momentum|RMSProp(_\d)?|Adagrad|ExponentialMovingAverage|\.OPTIMIZER_SLOT.*)$")
TRAINING = re.compile(
    r"^(training|optimizer|Adam|SGD|RMSprop|save_counter|global_step|_CHECKPOINTABLE\w*|beta[12]_power|keras_api)(/|$)"
    r"|/?\.OPTIMIZER_SLOT/"
)
ROLES = {"weights": "kernel", "w": "kernel", "W": "kernel", "biases": "bias", "b": "bias", "embedding": "embeddings"}


class OpenedCheckpoint(OpenedFlat):
    """Implements formats.opened.Opened."""

    def __init__(self, contents: Contents, prefix: Path) -> None:
        tree = graph_tree(contents)
        listing = Listing()
        add_graph_variables(listing, contents.meta, contents.values)
        file_tree = GraphTree(contents.meta.graph)
        super().__init__(contents, _summary(contents, tree, prefix), ModelTree(listing, tree, file_tree))


def _summary(contents: Contents, tree: GraphTree, prefix: Path) -> ModelFile:
    runs_in, reason = _runs(contents)
    return ModelFile(
        path=str(contents.path),
        format=FORMAT,
        title="TensorFlow 1 checkpoint with its graph",
        size=size_of(contents.path, contents.parts),
        runs_in=runs_in,
        reason=reason,
        facts=(
            ("Checkpoint", prefix.name),
            ("Written by TensorFlow", contents.meta.version or "unknown"),
            ("Variables", str(len(contents.values.slots))),
            ("Nodes in the file", str(len(contents.meta.graph.nodes))),
            *facts(contents.graph, tree),
        ),
        warnings=(*contents.warnings, *_warnings(contents)),
        inode=contents.path.stat().st_ino,
        modified_ns=contents.path.stat().st_mtime_ns,
        parts=contents.parts,
    )


def _runs(contents: Contents) -> tuple[str, str]:
    if damage(contents):
        return "", f"{contents.file.name} is damaged, and only a part of it can be read"
    why = without_values(contents)
    if why:
        return "", why
    if not contents.outputs:
        return "", "nothing in its graph looks like an output"
    return "checkpoint", "a TensorFlow 1 graph runs with the values that its saver restores"


def _warnings(contents: Contents) -> Iterator[Warn]:
    if damage(contents):
        what = f"{contents.file.name} is damaged: {damage(contents)}; what stands before that is shown"
        yield Warn("TRUNCATED" if contents.meta.expected else "CORRUPT", what)
    left = len(contents.meta.graph.nodes) - len(contents.graph.nodes)
    if left > 0:
        text = f"{left} nodes of training, saving and initialising are in the file and not in the computation"
        yield Warn("TRAINING_GRAPH", text)
    yield from said_of_graph(contents)


class OpenedVariables:
    """Implements formats.opened.Opened over a checkpoint without a graph."""

    def __init__(self, path: Path, bundle: TensorBundle) -> None:
        self._bundle = bundle
        self._tree = ModelTree(_listing(bundle), None, None)
        found = path.stat()
        parts = tuple(parts_of(bundle))
        self._file = ModelFile(
            path=str(path),
            format=FORMAT,
            title="TensorFlow checkpoint, variables alone",
            size=size_of(path, parts),
            runs_in="",
            reason="a checkpoint without its .meta holds values and no computation",
            facts=(("Checkpoint", bundle.prefix.name), ("Variables", str(len(bundle.keys)))),
            warnings=tuple(Warn("NO_VALUES", text) for text in bundle.problems),
            inode=found.st_ino,
            modified_ns=found.st_mtime_ns,
            parts=parts,
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
        return self._bundle.shape(value_id)

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        return self._bundle.values(value_id, start, stop)

    def computation(self) -> Computation:
        """One layer for each scope with variables that are no optimizer's; what feeds what is not known."""
        groups: dict[str, list[Weight]] = {}
        names = _full_names(self._bundle)
        for key in self._bundle.keys:
            if TRAINING.search(key) is None and SLOTS.search(key) is None:
                shape, dtype = self._bundle.shape(key)
                scope, _, role = names.get(key, key.removesuffix(VALUE)).rpartition("/")
                weight = Weight(id=key, role=ROLES.get(role, role), shape=shape, dtype=dtype)
                groups.setdefault(scope or role, []).append(weight)
        return Computation(layers=tuple(_layer(name, found) for name, found in groups.items()), inputs=(), outputs=())

    def close(self) -> None:
        """The mappings go with the process, since arrays may still look into them."""


def _layer(name: str, weights: list[Weight]) -> Layer:
    kind = kind_by_weights({weight.role: weight for weight in weights})
    nodes = tuple(weight.id for weight in weights)
    return Layer(name=name, kind=kind, class_name="", weights=tuple(weights), outputs=(name,), nodes=nodes)


def _full_names(bundle: TensorBundle) -> dict[str, str]:
    """Key -> the variable's full name, where the checkpoint's object graph tells it."""
    if OBJECTS not in bundle:
        return {}
    try:
        return {key: name for name, key in checkpoint_keys(memoryview(bundle.text(OBJECTS))).items() if "/" in name}
    except InspectorError:
        return {}  # its shard is missing, which is said already


def _listing(bundle: TensorBundle) -> Listing:
    listing = Listing()
    names = _full_names(bundle)

    def entry_of(key: str, called: str) -> tuple[Entry, Rows]:
        shape, dtype = bundle.shape(key)
        rows = (("Key", key), ("Name", names.get(key, key)), ("Dtype", dtype), ("Shape", shape_text(shape)))
        return variable_entry(f"variable:{key}", called, shape, dtype, key), rows

    add_variables(listing, bundle.keys, entry_of)
    return listing
