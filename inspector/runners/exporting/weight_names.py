"""Which constant of a graph is which variable of a Keras model, told by the values."""

import hashlib
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import tensorflow as tf

Key = Tuple[str, Tuple[int, ...], str]
LARGEST = 64 << 20  # the digest of a larger array is that of its beginning and its end


def weight_names(graph_def: Any, variables: Sequence[Any]) -> Dict[str, str]:
    """The variable's own name (`kernel`) by the constant's node. Of variables with equal values (biases of zero) the
    first that shares a part of its path with the node, else the first."""
    pool: Dict[Key, List[str]] = {}
    for variable in variables:
        path = str(getattr(variable, "path", None) or variable.name).partition(":")[0]
        pool.setdefault(_key(np.asarray(variable.numpy())), []).append(path)
    found = {}
    for node in graph_def.node:
        if node.op == "Const" and node.attr["value"].tensor.tensor_shape.dim:
            paths = pool.get(_key(tf.make_ndarray(node.attr["value"].tensor)))
            if paths:
                path = next((text for text in paths if _together(text, node.name)), paths[0])
                if len(paths) > 1:
                    paths.remove(path)
                found[node.name] = path.rpartition("/")[2]
    return found


def _together(path: str, name: str) -> bool:
    own = path.split("/")[-2:-1]
    return bool(own) and own[0] in name.split("/")


def _key(array: np.ndarray) -> Key:
    content = np.ascontiguousarray(array).view(np.uint8).reshape(-1)
    if content.size > LARGEST:
        content = np.concatenate([content[: LARGEST // 2], content[-LARGEST // 2 :]])
    return hashlib.sha256(content.tobytes()).hexdigest(), tuple(array.shape), str(array.dtype)
