"""Files as Keras 1 wrote them, byte for byte its words; and layers worked out in float64 numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Arrays = dict[str, np.ndarray]


def write(
    path: Path, layers: list[dict], arrays: dict[str, Arrays], *, version: str = "1.2.2", backend: str = ""
) -> Path:
    """A Sequential as a list; `arrays` are names and values per layer, in Keras's order."""
    return write_config(path, {"class_name": "Sequential", "config": layers}, arrays, version=version, backend=backend)


def write_config(
    path: Path, config: Any, arrays: dict[str, Arrays], *, version: str = "1.2.2", backend: str = ""
) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = version
        if backend:
            file.attrs["backend"] = backend
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([name.encode() for name in arrays])
        for layer, named in arrays.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = np.array([name.encode() for name in named], dtype="S40")
            for name, array in named.items():
                inner[name] = array
    return path


def layer(class_name: str, name: str, shape: list | None = None, **config: Any) -> dict:
    """With a `shape` it is the first one, which states the input."""
    first = {} if shape is None else {"batch_input_shape": [None, *shape], "input_dtype": "float32"}
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **first, **config}}


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).uniform(-1, 1, shape).astype(np.float32)


def hard_sigmoid(x: np.ndarray) -> np.ndarray:
    """Of Keras 1 and 2: a fifth of x and a half, kept within 0 and 1."""
    return np.clip(0.2 * x + 0.5, 0.0, 1.0)


def lstm_of_keras_1(x: np.ndarray, w: Arrays) -> np.ndarray:
    """The last output, gate by gate as Keras 1's `step` computes it; x: batch x time x features."""
    w = {name.split("_", 1)[1]: array.astype(np.float64) for name, array in w.items()}
    h = c = np.zeros((len(x), w["U_i"].shape[0]))
    for step in np.float64(x).transpose(1, 0, 2):
        i, f, o = (hard_sigmoid(step @ w[f"W_{gate}"] + h @ w[f"U_{gate}"] + w[f"b_{gate}"]) for gate in "ifo")
        c = f * c + i * np.tanh(step @ w["W_c"] + h @ w["U_c"] + w["b_c"])
        h = o * np.tanh(c)
    return h


def gru_of_keras_1(x: np.ndarray, w: Arrays) -> np.ndarray:
    """The last output; the reset gate acts before the recurrent product."""
    w = {name.split("_", 1)[1]: array.astype(np.float64) for name, array in w.items()}
    h = np.zeros((len(x), w["U_z"].shape[0]))
    for step in np.float64(x).transpose(1, 0, 2):
        z, r = (hard_sigmoid(step @ w[f"W_{gate}"] + h @ w[f"U_{gate}"] + w[f"b_{gate}"]) for gate in "zr")
        h = z * h + (1 - z) * np.tanh(step @ w["W_h"] + (r * h) @ w["U_h"] + w["b_h"])
    return h


def correlated(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Valid cross-correlation, NHWC with HWIO, in float64."""
    rows, columns = kernel.shape[:2]
    height, width = x.shape[1] - rows + 1, x.shape[2] - columns + 1
    found = np.zeros((len(x), height, width, kernel.shape[-1]))
    for r in range(rows):
        for c in range(columns):
            found += np.float64(x[:, r : r + height, c : c + width]) @ np.float64(kernel[r, c])
    return found
