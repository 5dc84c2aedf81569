"""The arrays of an open TensorFlow Lite file by their ids: as stored, as real numbers, in Keras's layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.formats.tflite_model import Model, Tensor
from inspector.formats.tflite_recurrent import GATES, joined_shape
from inspector.formats.tflite_values import RANKS, Layout, fits, in_keras_layout, keras_shape, values

REAL, STORED, KERAS = "real", "stored", "keras"


@dataclass(frozen=True, slots=True)
class Arrays:
    """Ids: `real:GRAPH:INDEX` and `stored:GRAPH:INDEX` in the file's layout; of the graph that runs,
    `keras:INDEX:LAYOUT` in Keras's, and `gates:INDEX.INDEX...` for the joined matrices of recurrent gates."""

    data: memoryview
    model: Model
    graph: int

    def shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        """Shape and dtype. Raises NO_SUCH_VALUE."""
        kind, one, other = _parts(value_id)
        if kind == GATES:
            return joined_shape(self._gates(value_id)), "float32"
        if kind == KERAS:
            return keras_shape(*self._kernel(one, other, value_id)), "float32"
        tensor = self._tensor(one, other, value_id)
        real = kind == REAL and tensor.quantization is not None
        return tensor.shape, "float32" if real else tensor.dtype

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Elements `start` to `stop`, flat. Raises NO_SUCH_VALUE, NO_VALUES, NOT_NUMERIC, CORRUPT, TOO_LARGE."""
        kind, one, other = _parts(value_id)
        if kind == GATES:
            pieces = [values(self.data, tensor).reshape(tensor.shape).T for tensor in self._gates(value_id)]
            return np.concatenate(pieces, axis=-1).astype(np.float32).ravel()[start:stop]
        if kind == KERAS:
            return in_keras_layout(self.data, *self._kernel(one, other, value_id), start, stop)
        return values(self.data, self._tensor(one, other, value_id), start, stop, real=kind == REAL)

    def _kernel(self, index: str, layout: str, value_id: str) -> tuple[Tensor, Layout]:
        tensor = self._tensor(str(self.graph), index, value_id)
        known = next((name for name in RANKS if name == layout), None)
        if known is None or not fits(tensor, known):
            raise _no_such(value_id)
        return tensor, known

    def _gates(self, value_id: str) -> list[Tensor]:
        indices = value_id.partition(":")[2].split(".")
        tensors = [self._tensor(str(self.graph), index, value_id) for index in indices]
        if len({tensor.shape for tensor in tensors}) != 1 or not tensors[0].shape:
            raise _no_such(value_id)
        return tensors

    def _tensor(self, graph: str, index: str, value_id: str) -> Tensor:
        if graph.isdecimal() and index.isdecimal() and int(graph) < len(self.model.subgraphs):
            tensors = self.model.subgraphs[int(graph)].tensors
            if int(index) < len(tensors):
                return tensors[int(index)]
        raise _no_such(value_id)


def _parts(value_id: str) -> tuple[str, str, str]:
    kind, _, rest = value_id.partition(":")
    if kind not in (REAL, STORED, KERAS, GATES):
        raise _no_such(value_id)
    one, _, other = rest.partition(":")
    return kind, one, other


def _no_such(value_id: str) -> InspectorError:
    return InspectorError("NO_SUCH_VALUE", "there is no such tensor", where=value_id)
