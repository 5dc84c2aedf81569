"""What a GraphDef's links say: order of computation, loop depth, inputs, outputs, what cannot run."""

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

# ops whose value changes from run to run
RANDOM_PREFIXES = (
    "Random",
    "Multinomial",
    "TruncatedNormal",
    "ParameterizedTruncatedNormal",
    "StatelessRandom",
    "StatelessMultinomial",
    "StatelessTruncatedNormal",
    "Stateful",
)
FLOW_SOURCES = (
    "TensorArrayV3",
    "TensorArrayWriteV3",
    "TensorArrayScatterV3",
    "TensorArraySplitV3",
    "TensorArrayGradV3",
    "TensorArrayV2",
    "TensorArrayWriteV2",
    "TensorArrayScatterV2",
)
FLOW_CARRIERS = ("Enter", "Merge", "Switch", "Identity", "NextIteration", "Exit")
VARIABLES = ("Variable", "VariableV2", "VarHandleOp", "TemporaryVariable")


def split_tensor(tensor: str) -> Tuple[str, int]:
    """`name:1` or `name` to node name and output index."""
    name, colon, index = tensor.rpartition(":")
    return (name, int(index)) if colon and index.isdigit() else (tensor, 0)


def tensor_name(text: str) -> str:
    """The canonical name, always with the index."""
    return "{}:{}".format(*split_tensor(text))


def data_inputs(node: Any) -> List[str]:
    """A node's data inputs as canonical tensor names."""
    return [tensor_name(text) for text in node.input if not text.startswith("^")]


def all_inputs(node: Any) -> List[str]:
    """Names of all nodes that a node waits for, control inputs included."""
    return [text[1:] if text.startswith("^") else split_tensor(text)[0] for text in node.input]


class Structure(NamedTuple):
    """`order`: node names, inputs first. `frames`: how many v1 while frames a node lies in. `branches`:
    in how many v1 conditionals its value may be missing."""

    nodes: Dict[str, Any]
    order: List[str]
    frames: Dict[str, int]
    branches: Dict[str, int]

    def is_top_level(self, name: str) -> bool:
        """Whether the node is computed exactly once in a run."""
        return not self.frames[name] and not self.branches[name]


def structure_of(graph_def: Any) -> Structure:
    """Order and nesting of a GraphDef's nodes; back edges of v1 loops are left out of the order."""
    nodes = {node.name: node for node in graph_def.node}
    waits = {
        name: [text for text in all_inputs(node) if text in nodes and nodes[text].op != "NextIteration"]
        for name, node in nodes.items()
    }
    structure = Structure(nodes, _topological(waits), {}, {})
    for name in structure.order:
        _place(name, waits[name], structure)
    return structure


def _place(name: str, waits: List[str], structure: Structure) -> None:
    op = structure.nodes[name].op
    leaving = [structure.frames.get(text, 0) - (structure.nodes[text].op in ("Exit", "RefExit")) for text in waits]
    frames = max([0] + leaving) + (op in ("Enter", "RefEnter"))
    branches = max([0] + [structure.branches.get(text, 0) for text in waits])
    if not frames:  # in a loop Switch and Merge steer the loop
        branches = max(0, branches + (op in ("Switch", "RefSwitch")) - (op in ("Merge", "RefMerge")))
    structure.frames[name], structure.branches[name] = frames, branches


def _topological(waits: Dict[str, List[str]]) -> List[str]:
    missing = {name: len(set(names)) for name, names in waits.items()}
    followers: Dict[str, List[str]] = {}
    for name, names in waits.items():
        for needed in set(names):
            followers.setdefault(needed, []).append(name)
    ready = [name for name in waits if not missing[name]]
    for name in ready:  # grows while it is walked
        for follower in followers.get(name, ()):
            missing[follower] -= 1
            if not missing[follower]:
                ready.append(follower)
    done = set(ready)
    return ready + [name for name in waits if name not in done]


def upstream(nodes: Dict[str, Any], names: Iterable[str]) -> Set[str]:
    """All nodes that the named ones need, themselves included."""
    reached: Set[str] = set()
    open_names = [name for name in names if name in nodes]
    while open_names:
        name = open_names.pop()
        if name not in reached:
            reached.add(name)
            open_names.extend(text for text in all_inputs(nodes[name]) if text in nodes)
    return reached


def random_nodes(graph_def: Any, structure: Structure, outputs: Iterable[str], phases: Iterable[str]) -> List[str]:
    """Random ops that the outputs need and that inference reaches, those of functions as `function/node`."""
    live = upstream(structure.nodes, outputs) - dead_in_inference(structure, phases)
    found = [name for name in structure.order if name in live and is_random(structure.nodes[name].op)]
    for function in graph_def.library.function:
        found += [function.signature.name + "/" + node.name for node in function.node_def if is_random(node.op)]
    return found


def is_random(op: str) -> bool:
    """Whether an op's value changes from run to run."""
    return op.startswith(RANDOM_PREFIXES) and not op.endswith(("Grad", "PartitionedCall", "Shuffle"))


def dead_in_inference(structure: Structure, phases: Iterable[str]) -> Set[str]:
    """Nodes of the training branch: what hangs on the true side of a Switch on a learning phase."""
    phase: Set[str] = set(phases)
    dead: Set[str] = set()
    for name in structure.order:
        node = structure.nodes[name]
        if node.op == "Identity" and split_tensor(node.input[0])[0] in phase:
            phase.add(name)
        marks = [_is_dead(text, structure.nodes, phase, dead) for text in node.input]
        if marks and (all(marks) if node.op == "Merge" else any(marks)):
            dead.add(name)
    return dead


def _is_dead(text: str, nodes: Dict[str, Any], phase: Set[str], dead: Set[str]) -> bool:
    name, index = split_tensor(text[1:] if text.startswith("^") else text)
    node = nodes.get(name)
    if name in dead:
        return True
    return node is not None and node.op == "Switch" and index == 1 and split_tensor(node.input[1])[0] in phase


def flow_nodes(structure: Structure) -> Set[str]:
    """Nodes that hand on a TensorArray's flow: a number without meaning that only orders its writes."""
    flows: Set[str] = set()
    for name in structure.order:
        node = structure.nodes[name]
        passed_on = node.op in FLOW_CARRIERS and any(split_tensor(text)[0] in flows for text in node.input)
        if node.op in FLOW_SOURCES or passed_on:
            flows.add(name)
    return flows


def variables_of(structure: Structure, outputs: Iterable[str]) -> Optional[str]:
    """The first variable that the outputs need: such a graph is not frozen."""
    needed = upstream(structure.nodes, outputs)
    return next((name for name in structure.order if name in needed and structure.nodes[name].op in VARIABLES), None)
