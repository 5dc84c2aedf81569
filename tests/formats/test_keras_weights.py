"""Which array belongs to which layer, and in which role: Keras's order decides, not its names."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from keras_files import (
    functional,
    input_layer,
    layer,
    node,
    ramp,
    sequential,
    write_keras,
    write_weights,
)

from inspector.domain.computation import Layer
from inspector.formats import keras_h5


def layers(path: Path) -> dict[str, Layer]:
    opened = keras_h5.open(path)
    found = {layer.name: layer for layer in opened.computation().layers}
    opened.close()
    return found


def roles(found: Layer) -> list[tuple[str, tuple[int, ...]]]:
    return [(weight.role, weight.shape) for weight in found.weights]


def nested(*, frozen: tuple[str, ...] = ()) -> dict:
    """A Dense and a BatchNormalization twice over, inside a model of its own."""
    listed = [input_layer("in", 2)]
    for number in (1, 2):
        listed.append(layer("Dense", f"d{number}", units=2, trainable=f"d{number}" not in frozen))
        listed.append(layer("BatchNormalization", f"b{number}", trainable=f"b{number}" not in frozen))
    body = {**node(sequential(*listed, name="body"), [["x", 0, 0]]), "name": "body"}
    return functional([node(input_layer("x", 2)), body], [["x", 0, 0]], [["body", 0, 0]])


def test_trained_weights_come_first_in_a_nested_model(tmp_path: Path) -> None:
    """Names that lie: each Dense was made under the other's name, as renamed layers are."""
    names = [
        "d2/kernel",
        "d2/bias",
        "b2/gamma",
        "b2/beta",
        "d1/kernel",
        "d1/bias",
        "b1/gamma",
        "b1/beta",
        "b2/moving_mean",
        "b2/moving_variance",
        "b1/moving_mean",
        "b1/moving_variance",
    ]
    arrays = [(f"{name}:0", ramp(2, 2) if "kernel" in name else ramp(2)) for name in names]
    found = layers(write_keras(tmp_path / "a.h5", nested(), {"body": arrays}))
    ids = {
        name: [weight.id.removeprefix("/model_weights/body/") for weight in found[f"body/{name}"].weights]
        for name in ("d1", "b1", "d2", "b2")
    }
    assert ids["d1"] == ["d2/kernel:0", "d2/bias:0"]
    assert ids["d2"] == ["d1/kernel:0", "d1/bias:0"]
    assert ids["b1"] == ["b2/gamma:0", "b2/beta:0", "b2/moving_mean:0", "b2/moving_variance:0"]
    assert [weight.role for weight in found["body/b2"].weights] == ["gamma", "beta", "moving_mean", "moving_variance"]


def test_frozen_layers_stand_with_the_untrained(tmp_path: Path) -> None:
    names = [
        "d2/kernel",
        "d2/bias",
        "b2/gamma",
        "b2/beta",
        "d1/kernel",
        "d1/bias",
        "b1/gamma",
        "b1/beta",
        "b1/moving_mean",
        "b1/moving_variance",
        "b2/moving_mean",
        "b2/moving_variance",
    ]
    arrays = [(f"{name}:0", ramp(2, 2) if "kernel" in name else ramp(2)) for name in names]
    found = layers(write_keras(tmp_path / "a.h5", nested(frozen=("d1", "b1")), {"body": arrays}))
    assert all(
        weight.id.split("/")[-2] == name
        for name in ("d1", "b1", "d2", "b2")
        for weight in found[f"body/{name}"].weights
    )


def test_unknown_classes_fall_back_to_names(tmp_path: Path) -> None:
    model = nested()
    model["config"]["layers"][1]["config"]["layers"].append(layer("MyLayer", "mine"))
    arrays = [("mine/secret:0", ramp(3)), ("d1/kernel:0", ramp(2, 2)), ("d1/bias:0", ramp(2))]
    opened = keras_h5.open(write_keras(tmp_path / "a.h5", model, {"body": arrays}))
    found = {layer.name: layer for layer in opened.computation().layers}
    assert roles(found["body/mine"]) == [("secret", (3,))]
    assert roles(found["body/d1"]) == [("kernel", (2, 2)), ("bias", (2,))]
    assert found["body/d2"].weights == ()
    assert [(warn.code, "MyLayer" in warn.text) for warn in opened.file.warnings] == [("CONTAINS_CODE", True)]
    opened.close()


