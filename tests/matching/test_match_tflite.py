"""A Keras model against what TFLiteConverter makes of it: every kernel is found, folded, rounded or joined."""

from __future__ import annotations

from pathlib import Path

import pytest
from matched import RIGHT, matched

from inspector.domain.match import Assignment, Match

pytestmark = pytest.mark.framework
KERNELS = ("c1", "d1", "pw", "dilated", "up", "fc", "logits")
# how the kernels of layers without a batch norm stand in the file; the converter leaves small ones as they are
ALONE = {"float": {"exact"}, "float16": {"rounded"}, "dynamic": {"exact", "rounded"}}


def by_layer(assignment: Assignment) -> dict[str, Match]:
    return {match.a: match for match in assignment.matches}


@pytest.mark.parametrize("kind", ["float", "float16", "dynamic", "int8", "uint8", "int16"])
def test_every_kernel_is_found_by_its_weights(lite_files: Path, kind: str) -> None:
    _, _, assignment = matched(lite_files / "picture.h5", lite_files / f"picture-{kind}.tflite")
    found = by_layer(assignment)
    for name in KERNELS:
        records = {record.role.rpartition("_")[2]: record.relation for record in found[name].weights}
        assert set(records) == {"kernel", "bias"}
        assert "weights" in {evidence.kind for evidence in found[name].evidence}
        alone = ALONE.get(kind, {"rounded"})
        assert set(records.values()) <= ({"folded"} if name in ("c1", "d1") else alone), name
    assert {name for name, match in found.items() if match.tensor_b is None} == {"c1", "d1"}
    assert assignment.unmatched_b == ()


def test_a_layers_tensor_is_the_one_that_holds_its_value(lite_files: Path) -> None:
    """The bias that the converter puts behind a dilated convolution, and the activation that it fuses."""
    _, b, assignment = matched(lite_files / "picture.h5", lite_files / "picture-float.tflite")
    found = by_layer(assignment)
    assert found["dilated"].tensor_b == "model/dilated/BiasAdd"
    assert str(found["r1"].tensor_b).startswith("model/r1/Relu6;")
    assert found["probs"].tensor_b == b.outputs[0].tensor


@pytest.mark.parametrize("name", ["sequence", "narrow"])
def test_recurrent_and_one_dimensional_layers_are_found(lite_files: Path, name: str) -> None:
    _, b, assignment = matched(lite_files / f"{name}.h5", lite_files / f"{name}-float.tflite")
    found = by_layer(assignment)
    assert {record.relation for match in found.values() for record in match.weights} <= RIGHT
    assert {name for name, match in found.items() if match.tensor_b is None} <= {"c1d"}
    assert found["out"].tensor_b == b.outputs[0].tensor
    assert assignment.unmatched_b == ()
    wanted = {"sequence": ("emb", "lstm", "out"), "narrow": ("c1d", "bn1d", "out")}[name]
    assert all("weights" in {evidence.kind for evidence in found[layer].evidence} for layer in wanted)


# Folder, A, B, and how the weights of B may stand to A's.
PAIRS = [
    ("tiny-resnet", "pretrainedResnet.h5", "pretrainedResnet.tflite", {"exact", "folded"}),
    ("tiny-resnet", "pretrainedResnet.h5", "pretrainedResnet_quant.tflite", {"rounded", "folded"}),
    ("tiny-vww", "vww_96.h5", "vww_96_float.tflite", {"exact", "folded"}),
    ("tiny-vww", "vww_96.h5", "vww_96_int8.tflite", {"rounded", "folded"}),
    ("tiny-wakeword", "str_ww_ref_model.h5", "str_ww_ref_model.tflite", {"rounded", "folded", "exact"}),
    ("dnn-edge", "tf_dnn.h5", "tflite/model.tflite", {"exact"}),
    ("facemask-ssd", "face_mask_detection.pb", "face_mask_detection.tflite", {"exact", "folded"}),
    ("quant-aware", "frozen_model.pb", "model.tflite", {"rounded"}),
]


@pytest.mark.parametrize(("folder", "a", "b", "relations"), PAIRS)
def test_every_kernel_of_a_real_pair_is_found(
    shared_models: Path, folder: str, a: str, b: str, relations: set[str]
) -> None:
    place = shared_models / "pairs" / folder
    one, _, assignment = matched(place / a, place / b)
    found = by_layer(assignment)
    kernels = [layer.name for layer in one.layers if any("kernel" in weight.role for weight in layer.weights)]
    assert kernels
    for name in kernels:
        assert {record.relation for record in found[name].weights} <= relations, name
        assert "weights" in {evidence.kind for evidence in found[name].evidence}, name


def test_other_weights_are_called_different(shared_models: Path) -> None:
    """The dynamic range file of dnn-edge was trained anew: its arrays are others by far more than a step."""
    place = shared_models / "pairs" / "dnn-edge"
    _, _, assignment = matched(place / "tf_dnn.h5", place / "tflite" / "model_quant.tflite")
    records = [record for match in assignment.matches for record in match.weights]
    assert {record.relation for record in records if record.role == "kernel"} == {"different"}
    assert max(record.max_abs or 0.0 for record in records) > 1.0
