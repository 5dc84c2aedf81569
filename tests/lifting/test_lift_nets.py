"""What lifting sees in graphs that TensorFlow froze is what the Keras model was built of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pairs import pair

from inspector.domain.computation import Computation, Layer
from inspector.formats import open_file

pytestmark = pytest.mark.filterwarnings("ignore")
FRAMEWORKS = pytest.mark.parametrize("framework", ["tf_keras", "keras"])
DENSE_AND = "dense activation:{}"
ACTIVATIONS = (
    "relu",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "tanh",
    "sigmoid",
    "exponential",
    "hard_sigmoid",
    "swish",
    "gelu",
    "softmax",
)
# In the order of computation; what stands beside each other in the net comes in the order of the file.
KINDS = {
    "convolutions": "conv2d conv2d activation:relu conv2d depthwise_conv2d depthwise_conv2d conv2d activation:tanh"
    " conv2d_transpose activation:sigmoid",
    "convolutions_1d": "conv1d activation:relu pad conv1d conv1d activation:tanh depthwise_conv2d conv1d pool"
    " conv1d_transpose pad crop upsample pool global_pool",
    "convolutions_3d": "conv3d activation:relu batch_norm pad pool conv3d_transpose crop upsample pool global_pool",
    "norms": "batch_norm conv2d batch_norm batch_norm layer_norm reshape dense batch_norm layer_norm batch_norm"
    " layer_norm batch_norm reshape batch_norm",
    "scaled_inputs": "rescaling normalization pad conv2d rescaling global_pool",
    "resized": "upsample conv2d upsample crop pool pool permute reshape dense",
    "excited": " ".join(
        [
            (
                "conv2d batch_norm activation:swish global_pool reshape conv2d activation:swish conv2d"
                " activation:sigmoid multiply"
            )
        ]
        * 2
    )
    + " global_pool",
}


def computation(framework: str, name: str, **options: bool) -> Computation:
    return open_file(str(pair(framework, name, **options).pb)).computation()


def worded(layer: Layer) -> str:
    activation = str(layer.settings.get("activation", "")).removesuffix("_3")
    return f"{layer.kind}:{activation}" if activation else layer.kind


def lifted(layers: Computation, name: str) -> Layer:
    """The layer whose nodes stand in the scope of a Keras layer (Keras 3 adds a number)."""
    found = [
        layer
        for layer in layers.layers
        if layer.kind not in ("input", "activation")
        and {name, f"{name}_1"} & {part for node in layer.nodes for part in node.split("/")[:-1]}
    ]
    assert len(found) == 1, [layer.name for layer in found]
    return found[0]


@FRAMEWORKS
@pytest.mark.parametrize("name", list(KINDS))
def test_kinds_in_order(framework: str, name: str) -> None:
    layers = computation(framework, name).layers
    assert " ".join(worded(layer) for layer in layers if layer.kind != "input") == KINDS[name]


@FRAMEWORKS
def test_every_activation_has_its_name(framework: str) -> None:
    layers = [worded(layer) for layer in computation(framework, "activations").layers if layer.kind != "input"]
    assert " ".join(layers[:24]) == " ".join(DENSE_AND.format(name) for name in ACTIVATIONS)
    assert layers[24:] == [
        "dense",
        "dense",
        "activation:gelu",
        "dense",
        "activation:leaky_relu",
        "prelu",
        "prelu",
        "dense",
        "activation:elu",
        "dense",
        "activation:relu6",
        "dense",
        "activation:relu",
        "dense",
        "activation:softmax",
    ]


@FRAMEWORKS
def test_numbers_of_activations(framework: str) -> None:
    layers = computation(framework, "activations").layers
    slopes = [layer.settings["slope"] for layer in layers if layer.settings.get("activation") == "leaky_relu"]
    assert np.allclose(slopes, [0.15])
    elu = next(layer for layer in layers if "alpha" in layer.settings)
    assert elu.settings["alpha"] == pytest.approx(0.7)
    relu = next(layer for layer in layers if "threshold" in layer.settings)
    assert relu.settings["max_value"] == pytest.approx(4.0)
    assert relu.settings["slope"] == pytest.approx(0.1)
    assert relu.settings["threshold"] == pytest.approx(0.2, abs=1e-6)


def test_hard_sigmoid_of_both_kerases() -> None:
    """0.2 x + 0.5 in Keras 2, x / 6 + 0.5 in Keras 3: they are told apart."""
    found = {
        framework: [
            layer.settings["activation"]
            for layer in computation(framework, "activations").layers
            if str(layer.settings.get("activation")).startswith("hard")
        ]
        for framework in ("tf_keras", "keras")
    }
    assert found == {"tf_keras": ["hard_sigmoid"], "keras": ["hard_sigmoid_3"]}


@FRAMEWORKS
@pytest.mark.parametrize(
    ("name", "epsilon"),
    [
        ("fused", 0.01),
        ("no_scale", 0.001),
        ("no_center", 0.002),
        ("layer_4d", 0.005),
        ("flat", 0.02),
        ("layer_2d", 0.001),
        ("flat_no_scale", 0.001),
        ("layer_no_center", 0.001),
        ("rows", 0.001),
    ],
)
def test_epsilon_however_it_is_written(framework: str, name: str, epsilon: float) -> None:
    assert lifted(computation(framework, "norms"), name).settings["epsilon"] == pytest.approx(epsilon, rel=1e-6)


@FRAMEWORKS
@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("fused", ()),
        ("flat", ()),
        ("rows", ()),
        ("flat_no_scale", ("gamma",)),
        ("flat_no_center", ("beta",)),
        ("layer_2d", ("moving_mean", "moving_variance")),
        ("layer_no_center", ("moving_mean", "moving_variance", "beta")),
    ],
)
def test_vectors_of_norms_have_their_roles(framework: str, name: str, absent: tuple[str, ...]) -> None:
    made = pair(framework, "norms")
    opened = open_file(str(made.pb))
    layer = lifted(opened.computation(), name)
    assert {w.role for w in layer.weights} == {"gamma", "beta", "moving_mean", "moving_variance"} - set(absent)
    keras_layer = made.model.get_layer(name)
    for weight in layer.weights:
        assert np.array_equal(opened.values(weight.id), np.asarray(getattr(keras_layer, weight.role)))


@FRAMEWORKS
def test_settings_of_convolutions(framework: str) -> None:
    layers = computation(framework, "convolutions")
    plain, transposed = lifted(layers, "plain"), lifted(layers, "transposed")
    assert (plain.settings["strides"], plain.settings["padding"]) == ((2, 2), "same")
    assert transposed.settings["strides"] == (2, 2)
    assert {weight.role: weight.shape for weight in plain.weights} == {"kernel": (3, 3, 3, 6), "bias": (6,)}
    assert {weight.role: weight.shape for weight in transposed.weights} == {"kernel": (3, 3, 3, 7), "bias": (3,)}
    assert [weight.role for weight in lifted(layers, "depthwise").weights] == ["depthwise_kernel", "bias"]


@FRAMEWORKS
@pytest.mark.parametrize("lower", [True, False])
def test_recurrent_layers(framework: str, lower: bool) -> None:
    """As while frames of version 1 and as While ops: one layer each, with kernel, recurrent kernel and bias."""
    layers = [layer for layer in computation(framework, "recurrent", lower=lower).layers if layer.weights]
    kinds = [layer.kind for layer in layers]
    assert kinds == ["embedding", "lstm", "gru", "simple_rnn", "lstm", "lstm", "gru", "gru", "gru", "dense"]
    for layer in layers[1:-1]:
        assert {"kernel", "recurrent_kernel", "bias"} <= {weight.role for weight in layer.weights}


@FRAMEWORKS
def test_a_dense_layer_on_rows_is_one_layer(framework: str) -> None:
    """Traced as a tensordot: Reshape, MatMul, Reshape and, with an unknown batch, Transpose."""
    rowwise = lifted(computation(framework, "dense"), "rowwise")
    assert rowwise.kind == "dense"
    assert {weight.role for weight in rowwise.weights} == {"kernel", "bias"}
    assert any(node.endswith("MatMul") for node in rowwise.nodes)


def test_embedding_says_its_vocabulary() -> None:
    ports = computation("keras", "recurrent").inputs
    assert [(port.dtype, port.limit) for port in ports] == [("int32", 11)]


def test_every_input_stands_before_its_reader() -> None:
    for framework in ("tf_keras", "keras"):
        for name in ("merges", "nested", "transformer", "masked"):
            seen: set[str] = set()
            for layer in computation(framework, name).layers:
                assert set(layer.inputs) <= seen, layer.name
                seen |= {*layer.outputs, *layer.aliases}


@pytest.mark.parametrize(("first", "slope"), [("leaky", 0.1), ("relu", 0.0)])
def test_a_relu_that_is_cut_off_above_is_one_activation(first: str, slope: float, tmp_path: Path) -> None:
    """As `keras.layers.ReLU(max_value=2, negative_slope=0.1)` computes it."""
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 4), "x")
        y = tf.nn.leaky_relu(x, slope, "leaky") if first == "leaky" else tf.nn.relu(x, "relu")
        tf.identity(tf.minimum(y, 2.0, "cut"), "end")
    (tmp_path / "graph.pb").write_bytes(graph.as_graph_def().SerializeToString())
    (found,) = (
        item for item in open_file(str(tmp_path / "graph.pb")).computation().layers if item.kind == "activation"
    )
    assert found.settings["activation"] == "relu"
    assert found.settings["max_value"] == pytest.approx(2.0)
    assert float(found.settings.get("slope", 0.0)) == pytest.approx(slope)
