"""Batch norm folded into linear layers: the arithmetic written out in float64, and Keras's own outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from nets import saved, shaken

from inspector.runners.exporting.converting import convert
from inspector.runners.exporting.request import Wish, Written
from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.options import Options

pytestmark = pytest.mark.framework
ADAPTERS = {"legacy": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}
NEAR = 5e-6


def after(kind: str, module: Any, **words: Any) -> Any:
    """One linear layer with a batch norm behind it, and a ReLU, so that there is an end."""
    layers = module.layers
    shape = {"Dense": (7,), "Conv1D": (9, 4), "Conv3D": (5, 5, 5, 2)}.get(kind, (8, 8, 3))
    first = {
        "Dense": lambda: layers.Dense(5, name="linear", **words),
        "Conv1D": lambda: layers.Conv1D(6, 3, name="linear", **words),
        "Conv2D": lambda: layers.Conv2D(6, 3, padding="same", strides=2, name="linear", **words),
        "Conv3D": lambda: layers.Conv3D(4, 2, name="linear", **words),
        "DepthwiseConv2D": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, name="linear", **words),
        "Conv2DTranspose": lambda: layers.Conv2DTranspose(5, 3, strides=2, name="linear", **words),
    }[kind]()
    x = inputs = module.Input(shape, name="x")
    x = layers.BatchNormalization(epsilon=0.01, name="bn")(first(x))
    return shaken(module.Model(inputs, layers.ReLU(name="end")(x), name=f"after_{kind.lower()}"))


def written(which: str, model: Any, folder: Path, **wish: Any) -> Written:
    side = ADAPTERS[which][1](str(saved(model, folder)), Options())
    return convert(side, "frozen", Wish(fold=True, **wish), str(folder / "out"))


def loaded(result: Written) -> tuple[Any, dict[str, Any]]:
    graph_def = tf.compat.v1.GraphDef()
    graph_def.ParseFromString(Path(result.path).read_bytes())
    graph = tf.Graph()
    with graph.as_default():
        tf.compat.v1.import_graph_def(graph_def, name="")
    return graph, {node.name: node for node in graph_def.node}


def output(result: Written, x: np.ndarray) -> np.ndarray:
    with tf.compat.v1.Session(graph=loaded(result)[0]) as session:
        return session.run(result.outputs[0].tensor, {result.inputs[0].tensor: x})


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["Dense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "Conv2DTranspose"])
@pytest.mark.parametrize("which", ADAPTERS)
def test_folded_nets_give_keras_s_numbers(which: str, kind: str, bias: bool, tmp_path: Path) -> None:
    model = after(kind, ADAPTERS[which][0], use_bias=bias)
    result = written(which, model, tmp_path)
    ops = {node.op for node in loaded(result)[1].values()}
    assert not ops & {"FusedBatchNormV3", "Rsqrt"}
    assert "Mul" not in ops
    x = np.random.default_rng(1).normal(size=(3, *model.inputs[0].shape[1:])).astype("float32")
    np.testing.assert_allclose(output(result, x), np.asarray(model(x, training=False)), atol=NEAR)


def test_constants_are_worked_out_in_float64_and_rounded_once(tmp_path: Path) -> None:
    model = after("Conv2D", tf_keras)
    kernel, bias, gamma, beta, mean, variance = (array.astype(np.float64) for array in model.get_weights())
    scale = gamma / np.sqrt(variance + np.float64(np.float32(0.01)))
    nodes = loaded(written("legacy", model, tmp_path))[1]
    np.testing.assert_array_equal(
        tf.make_ndarray(nodes["linear/kernel"].attr["value"].tensor), (kernel * scale).astype(np.float32)
    )
    found = tf.make_ndarray(nodes["bn/bias"].attr["value"].tensor)
    np.testing.assert_allclose(found, scale * (bias - mean) + beta, rtol=1.2e-7)


def test_what_changed_is_no_layer_s_tensor_any_more(tmp_path: Path) -> None:
    result = written("legacy", after("Conv2D", tf_keras), tmp_path)
    assert [named.layer for named in result.layers] == ["bn", "end"]
    assert [note["code"] for note in result.notes] == ["FOLDED"]


def test_a_layer_that_something_else_reads_is_left_alone(tmp_path: Path) -> None:
    layers = tf_keras.layers
    x = inputs = tf_keras.Input((8, 8, 3), name="x")
    x = layers.Conv2D(4, 3, name="conv")(x)
    y = layers.BatchNormalization(name="bn")(x)
    model = shaken(tf_keras.Model(inputs, layers.Add(name="sum")([x, y]), name="forked"))
    result = written("legacy", model, tmp_path)
    assert any(node.op == "FusedBatchNormV3" for node in loaded(result)[1].values())
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(output(result, x), np.asarray(model(x, training=False)), atol=NEAR)


def test_a_layer_that_is_an_output_is_left_alone(tmp_path: Path) -> None:
    layers = tf_keras.layers
    x = inputs = tf_keras.Input((8, 8, 3), name="x")
    x = layers.Conv2D(4, 3, name="conv")(x)
    model = shaken(tf_keras.Model(inputs, [x, layers.BatchNormalization(name="bn")(x)], name="shown"))
    result = written("legacy", model, tmp_path)
    assert any(node.op == "FusedBatchNormV3" for node in loaded(result)[1].values())


def test_a_batch_norm_before_the_layer_stays(tmp_path: Path) -> None:
    """Padding comes between: its zeros are not normalised."""
    layers = tf_keras.layers
    x = inputs = tf_keras.Input((8, 8, 3), name="x")
    x = layers.Conv2D(4, 3, padding="same", name="conv")(layers.BatchNormalization(name="bn")(x))
    result = written("legacy", shaken(tf_keras.Model(inputs, x, name="before")), tmp_path)
    assert any(node.op == "FusedBatchNormV3" for node in loaded(result)[1].values())
