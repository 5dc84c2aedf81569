"""The TensorFlow Lite reader against the schema's own classes, and on files made by hand."""

from __future__ import annotations

from pathlib import Path

import lite_schema
import numpy as np
import pytest
from lite_schema import SCHEMA

from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry
from inspector.formats import open_file, tflite

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def opened(path: Path, **choices: str) -> tflite.OpenedLite:
    found = open_file(str(path), choices)
    assert isinstance(found, tflite.OpenedLite)
    return found


def entry(found: tflite.OpenedLite, section: str, name: str) -> Entry:
    rows = found.children(f"section:{section}", 0, 1000)
    return next(row for row in rows if row.name == name)


def test_a_kernel_is_read_in_both_layouts(tmp_path: Path) -> None:
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL))
    found = opened(written(tmp_path / "m.tflite", lite_schema.packed(made)))
    (layer,) = [layer for layer in found.computation().layers if layer.kind == "dense"]
    (weight,) = layer.weights
    assert (weight.role, weight.shape) == ("kernel", (3, 2))
    assert found.values(weight.id).reshape(weight.shape).tolist() == KERNEL.T.tolist()
    assert found.values(weight.id, 1, 3).tolist() == [3.0, 1.0]
    row = entry(found, "Tensors", "kernel")
    assert found.value_shape(row.value_id) == ((2, 3), "float32")
    assert found.values(row.value_id).tolist() == KERNEL.ravel().tolist()
    assert ("Description", "by hand") in found.file.facts
    assert found.file.runs_in == "tflite"


def test_values_behind_the_flatbuffer_are_found_by_offset_and_size(tmp_path: Path) -> None:
    apart = lite_schema.buffer()
    apart.offset, apart.size = 2, KERNEL.nbytes
    made = lite_schema.one_layer(lite_schema.buffer(), apart)
    apart.offset = len(lite_schema.packed(made))
    data = lite_schema.packed(made)
    found = opened(written(tmp_path / "m.tflite", data + KERNEL.tobytes()))
    assert found.values("real:0:1").tolist() == KERNEL.ravel().tolist()
    with pytest.raises(InspectorError, match="values that reach to byte") as caught:
        opened(written(tmp_path / "short.tflite", data + KERNEL.tobytes()[:-4]))
    assert caught.value.code == "CORRUPT"


@pytest.mark.parametrize(("custom", "code"), [("FlexErf", "FLEX_OPS"), ("MyOwn", "CUSTOM_OPS")])
def test_foreign_operators_are_named(tmp_path: Path, custom: str, code: str) -> None:
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL))
    kind = made.operatorCodes[0]
    kind.builtinCode = kind.deprecatedBuiltinCode = SCHEMA.BuiltinOperator.CUSTOM
    kind.customCode = custom
    found = opened(written(tmp_path / "m.tflite", lite_schema.packed(made)))
    (warning,) = found.file.warnings
    assert warning.code == code
    assert custom in warning.text
    assert [layer.class_name for layer in found.computation().layers] == ["Input", custom]


@pytest.mark.parametrize("half_pixels", [True, False])
def test_a_resizing_says_where_its_points_lie(tmp_path: Path, half_pixels: bool) -> None:
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL))
    kind, (operator,) = made.operatorCodes[0], made.subgraphs[0].operators
    kind.builtinCode = kind.deprecatedBuiltinCode = SCHEMA.BuiltinOperator.RESIZE_BILINEAR
    operator.builtinOptionsType = SCHEMA.BuiltinOptions.ResizeBilinearOptions
    operator.builtinOptions = SCHEMA.ResizeBilinearOptionsT()
    operator.builtinOptions.halfPixelCenters = half_pixels
    found = opened(written(tmp_path / "m.tflite", lite_schema.packed(made)))
    layer = found.computation().layers[-1]
    assert (layer.kind, layer.inputs) == ("upsample", ("x",))
    assert layer.settings == {
        "interpolation": "bilinear", "align_corners": False, "half_pixel_centers": half_pixels,
    }  # fmt: skip


def test_packed_integers_are_unpacked(tmp_path: Path) -> None:
    """Two values of four bits in a byte, the lower ones first: 0x21 is 1 and 2, 0x8F is -1 and -8, 0x07 is 7."""
    packed = lite_schema.buffer(np.array([0x21, 0x8F, 0x07], np.uint8))
    made = lite_schema.one_layer(lite_schema.buffer(), packed, dtype=SCHEMA.TensorType.INT4, shape=(1, 5))
    found = opened(written(tmp_path / "m.tflite", lite_schema.packed(made)))
    assert found.values("stored:0:1").tolist() == [1, 2, -1, -8, 7]
    assert found.values("stored:0:1", 1, 4).tolist() == [2, -1, -8]


