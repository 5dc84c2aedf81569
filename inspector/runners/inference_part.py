"""Which part of a training graph is the model: its inputs and outputs, without labels, losses and optimizers.

Told by what computes with the weights: an input is a placeholder whose values meet a weight in a product, a
convolution or the like; labels only ever meet predictions. Scopes that Keras and tf.train write help, and are
not needed. The reader of a checkpoint and its runner both come here.
"""

import re
from typing import Dict, Iterable, List, Mapping, NamedTuple, Set

from .inlining import VARIABLES, Op

TRAINING_SCOPES = re.compile(
    r"(^|/)(gradients?|train|training|train_op|loss(es)?|[a-z_]+_loss|metrics?|accuracy|save|summar(y|ies)|eval(uation)?|"
    r"optimizer|Adam|SGD|RMSprop|Adagrad|Momentum|GradientDescent|report_uninitialized_variables\w*)(_\d+)?/"
)
UPDATES = re.compile(
    r"(Resource)?(Sparse)?(Apply|Assign|Scatter)|Save|Restore|.*Summary|.*Grad(V\d)?$|.*Backprop|.*Initialize|Dequeue"
)
BACKPROP = ("Conv2DBackpropInput", "Conv3DBackpropInputV2")  # transposed convolutions
WEIGHING = re.compile(
    r"(Batch)?MatMul|Conv|DepthwiseConv|(Resource)?Gather|FusedBatchNorm|Einsum|SparseTensorDenseMatMul|.*LSTM|.*GRU|.*RNN"
)
PLACEHOLDERS = ("Placeholder", "PlaceholderV2")
SILENT = ("NoOp", "Assert", "Const", "Shape", "ShapeN", "Size", "Rank", "Print", "VarIsInitializedOp", *VARIABLES)
JUDGING = ("ArgMax", "ArgMin", "Equal", "Cast", "Log", "Neg", "InTopK", "InTopKV2", "TopKV2", "ToFloat")


class Ports(NamedTuple):
    """Names of the placeholders that are fed, and tensors (`name:0`) that are asked for, in file order."""

    inputs: List[str]
    outputs: List[str]


def inference_part(nodes: Mapping[str, Op], switches: Iterable[str] = ()) -> Ports:
    """`switches`: placeholders that only say training or inference."""
    return _Part(nodes, set(switches)).ports()


class _Part:
    def __init__(self, nodes: Mapping[str, Op], switches: Set[str]) -> None:
        self._nodes = nodes
        self._readers = _readers(nodes)
        self._training = {name for name, op in nodes.items() if _is_training(name, op)}
        self._placeholders = [n for n, op in nodes.items() if op.op in PLACEHOLDERS and n not in switches]

    def ports(self) -> Ports:
        inputs = self._inputs()
        labels = [name for name in self._placeholders if name not in inputs]
        model = self._downstream(inputs) - self._downstream(labels) - self._training
        sinks = self._sinks(model - self._side(model))
        return Ports(inputs, ["{}:0".format(name) for name in self._predictions(sinks, model)])

    def _inputs(self) -> List[str]:
        reached = self._downstream(self._placeholders)
        variables = [name for name, op in self._nodes.items() if op.op in VARIABLES]
        weights = self._downstream(variables) - reached
        for weighing in (WEIGHING, re.compile("")):
            found = [name for name in self._placeholders if self._meets(name, weights, weighing)]
            if found:
                return found
        return [name for name in self._placeholders if name not in self._training]

    def _meets(self, placeholder: str, weights: Set[str], weighing: "re.Pattern[str]") -> bool:
        return any(
            weighing.match(self._nodes[name].op) and any(text in weights for text in _sources(self._nodes[name]))
            for name in self._downstream([placeholder])
            if self._nodes[name].op not in SILENT
        )

    def _downstream(self, names: Iterable[str]) -> Set[str]:
        """What reads these, themselves included, training parts left out."""
        reached: Set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(text for text in self._readers.get(name, ()) if text not in self._training)
        return reached

    def _side(self, model: Set[str]) -> Set[str]:
        """What is worked out for an update of a variable only (moving averages, ranges)."""
        side: Set[str] = set()
        waiting = [name for name in model if self._updates_only(name, side)]
        while waiting:
            name = waiting.pop()
            if name not in side and self._updates_only(name, side):
                side.add(name)
                waiting.extend(text for text in _sources(self._nodes[name]) if text in model)
        return side

    def _updates_only(self, name: str, side: Set[str]) -> bool:
        readers = self._readers.get(name, [])
        return bool(readers) and all(text in side or UPDATES.match(self._nodes[text].op) for text in readers)

    def _sinks(self, model: Set[str]) -> List[str]:
        return [
            name
            for name, op in self._nodes.items()
            if name in model
            and op.op not in SILENT + PLACEHOLDERS
            and not any(reader in model for reader in self._readers.get(name, ()))
        ]

    def _predictions(self, sinks: List[str], model: Set[str]) -> List[str]:
        """What a judgement (the most likely class, a logarithm for a loss) was made of, in its place."""
        found: Dict[str, None] = {}
        for name in sinks:
            sources = [name]
            while self._nodes[sources[0]].op in JUDGING:
                before = [text for text in _sources(self._nodes[sources[0]]) if text in model]
                before = [text for text in before if self._nodes[text].op not in PLACEHOLDERS]
                if not before:
                    break
                sources = before
            found[sources[0]] = None
        ends = [name for name in self._nodes if name in found]
        return [name for name in ends if not self._is_before(name, found)] or ends

    def _is_before(self, name: str, others: Mapping[str, None]) -> bool:
        """Whether another of the outputs is the same value, handed on or judged."""
        waiting = [name]
        for _ in range(len(JUDGING)):
            readers = [text for before in waiting for text in self._readers.get(before, ())]
            if any(text in others for text in readers):
                return True
            waiting = [text for text in readers if self._nodes[text].op == "Identity"]
        return False


def _is_training(name: str, op: Op) -> bool:
    updates = UPDATES.match(op.op) is not None and op.op not in BACKPROP
    return updates or TRAINING_SCOPES.search(name) is not None


def _readers(nodes: Mapping[str, Op]) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for name, op in nodes.items():
        for source in _sources(op):
            if source in nodes:
                found.setdefault(source, []).append(name)
    return found


def _sources(op: Op) -> List[str]:
    return [text.rpartition(":")[0] for text in op.inputs]
