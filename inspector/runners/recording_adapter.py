"""A side that is no model: it gives back what a model gave elsewhere, for the inputs that were recorded."""

from typing import List, Optional, Sequence

import numpy as np

from .adapter import Adapter, Arrays, Port, Stated
from .recorded_file import read_recording
from .server import RequestError


class RecordingAdapter(Adapter):
    """Answers for the recorded inputs, and for samples `start:stop` of them."""

    can: Sequence[str] = ()

    def _load(self, path: str) -> None:
        recorded = read_recording(path)
        if not recorded.inputs or not recorded.outputs:
            raise RequestError("LOAD_FAILED", "the recording has no inputs or no outputs", path, "Record anew.")
        self._inputs, self._outputs = recorded.inputs, recorded.outputs
        # an activation is what its layer gave, also where the model's output of that name was kept apart
        self._values = dict(recorded.inputs, **dict(recorded.outputs, **recorded.activations))
        ordered = list(recorded.inputs) + list(recorded.activations) + list(recorded.outputs)
        self.taps = {name: name for name in ordered}
        self.classes = dict(recorded.classes, **dict.fromkeys(recorded.inputs, "InputLayer"))
        self.framework = "recorded: " + recorded.framework
        self.inputs = [Port(name, name, name) for name in recorded.inputs]
        self.outputs = [Port(name, name, name) for name in recorded.outputs]
        counts = {array.shape[0] if array.ndim else None for array in recorded.inputs.values()}
        self._samples: Optional[int] = counts.pop() if len(counts) == 1 else None

    def stated(self, tap: str) -> Stated:
        array = self._values[self.known(tap)]
        shape: List[Optional[int]] = list(array.shape)
        if self._is_by_sample(array):
            shape[0] = None
        return Stated(shape, array.dtype.name, self.classes.get(tap, ""))

    def _plain(self, inputs: Arrays, outputs: Sequence[str]) -> Arrays:
        part = self._asked(inputs)
        return {
            name: self._part(name, self._outputs.get(name, self._values[self.known(name)]), part) for name in outputs
        }

    def _tapped(self, inputs: Arrays, names: Sequence[str]) -> Arrays:
        part = self._asked(inputs)
        return {name: self._part(name, self._values[self.known(name)], part) for name in names}

    def _is_by_sample(self, array: np.ndarray) -> bool:
        return self._samples is not None and array.ndim > 0 and array.shape[0] == self._samples

    def _asked(self, inputs: Arrays) -> slice:
        """The recorded samples that the inputs are. Raises RECORDED_INPUTS when they are others."""
        if self._samples is None:
            starts = [0] if all(_same(inputs[name], array) for name, array in self._inputs.items()) else []
            count = 0
        else:
            count = len(next(iter(inputs.values())))
            starts = [start for start in range(self._samples - count + 1) if self._begins_at(inputs, start)][:1]
        if not starts:
            raise RequestError(
                "RECORDED_INPUTS",
                "a recording answers for its own inputs only, and these are others",
                self.inputs[0].name,
                "Feed both sides the recorded inputs, or run the model itself.",
            )
        return slice(starts[0], starts[0] + count) if count != self._samples else slice(None)

    def _begins_at(self, inputs: Arrays, start: int) -> bool:
        pairs = [(inputs[name], array) for name, array in self._inputs.items()]
        first = all(len(fed) == 0 or _same(fed[:1], array[start : start + 1]) for fed, array in pairs)
        return first and all(_same(fed, array[start : start + len(fed)]) for fed, array in pairs)

    def _part(self, name: str, array: np.ndarray, part: slice) -> np.ndarray:
        if part == slice(None) or self._samples is None:
            return array
        if not self._is_by_sample(array):
            what = "{} was recorded for all {} samples together".format(name, self._samples)
            raise RequestError("RECORDED_INPUTS", what, name, "Run all recorded samples in one batch.")
        return array[part]


def _same(fed: np.ndarray, recorded: np.ndarray) -> bool:
    if fed.shape != recorded.shape:
        return False
    if fed.dtype.kind != "f" or recorded.dtype.kind != "f":
        return bool(np.array_equal(fed, recorded))
    return bool(np.array_equal(fed, recorded) or np.allclose(fed, recorded, 0, 0, equal_nan=True))
