"""Keras HDF5 files written byte for byte as the versions of Keras wrote them, without any Keras."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

Arrays = dict[str, list[tuple[str, np.ndarray]]]


def write_keras(
    path: Path,
    config: dict,
    arrays: Arrays | None = None,
    version: str | None = "2.4.0",
    backend: str | None = "tensorflow",
) -> Path:
    """A full-model file: `arrays` are names and values per layer group, in Keras's order."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        if version:
            file.attrs["keras_version"] = version
        if backend:
            file.attrs["backend"] = backend
        write_weights(file.create_group("model_weights"), arrays or {})
    return path


def write_weights(group: h5py.Group, arrays: Arrays) -> None:
    """Groups with `layer_names` and `weight_names`, as all versions write them."""
    group.attrs["layer_names"] = np.array([name.encode() for name in arrays] or [], dtype="S64")
    for layer, listed in arrays.items():
        inner = group.create_group(layer)
        inner.attrs["weight_names"] = np.array([name.encode() for name, _ in listed], dtype="S64")
        for name, value in listed:
            inner.create_dataset(name, data=value)


def sequential(*layers: dict, name: str = "sequential") -> dict:
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def layer(class_name: str, name: str, **config: object) -> dict:
    return {"class_name": class_name, "config": {"name": name, **config}}


def input_layer(name: str, *shape: int | None, dtype: str = "float32") -> dict:
    return layer("InputLayer", name, batch_input_shape=[None, *shape], dtype=dtype)


def node(stated: dict, *calls: list) -> dict:
    """A layer of a functional model: each call lists the tensors that it takes, `[layer, call, output]`."""
    nodes = [[[*tensor, {}] for tensor in call] for call in calls]
    return {**stated, "name": stated["config"]["name"], "inbound_nodes": nodes}


def functional(layers: list[dict], inputs: list[list], outputs: list[list], name: str = "model") -> dict:
    config = {"name": name, "layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {"class_name": "Functional", "config": config}


def ramp(*shape: int, start: float = 0.0) -> np.ndarray:
    return (np.arange(int(np.prod(shape)), dtype=np.float32) + np.float32(start)).reshape(shape)
