"""Runs a TensorFlow Lite model in its own interpreter, everything quantized handed in and out as real numbers."""

from collections import Counter
from typing import Dict, List, Sequence

import numpy as np
import tensorflow as tf

from .adapter import Adapter, Arrays, Port, Stated
from .messages import short
from .server import RequestError
from .tflite_interpreter import Interpreter
from .tflite_tensors import Tensor, clipped_share, dequantized, quantized, tensors_of

RANDOM = ("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL")


class TFLiteAdapter(Adapter):
    """Two interpreters: one as anybody would run it, one that keeps every tensor for the taps."""

    def _load(self, path: str) -> None:
        self._plain_one = Interpreter(path, self.options, keep=False)
        self._keeping = Interpreter(path, self.options, keep=True)
        tensors = tensors_of(self._keeping.details())
        by_index = {tensor.place: tensor for tensor in tensors}
        self._by_name = {tensor.name: tensor for tensor in tensors}
        names = self._keeping.names
        self.inputs = _ports([by_index[index] for index in self._keeping.inputs()], names.inputs)
        self.outputs = _ports([by_index[index] for index in self._keeping.outputs()], names.outputs)
        constants = self._keeping.constants(tensors)
        operators = self._keeping.operators()
        kept = set(by_index) - constants
        if operators:  # of graphs behind the first one nothing is told
            read = {index for op in operators for index in op["inputs"]}
            kept &= read | set(self._keeping.outputs())  # what nobody reads holds no values
        self.taps = {tensor.name: tensor for tensor in tensors if tensor.place in kept}
        self._ops = {by_index[i].name: str(op["op_name"]) for op in operators for i in op["outputs"] if i in by_index}
        self._random = [name for name, op in self._ops.items() if op in RANDOM]
        self.precision = _precision([by_index[i] for i in sorted(constants)], list(self.taps.values()))
        self._seen: Dict[str, int] = Counter()
        self.framework = "TensorFlow Lite {}".format(tf.__version__)

    def run(
        self, inputs: Arrays, *, taps: Sequence[str] = (), outputs: Sequence[str] = (), edited: bool = False
    ) -> Dict[str, Arrays]:
        self.clipped, self._seen = {}, Counter()
        return super().run(inputs, taps=taps, outputs=outputs, edited=edited)

    def random_ops(self) -> List[str]:
        return self._random

    def stated(self, tap: str) -> Stated:
        tensor = self._tensor(tap)
        op = self._ops.get(tap, "")
        if not tensor.is_quantized:
            return Stated(tensor.shape, tensor.stored, op)
        return Stated(tensor.shape, "float32", op, float(tensor.scales.max()), int(tensor.zeros[0]), tensor.stored)

    def _plain(self, inputs: Arrays, outputs: Sequence[str]) -> Arrays:
        return self._run(self._plain_one, inputs, outputs)

    def _tapped(self, inputs: Arrays, names: Sequence[str]) -> Arrays:
        return self._run(self._keeping, inputs, names)

    def _run(self, interpreter: Interpreter, inputs: Arrays, names: Sequence[str]) -> Arrays:
        wanted = {name: self._tensor(name) for name in names}
        fed = {}
        for port in self.inputs:
            tensor = self._by_name[port.tensor]
            fed[tensor.place] = quantized(inputs[port.tensor], tensor)
            self._note_clipping(tensor, fed[tensor.place])
        try:
            interpreter.run(fed)
            return {name: self._handed_out(tensor, interpreter.value(tensor.place)) for name, tensor in wanted.items()}
        except (RuntimeError, ValueError) as error:
            todo = "Check the inputs' shapes and values."
            raise RequestError("RUN_FAILED", short(error), "TensorFlow Lite", todo)

    def _tensor(self, name: str) -> Tensor:
        """A tap's, or a constant's that is an output; raises NO_SUCH_TENSOR."""
        found = self._by_name.get(name)
        return found if found is not None else self.known(name)

    def _handed_out(self, tensor: Tensor, stored: np.ndarray) -> np.ndarray:
        if not tensor.is_quantized:
            return stored
        self._note_clipping(tensor, stored)
        return dequantized(stored, tensor)

    def _note_clipping(self, tensor: Tensor, stored: np.ndarray) -> None:
        """Of all parts of a run that is done some samples at a time."""
        if tensor.is_quantized and stored.size:
            before, self._seen[tensor.name] = self._seen[tensor.name], self._seen[tensor.name] + stored.size
            known = self.clipped.get(tensor.name, 0.0) * before
            self.clipped[tensor.name] = (known + clipped_share(stored, tensor) * stored.size) / self._seen[tensor.name]


def _ports(tensors: Sequence[Tensor], names: Dict[str, int]) -> List[Port]:
    """With the signature's names where it has any."""
    called = {index: name for name, index in names.items()}
    return [Port(str(called.get(tensor.place, tensor.name)), tensor.name, tensor.name) for tensor in tensors]


def _precision(constants: Sequence[Tensor], computed: Sequence[Tensor]) -> str:
    """What it computes in: the dtype of most quantized activations, else of the weights."""
    stored = Counter(tensor.stored for tensor in computed if tensor.is_quantized)
    if stored:
        return stored.most_common(1)[0][0]
    kernels = [tensor for tensor in constants if len(tensor.shape) > 1]
    if any(tensor.stored == "float16" for tensor in kernels):
        return "float16"
    return "dynamic" if any(tensor.is_quantized for tensor in kernels) else "float32"
