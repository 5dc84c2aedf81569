"""TensorFlow's own classes for the .tflite schema, without TensorFlow: what the reader is measured against."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np


def schema() -> Any:
    """The module that Google generated from schema.fbs."""
    found = importlib.util.find_spec("tensorflow")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "lite" / "python" / "schema_py_generated.py"
    spec = importlib.util.spec_from_file_location("lite_schema_generated", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCHEMA = schema()


def parsed(path: Path) -> Any:
    """The whole file as the schema's objects."""
    return SCHEMA.ModelT.InitFromObj(SCHEMA.Model.GetRootAs(path.read_bytes(), 0))


def operator_name(model: Any, operator: Any) -> str:
    """The name of the built-in operator."""
    code = model.operatorCodes[operator.opcodeIndex]
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    return next(name for name, value in vars(SCHEMA.BuiltinOperator).items() if value == number)


def packed(model: Any) -> bytes:
    """The bytes of a model of the schema's objects."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def one_layer(*buffers: Any, name: str = "kernel", dtype: int = 0, shape: tuple[int, ...] = (2, 3)) -> Any:
    """x of one row times a kernel whose values are in the buffer after the first, empty one."""
    made = SCHEMA.ModelT()
    made.version, made.description, made.buffers = 3, "by hand", list(buffers)
    code = SCHEMA.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = SCHEMA.BuiltinOperator.FULLY_CONNECTED
    made.operatorCodes = [code]
    graph, operator = SCHEMA.SubGraphT(), SCHEMA.OperatorT()
    graph.tensors = [tensor("x", (1, 3)), tensor(name, shape, buffer=1, dtype=dtype), tensor("y", (1, 2))]
    operator.inputs, operator.outputs, operator.opcodeIndex = [0, 1, -1], [2], 0
    graph.inputs, graph.outputs, graph.operators = [0], [2], [operator]
    made.subgraphs = [graph]
    return made


def tensor(name: str, shape: tuple[int, ...], *, buffer: int = 0, dtype: int = 0) -> Any:
    """One tensor; dtype 0 is float32."""
    made = SCHEMA.TensorT()
    made.name, made.shape, made.buffer, made.type = name, list(shape), buffer, dtype
    return made


def buffer(array: np.ndarray | None = None) -> Any:
    """One buffer with the array's bytes."""
    made = SCHEMA.BufferT()
    if array is not None:
        made.data = np.frombuffer(array.tobytes(), np.uint8)
    return made
