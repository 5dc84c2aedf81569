"""The arrays of a recording: a zip of `.npy` files with a manifest, or an HDF5 file with a group for each kind."""

import json
import zipfile
from typing import Any, Dict, List, NamedTuple

import numpy as np

from .server import RequestError

MANIFEST = "recording.json"
INPUTS, LAYERS, OUTPUTS = "inputs", "activations", "predictions"
Arrays = Dict[str, np.ndarray]


class RecordedArrays(NamedTuple):
    """Arrays by tensor name, in order; `classes`: an activation's layer class; `framework` gave them."""

    inputs: Arrays
    outputs: Arrays
    activations: Arrays
    classes: Dict[str, str]
    framework: str


def read_recording(path: str) -> RecordedArrays:
    """Raises LOAD_FAILED."""
    try:
        return _archive(path) if zipfile.is_zipfile(path) else _hdf5(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        todo = "Copy the file again, or record anew."
        raise RequestError("LOAD_FAILED", "the recording cannot be read: {}".format(error), path, todo)


def _archive(path: str) -> RecordedArrays:
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read(MANIFEST).decode("utf-8"))
    with np.load(path, allow_pickle=False) as arrays:

        def read(tensors: List[Dict[str, Any]]) -> Arrays:
            members = {tensor["name"]: "{:05d}".format(tensor["array"]) for tensor in tensors}
            return {name: arrays[member] for name, member in members.items() if member in arrays.files}

        layers = manifest.get("layers", [])
        return RecordedArrays(
            read(manifest["inputs"]),
            read(manifest["outputs"]),
            read([tensor for layer in layers for tensor in layer["outputs"]]),
            {tensor["name"]: layer.get("class_name", "") for layer in layers for tensor in layer["outputs"]},
            str(manifest.get("framework") or "a program of one's own"),
        )


def _hdf5(path: str) -> RecordedArrays:
    import h5py

    with h5py.File(path, "r") as file:
        inputs, activations, outputs = (_group(file[name]) for name in (INPUTS, LAYERS, OUTPUTS))
    return RecordedArrays(inputs, outputs, activations, {}, "a framework that the file does not state")


def _group(group: Any) -> Arrays:
    """The later an object was written, the higher its address."""
    import h5py

    found = [(h5py.h5o.get_info(item.id).addr, name, item) for name, item in group.items() if hasattr(item, "dtype")]
    return {name: item[()] for _, name, item in sorted(found, key=lambda entry: entry[:2])}
