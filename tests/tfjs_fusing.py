"""Folds batch norm into convolutions and fuses bias and activation, as TensorFlow.js's converter does.

tfjs-converter/python/tensorflowjs/converters: fold_batch_norms.py, fuse_depthwise_conv2d.py, and grappler's remapper.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

Node = dict[str, Any]
Arrays = dict[str, NDArray[Any]]
FUSED = {"Conv2D": "_FusedConv2D", "DepthwiseConv2dNative": "FusedDepthwiseConv2dNative"}
ACTIVATIONS = ("Relu", "Relu6", "Elu")


def fuse(nodes: list[Node], arrays: Arrays) -> tuple[list[Node], Arrays]:
    """New nodes and arrays; the fused node has the name of the last one that went into it."""
    arrays = dict(arrays)
    table = {node["name"]: {**node, "input": _data(node)} for node in nodes}
    for name in [name for name, node in table.items() if node["op"] in FUSED]:
        _fuse_one(table, name, arrays)
    for node in table.values():
        node["input"] = [_root(table, text) for text in node["input"]]
    alive = _alive(table)
    return [node for node in table.values() if node["name"] in alive], {n: a for n, a in arrays.items() if n in alive}


def _fuse_one(table: dict[str, Node], name: str, arrays: Arrays) -> None:
    convolution = table[name]
    kernel = arrays[_root(table, convolution["input"][1])].astype(np.float64)
    bias, last, fused = np.zeros(_outputs(kernel, convolution)), name, ["BiasAdd"]
    while True:
        after = [node for node in table.values() if last in node["input"]]
        if len(after) != 1 or len(fused) == 2:
            break
        op, taken = after[0]["op"], [_root(table, text) for text in after[0]["input"]]
        if op == "BiasAdd":
            bias = bias + arrays[taken[1]]
        elif op == "FusedBatchNormV3":
            gamma, beta, mean, variance = (arrays[text].astype(np.float64) for text in taken[1:5])
            scale = gamma / np.sqrt(variance + after[0]["attr"]["epsilon"]["f"])
            kernel = kernel * (scale.reshape(kernel.shape[2:]) if "Depthwise" in convolution["op"] else scale)
            bias = (bias - mean) * scale + beta
        elif op in ACTIVATIONS:
            fused.append(op)
        else:
            break
        last = after[0]["name"]
    arrays |= {f"{last}_weights": kernel.astype(np.float32), f"{last}_bn_offset": bias.astype(np.float32)}
    for constant in (f"{last}_weights", f"{last}_bn_offset"):
        table[constant] = {"name": constant, "op": "Const", "input": [], "attr": {"dtype": {"type": "DT_FLOAT"}}}
    words = {"list": {"s": [base64.b64encode(word.encode()).decode() for word in fused]}}
    table[last] = {
        "name": last,
        "op": FUSED[convolution["op"]],
        "input": [convolution["input"][0], f"{last}_weights", f"{last}_bn_offset"],
        "attr": {**convolution["attr"], "fused_ops": words, "num_args": {"i": "1"}},
    }


def _outputs(kernel: NDArray[Any], convolution: Node) -> int:
    return int(np.prod(kernel.shape[2:])) if "Depthwise" in convolution["op"] else kernel.shape[3]


def _data(node: Node) -> list[str]:
    return [text.removesuffix(":0") for text in node.get("input", []) if not text.startswith("^")]


def _root(table: dict[str, Node], name: str) -> str:
    while table[name]["op"] == "Identity" and name != "Identity":
        name = table[name]["input"][0]
    return name


def _alive(table: dict[str, Node]) -> set[str]:
    """What the last node needs."""
    waiting, seen = ["Identity"], set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += table[name]["input"]
    return seen
