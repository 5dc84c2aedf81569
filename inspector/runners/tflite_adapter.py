"""Runs a TensorFlow Lite model in its own interpreter, everything quantized handed in and out as real numbers."""

from collections import Counter
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf

from .adapter import Adapter, Arrays, Port, Stated
from .messages import reason, short
from .server import RequestError

WHOLE = (np.int8, np.uint8, np.int16)
NO_NUMBERS = (np.bytes_, np.str_, np.object_)


class Tensor(NamedTuple):
    """One tensor of the interpreter. `scales`, `zeros`: empty when it is not quantized; `axis`: theirs."""

    number: int
    name: str
    shape: List[Optional[int]]
    dtype: Any
    scales: np.ndarray
    zeros: np.ndarray
    axis: int

    @property
    def is_quantized(self) -> bool:
        return bool(len(self.scales)) and self.dtype in WHOLE


class TFLiteAdapter(Adapter):
    """Two interpreters: one as anybody would run it, one that keeps every tensor for the taps."""

    def _load(self, path: str) -> None:
        self._plain_one = _interpreter(path, self.options.threads, keep=False)
        self._keeping = _interpreter(path, self.options.threads, keep=True)
        self._chosen = self._signature(path)
        details = self._keeping.get_tensor_details()
        names = unique_names([detail["name"] for detail in details], [detail["index"] for detail in details])
        tensors = [_tensor(detail, name) for detail, name in zip(details, names)]
        self._by_name = {tensor.name: tensor for tensor in tensors}
        by_index = {tensor.number: tensor for tensor in tensors}
        self.inputs = self._ports(self._keeping.get_input_details(), by_index, "inputs")
        self.outputs = self._ports(self._keeping.get_output_details(), by_index, "outputs")
        constants = _constants(self._keeping, tensors)
        self.taps = {tensor.name: tensor for tensor in tensors if tensor.number not in constants}
        self._ops = _operators(self._keeping, by_index)
        self.precision = _precision([by_index[i] for i in constants], list(self.taps.values()))
        self.framework = "TensorFlow Lite {}".format(tf.__version__)

    def stated(self, tap: str) -> Stated:
        tensor = self._by_name[tap] if tap in self._by_name else self.known(tap)
        stored = np.dtype(tensor.dtype).name if tensor.dtype not in NO_NUMBERS else "string"
        if not tensor.is_quantized:
            return Stated(tensor.shape, stored, self._ops.get(tap, ""))
        scale = float(tensor.scales.max())
        return Stated(tensor.shape, "float32", self._ops.get(tap, ""), scale, int(tensor.zeros[0]), stored)

    def _plain(self, inputs: Arrays, outputs: Sequence[str]) -> Arrays:
        return self._run(self._plain_one, inputs, outputs)

    def _tapped(self, inputs: Arrays, names: Sequence[str]) -> Arrays:
        return self._run(self._keeping, inputs, names)

    def _run(self, interpreter: Any, inputs: Arrays, names: Sequence[str]) -> Arrays:
        self.clipped = {}
        wanted = {name: self._known_tensor(name) for name in names}
        try:
            self._resize(interpreter, inputs)
            for port in self.inputs:
                tensor = self._by_name[port.tensor]
                stored = quantized(inputs[port.tensor], tensor)
                self._note_clipping(port.tensor, stored, tensor)
                interpreter.set_tensor(tensor.number, stored)
            interpreter.invoke()
            return {name: self._handed_out(name, interpreter.get_tensor(t.number), t) for name, t in wanted.items()}
        except (RuntimeError, ValueError) as error:
            raise RequestError("RUN_FAILED", short(error), "TensorFlow Lite", "Check the inputs' shapes and values.")

    def _known_tensor(self, name: str) -> Tensor:
        found = self._by_name.get(name)
        return found if found is not None else self.known(name)

    def _resize(self, interpreter: Any, inputs: Arrays) -> None:
        """The interpreter's own shapes, where the given arrays have others (an open batch)."""
        changed = False
        for detail in interpreter.get_input_details():
            port = next(port for port in self.inputs if self._by_name[port.tensor].number == detail["index"])
            shape = list(inputs[port.tensor].shape)
            if shape != list(detail["shape"]):
                interpreter.resize_tensor_input(detail["index"], shape, strict=False)
                changed = True
        if changed:
            interpreter.allocate_tensors()

    def _handed_out(self, name: str, array: np.ndarray, tensor: Tensor) -> np.ndarray:
        if not tensor.is_quantized:
            return np.array(array)
        self._note_clipping(name, array, tensor)
        return dequantized(array, tensor)

    def _note_clipping(self, name: str, stored: np.ndarray, tensor: Tensor) -> None:
        """The share of values at an end of the dtype's range, but for an end that stands for zero: what a
        ReLU cuts off is meant."""
        if not tensor.is_quantized or not stored.size:
            return
        ends = [end for end in _range(tensor.dtype) if end not in tensor.zeros]
        self.clipped[name] = float(np.isin(stored, ends).mean())

    def _signature(self, path: str) -> Dict[str, Dict[int, str]]:
        """Names of the chosen signature's inputs and outputs, {} without one. Raises BAD_CHOICE."""
        known = self._keeping.get_signature_list()
        key = self.options.choices.get("signature", "")
        if key and key not in known:
            raise RequestError("BAD_CHOICE", "there is no signature " + key, path, "There are " + ", ".join(known))
        chosen = key or next(iter(known), "")
        if not chosen or not hasattr(self._keeping, "_get_full_signature_list"):
            return {}
        full = self._keeping._get_full_signature_list()[chosen]
        return {kind: {index: name for name, index in full[kind].items()} for kind in ("inputs", "outputs")}

    def _ports(self, details: Sequence[Any], tensors: Dict[int, Tensor], kind: str) -> List[Port]:
        names = self._chosen.get(kind, {})
        found = [tensors[detail["index"]] for detail in details]
        return [Port(str(names.get(t.number, t.name)), t.name, t.name) for t in found]


