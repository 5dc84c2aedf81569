"""What goes into a graph and what comes out of it: decided here, for the reader of a file and for its runner.

A frozen graph states neither, and one that was saved while it was trained holds labels, losses, an optimizer and its
slots, summaries, metrics beside the net. An input is a placeholder whose values meet a weight in a product, a
convolution or the like, or that is part of some output; a label only ever leads to numbers about a whole batch. What
comes out is what nobody goes on to compute with, but for the training.
"""

import re
from typing import Any, Container, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .dropout import Constants, Still, without_dropout
from .frames import nested, ordered
from .inlining import CALLS, VARIABLES, Op, at_rest, node_of
from .phases import learning_phases

PLACEHOLDERS = ("Placeholder", "PlaceholderV2")
DEFAULTED = "PlaceholderWithDefault"
UNFED = "unused_control_flow_input"  # left behind by TensorFlow's own freezing
SOURCES = re.compile(r"Queue(Dequeue|DequeueMany|DequeueUpTo)(V2)?$|IteratorGetNext(Sync)?$")
GRADIENTS = re.compile(r"(^|/)gradients?(_\d+)?/")
TRAINING_SCOPES = re.compile(
    r"(^|/)(gradients?|train|training|train_op|loss(es)?|[a-z_]+_loss|metrics?|accuracy|save|summar(y|ies)|eval(uation)?|"
    r"optimizer|Adam|SGD|RMSprop|Adagrad|Momentum|GradientDescent|report_uninitialized_variables\w*)(_\d+)?/"
)
UPDATES = re.compile(
    r"(Resource)?(Sparse)?(Apply|Assign|Scatter)|Save|Restore|.*Summary|.*Grad(V\d)?$|.*Backprop|.*Initialize|Dequeue"
)
SUMMARIES = re.compile(r".*Summary(V2)?$")
BACKPROP = ("Conv2DBackpropInput", "Conv3DBackpropInputV2")  # transposed convolutions
OPTIMIZING = re.compile(r"(Resource)?(Sparse)?Apply[A-Z]|.*Grad(V\d)?$|.*BackpropFilter(V2)?$")
LOSSES = re.compile(r"(Sparse)?SoftmaxCrossEntropyWithLogits|CTCLoss(V2)?$|InTopK(V2)?$|\w*CandidateSampler$|L2Loss$")
WEIGHING = re.compile(
    r"(Batch)?MatMul|Conv|DepthwiseConv|(Resource)?Gather|FusedBatchNorm|Einsum|SparseTensorDenseMatMul|.*LSTM|.*GRU|"
    r".*RNN|(Stateful|Stateless)?(PartitionedCall|While|If)$"
)
GATHERING = re.compile(r"(Resource)?Gather")
SHAPES = ("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "VariableShape")
SILENT = (
    "NoOp", "Assert", "Const", "Print", "PrintV2", "VarIsInitializedOp", "Enter", "RefEnter", "NextIteration",
    "LoopCond", "ControlTrigger", "Placeholder", "PlaceholderV2", DEFAULTED, *SHAPES, *VARIABLES,
)  # fmt: skip
HANDLES = re.compile(
    r"TensorArray(V3|V2|WriteV\d|ScatterV\d|SplitV\d)?$|TensorList(Reserve|FromTensor|SetItem|PushBack)"
)
REDUCING = ("Mean", "Sum", "Max", "Min", "Prod", "Any", "All")
# What a loss or a score makes of a prediction: taken off where nothing but training goes on from it.
JUDGING = (
    "ArgMax", "ArgMin", "Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "Cast", "ToFloat", "Log",
    "Neg", "TopK", "TopKV2", "Abs", "Square", "SquaredDifference", "Pow", "Minimum", "Maximum", "ClipByValue",
    "Reshape", "Squeeze", "ExpandDims", "Identity", "StopGradient", "Sum", "Mean", "Sub", "Select", "SelectV2",
    "Log1p", "OneHot", "IsNan", "IsFinite", "CheckNumerics",
)  # fmt: skip
INNER = ("Exp", "Sqrt", "Add", "AddV2", "Mul", "RealDiv", "Div", "Round", "LogicalAnd", "LogicalNot", "Xlogy")
SHAPED = (*REDUCING, "ArgMax", "ArgMin", "Reshape", "ExpandDims", "TopK", "TopKV2", "OneHot")  # axes, shapes behind
ACTIVATIONS = ("Softmax", "Sigmoid", "LogSoftmax", "Tanh", "Relu", "Elu", "Selu", "Relu6", "LeakyRelu", "Softplus")
LISTS = {"Split": "num_split", "SplitV": "num_split", "Unpack": "num", "Unstack": "num"}


class Ports(NamedTuple):
    """Tensors (`name:index`) that are fed and asked for, in file order. `phases` are placeholders that say training
    or inference, `rates` those that switch dropout off, with the value that does so, `defaults` those that keep the
    value the file gives them. `trains`: whether the graph holds a training part, which is left out."""

    inputs: List[str]
    outputs: List[str]
    phases: FrozenSet[str]
    rates: Dict[str, float]
    defaults: FrozenSet[str]
    trains: bool


class Inference(NamedTuple):
    """The ports, and the nodes as they are in inference: no variable changes, no fed dropout drops anything."""

    ports: Ports
    nodes: Dict[str, Op]


def inference_of(nodes: Mapping[str, Op], constants: Constants) -> Inference:
    """What a graph computes that states no signature. `constants` gives the numbers of a small constant by name."""
    phases = learning_phases(nodes)
    still = without_dropout(nodes, constants)
    part = _Part(still, constants, phases)
    ports = part.ports(TRAINING_SCOPES) or part.ports(GRADIENTS) or part.ports(None)
    return Inference(ports or part.sinks(), at_rest(still.nodes))


def served(nodes: Mapping[str, Op], constants: Constants, inputs: Sequence[str], outputs: Sequence[str]) -> Inference:
    """What a signature computes between its tensors: it may change variables, and may feed what is a rate."""
    fed = {node_of(text) for text in inputs}
    phases = frozenset(name for name in learning_phases(nodes) if name not in fed)
    still = without_dropout(nodes, constants, fed)
    return Inference(Ports(list(inputs), list(outputs), phases, still.rates, frozenset(), trains=False), still.nodes)


def needs_flattening(inference: Inference, nodes: Mapping[str, Any], functions: Container[str]) -> bool:
    """Whether what is computed is another graph than the file's `nodes`: calls to write out, parts to leave out.
    Of these only the names and the ops are looked at."""
    ports = inference.ports
    calls = any(node.op in CALLS or node.op in functions for node in nodes.values())
    fed = any(nodes[node_of(text)].op not in PLACEHOLDERS for text in ports.inputs)
    return calls or fed or ports.trains or len(inference.nodes) != len(nodes)


class _Part:
    """`_dynamic` are nodes whose values depend on what is fed, and not on its shape alone."""

    def __init__(self, still: Still, constants: Constants, phases: FrozenSet[str]) -> None:
        nodes = self._nodes = still.nodes
        self._rates, self._idle = still.rates, still.idle
        self._constants, self._phases = constants, phases
        self._readers: Dict[str, List[str]] = {}
        for name, op in nodes.items():
            for text in op.inputs:
                self._readers.setdefault(text, []).append(name)
        self._outs: Dict[str, List[str]] = {}
        for text in self._readers:
            self._outs.setdefault(node_of(text), []).append(text)
        self._awaiting: Dict[str, List[str]] = {}
        for name, op in nodes.items():
            for text in op.controls:
                self._awaiting.setdefault(text, []).append(name)
        self._order = ordered(nodes)
        self._nested = nested(nodes, self._order)
        self._has_variables = any(op.op in VARIABLES for op in nodes.values())

    def ports(self, scopes: "Optional[re.Pattern[str]]") -> Optional[Ports]:
        """`scopes`: names that are the training's, where there is one; a person may have built the net in such a
        scope, too. None when nothing comes out then."""
        optimized = any(OPTIMIZING.match(op.op) and op.op not in BACKPROP for op in self._nodes.values())
        losses = any(LOSSES.match(op.op) for op in self._nodes.values())
        self._training = self._training_part(scopes if optimized or losses else None)
        fed, defaults, sources = self._starts()
        self._dynamic = self._values_behind(fed + defaults + sources)
        self._reduced = self._about_batches()
        inputs, labels = self._split(fed, defaults, sources)
        trains = optimized or losses or any(self._values_behind([text]) & self._reduced for text in labels)
        ends = self._ends(self._model(inputs, labels, trains=trains), trains=trains)
        return self._stated(inputs, ends, trains=trains) if ends else None

    def sinks(self) -> Ports:
        """Where nothing that is fed comes out: whatever nobody reads."""
        return self._stated(self._starts()[0], self._ends(set(self._nodes), trains=False), trains=False)

    def _stated(self, inputs: List[str], ends: List[str], *, trains: bool) -> Ports:
        outputs = [text for name in ends for text in self._tensors(self._nodes[name])]
        defaults = frozenset(node_of(text) for text in self._starts()[1] if text not in inputs)
        return Ports(inputs, outputs, self._phases, self._rates, defaults, trains)

    def _starts(self) -> Tuple[List[str], List[str], List[str]]:
        """Tensors of placeholders, of those with a default, of queues and iterators."""
        steering = self._phases | frozenset(self._rates)
        unfed = ("resource", "variant")
        names = [n for n, op in self._nodes.items() if n not in steering and UNFED not in n and op.dtype not in unfed]
        fed = ["{}:0".format(name) for name in names if self._nodes[name].op in PLACEHOLDERS]
        defaults = ["{}:0".format(name) for name in names if self._nodes[name].op == DEFAULTED]
        sources = [text for name in names if SOURCES.match(self._nodes[name].op) for text in self._outs.get(name, ())]
        return fed, defaults, sources

    def _training_part(self, scopes: "Optional[re.Pattern[str]]") -> Set[str]:
        found = set()
        for name, op in self._nodes.items():
            updates = UPDATES.match(op.op) is not None and op.op not in BACKPROP
            if updates or (scopes is not None and scopes.search(name) is not None):
                found.add(name)
        return found

    def _values_behind(self, tensors: Iterable[str]) -> Set[str]:
        """Nodes whose values come from these tensors, themselves included; neither by a shape nor by a choice."""
        waiting = list(tensors)
        reached = {node_of(text) for text in waiting}
        while waiting:
            text = waiting.pop()
            for reader in self._readers.get(text, ()):
                op = self._nodes[reader]
                chosen = op.op in ("Switch", "RefSwitch") and list(op.inputs[:1]) != [text]
                if reader not in reached and op.op not in SHAPES and not chosen:
                    reached.add(reader)
                    waiting.extend(self._outs.get(reader, ()))
        return reached

    def _about_batches(self) -> Set[str]:
        """Nodes that are one number, or a few, for a whole batch, and what is computed of those alone."""
        found: Set[str] = set()
        for name in self._order:
            op = self._nodes[name]
            before = [node_of(text) for text in op.inputs if node_of(text) in self._dynamic]
            if before and (all(text in found for text in before) or self._is_over_batch(op)):
                found.add(name)
        return found

    def _is_over_batch(self, op: Op) -> bool:
        if op.op not in REDUCING or len(op.inputs) != 2:
            return False
        axes = self._nodes.get(node_of(op.inputs[1]))
        if axes is None or axes.op != "Const":
            return axes is not None and axes.op == "Range"  # all axes of a tensor whose rank the graph does not state
        numbers = self._constants(axes.name)
        return numbers is not None and 0 in [int(number) for number in numbers]

    def _split(self, fed: List[str], defaults: Sequence[str], sources: Sequence[str]) -> Tuple[List[str], List[str]]:
        """Inputs and labels."""
        weighed = [text for text in fed if self._is_weighed(text)]
        labels = [text for text in fed if text not in weighed and self._is_judged(text)]
        if not weighed:
            found = [text for text in defaults if self._is_weighed(text)]
            found = found or [text for text in sources if self._is_weighed(text)]
            if found:
                names = {node_of(text) for text in found}
                beside = [text for text in sources if text not in found and not names & self._values_behind([text])]
                return found, labels + beside
        inputs = [text for text in fed if text not in labels]
        return (inputs, labels) if inputs else (fed, [])

    def _is_weighed(self, tensor: str) -> bool:
        """Whether the values of a placeholder meet a weight."""
        for name in self._values_behind([tensor]):
            op = self._nodes[name]
            if WEIGHING.match(op.op) and name not in self._training:
                texts = op.inputs[:1] if GATHERING.match(op.op) else op.inputs
                if any(self._is_weight(node_of(text)) for text in texts):
                    return True
        return False

    def _is_weight(self, name: str) -> bool:
        return name in self._nodes and name not in self._dynamic and self._nodes[name].op not in SHAPES

    def _is_judged(self, tensor: str) -> bool:
        """Whether a placeholder only leads to losses, to updates and to numbers about a whole batch."""
        waiting, seen, judged = [node_of(tensor)], {node_of(tensor)}, False
        while waiting:
            name = waiting.pop()
            readers = self._read_by(name)
            ends = not readers and (name in self._reduced or self._nodes[name].op == "Equal")
            if not readers and not ends:
                return False
            judged = judged or ends
            for reader in readers:
                op = self._nodes[reader]
                stops = reader in self._training or LOSSES.match(op.op) is not None
                judged = judged or stops
                if stops or op.op in SHAPES or reader in seen:
                    continue
                if name in self._reduced and reader not in self._reduced:
                    return False  # a number about the batch goes back into the net
                seen.add(reader)
                waiting.append(reader)
        return judged

    def _model(self, inputs: List[str], labels: List[str], *, trains: bool) -> Set[str]:
        model = self._values_behind(inputs)
        if trains:
            losses = {name for name in model if LOSSES.match(self._nodes[name].op)}
            model = model - self._values_behind(labels) - self._training - self._reduced - losses - self._idle
            model -= self._side(model)
        return model

    def _side(self, model: Set[str]) -> Set[str]:
        """What is worked out for an update of a variable only (moving averages, ranges)."""
        side: Set[str] = set()
        waiting = [name for name in model if self._updates_only(name, side)]
        while waiting:
            name = waiting.pop()
            if name not in side and self._updates_only(name, side):
                side.add(name)
                waiting.extend(node_of(text) for text in self._nodes[name].inputs if node_of(text) in model)
        return side

    def _updates_only(self, name: str, side: Set[str]) -> bool:
        """What is shown in a summary only is kept until the last: it may be the prediction."""
        readers = self._read_by(name)
        ops = [self._nodes[text].op for text in readers if text not in side]
        return bool(readers) and all(UPDATES.match(op) and not SUMMARIES.match(op) for op in ops)

    def _read_by(self, name: str) -> List[str]:
        return [text for out in self._outs.get(name, ()) for text in self._readers[out]]

    def _ends(self, model: Set[str], *, trains: bool) -> List[str]:
        """Nodes of the model that nothing goes on from, in file order."""
        left = set(model)
        removed: Set[str] = set()
        while True:
            ends = [name for name in self._nodes if name in left and self._is_end(name, left, trains=trains)]
            taken = {name for name in ends if trains and self._judges(name, removed) and not self._renames(name, left)}
            if not taken or taken == left:
                return ends
            left -= taken
            removed |= taken

    def _is_end(self, name: str, left: Set[str], *, trains: bool) -> bool:
        op = self._nodes[name]
        if op.op in SILENT or HANDLES.match(op.op) or name in self._nested or not op.inputs:
            return False
        readers = self._read_by(name)
        if not trains:
            return not readers and not self._is_awaited(name)
        only_shapes = bool(readers) and all(self._nodes[text].op in SHAPES for text in readers)
        return not only_shapes and not any(text in left for text in readers)

    def _is_awaited(self, name: str) -> bool:
        """Whether something is computed only after it, though not with it: the step of a loop, an assertion."""
        waiting, seen = [name], {name}
        while waiting:
            for other in self._awaiting.get(waiting.pop(), ()):
                if self._nodes[other].op != "NoOp":
                    return True
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return False

    def _judges(self, name: str, removed: Set[str]) -> bool:
        """Whether a node only prepares what the training reads, or shows it."""
        op, readers = self._nodes[name], self._read_by(name)
        data = op.inputs[:1] if op.op in SHAPED else op.inputs
        if any(self._is_parameter(text) for text in data) or op.op in ACTIVATIONS:
            return False
        if op.op in ("ArgMax", "ArgMin", "InTopK", "InTopKV2", "TopK", "TopKV2") or (op.op == "Cast" and not readers):
            return True
        if not readers:
            return False
        if all(SUMMARIES.match(self._nodes[text].op) for text in readers):
            return True
        return op.op in JUDGING or (op.op in INNER and all(text in removed for text in readers))

    def _renames(self, name: str, left: Set[str]) -> bool:
        """Whether a node is another name for what the net gives: often the one by which a person asks for it."""
        op = self._nodes[name]
        if op.op != "Identity":
            return False
        return not any(other in left for other in self._read_by(node_of(op.inputs[0])) if other != name)

    def _is_parameter(self, tensor: str) -> bool:
        """A trained array: behind a variable, or in a frozen graph a constant of more than one number."""
        name = node_of(tensor)
        seen: Set[str] = set()
        while name in self._nodes and name not in seen and name not in self._dynamic:
            seen.add(name)
            op = self._nodes[name]
            if op.op in VARIABLES:
                return True
            if op.op == "Const":
                numbers = self._constants(name)
                return not self._has_variables and (numbers is None or len(numbers) > 1)
            if not op.inputs:
                return False
            name = node_of(op.inputs[0])
        return False

    def _tensors(self, op: Op) -> List[str]:
        """The outputs of a node that nobody reads."""
        count = 1
        if op.op in LISTS:
            count = op.length(LISTS[op.op])
        elif op.op in CALLS:
            count = op.length("Tout")
        return [f"{op.name}:{index}" for index in range(max(1, count))]


def no_constants(_name: str) -> Optional[Sequence[float]]:
    """For graphs whose constants cannot be read."""
    return None
