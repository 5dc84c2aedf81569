"""TensorFlow Lite's recurrent operators: the matrices of the gates joined as Keras keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inspector.domain.computation import Weight
from inspector.formats.tflite_model import Operator, Tensor

# places among the inputs (tensorflow/lite/kernels/unidirectional_sequence_lstm.cc), in the order of Keras's
# gates: input, forget, cell, output
Places = dict[str, tuple[int, ...]]
LSTM: Places = {"kernel": (1, 2, 3, 4), "recurrent_kernel": (5, 6, 7, 8), "bias": (12, 13, 14, 15)}
RNN: Places = {"kernel": (1,), "recurrent_kernel": (2,), "bias": (3,)}
PLACES: dict[str, tuple[str, Places]] = {
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ("lstm", LSTM),
    "UNIDIRECTIONAL_SEQUENCE_RNN": ("simple_rnn", RNN),
}
GATES = "gates"  # what stands before the tensors' indices in the id of joined weights


def recurrent(
    operator: Operator, constant: Callable[[int], Tensor | None]
) -> tuple[str, dict[str, Any], tuple[Weight, ...]]:
    """Kind, settings and weights. An operator that shares the input with the forget gate has no weights that
    Keras knows."""
    kind, places = PLACES[operator.name]
    options = operator.options
    major = options is not None and bool(options.number(3 if kind == "lstm" else 0, "?", default=False))
    weights = []
    for role, wanted in places.items():
        tensors = [constant(operator.inputs[place]) for place in wanted if place < len(operator.inputs)]
        known = [tensor for tensor in tensors if tensor is not None]
        if len(known) == len(wanted) and len({tensor.shape for tensor in known}) == 1 and known[0].shape:
            weights.append(_weight(role, known))
    return kind, {"time_major": major}, tuple(weights)


def joined_shape(tensors: list[Tensor]) -> tuple[int, ...]:
    """Of the gates' arrays, all alike: (units, inputs) make (inputs, gates x units), vectors one vector."""
    units, *inputs = tensors[0].shape
    return (*inputs, len(tensors) * units)


def _weight(role: str, tensors: list[Tensor]) -> Weight:
    steps = [tensor.quantization.step for tensor in tensors if tensor.quantization is not None]
    indices = ".".join(str(tensor.index) for tensor in tensors)
    halves = all(tensor.dtype == "float16" for tensor in tensors)
    dtype = "float16" if halves else "float32"
    return Weight(
        id=f"{GATES}:{indices}", role=role, shape=joined_shape(tensors), dtype=dtype, step=max(steps, default=0.0)
    )
