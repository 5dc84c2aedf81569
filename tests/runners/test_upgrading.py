"""Configs of Keras 1 put into today's words, against what Keras 2.1's own conversion (keras/legacy) says."""

from __future__ import annotations

import copy

import old_files
import pytest
from old_files import layer

from inspector.runners.upgrading import Changes, upgraded

CASES = [
    (
        layer("Convolution2D", "c", nb_filter=8, nb_row=3, nb_col=5, subsample=[2, 1], border_mode="same",
              dim_ordering="th", bias=False, init="he_normal", W_regularizer=None),
        "Conv2D",
        {"filters": 8, "kernel_size": [3, 5], "strides": [2, 1], "padding": "same", "data_format": "channels_first",
         "use_bias": False, "kernel_initializer": "he_normal"},
    ),
    (
        layer("Convolution1D", "c", nb_filter=8, filter_length=3, subsample_length=2, border_mode="valid"),
        "Conv1D",
        {"filters": 8, "kernel_size": 3, "strides": 2, "padding": "valid"},
    ),
    (
        layer("Convolution3D", "c", nb_filter=2, kernel_dim1=1, kernel_dim2=2, kernel_dim3=3, dim_ordering="tf"),
        "Conv3D",
        {"filters": 2, "kernel_size": [1, 2, 3], "data_format": "channels_last"},
    ),
    (
        layer("AtrousConvolution2D", "c", nb_filter=2, nb_row=3, nb_col=3, atrous_rate=[2, 2]),
        "Conv2D",
        {"filters": 2, "kernel_size": [3, 3], "dilation_rate": [2, 2]},
    ),
    (
        layer("Deconvolution2D", "c", nb_filter=2, nb_row=3, nb_col=3, output_shape=[None, 9, 9, 2]),
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": [3, 3]},
    ),
    (layer("Dropout", "d", p=0.3), "Dropout", {"rate": 0.3}),
    (layer("GaussianNoise", "d", sigma=0.3), "GaussianNoise", {"stddev": 0.3}),
    (layer("MaxPooling1D", "p", pool_length=2, stride=3), "MaxPooling1D", {"pool_size": 2, "strides": 3}),
    (layer("UpSampling1D", "u", length=2), "UpSampling1D", {"size": 2}),
    (layer("Dense", "d", output_dim=3, input_dim=4, init="zero"), "Dense", {"units": 3, "kernel_initializer": "zeros"}),
    (layer("TimeDistributedDense", "d", output_dim=3, input_length=4), "Dense", {"units": 3}),
    (
        layer("Embedding", "e", input_dim=9, output_dim=3, init="uniform", dropout=0.0, input_length=4),
        "Embedding",
        {"input_dim": 9, "output_dim": 3, "embeddings_initializer": "random_uniform", "input_length": 4},
    ),
    (
        layer("GRU", "g", output_dim=3, inner_init="orthogonal", inner_activation="hard_sigmoid", dropout_U=0.1),
        "GRU",
        {"units": 3, "recurrent_initializer": "orthogonal", "recurrent_activation": "hard_sigmoid",
         "recurrent_dropout": 0.1, "reset_after": False},
    ),
    (
        layer("Dense", "d", output_dim=2, W_regularizer={"name": "WeightRegularizer", "l1": 0.0, "l2": 0.1},
              activity_regularizer={"name": "ActivityRegularizer", "l1": 0.0, "l2": 0.1}),
        "Dense",
        {"units": 2},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "class_name", "config"), CASES)
def test_a_layer_in_todays_words(old: dict, class_name: str, config: dict) -> None:
    before, changes = copy.deepcopy(old), Changes()
    (found,) = upgraded({"class_name": "Sequential", "config": [old]}, changes)["config"]
    assert (found["class_name"], found["config"]) == (
        class_name,
        {"name": old["config"]["name"], "trainable": True, **config},
    )
    assert old == before
    assert all(old["config"]["name"] in warning["text"] for warning in changes.warnings())


def test_an_input_is_stated_by_itself_and_keeps_its_dtype() -> None:
    old = old_files.layer("Embedding", "e", input_dim=9, output_dim=3)
    old["config"] |= {"batch_input_shape": [None, 4], "input_dtype": "int32"}
    source, embedding = upgraded({"class_name": "Sequential", "config": [old]}, Changes())["config"]
    assert source["class_name"] == "InputLayer"
    assert source["config"] == {"batch_input_shape": [None, 4], "dtype": "int32", "name": "e_input"}
    assert not {"dtype", "batch_input_shape"} & set(embedding["config"])


def test_each_kind_of_change_is_one_line_with_count_and_first_layer() -> None:
    layers = [layer("Dense", name, output_dim=2) for name in ("a", "b", "c")]
    changes = Changes()
    upgraded({"class_name": "Sequential", "config": layers}, changes)
    assert changes.warnings() == [{"code": "KERAS_UPGRADED", "text": "output_dim read as units (3 layers, first a)"}]


def test_layers_inside_layers_and_models() -> None:
    inner = {"class_name": "Sequential", "config": [layer("Dense", "inside", output_dim=2)]}
    wrapped = layer("TimeDistributed", "each", layer=layer("Dense", "step", output_dim=3))
    found = upgraded({"class_name": "Sequential", "config": {"name": "s", "layers": [inner, wrapped]}}, Changes())
    first, second = found["config"]["layers"]
    assert first["config"][0]["config"]["units"] == 2
    assert second["config"]["layer"]["config"]["units"] == 3


def test_modern_configs_stay_as_they_are() -> None:
    modern = {
        "class_name": "Sequential",
        "config": {
            "name": "s",
            "layers": [
                layer("InputLayer", "x", batch_input_shape=[None, 4], dtype="float32"),
                layer("Dense", "d", units=3, kernel_regularizer={"class_name": "L2", "config": {"l2": 0.1}}),
                layer("GRU", "g", units=2, reset_after=True),
            ],
        },
    }
    changes = Changes()
    assert upgraded(modern, changes) == modern
    assert changes.warnings() == []
