"""A graph seen for lifting: who reads what, what is constant, what only carries shapes, what is alive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from inspector.domain.errors import InspectorError
from inspector.domain.graph import Graph, Node
from inspector.graphs.phases import learning_phases
from inspector.lifting.fold import Array, evaluate
from inspector.lifting.graph_ops import inference, ops_of
from inspector.lifting.learning_phase import inference_input, phase_nodes
from inspector.lifting.order import loop_bodies, node_of, topological
from inspector.lifting.soundness import SoundNodes

PASSING = frozenset(
    {"Identity", "StopGradient", "CheckNumerics", "Snapshot", "PreventGradient", "EnsureShape", "IdentityN"}
)
SHAPES = frozenset(
    {
        "Shape",
        "ShapeN",
        "Size",
        "Rank",
        "ZerosLike",
        "OnesLike",
        "TensorArrayV3",
        "TensorListReserve",
        "TensorArraySizeV3",
        "TensorListLength",
    }
)
UNREADABLE = frozenset({"Placeholder", "PlaceholderWithDefault", "Enter", "Exit", "Merge", "Switch", "NextIteration"})
SMALL = 1 << 22


class View:
    """Answers questions about one graph; everything is worked out once and kept.

    `fed` and `asked` are the tensors that go in and come out where somebody states them."""

    def __init__(self, graph: Graph, fed: Sequence[str] | None = None, asked: Sequence[str] | None = None) -> None:
        self.graph = graph
        ports = inference(graph).ports if fed is None or asked is None else None
        self._fed = ports.inputs if fed is None and ports is not None else fed or ()
        self._asked = ports.outputs if asked is None and ports is not None else asked or ()
        self.nodes = SoundNodes(graph.nodes)
        self._keep_defaults()
        self.phases = phase_nodes(self.nodes, ops_of(self.nodes))
        self.order = topological(self.nodes)
        self.position = {name: index for index, name in enumerate(self.order)}
        self._roots: dict[str, str] = {}
        self._values: dict[str, Array | None] = {}
        self.decided: dict[str, bool] = {}
        self.constant = self._constants()
        if any(node.op == "Switch" for node in self.nodes.values()):
            self.decided = self._decided()
            self.constant = self._constants()
            self._values.clear()
        self.shape_only = self._shape_only()
        self.bodies = loop_bodies(self.nodes, self.readers)
        self.body_of = {name: index for index, body in enumerate(self.bodies) for name in body}

    def _keep_defaults(self) -> None:
        """A placeholder that keeps its default hands it on, but for a learning phase, which is fed."""
        fed = {node_of(tensor) for tensor in self._fed} | learning_phases(ops_of(self.nodes))
        for name, node in self.nodes.items():
            if node.op == "PlaceholderWithDefault" and name not in fed:
                self.nodes[name] = replace(node, op="Identity")

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """Node name -> names of the nodes that read one of its outputs."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, node in self.nodes.items():
            for tensor in node.inputs:
                found[node_of(tensor)].append(name)
        return found

    @cached_property
    def alive(self) -> set[str]:
        """Nodes whose values an output needs in inference (the training branch of a dropout is not)."""
        seen: set[str] = set()
        waiting = [node_of(tensor) for tensor in self.outputs]
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.nodes:
                continue
            seen.add(name)
            if self.nodes[name].op in SHAPES:
                continue  # the value of what it reads is not needed
            waiting.extend(node_of(tensor) for tensor in self._reads(self.nodes[name]))
        return seen

    @cached_property
    def outputs(self) -> list[str]:
        """The tensors that are asked for."""
        return [tensor for tensor in dict.fromkeys(self._asked) if node_of(tensor) in self.nodes]

    @cached_property
    def inputs(self) -> list[Node]:
        """The nodes that are fed, in the order in which they are stated or lie in the file."""
        return [self.nodes[node_of(tensor)] for tensor in dict.fromkeys(self._fed) if node_of(tensor) in self.nodes]

    @cached_property
    def consumers(self) -> dict[str, list[str]]:
        """Root tensor -> alive nodes that read its value (not its shape alone), passing ops left out, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for name in self.order:
            if name not in self.alive or self.passes(name) or self.nodes[name].op in SHAPES:
                continue
            for tensor in dict.fromkeys(self.root(tensor) for tensor in self.nodes[name].inputs):
                found[tensor].append(name)
        return found

    @cached_property
    def followers(self) -> dict[str, list[str]]:
        """Node -> alive nodes that read one of its outputs."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for tensor, names in self.consumers.items():
            found[node_of(tensor)].update(dict.fromkeys(names))
        return {name: list(names) for name, names in found.items()}

    @cached_property
    def aliases(self) -> dict[str, list[str]]:
        """Root tensor -> the other tensors that hold the same value."""
        found: dict[str, list[str]] = defaultdict(list)
        for name in self.order:
            if self.passes(name) and name in self.alive:
                for index in range(len(self.nodes[name].inputs) if self.nodes[name].op == "IdentityN" else 1):
                    found[self.root(f"{name}:{index}")].append(f"{name}:{index}")
        return found

    def passes(self, name: str) -> bool:
        """Whether the node only hands on a value in inference."""
        node = self.nodes[name]
        if node.op in PASSING and node.inputs:
            return name not in self.body_of
        return inference_input(self.nodes, self.phases, node, self.decided) is not None

    def root(self, tensor: str) -> str:
        """The tensor in which a value was first computed, behind Identity nodes and inference branches."""
        trail = []
        while tensor not in self._roots:
            trail.append(tensor)
            name = node_of(tensor)
            if name not in self.nodes or not self.passes(name) or len(trail) > len(self.nodes):
                break
            tensor = self._handed_on(self.nodes[name], tensor)
        root = self._roots.get(tensor, tensor)
        self._roots.update(dict.fromkeys(trail, root))
        return root

    def _handed_on(self, node: Node, tensor: str) -> str:
        if node.op == "IdentityN":
            return node.inputs[int(tensor.rpartition(":")[2])]
        return inference_input(self.nodes, self.phases, node, self.decided) or node.inputs[0]

    def data(self, node: Node) -> list[str]:
        """Roots of the inputs that carry the model's data: neither constant nor shape only."""
        roots = (self.root(tensor) for tensor in node.inputs)
        return [t for t in roots if node_of(t) not in self.constant and node_of(t) not in self.shape_only]

    def value(self, tensor: str) -> Array | None:
        """The value of a tensor that reads constants only (floats as float64), None when unknown or big."""
        waiting = [node_of(tensor)] if node_of(tensor) not in self._values else []
        while waiting:
            name = waiting[-1]
            inputs = [node_of(t) for t in self._reads(self.nodes[name])] if name in self.constant else []
            missing = [other for other in inputs if other not in self._values]
            if missing and name not in self._values:
                self._values.setdefault(name, None)  # on a cycle of a damaged graph nothing is known
                waiting += missing
            else:
                self._values[name] = self._work_out(name)
                waiting.pop()
        return self._values[node_of(tensor)]

    def leaves(self, tensor: str) -> list[str]:
        """Names of the Const nodes behind a constant tensor, in reading order."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        waiting = [node_of(tensor)]
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.nodes:
                continue
            seen.add(name)
            if self.graph.is_constant(name):
                found[name] = None
            waiting.extend(node_of(t) for t in reversed(self._reads(self.nodes[name])))
        return list(found)

    def only_consumer(self, tensor: str) -> Node | None:
        """The one alive node that reads a tensor, None when there are none or several."""
        names = self.consumers.get(self.root(tensor), [])
        return self.nodes[names[0]] if len(names) == 1 else None

    def next_but_casts(self, tensor: str) -> tuple[Node | None, list[str]]:
        """The one alive node that reads a tensor, and the casts from one float to another that stand between."""
        names: list[str] = []
        node = self.only_consumer(tensor)
        while node is not None and node.op == "Cast" and _is_float(node, "SrcT") and _is_float(node, "DstT"):
            names.append(node.name)
            node = self.only_consumer(f"{node.name}:0")
        return node, names

    def _work_out(self, name: str) -> Array | None:
        if name not in self.constant:
            return None
        node = self.nodes[name]
        if self.graph.is_constant(name):
            shape, dtype = self.graph.constant_shape(name)
            if int(np.prod(shape, dtype=np.int64)) > SMALL or dtype in ("string", "resource", "variant"):
                return None
            try:
                array = self.graph.constant(name)
            except InspectorError:
                return None
            return np.asarray(array, np.float64) if array.dtype.kind not in "iub" else np.asarray(array)
        if inference_input(self.nodes, self.phases, node, self.decided) is not None:
            return self._values[node_of(self._reads(node)[0])]
        arrays = [self._values[node_of(tensor)] for tensor in node.inputs]
        known = [array for array in arrays if array is not None]
        return evaluate(node, known) if len(known) == len(arrays) else None

    def _constants(self) -> set[str]:
        constant: set[str] = set()
        for name in self.order:
            node = self.nodes[name]
            chosen = inference_input(self.nodes, self.phases, node, self.decided)
            read = node.inputs if chosen is None else (chosen,)
            reads_constants = all(node_of(tensor) in constant for tensor in read)
            if self.graph.is_constant(name) or ((_pure(node) or chosen is not None) and reads_constants):
                constant.add(name)
        return constant

    def _decided(self) -> dict[str, bool]:
        """Predicates of Switch nodes that are constants of the graph, with their values."""
        names = {node_of(node.inputs[1]) for node in self.nodes.values() if node.op == "Switch" and node.inputs[1:]}
        values = {name: self.value(f"{name}:0") for name in sorted(names & self.constant)}
        return {name: bool(array) for name, array in values.items() if array is not None and array.size == 1}

    def _reads(self, node: Node) -> tuple[str, ...]:
        """The inputs whose values the node needs in inference."""
        chosen = inference_input(self.nodes, self.phases, node, self.decided)
        return node.inputs if chosen is None else (chosen,)

    def _shape_only(self) -> set[str]:
        found: set[str] = set()
        for name in self.order:
            node = self.nodes[name]
            if node.op in SHAPES:
                found.add(name)
            elif name not in self.constant and node.inputs and node.op not in UNREADABLE:
                others = [node_of(t) for t in node.inputs if node_of(t) not in self.constant]
                if others and all(other in found for other in others):
                    found.add(name)
        return found


def _pure(node: Node) -> bool:
    """Whether the node's value follows from its inputs alone."""
    drawn = node.op.startswith(("Random", "TensorArray"))
    return bool(node.inputs) and node.op not in UNREADABLE and not drawn


def _is_float(node: Node, attribute: str) -> bool:
    return "float" in str(node.attributes.get(attribute, ""))
