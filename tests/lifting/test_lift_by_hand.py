"""Graphs written by hand as TensorFlow 1 and its converters write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inspector.domain.computation import Computation, Layer
from inspector.formats import open_file

pytestmark = pytest.mark.filterwarnings("ignore")
GAMMA, BETA = np.float32([1.5, 0.5, 2.0]), np.float32([0.1, -0.2, 0.3])
MEAN, VARIANCE = np.float32([0.4, 0.6, -0.8]), np.float32([1.0, 2.0, 0.5])


def lifted(tmp_path: Path, build: Callable) -> Computation:
    """The computation of a version 1 graph that `build(tf)` draws in the default graph."""
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        build(tf.compat.v1)
    path = tmp_path / "hand.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return open_file(str(path)).computation()


def kinds(layers: Computation) -> list[str]:
    return [layer.kind for layer in layers.layers if layer.kind != "input"]


def only(layers: Computation, kind: str) -> Layer:
    (found,) = [layer for layer in layers.layers if layer.kind == kind]
    return found


def image(tf):
    return tf.placeholder(tf.float32, (None, 8, 8, 3), name="image")


def conv(tf, x):
    return tf.nn.conv2d(x, tf.constant(np.ones((3, 3, 3, 3), np.float32), name="kernel"), strides=1, padding="SAME")


@pytest.mark.parametrize(
    "written",
    [
        lambda tf, x: tf.nn.batch_normalization(x, *map(tf.constant, (MEAN, VARIANCE, BETA, GAMMA)), 0.003),
        lambda tf, x: (x - MEAN) * (tf.rsqrt(tf.constant(VARIANCE) + 0.003) * GAMMA) + BETA,
        lambda tf, x: (x - MEAN) / tf.sqrt(tf.constant(VARIANCE) + 0.003) * GAMMA + BETA,
    ],
)
def test_batch_norm_written_out(tmp_path: Path, written: Callable) -> None:
    layers = lifted(tmp_path, lambda tf: tf.nn.relu(written(tf, conv(tf, image(tf)))))
    assert kinds(layers) == ["conv2d", "batch_norm", "activation"]
    norm = only(layers, "batch_norm")
    assert norm.settings["epsilon"] == pytest.approx(0.003, rel=1e-6)
    opened = open_file(str(tmp_path / "hand.pb"))
    values = {weight.role: opened.values(weight.id).ravel() for weight in norm.weights}
    for role, expected in (("gamma", GAMMA), ("beta", BETA), ("moving_mean", MEAN), ("moving_variance", VARIANCE)):
        assert np.array_equal(values[role], expected), role


def test_batch_norm_worked_out_beforehand(tmp_path: Path) -> None:
    layers = lifted(tmp_path, lambda tf: tf.nn.relu(conv(tf, image(tf)) * GAMMA + BETA))
    assert kinds(layers) == ["conv2d", "batch_norm", "activation"]
    assert [weight.role for weight in only(layers, "batch_norm").weights] == ["scale", "offset"]


def test_a_bias_is_the_convolutions(tmp_path: Path) -> None:
    for bias in (lambda tf, x: tf.nn.bias_add(x, BETA), lambda tf, x: x + BETA):
        layers = lifted(tmp_path, lambda tf, bias=bias: tf.nn.relu6(bias(tf, conv(tf, image(tf)))))
        assert kinds(layers) == ["conv2d", "activation"]
        assert [weight.role for weight in only(layers, "conv2d").weights] == ["kernel", "bias"]


def test_a_dense_layer_on_rows_that_computes_in_float16(tmp_path: Path) -> None:
    """A mixed policy, or an optimiser for other hardware: casts around the MatMul are of the layer."""

    def build(tf) -> None:
        x = tf.placeholder(tf.float32, (None, 5, 3), name="rows")
        flat = tf.cast(tf.reshape(x, (-1, 3)), tf.float16)
        product = tf.cast(tf.matmul(flat, tf.constant(np.ones((3, 4), np.float16))), tf.float32)
        shape = tf.concat([tf.shape(x)[:2], [4]], 0)
        tf.nn.relu(tf.nn.bias_add(tf.reshape(product, shape), tf.constant(np.ones(4, np.float32))))

    layers = lifted(tmp_path, build)
    assert kinds(layers) == ["dense", "activation"]
    found = only(layers, "dense")
    assert ({weight.role for weight in found.weights}, found.dtype) == ({"kernel", "bias"}, "float16")


def test_dilation_by_space_to_batch(tmp_path: Path) -> None:
    def build(tf):
        x = tf.space_to_batch_nd(image(tf), [2, 2], [[2, 2], [2, 2]])
        kernel = tf.constant(np.ones((3, 3, 3, 4), np.float32))
        x = tf.batch_to_space_nd(tf.nn.conv2d(x, kernel, strides=1, padding="VALID"), [2, 2], [[0, 0], [0, 0]])
        return tf.nn.relu(tf.nn.bias_add(x, np.zeros(4, np.float32)))

    layers = lifted(tmp_path, build)
    assert kinds(layers) == ["conv2d", "activation"]
    assert {weight.role for weight in only(layers, "conv2d").weights} == {"kernel", "bias"}


def test_softmax_written_out(tmp_path: Path) -> None:
    def build(tf):
        x = tf.placeholder(tf.float32, (None, 5))
        e = tf.exp(x - tf.reduce_max(x, axis=-1, keepdims=True))
        return e / tf.reduce_sum(e, axis=-1, keepdims=True)

    layers = lifted(tmp_path, build)
    assert [layer.settings.get("activation") for layer in layers.layers if layer.kind == "activation"] == ["softmax"]


def test_dropout_behind_the_learning_phase_is_nothing(tmp_path: Path) -> None:
    """As Keras 1 and 2 wrote it: `cond(learning_phase, dropout(x), x)` with Switch and Merge."""

    def build(tf):
        tf.disable_control_flow_v2()
        phase = tf.placeholder_with_default(False, (), name="keras_learning_phase")
        x = conv(tf, image(tf))
        x = tf.cond(phase, lambda: tf.nn.dropout(x, rate=0.5), lambda: tf.identity(x))
        tf.nn.relu(x, name="end")

    layers = lifted(tmp_path, build)
    assert kinds(layers) == ["conv2d", "activation"]
    assert [port.name for port in layers.inputs] == ["image"]
    assert [port.tensor for port in layers.outputs] == ["end:0"]
    assert any("cond/Merge" in alias for alias in only(layers, "conv2d").aliases)


@pytest.mark.parametrize(
    ("slope", "written"),
    [
        (0.3, lambda tf, x: tf.nn.leaky_relu(x, alpha=0.3)),
        (0.25, lambda tf, x: tf.maximum(x, 0.25 * x)),
        (0.1, lambda tf, x: tf.nn.relu(x) - 0.1 * tf.nn.relu(-x)),
    ],
)
def test_leaky_relu_however_it_is_written(tmp_path: Path, slope: float, written: Callable) -> None:
    layers = lifted(tmp_path, lambda tf: tf.identity(written(tf, image(tf))))
    layer = only(layers, "activation")
    assert layer.settings["activation"] == "leaky_relu"
    assert layer.settings["slope"] == pytest.approx(slope, rel=1e-6)


def test_approximate_gelu(tmp_path: Path) -> None:
    def build(tf):
        x = image(tf)
        return 0.5 * x * (1.0 + tf.tanh(np.sqrt(2 / np.pi).astype(np.float32) * (x + 0.044715 * tf.pow(x, 3.0))))

    assert only(lifted(tmp_path, build), "activation").settings["activation"] == "gelu_tanh"


def test_an_unknown_op_stays_a_layer_with_its_constants(tmp_path: Path) -> None:
    layers = lifted(tmp_path, lambda tf: tf.math.igamma(image(tf), tf.constant(np.ones((8, 8, 3), np.float32))))
    assert kinds(layers) == ["other"]
    assert only(layers, "other").weights[0].shape == (8, 8, 3)


def test_fused_ops_of_the_optimiser(tmp_path: Path) -> None:
    """`_FusedConv2D` with a bias and a ReLU: a convolution with an activation."""
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        conv(tf.compat.v1, image(tf.compat.v1))
        tf.constant(BETA, name="bias")
    definition = graph.as_graph_def()
    node = next(node for node in definition.node if node.op == "Conv2D")
    node.op = "_FusedConv2D"
    node.input.append("bias")
    node.attr["fused_ops"].list.s.extend([b"BiasAdd", b"Relu"])
    node.attr["num_args"].i = 1
    path = tmp_path / "fused.pb"
    path.write_bytes(definition.SerializeToString())
    layer = only(open_file(str(path)).computation(), "conv2d")
    assert layer.settings["activation"] == "relu"
    assert [weight.role for weight in layer.weights] == ["kernel", "bias"]


def test_a_training_branch_is_not_an_output(tmp_path: Path) -> None:
    """Names of the outputs are those of the sinks that compute from an input."""

    def build(tf):
        x = image(tf)
        tf.nn.relu(x, name="one")
        tf.sigmoid(x, name="two")
        tf.shape(x, name="size")

    assert [port.tensor for port in lifted(tmp_path, build).outputs] == ["one:0", "two:0"]


@pytest.mark.parametrize(("step", "activation"), [(9375, "tanh"), (-1, "relu")])
def test_a_branch_that_a_constant_chooses_is_the_graph(tmp_path: Path, step: int, activation: str) -> None:
    def build(tf):
        chosen = tf.greater_equal(tf.constant(step), 0)
        off, on = tf.raw_ops.Switch(data=image(tf), pred=chosen)
        merged, _ = tf.raw_ops.Merge(inputs=[tf.nn.relu(off), tf.tanh(on)])
        kernel_off, kernel_on = tf.raw_ops.Switch(data=tf.constant(np.ones((1, 1, 3, 2), np.float32)), pred=chosen)
        kernel, _ = tf.raw_ops.Merge(inputs=[kernel_off, kernel_on])
        tf.nn.conv2d(merged, kernel, 1, "SAME", name="conv")

    found = lifted(tmp_path, build)
    assert kinds(found) == ["activation", "conv2d"]
    assert only(found, "activation").settings["activation"] == activation
    assert [weight.shape for weight in only(found, "conv2d").weights] == [(1, 1, 3, 2)]
