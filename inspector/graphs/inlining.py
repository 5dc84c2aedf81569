"""One flat graph of what some outputs need: calls of functions written out, reads of variables as plain values.

A node M in the body of a function that node N calls becomes `N/M`, as TensorFlow's own inlining names it. The
reader of a SavedModel and its runner both come here, so that both call every tensor the same. Nothing but names
is handled; where a node comes from is told, and who asks takes its attributes from there.
"""

from collections import deque
from typing import Callable, Container, Deque, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .op_outputs import offset

VARIABLES = ("Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable")
HANDLES = "VarHandleOp"
CALLS = ("PartitionedCall", "StatefulPartitionedCall")
CONDITIONS = ("If", "StatelessIf")
SIDE_EFFECTS = ("Assert", "Print", "PrintV2")
MOST = 1000000  # nodes: functions that call each other twice over grow without bound
# What hands a variable's handle on, and what takes the place of a read once the handle is a value.
HANDING_ON = ("Identity", "Switch", "Enter", "RefIdentity", "RefSwitch", "RefEnter")
READS = {"ReadVariableOp": "Identity", "ResourceGather": "Gather", "ResourceGatherNd": "GatherNd"}
READS["VariableShape"] = "Shape"
REFERENCES = ("RefIdentity", "RefSwitch", "RefEnter", "RefMerge", "RefExit", "RefNextIteration")
MUTATING = (
    "Assign", "ScatterUpdate", "ScatterAdd", "ScatterSub", "ScatterMul", "ScatterDiv", "ScatterNdUpdate", "CountUpTo",
    "ResourceScatter", "ResourceApply", "ResourceSparseApply", "Apply", "SparseApply", "ResourceCountUpTo",
)  # fmt: skip


class Op(NamedTuple):
    """A node as its file states it. `inputs` carry data: `name:index`, in functions `argument` or
    `node:output:index`. `calls` is the function that it calls (of a condition, the branch of the learning phase
    that is run), `length` what a number or list attribute says, `dtype` what a placeholder takes (`bool`, ...)."""

    name: str
    op: str
    inputs: Sequence[str]
    controls: Sequence[str]
    calls: str
    length: Callable[[str], int]
    dtype: str = ""


class Body(NamedTuple):
    """A function: names of its arguments and outputs, and where in the body each output comes from."""

    arguments: Sequence[str]
    outputs: Sequence[str]
    results: Sequence[str]
    nodes: Mapping[str, Op]


class Flat(NamedTuple):
    """A node of the flat graph. It has the attributes of node `source` of `function` ("": the graph itself).

    `variable` is the variable whose value it hands on where its source hands on a handle, "" otherwise. `output` is
    which output of the source a fed node stands for."""

    name: str
    op: str
    inputs: Tuple[str, ...]
    controls: Tuple[str, ...]
    function: str
    source: str
    variable: str = ""
    output: int = 0


class Flattened(NamedTuple):
    """`tensors`: where the asked-for and the fed tensors went. `mutating`: ops that change state when this is run."""

    nodes: Dict[str, Flat]
    tensors: Dict[str, str]
    mutating: List[str]


def node_of(tensor: str) -> str:
    """`conv1/Conv2D:0` -> `conv1/Conv2D`."""
    return tensor.rpartition(":")[0] or tensor


def flatten(
    nodes: Mapping[str, Op],
    function: Callable[[str], Optional[Body]],
    wanted: Sequence[str],
    fed: Sequence[str] = (),
    phases: Container[str] = (),
) -> Flattened:
    """The flat graph of `wanted` tensors (`name:index`). `fed` are tensors behind which nothing is needed, `phases`
    placeholders that say training or inference.

    Raises OverflowError when it would have more than MOST nodes."""
    return _Flattening(nodes, function, fed, phases).run(wanted)


def at_rest(nodes: Mapping[str, Op]) -> Dict[str, Op]:
    """The nodes of a graph in which no variable changes: an update gives its variable, and nobody waits for one."""
    updates = {name for name, op in nodes.items() if _mutates(op.op)}
    resting = {}
    for name, op in nodes.items():
        still = op._replace(op="Identity", inputs=list(op.inputs[:1])) if name in updates and op.inputs else op
        resting[name] = still._replace(controls=[text for text in op.controls if text not in updates])
    return resting


