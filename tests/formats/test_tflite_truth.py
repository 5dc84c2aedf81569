"""The reader on what TFLiteConverter makes: every tensor and operator as the schema's classes tell it."""

from __future__ import annotations

import random
from pathlib import Path

import lite_schema
import numpy as np
import pytest
from lite_schema import SCHEMA
from test_tflite import entry, opened, outcome

from inspector.domain.errors import InspectorError
from inspector.formats import open_file
from inspector.formats.tflite_model import DTYPES as OWN_DTYPES
from inspector.formats.tflite_ops import OPERATORS

pytestmark = pytest.mark.framework
KINDS = ("float", "float16", "dynamic", "int8", "uint8", "int16")
FILES = [*(f"picture-{kind}" for kind in KINDS), "sequence-float", "narrow-float", "two"]
DTYPES = {value: name.lower() for name, value in vars(SCHEMA.TensorType).items() if isinstance(value, int)}


def test_operators_and_dtypes_have_the_schemas_numbers() -> None:
    known = {value: name for name, value in vars(SCHEMA.BuiltinOperator).items() if isinstance(value, int)}
    assert list(OPERATORS) == [known[number] for number in sorted(known)]
    assert list(OWN_DTYPES) == [DTYPES[number] for number in sorted(DTYPES)]


@pytest.mark.parametrize("name", FILES)
def test_the_reader_says_what_the_schema_says(lite_files: Path, name: str) -> None:
    path = lite_files / f"{name}.tflite"
    found, truth = opened(path), lite_schema.parsed(path)
    for graph, stated in zip(found.model.subgraphs, truth.subgraphs, strict=True):
        assert [list(item.inputs) for item in graph.operators] == [list(item.inputs) for item in stated.operators]
        assert [item.name for item in graph.operators] == [
            lite_schema.operator_name(truth, item) for item in stated.operators
        ]
        for own, tensor in zip(graph.tensors, stated.tensors, strict=True):
            shape = [] if tensor.shape is None else list(tensor.shape)
            open_shape = shape if tensor.shapeSignature is None else list(tensor.shapeSignature)
            assert own.name.rpartition("#")[0] or own.name == tensor.name.decode()
            assert (list(own.shape), own.dtype) == (shape, DTYPES[tensor.type])
            assert [-1 if size is None else size for size in own.signature] == open_shape


@pytest.mark.parametrize("name", FILES)
def test_stored_and_real_values_are_the_buffers(lite_files: Path, name: str) -> None:
    path = lite_files / f"{name}.tflite"
    found, truth = opened(path), lite_schema.parsed(path)
    for number, graph in enumerate(truth.subgraphs):
        for index, tensor in enumerate(graph.tensors):
            data = truth.buffers[tensor.buffer].data
            if data is None or not len(data):
                continue
            stored = np.frombuffer(bytes(data), DTYPES[tensor.type])
            assert np.array_equal(found.values(f"stored:{number}:{index}"), stored)
            real, quantization = stored.astype(np.float64), tensor.quantization
            if quantization is not None and quantization.scale is not None:
                real = real.reshape([] if tensor.shape is None else tensor.shape)
                around = [-1 if axis == quantization.quantizedDimension else 1 for axis in range(real.ndim)]
                around = around if len(quantization.scale) > 1 else [1] * real.ndim
                zeros, scales = (np.float64(x).reshape(around) for x in (quantization.zeroPoint, quantization.scale))
                real = ((real - zeros) * scales).ravel()
            np.testing.assert_allclose(found.values(f"real:{number}:{index}"), real, rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("float", "float32"),
        ("float16", "float32 with float16 weights"),
        ("dynamic", "float32 with int8 weights (dynamic range)"),
        ("int8", "quantized to int8"),
        ("uint8", "quantized to int8"),
        ("int16", "quantized to int16"),
    ],
)
def test_the_precision_is_told_in_words(lite_files: Path, kind: str, words: str) -> None:
    assert dict(opened(lite_files / f"picture-{kind}.tflite").file.facts)["Precision"] == words


def test_an_operators_options_and_a_tensors_scales_are_told(lite_files: Path) -> None:
    found = opened(lite_files / "picture-int8.tflite")
    rows = {row.class_name: row for row in found.children("section:Operators", 0, 99)}
    said = dict(found.details(rows["CONV_2D"].id).rows)
    assert (said["Padding"], said["Stride h"], said["Fused activation function"]) in {
        ("same", "2", "relu6"),
        ("valid", "1", "none"),
    }
    kernel = entry(found, "Tensors", "model/pw/Conv2D")
    said = dict(found.details(kernel.id).rows)
    assert said["Quantized along axis"] == "0"
    assert said["Zero point"].startswith("0, 0")
    assert kernel.note == "8 scales along axis 0"
    (stored,) = found.children(kernel.id, 0, 9)
    assert found.value_shape(stored.value_id) == ((8, 1, 1, 16), "int8")


def test_a_signature_is_chosen(lite_files: Path) -> None:
    found = opened(lite_files / "two.tflite")
    (choice,) = found.file.choices
    assert set(choice.values) == {"first", "second"}
    for key, wanted in (("first", ("x", "y")), ("second", ("x", "z"))):
        computed = opened(lite_files / "two.tflite", signature=key).computation()
        assert (computed.inputs[0].name, computed.outputs[0].name) == wanted
    with pytest.raises(InspectorError, match="there is no signature third") as caught:
        opened(lite_files / "two.tflite", signature="third")
    assert caught.value.code == "BAD_CHOICE"


def test_recurrent_kernels_are_joined_as_keras_keeps_them(lite_files: Path) -> None:
    lite, keras = opened(lite_files / "sequence-float.tflite"), open_file(str(lite_files / "sequence.h5"))
    (own,) = [layer for layer in lite.computation().layers if layer.kind == "lstm"]
    (other,) = [layer for layer in keras.computation().layers if layer.kind == "lstm"]
    assert own.shape == (1, 5)
    for a, b in zip(own.weights, other.weights, strict=True):
        assert (a.role, a.shape) == (b.role, b.shape)
        assert np.array_equal(lite.values(a.id), keras.values(b.id).ravel())
        assert np.array_equal(lite.values(a.id, 3, 9), lite.values(a.id)[3:9])


@pytest.mark.parametrize("name", ["picture-int8", "sequence-float"])
def test_mutants_end_in_a_tree_or_in_a_named_error(lite_files: Path, tmp_path: Path, name: str) -> None:
    whole = (lite_files / f"{name}.tflite").read_bytes()
    chance, path = random.Random(7), tmp_path / "m.tflite"
    codes = set()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 3, 10))):
            place = chance.randrange(2, len(data) // 4) * 4
            data[place : place + 4] = chance.choice((b"\xff" * 4, b"\0\0\0\x80", b"\0" * 4, chance.randbytes(4)))
        path.write_bytes(bytes(data[: chance.choice((len(data), chance.randrange(8, len(data))))]))
        codes.add(outcome(path))
    assert codes <= {"", "CORRUPT", "NOT_NUMERIC", "NO_VALUES", "NO_SUCH_VALUE", "TOO_LARGE"}
