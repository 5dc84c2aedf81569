"""SavedModel, Keras files, TensorFlow Lite and TensorFlow.js, each run by its own framework."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from nets import NETS, feeds, saved, shaken

from inspector.runners.exporting.converting import convert
from inspector.runners.exporting.keras2_config import in_words_of_keras_2
from inspector.runners.exporting.request import Wish, Written
from inspector.runners.exporting.shards import SHARD, as_stored, write_model
from inspector.runners.exporting.tflite import is_of_layer
from inspector.runners.graph_adapter import GraphAdapter
from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.options import Options
from inspector.runners.saved_model_adapter import SavedModelAdapter
from inspector.runners.server import RequestError

# tf.lite.Interpreter announces its successor each time it is made
pytestmark = [pytest.mark.framework, pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")]
ADAPTERS = {"legacy": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}
NEAR = 2e-6


def side_of(which: str, model: Any, folder: Path) -> Any:
    return ADAPTERS[which][1](str(saved(model, folder)), Options())


def truth_of(model: Any, fed: dict[str, np.ndarray]) -> list[np.ndarray]:
    arrays = list(fed.values())
    found = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    return [np.asarray(value) for value in (found if isinstance(found, list | tuple) else [found])]


def served(written: Written, fed: dict[str, np.ndarray], signature: str = "serving_default") -> dict[str, np.ndarray]:
    run = tf.saved_model.load(written.path).signatures[signature]
    found = run(**{named.name: tf.constant(fed[named.layer]) for named in written.inputs})
    return {name: value.numpy() for name, value in found.items()}


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("which", ADAPTERS)
def test_a_saved_model_is_served_by_its_names(which: str, net: str, tmp_path: Path) -> None:
    model = NETS[net](ADAPTERS[which][0])
    written = convert(side_of(which, model, tmp_path), "saved_model", Wish(), str(tmp_path / "out"))
    fed = feeds(model, 3)
    found = served(written, fed)
    for named, truth in zip(written.outputs, truth_of(model, fed), strict=True):
        np.testing.assert_allclose(found[named.name], truth, atol=NEAR)


def test_a_signature_is_called_as_asked_for(tmp_path: Path) -> None:
    model = NETS["sequential"](tf_keras)
    wish = Wish(signature="score", outputs={"c": "answer"})
    written = convert(side_of("legacy", model, tmp_path), "saved_model", wish, str(tmp_path / "out"))
    fed = feeds(model, 2)
    np.testing.assert_allclose(served(written, fed, "score")["answer"], truth_of(model, fed)[0], atol=NEAR)


def test_preprocessing_is_inside_and_can_be_left_out(tmp_path: Path) -> None:
    model = NETS["convolutional"](tf_keras)
    wish = Wish(preprocess=[["scale", 1.0, 127.5], ["mean", 1.0]])
    written = convert(side_of("legacy", model, tmp_path), "saved_model", wish, str(tmp_path / "out"))
    pixels = np.random.default_rng(2).integers(0, 256, (2, 12, 10, 3), dtype=np.uint8)
    scaled = pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)
    truth = truth_of(model, {"image": scaled})[0]
    assert (written.inputs[0].dtype, written.inputs[0].shape) == ("uint8", [None, 12, 10, 3])
    np.testing.assert_allclose(served(written, {"image": pixels})["scores"], truth, atol=NEAR)
    plain = served(written, {"image": scaled}, "without_preprocessing")
    np.testing.assert_allclose(plain["scores"], truth, atol=NEAR)


def test_a_saved_model_is_converted_to_a_frozen_graph(tmp_path: Path) -> None:
    """One that TensorFlow itself exported, with variables."""
    model = NETS["convolutional"](tf_keras)
    spec = tf.TensorSpec([None, 12, 10, 3], tf.float32, name="image")
    serve = tf.function(lambda image: {"scores": model(image, training=False)}, input_signature=[spec])
    tf.saved_model.save(model, str(tmp_path / "exported"), signatures=serve)
    side = SavedModelAdapter(str(tmp_path / "exported"), Options())
    written = convert(side, "frozen", Wish(), str(tmp_path / "out"))
    again = GraphAdapter(written.path, Options())
    fed = feeds(model, 3)
    found = again.run({"image:0": fed["image"]})["outputs"]["scores:0"]
    np.testing.assert_allclose(found, truth_of(model, fed)[0], atol=NEAR)


@pytest.mark.parametrize("form", ["h5", "keras"])
@pytest.mark.parametrize("which", ADAPTERS)
def test_keras_files_load_in_the_keras_that_wrote_them(which: str, form: str, tmp_path: Path) -> None:
    module = ADAPTERS[which][0]
    model = NETS["nested"](module)
    written = convert(side_of(which, model, tmp_path), form, Wish(), str(tmp_path / "out"))
    fed = feeds(model, 2)
    again = module.models.load_model(written.path, compile=False)
    for found, truth in zip(truth_of(again, fed), truth_of(model, fed), strict=True):
        np.testing.assert_array_equal(found, truth)


def test_a_keras_archive_says_nothing_of_when(tmp_path: Path) -> None:
    written = convert(side_of("keras3", NETS["sequential"](keras), tmp_path), "keras", Wish(), str(tmp_path / "out"))
    with zipfile.ZipFile(written.path) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(archive.read("metadata.json"))["date_saved"] == "1980-01-01@00:00:00"


def interpreted(written: Written, fed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    run = tf.lite.Interpreter(written.path).get_signature_runner("serving_default")
    return run(**{named.name: fed[named.layer] for named in written.inputs})


@pytest.mark.parametrize(("form", "near"), [("tflite", 2e-6), ("tflite-float16", 5e-3), ("tflite-dynamic", 5e-2)])
@pytest.mark.parametrize("which", ADAPTERS)
def test_lite_models_give_keras_s_numbers(which: str, form: str, near: float, tmp_path: Path) -> None:
    model = NETS["convolutional"](ADAPTERS[which][0])
    written = convert(side_of(which, model, tmp_path), form, Wish(), str(tmp_path / "out"))
    fed = feeds(model, 1)
    assert [named.name for named in written.inputs] == ["image"]
    np.testing.assert_allclose(interpreted(written, fed)["scores"], truth_of(model, fed)[0], atol=near)


@pytest.mark.parametrize("which", ADAPTERS)
def test_a_net_that_the_converter_takes_one_by_one_only(which: str, tmp_path: Path) -> None:
    """Recurrent layers with an open batch are refused: then one sample at a time, and it is said."""
    module = ADAPTERS[which][0]
    x = module.Input((4, 3), name="x")
    model = shaken(module.Model(x, module.layers.GRU(2, name="end")(x), name="gru"))
    written = convert(side_of(which, model, tmp_path), "tflite", Wish(), str(tmp_path / "out"))
    assert [item["code"] for item in written.notes] == ["BATCH_OF_ONE"]
    fed = feeds(model, 1)
    (found,) = interpreted(written, fed).values()
    np.testing.assert_allclose(found, truth_of(model, fed)[0], atol=NEAR)


def test_int8_takes_its_ranges_from_what_is_given(tmp_path: Path) -> None:
    """Inputs of ten times the size need a step of ten times the size."""
    model = NETS["convolutional"](tf_keras)
    side = side_of("legacy", model, tmp_path)
    steps = []
    for size in (1.0, 10.0):
        arrays = {"image": feeds(model, 20)["image"] * np.float32(size)}
        written = convert(side, "tflite-int8", Wish(arrays=arrays), str(tmp_path / f"out{size}"))
        detail = tf.lite.Interpreter(written.path).get_input_details()[0]
        assert detail["dtype"] == np.int8
        steps.append(detail["quantization"][0])
    assert steps[1] == pytest.approx(10 * steps[0], rel=1e-3)


def test_a_layer_is_kept_in_float(tmp_path: Path) -> None:
    model = NETS["convolutional"](tf_keras)
    wish = Wish(arrays={"image": feeds(model, 20)["image"]}, keep_float=["depthwise"])
    written = convert(side_of("legacy", model, tmp_path), "tflite-int8", wish, str(tmp_path / "out"))
    kinds = {str(d["name"]): d["dtype"] for d in tf.lite.Interpreter(written.path).get_tensor_details()}
    assert {kind for name, kind in kinds.items() if is_of_layer(name, "depthwise") and "BiasAdd" in name} >= {
        np.float32
    }
    assert any(kind == np.int8 for kind in kinds.values())


def test_int8_without_inputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="representative"):
        convert(side_of("legacy", NETS["sequential"](tf_keras), tmp_path), "tflite-int8", Wish(), str(tmp_path / "out"))


@pytest.mark.parametrize(
    ("tensor", "layer", "is_its"),
    [
        ("model/relu/Relu;model/bn/x;model/conv/Conv2D", "conv", True),
        ("model/conv_2/Conv2D", "conv", False),
        ("model/tower/twice/Tanh", "tower/twice@1", True),
        ("model/tower/other", "tower/twice", False),
    ],
)
def test_a_lite_tensor_is_told_by_its_name(tensor: str, layer: str, is_its: bool) -> None:
    assert is_of_layer(tensor, layer) == is_its


def test_shards_are_cut_and_named_as_tensorflow_js_does(tmp_path: Path) -> None:
    array = np.arange(SHARD // 4 + 10, dtype=np.float32)
    write_model(tmp_path, "graph-model", {}, {"a": array, "b": np.array([1, 2], np.int64)})
    manifest = json.loads((tmp_path / "model.json").read_text())["weightsManifest"][0]
    assert manifest["paths"] == ["group1-shard1of2.bin", "group1-shard2of2.bin"]
    content = b"".join((tmp_path / path).read_bytes() for path in manifest["paths"])
    assert content == array.tobytes() + np.array([1, 2], np.int32).tobytes()
    assert [weight["dtype"] for weight in manifest["weights"]] == ["float32", "int32"]


def test_numbers_that_do_not_fit_are_cut_and_told(tmp_path: Path) -> None:
    wide = np.array([2**40, -5], np.int64)
    assert as_stored(wide).tolist() == [2**31 - 1, -5]
    assert write_model(tmp_path, "graph-model", {}, {"wide": wide, "fine": np.array([7])}) == ["wide"]


def with_a_block(module: Any) -> Any:
    """A Sequential whose output is the model's, too."""
    layers = module.layers
    block = module.Sequential([module.Input((4,)), layers.Dense(3, name="a")], name="block")
    x = module.Input((4,), name="x")
    inner = block(x)
    return shaken(module.Model(x, [layers.Dense(2, name="end")(inner), inner], name="blocked"))