class _Call(NamedTuple):
    name: str
    body: Body
    function: str
    inputs: Tuple[str, ...]
    around: Tuple[str, ...]


class _Flattening:
    def __init__(
        self,
        nodes: Mapping[str, Op],
        function: Callable[[str], Optional[Body]],
        fed: Sequence[str],
        phases: Container[str],
    ) -> None:
        self._main, self._function, self._phases = nodes, function, phases
        self._fed: Dict[str, Set[int]] = {}
        for text in fed:
            self._fed.setdefault(node_of(text), set()).add(int(text.rpartition(":")[2]))
        self._flat: Dict[str, Flat] = {}
        self._results: Dict[str, List[str]] = {}
        self._calls: Deque[_Call] = deque()
        self._mutating: List[str] = []

    def run(self, wanted: Sequence[str]) -> Flattened:
        names = [text.rpartition(":")[0] for text in wanted]
        effects = _upstream(self._main, names, self._fed, everything=True)
        self._mutating += [name for name in self._main if name in effects and _mutates(self._main[name].op)]
        needed = _upstream(self._main, names, self._fed)
        for name, op in self._main.items():
            if name in needed and name in self._fed:
                self._feed(name, self._fed[name])
            elif name in needed:
                self._place(Flat(name, op.op, tuple(op.inputs), tuple(op.controls), "", name), op, ())
        while self._calls:
            self._write_out(self._calls.popleft())
        fed = [f"{name}:{index}" for name, indices in self._fed.items() for index in indices]
        return Flattened(self._settled(), {text: self._where(text) for text in [*wanted, *fed]}, self._mutating)

    def _feed(self, name: str, outputs: Set[int]) -> None:
        """A placeholder in the place of a node; of one with several outputs a placeholder for each that is fed."""
        if outputs == {0}:
            self._flat[name] = Flat(name, "Placeholder", (), (), "", name)
            return
        self._results[name] = [f"{name}/{index}:0" for index in range(max(outputs) + 1)]
        for index in sorted(outputs):
            flat = f"{name}/{index}"
            self._flat[flat] = Flat(flat, "Placeholder", (), (), "", name, output=index)

    def _place(self, flat: Flat, op: Op, around: Tuple[str, ...]) -> None:
        """Keep a node, or note it as a call that is to be written out."""
        called, inputs = op.calls if op.op in CALLS else op.op, flat.inputs
        if op.op in CONDITIONS and inputs and self._is_phase(inputs[0]):
            called, inputs = op.calls, inputs[1:]
        body = self._function(called) if called and called not in around else None
        if body is not None and len(body.arguments) == len(inputs):
            self._calls.append(_Call(flat.name, body, called, inputs, (*around, called)))
            self._results[flat.name] = []
            return
        self._flat[flat.name] = flat
        if len(self._flat) > MOST:
            raise OverflowError(f"more than {MOST} nodes")

    def _is_phase(self, tensor: str) -> bool:
        """Whether a condition asks for training or inference, which nobody feeds."""
        name = self._where(tensor).rpartition(":")[0]
        return name in self._phases and name not in self._fed

    def _write_out(self, call: _Call) -> None:
        body = call.body
        ends = [text.partition(":")[0] for text in body.results]
        needed = _upstream(body.nodes, ends, ())
        self._mutating += [f"{call.name}/{name}" for name, op in body.nodes.items() if _mutates(op.op)]
        names = {name: self._unused(f"{call.name}/{name}") for name in body.nodes if name in needed}
        arguments = dict(zip(body.arguments, call.inputs))
        self._results[call.name] = [self._reference(text, body, arguments, names) for text in body.results]
        for name, flat_name in names.items():
            op = body.nodes[name]
            inputs = tuple(self._reference(text, body, arguments, names) for text in op.inputs)
            controls = tuple(names[text] for text in op.controls if text in names)
            self._place(Flat(flat_name, op.op, inputs, controls, call.function, name), op, call.around)

    def _unused(self, name: str) -> str:
        while name in self._main or name in self._flat or name in self._results:
            name += "_"
        return name

    def _reference(self, text: str, body: Body, arguments: Mapping[str, str], names: Mapping[str, str]) -> str:
        """A reference of a function's body as a tensor of the flat graph."""
        parts = text.split(":")
        if parts[0] in arguments:
            return arguments[parts[0]]
        node = body.nodes.get(parts[0])
        if node is None or len(parts) != 3 or not parts[2].isdigit():
            return f"{names.get(parts[0], parts[0])}:0"
        return f"{names.get(parts[0], parts[0])}:{int(parts[2]) + self._offset(node, parts[1])}"

    def _offset(self, node: Op, output: str) -> int:
        called = self._function(node.op)
        if called is not None:
            return list(called.outputs).index(output) if output in called.outputs else 0
        return offset(node.op, output, node.length)

    def _where(self, tensor: str) -> str:
        """The tensor behind the calls that have been written out."""
        for _ in range(len(self._results) + 1):
            name, _, index = tensor.rpartition(":")
            results = self._results.get(name)
            if results is None or not index.isdigit() or int(index) >= len(results):
                break
            tensor = results[int(index)]
        return tensor

    def _settled(self) -> Dict[str, Flat]:
        wired = {
            name: flat._replace(
                inputs=tuple(self._where(text) for text in flat.inputs),
                controls=tuple(text for text in flat.controls if text in self._flat),
            )
            for name, flat in self._flat.items()
        }
        return {name: _valued(wired, flat) for name, flat in wired.items()}


