"""An open TensorFlow.js model: its summary, its tree, values by range, and the computation of its layers or graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inspector.domain.computation import Computation, Port
from inspector.domain.errors import InspectorError
from inspector.domain.files import Choice, Details, Entry, ModelFile, Warn
from inspector.formats.graph_tree import GraphTree, facts
from inspector.formats.graphdef import graph_warnings
from inspector.formats.keras_kinds import is_custom
from inspector.formats.keras_model import Item, Laid
from inspector.formats.listing import Listing, ModelTree
from inspector.formats.tfjs_graph import JsonGraph, dtype_of, shape_of
from inspector.formats.tfjs_layers import LayersModel, in_steps, laid_out, layers_model
from inspector.formats.tfjs_manifest import read_manifest
from inspector.formats.tfjs_sections import add_about, add_layers, add_weights
from inspector.lifting import lift

BACKENDS = ("webgl", "wasm", "cpu")
Ports = list[Port] | None
REASON = "TensorFlow.js runs it in a browser page without a window"


class OpenedTFJS:
    """Implements formats.opened.Opened. `stated` is the whole of model.json, `file` its path."""

    def __init__(self, path: Path, file: Path, stated: dict[str, Any], backend: str) -> None:
        self._stated = stated
        self.manifest = read_manifest(stated.get("weightsManifest"), file.parent)
        self._problem: InspectorError | None = None
        self._laid: Laid | None = None
        self._computation: Computation | None = None
        topology = stated.get("modelTopology")
        self._layers = None if _is_graph(topology) else layers_model(topology if topology is not None else stated)
        self._graph = JsonGraph(topology or {}, self.manifest) if _is_graph(topology) else None
        if self._layers is not None:
            self._lay_out(self._layers)
        self._ports = signature_ports(stated) if self._graph is not None else (None, None)
        self._nodes = self._graph_tree()
        self._tree = ModelTree(self._listing(), self._nodes, None)
        self._file = self._summary(path, file, backend)

    def _lay_out(self, model: LayersModel) -> None:
        try:
            self._laid = laid_out(model, self.manifest)
        except InspectorError as error:
            self._problem = error

    def _graph_tree(self) -> GraphTree | None:
        if self._graph is None:
            return None
        inputs, outputs = ([_node(port.tensor) for port in ports] if ports else None for ports in self._ports)
        return GraphTree(self._graph, inputs, outputs)

    def _listing(self) -> Listing:
        listing = Listing()
        add_layers(listing, self._laid.items if self._laid else [], self.manifest)
        add_weights(listing, self.manifest)
        add_about(listing, self._stated)
        return listing

    def _summary(self, path: Path, file: Path, backend: str) -> ModelFile:
        found = path.stat()
        shards = [shard.path for shard in self.manifest.shards if shard.path is not None and shard.size is not None]
        beside = shards if file == path else [file, *shards]
        runs_in, reason = self._runs()
        return ModelFile(
            path=str(path),
            format="tfjs",
            title=f"TensorFlow.js {'graph' if self._graph is not None else 'layers'} model",
            size=file.stat().st_size + sum(shard.size or 0 for shard in self.manifest.shards),
            runs_in=runs_in,
            reason=reason,
            facts=tuple(self._facts()),
            warnings=tuple(self._warnings()),
            inode=found.st_ino,
            modified_ns=found.st_mtime_ns,
            parts=tuple(str(part.resolve()) for part in dict.fromkeys(beside)),
            choices=(Choice(name="backend", title="Backend", values=BACKENDS, chosen=backend, at_open=False),),
        )

    def _runs(self) -> tuple[str, str]:
        lacking = self.manifest.lacking
        if lacking:
            return "", f"{lacking[0]}, so it cannot run"
        if self._problem is not None:
            return "", f"its layers cannot be read ({self._problem.what}), so it cannot run"
        if self._graph is None and self._laid is None:
            return "", "it holds weights but no layers and no graph"
        return "tfjs", REASON

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield (
            "Format",
            str(self._stated.get("format") or ("graph-model" if self._graph is not None else "layers-model")),
        )
        for title, key in (("Written by", "generatedBy"), ("Converted by", "convertedBy")):
            yield title, str(self._stated.get(key) or "not said")
        if self._layers is not None:
            yield "Keras version", self._layers.version or "not said"
        yield "Quantization", self._quantization()
        if self._laid is not None:
            yield "Layers", str(sum(layer.kind != "input" for layer in self._laid.computation.layers))
        yield "Parameters", f"{sum(weight.count for weight in self.manifest.weights.values()):,}"
        yield "Shards", str(len(self.manifest.shards))
        if self._graph is not None and self._nodes is not None:
            yield from facts(self._graph, self._nodes)

    def _quantization(self) -> str:
        weights = self.manifest.weights.values()
        kinds = [weight.quantization.dtype for weight in weights if weight.quantization is not None]
        words = [f"{kinds.count(kind)} of {len(weights)} arrays as {kind}" for kind in dict.fromkeys(kinds)]
        return ", ".join(words) or "none"

    def _warnings(self) -> Iterator[Warn]:
        yield from self.manifest.warnings()
        if self._problem is not None:
            yield Warn(self._problem.code, f"the layers cannot be shown: {self._problem.what}")
        if self._graph is not None and self._nodes is not None:
            if self._graph.broken:
                yield Warn("CORRUPT", f"the graph is damaged: {self._graph.broken}; the others are shown")
            yield from graph_warnings(self._graph, self._nodes.missing)
        custom = sorted({item.class_name for item in _all(self._laid) if _is_custom(item)})
        if custom:
            yield Warn("CONTAINS_CODE", f"classes of its own, whose code is not in the file: {', '.join(custom[:5])}")

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
        weight = self.manifest.known(value_id)
        return weight.shape, weight.dtype

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        return self.manifest.values(value_id, start, stop)

    def computation(self) -> Computation:
        """Raises what stood in the way of reading the layers, or NO_MODEL."""
        if self._problem is not None:
            raise self._problem
        if self._laid is not None:
            return self._laid.computation
        if self._graph is None or not self._graph.nodes:
            raise InspectorError("NO_MODEL", "the file holds no layers and no graph", where=self._file.path)
        if self._computation is None:
            lifted = lift(self._graph, *self._ports)
            layers = (replace(layer, weights=in_steps(layer.weights, self.manifest)) for layer in lifted.layers)
            self._computation = replace(lifted, layers=tuple(layers))
        return self._computation

    def close(self) -> None:
        """The mappings go with the process, since arrays may still look into them."""


def signature_ports(stated: Mapping[str, Any]) -> tuple[Ports, Ports]:
    """Inputs and outputs that a graph model's signature states, None for both where it states none."""
    metadata = stated.get("userDefinedMetadata")
    signature = stated.get("signature") or (metadata.get("signature") if isinstance(metadata, dict) else None)
    if not isinstance(signature, dict):
        return None, None
    try:
        inputs, outputs = (
            [_port(key, info) for key, info in signature[word].items()] for word in ("inputs", "outputs")
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None, None
    return (inputs, outputs) if outputs else (None, None)


def _port(key: str, info: Mapping[str, Any]) -> Port:
    name = str(info["name"])
    tensor = name if ":" in name else f"{name}:0"
    dtype = dtype_of(info["dtype"]) if info.get("dtype") is not None else ""
    return Port(name=key, tensor=tensor, shape=shape_of(info.get("tensorShape")), dtype=dtype)


def _node(tensor: str) -> str:
    return tensor.partition(":")[0]


def _is_graph(topology: Any) -> bool:
    return isinstance(topology, dict) and isinstance(topology.get("node"), list)


def _all(laid: Laid | None) -> Iterator[Item]:
    waiting = list(laid.items) if laid else []
    while waiting:
        item = waiting.pop()
        yield item
        waiting += item.items


def _is_custom(item: Item) -> bool:
    return item.layer is not None and bool(item.class_name) and is_custom(item.class_name, item.spec.stated)