@pytest.mark.parametrize("net", [NETS["nested"], with_a_block])
def test_a_keras_3_config_is_put_into_the_words_of_keras_2(net: Any) -> None:
    """What is asserted is Keras 2's own way of writing it: legacy Keras builds the model of it."""
    model = net(keras)
    stated = json.loads(model.to_json())
    config = in_words_of_keras_2({name: stated[name] for name in ("class_name", "config")})
    text = json.dumps(config)
    assert "batch_shape" not in text
    assert "keras_history" not in text
    again = tf_keras.models.model_from_json(text)
    again.set_weights(model.get_weights())
    fed = feeds(model, 2)
    for found, truth in zip(truth_of(again, fed), truth_of(model, fed), strict=True):
        np.testing.assert_allclose(found, truth, atol=NEAR)


def test_what_tensorflow_js_refuses_and_nobody_needs_is_left_out() -> None:
    """It knows no L2 by that name, and a separable convolution with a kernel is an error to it."""
    layers = tf_keras.layers
    x = inputs = tf_keras.Input((8, 8, 3), name="x")
    x = layers.SeparableConv2D(4, 3, name="both")(x)
    x = layers.Conv2D(2, 1, kernel_regularizer="l2", bias_constraint="non_neg", name="plain")(x)
    stated = json.loads(tf_keras.Model(inputs, x).to_json())
    own = {layer["config"]["name"]: layer["config"] for layer in in_words_of_keras_2(stated)["config"]["layers"]}
    assert not {"kernel_initializer", "kernel_regularizer", "kernel_constraint"} & set(own["both"])
    assert own["both"]["depthwise_initializer"] is not None
    assert (own["plain"]["kernel_regularizer"], own["plain"]["bias_constraint"]) == (None, None)