def _valued(nodes: Mapping[str, Flat], flat: Flat) -> Flat:
    """The node as it is once variables are constants: reads hand on, and there are no references."""
    if flat.op in VARIABLES:
        return flat._replace(variable=flat.name)
    variable = handle_of(nodes, flat.inputs[0]) if flat.inputs else ""
    if variable and (flat.op in READS or flat.op in HANDING_ON):
        flat = flat._replace(op=READS.get(flat.op, flat.op), variable=variable)
    return flat._replace(op=flat.op[3:]) if flat.op in REFERENCES else flat


def handle_of(nodes: Mapping[str, Flat], tensor: str) -> str:
    """The resource variable whose handle a tensor is, "" when it is none."""
    for _ in range(len(nodes)):
        flat = nodes.get(tensor.rpartition(":")[0])
        if flat is None or flat.op == HANDLES:
            return flat.name if flat is not None else ""
        if flat.op not in HANDING_ON or not flat.inputs:
            return ""
        tensor = flat.inputs[0]
    return ""


def _mutates(op: str) -> bool:
    return op.startswith(MUTATING)


def _upstream(
    nodes: Mapping[str, Op], names: Sequence[str], fed: Container[str], *, everything: bool = False
) -> Set[str]:
    """What the named nodes need. What only has an effect (a NoOp that waits for assignments) is left out,
    unless `everything` is asked for."""
    reached: Set[str] = set()
    waiting = [name for name in names if name in nodes]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        if name in fed:
            continue
        before = [text.partition(":")[0] for text in nodes[name].inputs]
        before += [text for text in nodes[name].controls if everything or _carries_on(nodes, text)]
        waiting.extend(text for text in before if text in nodes)
    return reached


def _carries_on(nodes: Mapping[str, Op], name: str) -> bool:
    """Whether a node is waited for by what is computed. A NoOp is so that says which frame of a loop a constant is
    of; one that waits for effects, or for nothing, is not."""
    seen: Set[str] = set()
    waiting = [name]
    while waiting:
        op = nodes.get(waiting.pop())
        if op is None or op.op in SIDE_EFFECTS or _mutates(op.op) or (op.op == "NoOp" and not op.controls):
            return False
        if op.op == "NoOp" and op.name not in seen:
            seen.add(op.name)
            waiting.extend(op.controls)
    return True
