"""The TensorFlow Lite runner against tf.lite.Interpreter itself, and against what real pairs are known to give."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from inspector.formats import open_file
from inspector.runners.keras_adapter import LegacyKerasAdapter
from inspector.runners.options import Options
from inspector.runners.server import RequestError
from inspector.runners.tflite_adapter import TFLiteAdapter

pytestmark = pytest.mark.framework
KINDS = {
    "float": "float32", "float16": "float16", "dynamic": "dynamic", "int8": "int8", "uint8": "int8", "int16": "int16",
}  # fmt: skip


def adapter(path: Path, **options: Any) -> TFLiteAdapter:
    return TFLiteAdapter(str(path), Options(**options))


def picture(samples: int = 1) -> np.ndarray:
    return np.random.default_rng(5).normal(0, 1, (samples, 12, 12, 3)).astype(np.float32)


def interpreted(path: Path, array: np.ndarray) -> tuple[Any, dict[str, np.ndarray]]:
    """Stored values by tensor index of a plain interpreter that keeps all, fed with stored values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # keeping tensors takes memory, tf.lite moves to another package
        lite = tf.lite.Interpreter(model_path=str(path), experimental_preserve_all_tensors=True)
    lite.allocate_tensors()
    (stated,) = lite.get_input_details()
    scale, zero = stated["quantization"]
    if scale:
        limits = np.iinfo(stated["dtype"])
        steps = np.rint(array.astype(np.float64) / np.float64(scale)) + zero
        array = np.clip(steps, limits.min, limits.max).astype(stated["dtype"])
    lite.set_tensor(stated["index"], array)
    lite.invoke()
    return lite, {detail["name"]: detail for detail in lite.get_tensor_details()}


@pytest.mark.parametrize("kind", KINDS)
def test_taps_and_outputs_are_the_interpreters(lite_files: Path, kind: str) -> None:
    path = lite_files / f"picture-{kind}.tflite"
    own = adapter(path)
    (port,) = own.inputs
    found = own.run({port.tensor: picture()}, taps=list(own.taps))
    lite, details = interpreted(path, picture())
    assert own.precision == KINDS[kind]
    for name, array in {**found["taps"], **found["outputs"]}.items():
        detail = details[name]
        stored_dtype, stored = detail["dtype"].__name__, lite.get_tensor(detail["index"]).astype(np.float64)
        scale, zero = detail["quantization"]
        real = (stored - zero) * np.float64(scale) if scale else stored
        assert array.dtype.name == ("float32" if scale else stored_dtype)
        # where halves of a step lie, float32 and float64 may round an input to different sides
        np.testing.assert_allclose(array, real, rtol=1e-6, atol=2 * scale)
        assert np.mean(np.abs(array - real) > scale / 2 + 1e-7) < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_the_readers_tensors_can_be_tapped(lite_files: Path, kind: str) -> None:
    """All but those before a fused activation, which are nowhere kept."""
    path = lite_files / f"picture-{kind}.tflite"
    own, layers = adapter(path), open_file(str(path)).computation().layers
    missing = [layer.name for layer in layers if layer.outputs[0] not in own.taps]
    assert {name.rpartition("#")[2] for name in missing} <= {"conv_2d", "depthwise_conv_2d", "fully_connected"}


def test_a_quantized_tensor_says_its_step_and_is_handed_out_in_float32(lite_files: Path) -> None:
    path = lite_files / "picture-uint8.tflite"
    own = adapter(path)
    _, details = interpreted(path, picture())
    (port,) = own.inputs
    stated = own.stated(port.tensor)
    scale, zero = details[port.tensor]["quantization"]
    assert (stated.dtype, stated.stored, stated.zero_point) == ("float32", "uint8", zero)
    assert stated.scale == pytest.approx(scale)
    assert stated.shape == [None, 12, 12, 3]


def test_the_share_of_clipped_values_is_told(lite_files: Path) -> None:
    own = adapter(lite_files / "picture-int8.tflite")
    (port,) = own.inputs
    stated = own.stated(port.tensor)
    top = (127 - stated.zero_point) * stated.scale
    array = np.zeros((1, 12, 12, 3), np.float32)
    array[0, :6] = 2 * top  # half of it far beyond the range
    found = own.run({port.tensor: array}, taps=[port.tensor])
    assert own.clipped[port.tensor] == 0.5
    assert found["taps"][port.tensor].max() == pytest.approx(top)


def test_the_share_of_clipped_values_is_that_of_all_parts_of_a_run(lite_files: Path) -> None:
    own = adapter(lite_files / "picture-int8.tflite", batch=2)
    (port,) = own.inputs
    array = np.zeros((3, 12, 12, 3), np.float32)
    array[2] = 1e6
    own.run({port.tensor: array})
    assert own.clipped[port.tensor] == pytest.approx(1 / 3)


@pytest.mark.parametrize("kind", ["float", "int8"])
def test_a_larger_batch_is_the_samples_one_by_one(lite_files: Path, kind: str) -> None:
    own = adapter(lite_files / f"picture-{kind}.tflite")
    (port,), (output,) = own.inputs, own.outputs
    together = own.run({port.tensor: picture(3)})["outputs"][output.tensor]
    alone = [own.run({port.tensor: sample[None]})["outputs"][output.tensor] for sample in picture(3)]
    assert together.shape == (3, 5)
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-6)