def test_a_graph_for_tensorflow_js_states_what_is_left_out_elsewhere(tmp_path: Path) -> None:
    """Without its dilations a convolution is an error to it."""
    written = convert(
        side_of("legacy", NETS["convolutional"](tf_keras), tmp_path), "tfjs-graph", Wish(), str(tmp_path / "out")
    )
    nodes = json.loads((Path(written.path) / "model.json").read_text())["modelTopology"]["node"]
    convolutions = [node for node in nodes if node["op"] in ("Conv2D", "DepthwiseConv2dNative")]
    assert len(convolutions) == 4
    assert all(node["attr"]["dilations"]["list"]["i"] == ["1", "1", "1", "1"] for node in convolutions)


def test_a_layer_that_tensorflow_js_lacks_is_named(tmp_path: Path) -> None:
    from inspector.runners.exporting.tfjs_layers import known_classes

    if not known_classes():
        pytest.skip("TensorFlow.js is not installed")
    x = inputs = tf_keras.Input((4,), name="x")
    x = tf_keras.layers.GaussianNoise(0.1)(x)
    x = tf_keras.layers.UnitNormalization(name="unit")(x)
    model = shaken(tf_keras.Model(inputs, tf_keras.layers.Dense(2, name="end")(x), name="lacking"))
    with pytest.raises(RequestError, match="UnitNormalization"):
        convert(side_of("legacy", model, tmp_path), "tfjs-layers", Wish(), str(tmp_path / "out"))