def test_names_that_stand_twice_carry_the_index(tmp_path: Path) -> None:
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL), name="x")
    found = opened(written(tmp_path / "m.tflite", lite_schema.packed(made)))
    assert [row.name for row in found.children("section:Tensors", 0, 9)] == ["x#0", "x#1", "y"]
    assert [port.tensor for port in found.computation().inputs] == ["x#0"]


def test_a_kernel_of_another_rank_is_no_weight(tmp_path: Path) -> None:
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL), shape=(6,))
    found = opened(written(tmp_path / "m.tflite", lite_schema.packed(made)))
    assert [layer.weights for layer in found.computation().layers] == [(), ()]
    with pytest.raises(InspectorError) as caught:
        found.values("keras:1:dense")
    assert caught.value.code == "NO_SUCH_VALUE"


@pytest.mark.parametrize("value_id", ["", "real:9:1", "real:0:9", "keras:1:slanted", "gates:", "gates:1.9", "x:0:1"])
def test_an_unknown_value_is_refused(tmp_path: Path, value_id: str) -> None:
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL))
    found = opened(written(tmp_path / "m.tflite", lite_schema.packed(made)))
    with pytest.raises(InspectorError) as caught:
        found.values(value_id)
    assert caught.value.code == "NO_SUCH_VALUE"


def test_a_computed_tensor_has_no_values(tmp_path: Path) -> None:
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL))
    found = opened(written(tmp_path / "m.tflite", lite_schema.packed(made)))
    with pytest.raises(InspectorError) as caught:
        found.values("real:0:2")
    assert caught.value.code == "NO_VALUES"


def test_a_tensor_that_says_more_than_is_stored_is_shown_without_values(tmp_path: Path) -> None:
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL), shape=(1 << 20, 1 << 10))
    found = opened(written(tmp_path / "m.tflite", lite_schema.packed(made)))
    assert entry(found, "Tensors", "kernel").shape == (1 << 20, 1 << 10)
    with pytest.raises(InspectorError, match="do not fit in 24 bytes") as caught:
        found.values("real:0:1")
    assert caught.value.code == "CORRUPT"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda graph: setattr(graph, "inputs", [7]), "tensor 7 of 3 is named"),
        (lambda graph: setattr(graph.tensors[1], "buffer", 9), "tensor 1 names buffer 9 of 2"),
        (lambda graph: setattr(graph.operators[0], "opcodeIndex", 5), "operator 0 names kind 5 of 1"),
        (lambda graph: setattr(graph.tensors[1], "shape", [-2, 3]), "tensor 1 has the shape"),
    ],
)
def test_a_file_that_contradicts_itself_is_corrupt(tmp_path: Path, change: object, what: str) -> None:
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL))
    assert callable(change)
    change(made.subgraphs[0])
    path = written(tmp_path / "m.tflite", lite_schema.packed(made))
    with pytest.raises(InspectorError, match=what) as caught:
        opened(path)
    assert (caught.value.code, caught.value.where) == ("CORRUPT", str(path))


def test_damaged_bytes_end_in_a_tree_or_in_a_named_error(tmp_path: Path) -> None:
    """Every cut, and every byte of a small file at the ends of its range and turned over."""
    made = lite_schema.one_layer(lite_schema.buffer(), lite_schema.buffer(KERNEL))
    whole = lite_schema.packed(made)
    spoilt = [whole[:size] for size in range(8, len(whole))]
    for place in (*range(4), *range(8, len(whole))):
        values = (0, 0x7F, 0x80, 0xFF, whole[place] ^ 0x10)
        spoilt += [whole[:place] + bytes([value]) + whole[place + 1 :] for value in values]
    path = tmp_path / "m.tflite"
    codes = {outcome(written(path, data)) for data in spoilt}
    assert codes <= {"", "CORRUPT", "NOT_NUMERIC", "NO_VALUES", "NO_SUCH_VALUE", "TOO_LARGE"}
    assert {"", "CORRUPT"} <= codes


def outcome(path: Path) -> str:
    """The code of the error, "" when everything can be looked at."""
    try:
        found = tflite.open(path)
        for row, _ in list(found.entries()):
            found.details(row.id)
            if row.value_id:
                found.value_shape(row.value_id)
                found.values(row.value_id, 0, 10)
        for layer in found.computation().layers:
            for weight in layer.weights:
                found.values(weight.id, 0, 10)
    except InspectorError as error:
        return error.code
    return ""
