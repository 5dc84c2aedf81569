"""Graphs written, and real ones read, by TensorFlow's own message classes: the truth for our index.

Run as a program, so that the classes stay out of the tests' process. They come without TensorFlow itself: an
empty module of that name with the real `__path__` is enough for its generated messages, and takes 0.1 s.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

CONTENT = {  # dtype: (number in types.proto, values)
    "float32": (1, np.linspace(-2, 2, 24, dtype=np.float32).reshape(2, 3, 4)),
    "float64": (2, np.linspace(-1e300, 1e300, 6).reshape(2, 3)),
    "int32": (3, np.array([-(2**31), -1, 0, 2**31 - 1], np.int32)),
    "uint8": (4, np.arange(0, 256, 51, dtype=np.uint8)),
    "int16": (5, np.array([-32768, 32767], np.int16)),
    "int8": (6, np.array([-128, 127], np.int8)),
    "complex64": (8, np.array([1 + 2j, -3.5j], np.complex64)),
    "int64": (9, np.array([-(2**63), 2**63 - 1], np.int64)),
    "bool": (10, np.array([True, False, True])),
    "bfloat16": (14, np.array([1.5, -2.25, 3e38], ml_dtypes.bfloat16)),
    "uint16": (17, np.array([0, 65535], np.uint16)),
    "float16": (19, np.array([0.5, -65504, 6e-8], np.float16)),
    "uint64": (23, np.array([0, 2**64 - 1], np.uint64)),
}
NODES = ["input", "old_scalar", *(f"content/{name}" for name in CONTENT)]


def write(folder: Path) -> None:
    """`graph.pb` with every way of writing a constant, `truth.npz` with the values that it must give."""
    graph_pb2 = _messages()
    graph = graph_pb2.GraphDef()
    graph.versions.producer, graph.versions.min_consumer = 1882, 12
    truth: dict[str, np.ndarray] = {}
    _placeholder(graph)
    for name, (number, values) in CONTENT.items():
        tensor = _constant(graph, f"content/{name}", number, values.shape)
        tensor.tensor_content = values.tobytes()
        truth[f"content/{name}"] = values.astype(np.float32) if name == "bfloat16" else values
    for name, number, shape, field, given, expected in _listed():
        tensor = _constant(graph, name, number, shape)
        getattr(tensor, field).extend(given)
        truth[name] = expected
    _attributes(graph)
    _function(graph)
    (folder / "graph.pb").write_bytes(graph.SerializeToString())
    np.savez(folder / "truth.npz", **truth)


def told(path: str) -> list[dict[str, Any]]:
    """The nodes of a real graph, as its own messages tell them."""
    graph = _messages().GraphDef()
    graph.ParseFromString(Path(path).read_bytes())
    return [
        {
            "name": node.name, "op": node.op, "device": node.device, "inputs": list(node.input),
            "attributes": sorted(node.attr), "shape": [d.size for d in node.attr["value"].tensor.tensor_shape.dim],
            "content": hashlib.sha256(node.attr["value"].tensor.tensor_content).hexdigest(),
        } for node in graph.node
    ]  # fmt: skip


def run(*words: str) -> str:
    """Run this file in a process of its own; what it printed."""
    command = [sys.executable, __file__, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def _listed() -> list[tuple[str, int, tuple[int, ...], str, list[Any], np.ndarray]]:
    halves = [int(v) for v in np.array([0.5, -2.0], np.float16).view(np.uint16)]
    brains = [int(v) for v in np.array([1.5, -8.0], ml_dtypes.bfloat16).view(np.uint16)]
    return [
        ("list/floats", 1, (3,), "float_val", [1.0, -2.5, 3.0], np.array([1, -2.5, 3], np.float32)),
        ("list/one_for_all", 1, (4, 5), "float_val", [0.1], np.full((4, 5), 0.1, np.float32)),
        ("list/last_for_rest", 3, (5,), "int_val", [7, -3], np.array([7, -3, -3, -3, -3], np.int32)),
        ("list/none", 1, (2, 2), "float_val", [], np.zeros((2, 2), np.float32)),
        ("list/doubles", 2, (2,), "double_val", [1e-300, -1e300], np.array([1e-300, -1e300])),
        ("list/longs", 9, (2,), "int64_val", [-(2**63), 5], np.array([-(2**63), 5])),
        ("list/unsigned", 23, (1,), "uint64_val", [2**64 - 1], np.array([2**64 - 1], np.uint64)),
        ("list/bools", 10, (3,), "bool_val", [True, False], np.array([True, False, False])),
        ("list/halves", 19, (2,), "half_val", halves, np.array([0.5, -2.0], np.float16)),
        ("list/brains", 14, (2,), "half_val", brains, np.array([1.5, -8.0], np.float32)),
        ("list/complex", 8, (2,), "scomplex_val", [1.0, 2.0, 3.0, -4.0], np.array([1 + 2j, 3 - 4j], np.complex64)),
        ("list/scalar", 1, (), "float_val", [2.5], np.array(2.5, np.float32)),
        ("list/empty", 1, (0, 3), "float_val", [], np.zeros((0, 3), np.float32)),
    ]  # fmt: skip


def _placeholder(graph: Any) -> None:
    node = graph.node.add(name="input", op="Placeholder")
    node.attr["dtype"].type = 1
    for size in (-1, 224, 3):
        node.attr["shape"].shape.dim.add(size=size)
    scalar = graph.node.add(name="old_scalar", op="Placeholder")
    scalar.attr["dtype"].type = 1
    scalar.attr["shape"].shape.SetInParent()


def _constant(graph: Any, name: str, number: int, shape: tuple[int, ...]) -> Any:
    node = graph.node.add(name=name, op="Const")
    node.attr["dtype"].type = number
    tensor = node.attr["value"].tensor
    tensor.dtype = number
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def _attributes(graph: Any) -> None:
    words = _constant(graph, "words", 7, (2,))
    words.string_val.extend([b"cat", b"\xff dog"])
    node = graph.node.add(name="scope/op", op="Custom", device="/cpu:0")
    node.input.extend(["input", "scope/split:1", "^words"])
    node.attr["i"].i = -5
    node.attr["f"].f = 0.25
    node.attr["b"].b = False
    node.attr["s"].s = b"SAME"
    node.attr["type"].type = 19
    node.attr["unknown_rank"].shape.unknown_rank = True
    node.attr["ints"].list.i.extend([1, -2, 300])
    node.attr["floats"].list.f.extend([0.5, 2.0])
    node.attr["bools"].list.b.extend([True, False])
    node.attr["strings"].list.s.extend([b"a", b"bc"])
    node.attr["types"].list.type.extend([1, 9])
    node.attr["func"].func.name = "body"
    node.attr["nothing"].SetInParent()
    shapes = node.attr["_output_shapes"].list
    shapes.shape.add().unknown_rank = True
    shapes.shape.add().dim.add(size=7)


def _function(graph: Any) -> None:
    function = graph.library.function.add()
    function.signature.name = "body"
    function.node_def.add(name="inner", op="Relu").input.append("x:out:0")


@functools.cache
def _messages() -> Any:
    found = importlib.util.find_spec("tensorflow")
    assert found is not None
    stub = types.ModuleType("tensorflow")
    stub.__path__ = list(found.submodule_search_locations or ())
    sys.modules["tensorflow"] = stub
    from tensorflow.core.framework import graph_pb2

    return graph_pb2


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        print(json.dumps({path: told(path) for path in sys.argv[2:]}))