@pytest.mark.parametrize(
    ("kind", "keras", "lacking"), [("legacy", tf_keras, "leaky_relu"), ("keras3", keras, "hard_sigmoid")]
)
def test_an_activation_that_tensorflow_js_lacks_is_named(kind: str, keras: Any, lacking: str, tmp_path: Path) -> None:
    """Its hard sigmoid is Keras 2's, 0.2 x + 0.5; Keras 3's is x / 6 + 0.5."""
    from inspector.runners.exporting.tfjs_layers import known_classes

    if not known_classes():
        pytest.skip("TensorFlow.js is not installed")
    inputs = keras.Input((4,), name="x")
    model = shaken(keras.Model(inputs, keras.layers.Dense(2, activation=lacking, name="end")(inputs), name="lacking"))
    with pytest.raises(RequestError, match=f"no activation {lacking}"):
        convert(side_of(kind, model, tmp_path), "tfjs-layers", Wish(), str(tmp_path / "out"))


@pytest.mark.parametrize(("kind", "keras"), [("legacy", tf_keras), ("keras3", keras)])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_gru_that_tensorflow_js_refuses_is_named(kind: str, keras: Any, *, wrapped: bool, tmp_path: Path) -> None:
    inputs = keras.Input((5, 4), name="x")
    gru = keras.layers.GRU(3, name="gru")
    x = (keras.layers.Bidirectional(gru) if wrapped else gru)(inputs)
    model = shaken(keras.Model(inputs, keras.layers.Dense(2, name="end")(x), name="gated"))
    with pytest.raises(RequestError, match="reset_after=True"):
        convert(side_of(kind, model, tmp_path), "tfjs-layers", Wish(), str(tmp_path / "out"))


