"""One TensorFlow Lite interpreter and the part of the model that a signature names."""

import warnings
from typing import Any, Dict, List, NamedTuple, Sequence, Set

import numpy as np
import tensorflow as tf

from .messages import reason
from .options import Options
from .server import RequestError
from .tflite_tensors import Tensor

DELEGATE = "DELEGATE"  # what stands in the list of operators for those that XNNPACK took over


class Names(NamedTuple):
    """A signature's own names of its inputs and outputs, each with the tensor's index; `key` "" for none."""

    key: str
    subgraph: int
    inputs: Dict[str, int]
    outputs: Dict[str, int]


class Interpreter:
    """`keep`: every tensor can be read after a run. Without graph optimisation nothing is handed to XNNPACK.

    A signature of the first graph runs as the model itself, one of another graph through its own runner."""

    def __init__(self, path: str, options: Options, *, keep: bool) -> None:
        self.lite = _loaded(path, options, keep=keep)
        self.names = _names(self.lite, path, options.choices.get("signature", ""))

    def details(self) -> List[Dict[str, Any]]:
        """Of all tensors of the signature's graph."""
        if self.names.subgraph == 0:
            return list(self.lite.get_tensor_details())
        return list(self.lite.get_tensor_details(subgraph_index=self.names.subgraph))

    def inputs(self) -> List[int]:
        """Tensor indices in the model's order."""
        if self.names.subgraph:
            return list(self.names.inputs.values())
        return [detail["index"] for detail in self.lite.get_input_details()]

    def outputs(self) -> List[int]:
        """Tensor indices in the model's order."""
        if self.names.subgraph:
            return list(self.names.outputs.values())
        return [detail["index"] for detail in self.lite.get_output_details()]

    def operators(self) -> List[Dict[str, Any]]:
        """Name, inputs and outputs of each operator of the first graph; of others nothing is told."""
        if self.names.subgraph:
            return []
        return [op for op in self.lite._get_ops_details() if op["op_name"] != DELEGATE]

    def constants(self, tensors: Sequence[Tensor]) -> Set[int]:
        """Indices of tensors that no run changes: stored ones, and those that are worked out of stored ones
        alone (a float16 weight that is widened)."""
        if self.names.subgraph:
            return {tensor.place for tensor in tensors if self._is_stored(tensor.place)}
        operators = self.operators()
        made = {index for op in operators for index in op["outputs"]}
        found = {tensor.place for tensor in tensors} - made - set(self.inputs())
        for op in operators:
            if op["op_name"] == "DEQUANTIZE" and found.issuperset(op["inputs"]):
                found.update(op["outputs"])
        return found

    def run(self, arrays: Dict[int, np.ndarray]) -> None:
        """Feed stored values by tensor index. State that the model keeps begins anew."""
        if self.names.subgraph:
            named = {name: arrays[index] for name, index in self.names.inputs.items()}
            self.lite.get_signature_runner(self.names.key)(**named)
            return
        self._resize(arrays)
        self.lite.reset_all_variables()
        for index, array in arrays.items():
            self.lite.set_tensor(index, array)
        self.lite.invoke()

    def value(self, index: int) -> np.ndarray:
        """A tensor's stored values after a run."""
        if self.names.subgraph:
            return np.array(self.lite.get_tensor(index, self.names.subgraph))
        return np.array(self.lite.get_tensor(index))

    def _resize(self, arrays: Dict[int, np.ndarray]) -> None:
        """The interpreter's own shapes, where the given arrays have others (an open batch)."""
        changed = False
        for detail in self.lite.get_input_details():
            shape = list(arrays[detail["index"]].shape)
            if shape != list(detail["shape"]):
                self.lite.resize_tensor_input(detail["index"], shape, strict=False)
                changed = True
        if changed:
            self.lite.allocate_tensors()

    def _is_stored(self, index: int) -> bool:
        """Before the first run only stored values are there to be read."""
        try:
            self.value(index)
        except (ValueError, RuntimeError):
            return False
        return True


def _loaded(path: str, options: Options, *, keep: bool) -> Any:
    resolvers = tf.lite.experimental.OpResolverType
    kind = resolvers.AUTO if options.optimise else resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that keeping tensors takes memory, and that tf.lite will move
            lite = tf.lite.Interpreter(
                model_path=path,
                num_threads=options.threads or None,
                experimental_op_resolver_type=kind,
                experimental_preserve_all_tensors=keep,
            )
        lite.allocate_tensors()
    except TypeError:
        todo = "Run it in a Python with TensorFlow 2.5 or later (--python)."
        raise RequestError("LOAD_FAILED", "this TensorFlow Lite keeps no tensors", path, todo)
    except (ValueError, RuntimeError) as error:
        raise RequestError("LOAD_FAILED", reason(error), path, "It may need operators that are not built in (Flex).")
    return lite


def _names(lite: Any, path: str, key: str) -> Names:
    """Of the chosen signature, or of the first one. Raises BAD_CHOICE."""
    known = lite._get_full_signature_list() if hasattr(lite, "_get_full_signature_list") else {}
    if key and key not in known:
        todo = "Signatures are {}.".format(", ".join(known) or "none")
        raise RequestError("BAD_CHOICE", "there is no signature " + key, path, todo)
    chosen = key or next(iter(known), "")
    if not chosen:
        return Names("", 0, {}, {})
    subgraph = int(getattr(lite.get_signature_runner(chosen), "_subgraph_index", 0))
    return Names(chosen, subgraph, dict(known[chosen]["inputs"]), dict(known[chosen]["outputs"]))
