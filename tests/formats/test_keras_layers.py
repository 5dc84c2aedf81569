"""Kinds and settings in the vocabulary of the design, from configs of all ages."""

from __future__ import annotations

import pytest

from inspector.formats.keras_kinds import is_custom, kind_of
from inspector.formats.keras_layers import activation_name, settings_of
from inspector.formats.keras_old import modern


@pytest.mark.parametrize(
    ("class_name", "config", "kind", "settings"),
    [
        ("ReLU", {"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0}, "activation", {"activation": "relu6"}),
        ("ReLU", {"max_value": None, "negative_slope": 0.1}, "activation", {"activation": "leaky_relu", "slope": 0.1}),
        (
            "ReLU",
            {"max_value": 4, "threshold": 1.0},
            "activation",
            {"activation": "relu", "max_value": 4, "threshold": 1.0},
        ),
        ("ReLU", {}, "activation", {"activation": "relu"}),
        ("LeakyReLU", {}, "leaky_relu", {"slope": 0.3}),
        ("LeakyReLU", {"alpha": 0.2}, "leaky_relu", {"slope": 0.2}),
        ("LeakyReLU", {"alpha": {"type": "ndarray", "value": 0.125}}, "leaky_relu", {"slope": 0.125}),
        ("LeakyReLU", {"negative_slope": 0.5}, "leaky_relu", {"slope": 0.5}),
        (
            "Conv2D",
            {"activation": {"class_name": "LeakyReLU", "config": {"alpha": 0.1}}},
            "conv2d",
            {"activation": "leaky_relu", "slope": 0.1},
        ),
        (
            "MaxPooling2D",
            {"pool_size": [2, 3], "strides": None, "padding": "same"},
            "pool",
            {"pool": "max", "pool_size": (2, 3), "strides": (2, 3), "padding": "same"},
        ),
        ("GlobalAveragePooling2D", {"keepdims": False}, "global_pool", {"pool": "average", "keepdims": False}),
        (
            "BatchNormalization",
            {"axis": [3], "epsilon": 0.001, "momentum": 0.99},
            "batch_norm",
            {"axis": (3,), "epsilon": 0.001, "momentum": 0.99},
        ),
        ("ZeroPadding2D", {"padding": [[0, 1], [0, 1]]}, "pad", {"padding": ((0, 1), (0, 1))}),
        ("Rescaling", {"scale": 0.5, "offset": -1.0}, "rescaling", {"scale": 0.5, "offset": -1.0}),
        ("SpatialDropout2D", {"rate": 0.5}, "dropout", {"rate": 0.5}),
        ("CuDNNGRU", {"units": 4}, "gru", {"reset_after": True, "recurrent_activation": "sigmoid"}),
        ("UpSampling2D", {"size": [2, 2], "interpolation": "nearest"}, "upsample", {"interpolation": "nearest"}),
        (
            "RNN",
            {"cell": {"class_name": "LSTMCell", "config": {"units": 3, "activation": "tanh"}}},
            "lstm",
            {"units": 3},
        ),
        (
            "Bidirectional",
            {"merge_mode": "sum", "layer": {"class_name": "GRU", "config": {"units": 3}}},
            "bidirectional",
            {"merge_mode": "sum", "layer": "GRU", "layer_kind": "gru", "units": 3},
        ),
        ("TFOpLambda", {"function": "nn.relu6"}, "activation", {"activation": "relu6", "operation": "nn.relu6"}),
        ("TensorFlowOpLayer", {"node_def": {"op": "Reshape"}}, "reshape", {"operation": "Reshape"}),
        ("SomethingElse", {"units": 3}, "other", {"units": 3}),
    ],
)
def test_kind_and_settings(class_name: str, config: dict, kind: str, settings: dict) -> None:
    assert kind_of(class_name, config, {}) == kind
    found = settings_of(class_name, config, {}, 2)
    assert {name: found.get(name) for name in settings} == settings


@pytest.mark.parametrize(
    ("class_name", "config", "modern_class", "settings"),
    [
        (
            "Convolution1D",
            {"nb_filter": 4, "filter_length": 3, "subsample_length": 2, "border_mode": "same"},
            "Conv1D",
            {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
        ),
        (
            "AtrousConvolution2D",
            {"nb_filter": 4, "nb_row": 3, "nb_col": 3, "atrous_rate": [2, 2], "dim_ordering": "th"},
            "Conv2D",
            {"kernel_size": (3, 3), "dilation": (2, 2), "data_format": "channels_first"},
        ),
        (
            "MaxPooling1D",
            {"pool_length": 2, "stride": 2},
            "MaxPooling1D",
            {"pool_size": 2, "strides": 2, "pool": "max"},
        ),
        (
            "LSTM",
            {"output_dim": 6, "inner_activation": "hard_sigmoid"},
            "LSTM",
            {"units": 6, "recurrent_activation": "hard_sigmoid"},
        ),
        ("Embedding", {"input_dim": 9, "output_dim": 6}, "Embedding", {"input_dim": 9, "output_dim": 6}),
        ("Merge", {"mode": "concat", "concat_axis": 3}, "Concatenate", {"axis": 3}),
        ("Merge", {"mode": "mul"}, "Multiply", {}),
    ],
)
def test_keras_1_words(class_name: str, config: dict, modern_class: str, settings: dict) -> None:
    new_class, new_config = modern(class_name, config)
    assert new_class == modern_class
    found = settings_of(new_class, new_config, {}, 1)
    assert {name: found.get(name) for name in settings} == settings


@pytest.mark.parametrize(
    ("value", "major", "name"),
    [
        (None, 2, "linear"),
        ("relu", 2, "relu"),
        ("silu", 3, "swish"),
        ("hard_sigmoid", 2, "hard_sigmoid"),
        ("hard_sigmoid", 3, "hard_sigmoid_3"),  # Keras 3 made it relu6(x + 3) / 6, Keras 2 has clip(0.2 x + 0.5)
        ({"class_name": "function", "config": "my_own"}, 3, "my_own"),
        ({"class_name": "ReLU", "config": {"max_value": 6}}, 2, "relu6"),
        ({"class_name": "Custom>Swish", "config": {}}, 2, "custom>swish"),
    ],
)
def test_activation_names(value: object, major: int, name: str) -> None:
    assert activation_name(value, major) == name


def test_only_foreign_classes_carry_code_of_their_own() -> None:
    assert is_custom("QDense", {})
    assert is_custom("Custom>Thing", {"class_name": "Custom>Thing"})
    op = {"config": {"name": "own"}, "inbound_nodes": [{"args": [], "kwargs": {}}]}  # as Keras 3 writes x + y, too
    assert is_custom("Scaled", op)
    assert not is_custom("Add", op)
    for class_name in ("Dense", "UnitNormalization", "TextVectorization", "RandomFlip", "MaxPooling3D", "TFOpLambda"):
        assert not is_custom(class_name, {})