def test_an_upsampling_that_tensorflow_js_computes_otherwise_is_named(tmp_path: Path) -> None:
    inputs = keras.Input((4, 4, 2), name="x")
    x = keras.layers.UpSampling2D(interpolation="bilinear", name="up")(inputs)
    model = shaken(keras.Model(inputs, keras.layers.Conv2D(2, 1, name="end")(x), name="raised"))
    with pytest.raises(RequestError, match="interpolation='bilinear' of up"):
        convert(side_of("keras3", model, tmp_path), "tfjs-layers", Wish(), str(tmp_path / "out"))


def test_a_norm_that_tensorflow_js_lacks_is_named(tmp_path: Path) -> None:
    """Legacy Keras writes LayerNormalization as a FusedBatchNorm that works out its mean; Keras 3 by itself."""
    for kind, module in (("legacy", tf_keras), ("keras3", keras)):
        inputs = module.Input((4, 3), name="x")
        model = shaken(module.Model(inputs, module.layers.LayerNormalization(name="norm")(inputs)))
        side, out = side_of(kind, model, tmp_path), str(tmp_path / f"out_{kind}")
        if kind == "legacy":
            with pytest.raises(RequestError, match="FusedBatchNorm"):
                convert(side, "tfjs-graph", Wish(), out)
        else:
            assert convert(side, "tfjs-graph", Wish(), out).path


def test_a_depthwise_kernel_is_called_as_tensorflow_js_calls_it() -> None:
    from inspector.runners.exporting.tfjs_layers import weights_of

    for module in (tf_keras, keras):
        inputs = module.Input((4, 4, 2), name="x")
        x = module.layers.DepthwiseConv2D(2, name="deep")(inputs)
        model = module.Model(inputs, module.layers.Conv2D(2, 1, name="end")(x))
        assert set(weights_of(model)) == {"deep/depthwise_kernel", "deep/bias", "end/kernel", "end/bias"}


def test_a_table_is_not_written_empty_for_tensorflow_js(tmp_path: Path) -> None:
    inputs = tf_keras.Input((2,), dtype="string", name="words")
    x = tf_keras.layers.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot", name="lookup")(inputs)
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(2, name="end")(x), name="looked_up")
    with pytest.raises(RequestError, match="lookup table"):
        convert(side_of("legacy", model, tmp_path), "tfjs-graph", Wish(), str(tmp_path / "out"))


def test_silu_is_called_swish_as_keras_2_does() -> None:
    inputs = keras.Input((4,), name="x")
    x = keras.layers.Dense(2, activation="silu", name="end")(inputs)
    stated = json.loads(keras.Model(inputs, x).to_json())
    own = {layer["config"]["name"]: layer["config"] for layer in in_words_of_keras_2(stated)["config"]["layers"]}
    assert own["end"]["activation"] == "swish"


FORMS = ("frozen", "saved_model", "h5", "keras", "tflite", "tfjs-layers", "tfjs-graph")


@pytest.mark.parametrize("form", FORMS)
def test_the_same_model_gives_the_same_bytes_in_every_form(form: str, tmp_path: Path) -> None:
    path = saved(NETS["convolutional"](tf_keras), tmp_path)
    found = []
    for number in range(2):
        written = Path(
            convert(LegacyKerasAdapter(str(path), Options()), form, Wish(), str(tmp_path / str(number))).path
        )
        files = sorted(written.rglob("*")) if written.is_dir() else [written]
        found.append([(file.relative_to(written), file.read_bytes()) for file in files if file.is_file()])
    assert found[0] == found[1]


def test_a_form_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        convert(side_of("legacy", NETS["sequential"](tf_keras), tmp_path), "onnx", Wish(), str(tmp_path / "out"))
    assert caught.value.fields["code"] == "UNKNOWN_FORM"
