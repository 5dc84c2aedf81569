"""A recording in HDF5: groups `inputs`, `activations` and `predictions`, as test sets of Keras models have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.formats import h5_safety, h5_values
from inspector.formats.h5_attributes import attribute, text
from inspector.formats.h5_safety import FAILURES
from inspector.formats.h5_tree import H5Tree
from inspector.formats.recording_content import Kept, KeptLayer, Recorded

SIGNATURE = b"\x89HDF\r\n\x1a\n"
INPUTS, LAYERS, OUTPUTS = "inputs", "activations", "predictions"
MODEL_ATTRIBUTES = ("model_config", "layer_names")


def is_recording(path: Path) -> bool:
    """Whether an HDF5 file holds these groups, and no model."""
    try:
        file = h5py.File(path, "r", locking=False)
    except FAILURES:
        return False  # the format of all HDF5 files says what is wrong with it
    with file:
        root = h5_safety.root_of(file)
        groups = {name for name in (INPUTS, LAYERS, OUTPUTS) if _is_group(root, name)}
        return len(groups) == 3 and not any(attribute(root, name) for name in MODEL_ATTRIBUTES)


def _is_group(root: Any, name: str) -> bool:
    try:
        link = h5_safety.find(root, name)
    except (InspectorError, *FAILURES):
        return False
    return link is not None and link.type == "group"


class RecordingHDF5:
    """Arrays by range. `predictions` are what the model gave; a group `outputs` holds what it was to give."""

    def __init__(self, path: Path) -> None:
        try:
            self._handle = h5py.File(path, "r", locking=False)
        except FAILURES as error:
            raise InspectorError("CORRUPT", f"HDF5 says: {error}", where=str(path)) from error
        self._root = h5_safety.root_of(self._handle)
        self.raw = H5Tree(self._root)
        self.recorded = Recorded(
            inputs=self._group(INPUTS),
            outputs=self._group(OUTPUTS, "outputs"),
            layers=tuple(KeptLayer(name=kept.name, outputs=(kept,)) for kept in self._group(LAYERS)),
            facts=(("Recorded with", "not stated in the file"), ("Order of layers", "as they were written")),
        )

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        """Raises as `values`."""
        stored = h5_values.checked(self._dataset(value_id), value_id)
        return stored.shape or (), stored.dtype

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Raises NO_SUCH_VALUE, NOT_NUMERIC, NO_VALUES, TOO_LARGE, NOT_OPENED, UNREADABLE."""
        return h5_values.read(self._dataset(value_id), value_id, start, stop)

    def close(self) -> None:
        self._handle.close()

    def _group(self, name: str, attribute_name: str = "") -> tuple[Kept, ...]:
        """A group's datasets in the order that the file's attribute states, else as they were written: the
        later an object was written, the higher its address."""
        group = h5_safety.resolve(self._root, f"/{name}")
        stated = _stated(attribute(self._root, attribute_name or name), attribute_name or name)
        links = [h5_safety.look(group, raw) for raw in h5_safety.members(group)]
        datasets = sorted((x for x in links if x.type == "dataset"), key=lambda link: link.address)
        datasets.sort(key=lambda link: stated.index(link.name) if link.name in stated else len(stated))
        found = (self._kept(f"/{name}/{link.name}", link.name) for link in datasets)
        return tuple(kept for kept in found if kept is not None)

    def _kept(self, path: str, name: str) -> Kept | None:
        stored = h5_values.describe(self._dataset(path))
        if stored.shape is None:
            return None
        return Kept(name=name, value_id=path, shape=stored.shape, dtype=stored.dtype)

    def _dataset(self, value_id: str) -> Any:
        target = h5_safety.resolve(self._root, value_id)
        if not isinstance(target, h5py.h5d.DatasetID):
            raise InspectorError("NO_SUCH_VALUE", "this is no dataset", where=value_id)
        return target


def _stated(value: Any, key: str) -> list[str]:
    """Names in their order from an attribute such as `{"inputs": ["x"]}`; none where it says nothing."""
    try:
        found = json.loads(text(value)).get(key)
    except (ValueError, AttributeError, RecursionError):
        return []
    return [str(name) for name in found] if isinstance(found, list) else []
