"""Arrays as Keras 1, Theano and cuDNN kept them, put into the form that today's layers take.

Source: keras/engine/saving.py, preprocess_weights_for_loading, of Keras 2.2; tf_keras has no longer all of it.
"""

from typing import Any, Callable, List, NamedTuple, Tuple

import numpy as np

from .upgrading import Changes

Arrays = List[np.ndarray]
CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "ConvLSTM2D")
TURNED = {"Conv1D": 1, "Conv2D": 1, "Conv3D": 1, "Conv2DTranspose": 1, "ConvLSTM2D": 2}
LSTM_GATES = (0, 2, 1, 3)  # Keras 1 has input, cell, forget, output; Keras 2 input, forget, cell, output
GRU_GATES = (0, 1, 2)


class Origin(NamedTuple):
    """Who wrote the arrays: Keras's major version, and whether its convolutions turned their kernels."""

    major: int
    turned: bool


def converted(layer: Any, arrays: Arrays, origin: Origin, changes: Changes) -> Arrays:
    """The arrays of one layer in Keras's order, as `layer` takes them."""
    kind = type(layer).__name__
    if kind == "Bidirectional":
        half = len(arrays) // 2
        halves = ((layer.forward_layer, arrays[:half]), (layer.backward_layer, arrays[half:]))
        return [array for part, given in halves for array in converted(part, given, origin, changes)]
    if kind == "TimeDistributed":
        return converted(layer.layer, arrays, origin, changes)
    if hasattr(layer, "layers"):
        return _nested(layer, arrays, origin, changes)
    arrays = _gates_of_keras_1(layer, kind, arrays, changes)
    if origin.major < 2 and kind in CONVOLUTIONS:
        arrays = _kernels_of_keras_1(layer, kind, arrays, changes)
    if origin.turned and kind in TURNED:
        arrays = _turned_kernels(layer, kind, arrays, changes)
    return _cudnn(layer, kind, arrays, changes)


def _nested(model: Any, arrays: Arrays, origin: Origin, changes: Changes) -> Arrays:
    """Trainable arrays of all layers stand before all others."""
    border = len(model.trainable_weights)
    free, fixed = list(arrays[:border]), list(arrays[border:])
    found: Tuple[Arrays, Arrays] = ([], [])
    for layer in model.layers:
        counts = len(layer.trainable_weights), len(layer.non_trainable_weights)
        own = [free.pop(0) for _ in range(min(counts[0], len(free)))]
        own += [fixed.pop(0) for _ in range(min(counts[1], len(fixed)))]
        if own:
            done = converted(layer, own, origin, changes)
            found[0].extend(done[: counts[0]])
            found[1].extend(done[counts[0] :])
    return found[0] + free + found[1] + fixed


def _gates_of_keras_1(layer: Any, kind: str, arrays: Arrays, changes: Changes) -> Arrays:
    """One array per gate, joined in the order of today's gates."""
    gates = {("LSTM", 12): LSTM_GATES, ("ConvLSTM2D", 12): LSTM_GATES, ("GRU", 9): GRU_GATES}.get((kind, len(arrays)))
    if gates is None:
        return arrays
    changes.note(
        "{} arrays, one per gate, joined into kernel, recurrent_kernel and bias".format(len(arrays)), layer.name
    )
    axis = 0 if kind == "ConvLSTM2D" and _first(layer) else -1
    parts = [[arrays[3 * gate + part] for gate in gates] for part in range(3)]
    return [np.concatenate(part, axis=axis if part[0].ndim > 1 else -1) for part in parts]


def _kernels_of_keras_1(layer: Any, kind: str, arrays: Arrays, changes: Changes) -> Arrays:
    """Kernels whose axes stood otherwise; only where the shape says so."""
    count = 2 if kind == "ConvLSTM2D" else 1
    moved = [_moved(layer, kind, array) for array in arrays[:count]]
    if any(new is not old for new, old in zip(moved, arrays)):
        changes.note("the axes of Keras 1's kernels put in today's order", layer.name)
    return moved + arrays[count:]


def _moved(layer: Any, kind: str, kernel: np.ndarray) -> np.ndarray:
    if kind == "Conv1D" and kernel.ndim == 4:
        size = layer.kernel_size[0]
        if kernel.shape[:2] != (size, 1) or kernel.shape[3] != layer.filters:
            kernel = kernel.transpose(2, 3, 1, 0)
        return kernel[:, 0]
    if kind == "Conv2DTranspose":
        return kernel.transpose(2, 3, 0, 1) if _first(layer) else kernel.transpose(0, 1, 3, 2)
    if _first(layer) and kernel.ndim > 3:
        return kernel.transpose(tuple(range(2, kernel.ndim)) + (1, 0))
    return kernel


def _first(layer: Any) -> bool:
    return bool(getattr(layer, "data_format", "") == "channels_first")


def _turned_kernels(layer: Any, kind: str, arrays: Arrays, changes: Changes) -> Arrays:
    """Theano convolves; TensorFlow correlates: the kernel is turned by half a circle."""
    changes.note("kernels turned, since Theano convolves and TensorFlow correlates", layer.name)
    count = TURNED[kind]
    return [_half_turn(array) for array in arrays[:count]] + arrays[count:]


def _half_turn(kernel: np.ndarray) -> np.ndarray:
    """All axes but the last two, which are channels."""
    return kernel[(slice(None, None, -1),) * (kernel.ndim - 2)]


def _cudnn(layer: Any, kind: str, arrays: Arrays, changes: Changes) -> Arrays:
    """CuDNN's kernels in its own layout, known by two biases for each gate side by side."""
    if kind not in ("LSTM", "GRU") or len(arrays) != 3:
        return arrays
    gates, units = (4 if kind == "LSTM" else 3), arrays[1].shape[0]
    if arrays[2].shape != (2 * gates * units,):
        return arrays
    changes.note("cuDNN's kernels and biases put in {}'s layout".format(kind), layer.name)
    kernel = _each_gate(arrays[0], gates, lambda gate: gate.T.reshape(gate.shape, order="F"))
    recurrent = _each_gate(arrays[1], gates, lambda gate: gate.T)
    halves = arrays[2].reshape(2, -1)
    return [kernel, recurrent, halves.sum(axis=0) if kind == "LSTM" else halves]


def _each_gate(kernel: np.ndarray, gates: int, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.hstack([change(gate) for gate in np.hsplit(kernel, gates)])


def turns_kernels(backend: str) -> bool:
    """Whether the backend convolved: Theano did, TensorFlow and CNTK correlate."""
    return backend == "theano"