@pytest.mark.parametrize(
    ("class_name", "config", "names", "expected"),
    [
        ("Dense", {}, ["l/kernel:0", "l/bias:0"], ["kernel", "bias"]),
        ("Dense", {}, ["l_1/kernel_2:0", "l_1/bias_2:0"], ["kernel", "bias"]),
        ("Dense", {}, ["l_W", "l_b"], ["kernel", "bias"]),
        ("Dense", {}, ["param_4", "param_5"], ["kernel", "bias"]),
        (
            "BatchNormalization",
            {},
            ["l_gamma", "l_beta", "l_running_mean", "l_running_std"],
            ["gamma", "beta", "moving_mean", "moving_variance"],
        ),
        ("DepthwiseConv2D", {}, ["l/kernel", "l/bias"], ["depthwise_kernel", "bias"]),
        ("LSTM", {}, ["l_W_i", "l_U_i", "l_b_i", "l_W_c"], ["kernel_i", "recurrent_kernel_i", "bias_i", "kernel_c"]),
        ("Embedding", {}, ["l_W"], ["embeddings"]),
        (
            "Bidirectional",
            {"layer": layer("GRU", "g")},
            [
                "l/forward_g/gru_cell_3/kernel:0",
                "l/forward_g/gru_cell_3/recurrent_kernel:0",
                "l/backward_g/gru_cell_4/kernel:0",
            ],
            ["forward_kernel", "forward_recurrent_kernel", "backward_kernel"],
        ),
        (
            "MultiHeadAttention",
            {},
            ["l/query/kernel:0", "l/query/bias:0", "l/key/kernel:0", "l/key/bias:0"],
            ["query_kernel", "query_bias", "key_kernel", "key_bias"],
        ),
    ],
)
def test_roles_are_told_from_names(
    tmp_path: Path, class_name: str, config: dict, names: list[str], expected: list[str]
) -> None:
    model = sequential(input_layer("x", 2), layer(class_name, "l", **config))
    found = layers(write_keras(tmp_path / "a.h5", model, {"l": [(name, ramp(2)) for name in names]}))["l"]
    assert [weight.role for weight in found.weights] == expected


def test_a_list_of_names_that_was_cut_is_put_together(tmp_path: Path) -> None:
    """Keras cuts an attribute beyond 64 KB into `layer_names0`, `layer_names1`, ..."""
    model = sequential(input_layer("x", 2), *(layer("Dense", f"d{i}", units=2, use_bias=False) for i in range(4)))
    path = write_keras(tmp_path / "a.h5", model, {f"d{i}": [(f"d{i}/kernel:0", ramp(2, 2, start=i))] for i in range(4)})
    with h5py.File(path, "a") as file:
        group = file["model_weights"]
        whole = list(group.attrs["layer_names"])
        del group.attrs["layer_names"]
        group.attrs["layer_names0"], group.attrs["layer_names1"] = whole[:3], whole[3:]
        inner = group["d3"]
        inner.attrs["weight_names0"] = inner.attrs["weight_names"]
        del inner.attrs["weight_names"]
    found = layers(path)
    assert [found[f"d{i}"].weights[0].id for i in range(4)] == [f"/model_weights/d{i}/d{i}/kernel:0" for i in range(4)]


def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    model = sequential(input_layer("x", 2), layer("Dense", "d", units=2))
    path = write_keras(tmp_path / "a.h5", model, {"d": [("d/kernel:0", ramp(2, 2)), ("d/bias:0", ramp(2))]})
    with h5py.File(path, "a") as file:
        del file["model_weights/d/d/bias:0"]
        file["model_weights/d/d/bias:0"] = h5py.ExternalLink("other.h5", "/bias")
    opened = keras_h5.open(path)
    text = "1 arrays are named but cannot be read: /model_weights/d/d/bias:0"
    assert [(warn.code, warn.text) for warn in opened.file.warnings] == [("MISSING_WEIGHTS", text)]
    assert roles(opened.computation().layers[1]) == [("kernel", (2, 2))]
    opened.close()


def test_weights_without_a_model_are_layers_without_links(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    lstm = [("l/kernel:0", ramp(3, 20)), ("l/recurrent_kernel:0", ramp(5, 20)), ("l/bias:0", ramp(20))]
    norm = [(f"b/{role}:0", np.ones(4, np.float32)) for role in ("gamma", "beta", "moving_mean", "moving_variance")]
    with h5py.File(path, "w") as file:
        write_weights(
            file,
            {
                "x": [],
                "c": [("c/kernel:0", ramp(3, 3, 1, 4)), ("c/bias:0", ramp(4))],
                "b": norm,
                "l": lstm,
                "d": [("d/kernel:0", ramp(5, 2))],
                "e": [("e/embeddings:0", ramp(9, 2))],
            },
        )
        file.attrs["keras_version"] = "2.4.0"
    opened = keras_h5.open(path)
    found = opened.computation()
    assert [(layer.name, layer.kind) for layer in found.layers] == [
        ("c", "conv2d"),
        ("b", "batch_norm"),
        ("l", "lstm"),
        ("d", "dense"),
        ("e", "embedding"),
    ]
    assert found.layers[0].weights[0].id == "/c/c/kernel:0"
    assert (found.inputs, found.outputs) == ((), ())
    assert (opened.file.runs_in, opened.file.reason.split(":")[0]) == ("", "it holds weights but no architecture")
    assert opened.children("section:Layers", 0, 1)[0].tensor == ""
    opened.close()