def test_state_begins_anew_in_every_run(lite_files: Path) -> None:
    own, keras = adapter(lite_files / "sequence-float.tflite"), lite_files / "sequence.h5"
    ids = np.arange(7, dtype=np.int32)[None]
    (port,), (output,) = own.inputs, own.outputs
    first, second = (own.run({port.tensor: ids})["outputs"][output.tensor] for _ in range(2))
    assert np.array_equal(first, second)
    known = LegacyKerasAdapter(str(keras), Options())
    (wanted,) = known.run({known.inputs[0].tensor: ids})["outputs"].values()
    np.testing.assert_allclose(first, wanted, atol=1e-6)


def test_each_signature_runs_its_own_graph(lite_files: Path) -> None:
    path = lite_files / "two.tflite"
    x = np.array([[1, 2, 3], [0, 0, 1]], np.float32)
    kernel = np.arange(12, dtype=np.float32).reshape(3, 4)
    wanted = {"first": (x, np.maximum(x @ kernel - 3, 0), "y")}
    y = np.array([[-1, 0, 1, 8]], np.float32)
    wanted["second"] = (y, np.tanh(y * 0.25) + 1, "z")
    for key, (array, result, name) in wanted.items():
        own = adapter(path, choices={"signature": key})
        (port,), (output,) = own.inputs, own.outputs
        found = own.run({port.tensor: array}, taps=list(own.taps))
        assert (port.name, output.name) == ("x", name)
        np.testing.assert_allclose(found["outputs"][output.tensor], result, rtol=1e-6)
        computed = open_file(str(path), {"signature": key}).computation()
        assert {tensor for layer in computed.layers for tensor in layer.outputs if "#" not in tensor} <= set(own.taps)
        assert [item.tensor for item in computed.inputs] == [port.tensor]
    with pytest.raises(RequestError) as caught:
        adapter(path, choices={"signature": "third"})
    assert caught.value.fields["code"] == "BAD_CHOICE"


def test_it_can_be_run_without_xnnpack_and_with_threads(lite_files: Path) -> None:
    path = lite_files / "picture-float.tflite"
    results = []
    for options in ({}, {"optimise": False}, {"threads": 2}):
        own = adapter(path, **options)
        results.append(own.run({own.inputs[0].tensor: picture()})["outputs"][own.outputs[0].tensor])
    for other in results[1:]:
        np.testing.assert_allclose(results[0], other, atol=1e-6)


def test_what_cannot_be_is_refused(lite_files: Path, tmp_path: Path) -> None:
    own = adapter(lite_files / "picture-float.tflite")
    (port,) = own.inputs
    with pytest.raises(RequestError, match="takes \\?x12x12x3, not 1x5") as caught:
        own.run({port.tensor: np.zeros((1, 5), np.float32)})
    assert caught.value.fields["code"] == "WRONG_SHAPE"
    with pytest.raises(RequestError) as caught:
        own.run({port.tensor: picture()}, taps=["nowhere"])
    assert caught.value.fields["code"] == "NO_SUCH_TENSOR"
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model at all, but a text of some length")
    with pytest.raises(RequestError) as caught:
        adapter(broken)
    assert caught.value.fields["code"] == "LOAD_FAILED"
    assert not own.can


# Folder, .h5, .tflite, whether the inputs are pixels (0 to 255), the largest difference that the README there states.
PAIRS = [
    ("tiny-resnet", "pretrainedResnet.h5", "pretrainedResnet.tflite", False, 1e-6),
    ("tiny-resnet", "pretrainedResnet.h5", "pretrainedResnet_quant.tflite", True, 0.02),
    ("tiny-vww", "vww_96.h5", "vww_96_float.tflite", False, 5e-7),
    ("tiny-vww", "vww_96.h5", "vww_96_int8.tflite", False, 0.03),
    ("tiny-wakeword", "str_ww_ref_model.h5", "str_ww_ref_model.tflite", False, 0.005),
    ("dnn-edge", "tf_dnn.h5", "tflite/model.tflite", False, 1e-5),
]


@pytest.mark.parametrize(("folder", "h5", "lite", "pixels", "largest"), PAIRS)
def test_real_pairs_agree_as_far_as_is_known(
    shared_models: Path, folder: str, h5: str, lite: str, pixels: bool, largest: float
) -> None:
    place = shared_models / "pairs" / folder
    known, own = LegacyKerasAdapter(str(place / h5), Options()), adapter(place / lite)
    (port,), (output,) = own.inputs, own.outputs
    shape = [size or 1 for size in own.stated(port.tensor).shape or []]
    random = np.random.default_rng(0)
    array = (random.integers(0, 256, shape) if pixels else random.random(shape)).astype(np.float32)
    (wanted,) = known.run({known.inputs[0].tensor: array})["outputs"].values()
    found = own.run({port.tensor: array})["outputs"][output.tensor]
    assert np.abs(found - wanted).max() <= largest
