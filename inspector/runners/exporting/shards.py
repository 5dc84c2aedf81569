"""Weights as TensorFlow.js keeps them: one group of binary shards, and the manifest that names what lies where.

tfjs-converter/python/tensorflowjs/write_weights.py: little-endian, in C order, one after the other, cut at 4 MB.
"""

import json
import os
import struct
from typing import Any, Dict, List, Mapping

import numpy as np

SHARD = 4 << 20
MODEL = "model.json"
# what TensorFlow.js has no dtype for, and what it takes instead
KEPT_AS = {"float64": "float32", "float16": "float32", "int64": "int32", "uint8": "int32", "int8": "int32"}
KNOWN = ("float32", "int32", "bool", "string", "complex64")
CONVERTED_BY = "Model Inspector"


def write_model(folder: str, kind: str, topology: Any, arrays: Mapping[str, np.ndarray], **more: Any) -> List[str]:
    """Write `model.json` and the shards into a folder. Returns names of arrays whose values did not fit.

    `kind`: `layers-model` or `graph-model`."""
    os.makedirs(folder, exist_ok=True)
    changed: List[str] = []
    manifest = _write_weights(folder, arrays, changed)
    stated = dict(more, format=kind, convertedBy=CONVERTED_BY, modelTopology=topology, weightsManifest=manifest)
    with open(os.path.join(folder, MODEL), "w", encoding="utf-8") as file:
        json.dump(stated, file, sort_keys=True, separators=(",", ":"))
    return changed


def _write_weights(folder: str, arrays: Mapping[str, np.ndarray], changed: List[str]) -> List[Dict[str, Any]]:
    entries, parts = [], []
    for name, array in arrays.items():
        stored = as_stored(array)
        if stored.dtype.kind in "iu" and not np.array_equal(stored, array):
            changed.append(name)
        dtype = "string" if stored.dtype.kind in "OS" else stored.dtype.name
        entries.append({"name": name, "shape": list(array.shape), "dtype": dtype})
        parts.append(_content(stored))
    joined = b"".join(parts)
    count = max(1, -(-len(joined) // SHARD))
    paths = ["group1-shard{}of{}.bin".format(number + 1, count) for number in range(count)]
    for number, path in enumerate(paths):
        with open(os.path.join(folder, path), "wb") as file:
            file.write(joined[number * SHARD : (number + 1) * SHARD])
    return [{"paths": paths, "weights": entries}]


def as_stored(array: np.ndarray) -> np.ndarray:
    """In a dtype that TensorFlow.js has; whole numbers that do not fit into 32 bits are cut to its ends."""
    values = np.asarray(array)
    wanted = KEPT_AS.get(values.dtype.name, values.dtype.name)
    if values.dtype.kind == "V" or values.dtype.name == "bfloat16":
        return values.astype(np.float32)
    if values.dtype.name == "int64":
        ends = np.iinfo(np.int32)
        values = np.clip(values, ends.min, ends.max)
    return values if values.dtype.kind in "OSU" else values.astype(wanted)


def _content(stored: np.ndarray) -> bytes:
    """The bytes; of texts each with its length before it."""
    if stored.dtype.kind in "OS":
        texts = [bytes(text) for text in stored.ravel()]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return np.ascontiguousarray(stored).astype(stored.dtype.newbyteorder("<")).tobytes()
