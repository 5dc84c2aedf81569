"""Writes TensorFlow.js models as its converter does: model.json, and weights in shards beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
SHARD = 4 << 20


def quantized(array: NDArray[Any], dtype: str) -> tuple[NDArray[Any], dict[str, Any]]:
    """As tensorflowjs/quantization.py does: the whole range of the integers over the range of the values."""
    if dtype == "float16":
        return array.astype("<f2"), {"dtype": "float16"}
    low, high = float(array.min()), float(array.max())
    scale = (high - low) / np.iinfo(dtype).max or 1.0
    stored = np.round((array.astype(np.float64) - low) / scale).astype(dtype)
    return stored, {"dtype": dtype, "scale": scale, "min": low}


def write_weights(folder: Path, arrays: Arrays, quantize: str = "", shard: int = SHARD) -> list[dict[str, Any]]:
    """One group of shards; floating-point arrays are quantized if asked for. The manifest."""
    entries, parts = [], []
    for name, array in arrays.items():
        entry: dict[str, Any] = {"name": name, "shape": list(array.shape), "dtype": array.dtype.name}
        stored = array
        if quantize and array.dtype == np.float32:
            stored, entry["quantization"] = quantized(array, quantize)
        entries.append(entry)
        parts.append(np.ascontiguousarray(stored).tobytes())
    joined = b"".join(parts)
    count = max(1, -(-len(joined) // shard))
    paths = [f"group1-shard{number + 1}of{count}.bin" for number in range(count)]
    for number, path in enumerate(paths):
        (folder / path).write_bytes(joined[number * shard : (number + 1) * shard])
    return [{"paths": paths, "weights": entries}]


def write_layers(folder: Path, config: dict[str, Any], arrays: Arrays, **how: Any) -> Path:
    """A layers model of a Keras config `{class_name, config}`."""
    folder.mkdir(parents=True, exist_ok=True)
    stated = {
        "format": "layers-model",
        "generatedBy": "keras v2.15.0",
        "convertedBy": "TensorFlow.js Converter v4.22.0",
        "modelTopology": {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": config},
        "weightsManifest": write_weights(folder, arrays, **how),
    }
    (folder / "model.json").write_text(json.dumps(stated))
    return folder


def write_graph(folder: Path, topology: dict[str, Any], arrays: Arrays, signature: Any = None, **how: Any) -> Path:
    """A graph model of a GraphDef in JSON whose constants' values are in `arrays`."""
    folder.mkdir(parents=True, exist_ok=True)
    stated = {
        "format": "graph-model",
        "generatedBy": "2.21.0",
        "convertedBy": "TensorFlow.js Converter v4.22.0",
        "modelTopology": {"versions": {"producer": 1882}, **topology},
        "weightsManifest": write_weights(folder, arrays, **how),
    }
    if signature is not None:
        stated["signature"] = signature
    (folder / "model.json").write_text(json.dumps(stated))
    return folder