def quantized(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Real numbers as the tensor keeps them: `round(x / scale) + zero`, halves away from zero, cut to the
    dtype's range (tensorflow/lite/kernels/internal/reference/quantize.h)."""
    if not tensor.is_quantized:
        return array
    low, high = _range(tensor.dtype)
    steps = array.astype(np.float32) / tensor.scales.astype(np.float32)[0]
    rounded = np.sign(steps) * np.floor(np.abs(steps) + np.float32(0.5))
    return np.clip(rounded + tensor.zeros[0], low, high).astype(tensor.dtype)


def dequantized(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    """`(stored - zero) * scale` in float32."""
    shape = [1] * array.ndim
    if len(tensor.scales) > 1:
        shape[tensor.axis] = -1
    zeros = tensor.zeros.astype(np.int64).reshape(shape if array.ndim else ())
    scales = tensor.scales.astype(np.float32).reshape(shape if array.ndim else ())
    return ((array.astype(np.int64) - zeros).astype(np.float32) * scales).astype(np.float32)


def unique_names(names: Sequence[str], indices: Sequence[int]) -> List[str]:
    """Names that stand twice get the tensor's index, as the reader calls them (formats/tflite_model.py)."""
    known = [name or "tensor {}".format(index) for name, index in zip(names, indices)]
    counts = Counter(known)
    return ["{}#{}".format(name, index) if counts[name] > 1 else name for name, index in zip(known, indices)]


def _interpreter(path: str, threads: int, *, keep: bool) -> Any:
    try:
        options = {"model_path": path, "num_threads": threads or None, "experimental_preserve_all_tensors": keep}
        interpreter = tf.lite.Interpreter(**options)
        interpreter.allocate_tensors()
    except TypeError:
        todo = "Run it in a Python with TensorFlow 2.5 or later (--python)."
        raise RequestError("LOAD_FAILED", "this TensorFlow Lite keeps no tensors", path, todo)
    except (ValueError, RuntimeError) as error:
        raise RequestError("LOAD_FAILED", reason(error), path, "It may need operators that are not built in (Flex).")
    return interpreter


def _tensor(detail: Dict[str, Any], name: str) -> Tensor:
    stated = detail.get("shape_signature", detail["shape"])
    shape = [None if size < 0 else int(size) for size in (stated if len(stated) else detail["shape"])]
    kept = detail["quantization_parameters"]
    scales, zeros = np.asarray(kept["scales"]), np.asarray(kept["zero_points"])
    return Tensor(detail["index"], name, shape, detail["dtype"], scales, zeros, int(kept["quantized_dimension"]))


def _constants(interpreter: Any, tensors: Sequence[Tensor]) -> List[int]:
    """Indices of tensors that no operator gives and nobody feeds."""
    given = {index for op in interpreter._get_ops_details() for index in op["outputs"]}
    fed = {detail["index"] for detail in interpreter.get_input_details()}
    return [tensor.number for tensor in tensors if tensor.number not in given | fed]


def _operators(interpreter: Any, tensors: Dict[int, Tensor]) -> Dict[str, str]:
    ops = interpreter._get_ops_details()
    return {tensors[i].name: str(op["op_name"]) for op in ops for i in op["outputs"] if i in tensors}


def _precision(constants: Sequence[Tensor], computed: Sequence[Tensor]) -> str:
    """What it computes in: the dtype of quantized activations, else of the weights."""
    for tensor in computed:
        if tensor.is_quantized:
            return str(np.dtype(tensor.dtype).name)
    kernels = [tensor for tensor in constants if len(tensor.shape) > 1]
    if any(tensor.dtype == np.float16 for tensor in kernels):
        return "float16"
    return "dynamic" if any(tensor.is_quantized for tensor in kernels) else "float32"


def _range(dtype: Any) -> Sequence[int]:
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)
