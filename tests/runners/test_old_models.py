"""Files of Keras 1 and of Theano run in legacy Keras and give what numpy in float64 gives by Keras 1's formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import old_files
import pytest
from old_files import layer, random

from inspector.runners.keras_adapter import LegacyKerasAdapter
from inspector.runners.options import Options
from inspector.runners.server import RequestError

pytestmark = pytest.mark.framework
DENSE_1 = {"init": "glorot_uniform", "W_regularizer": None, "b_constraint": None, "bias": True}


def output(path: Path, x: np.ndarray, options: Options | None = None) -> tuple[np.ndarray, LegacyKerasAdapter]:
    adapter = LegacyKerasAdapter(str(path), options or Options())
    (port,) = adapter.inputs
    (found,) = adapter.run({port.tensor: x})["outputs"].values()
    return found, adapter


def gates(kind: str, order: str, features: int, units: int) -> old_files.Arrays:
    shapes = {"W": (features, units), "U": (units, units), "b": (units,)}
    return {
        f"{kind}_{part}_{gate}": random(*shape, seed=place * 3 + number)
        for place, gate in enumerate(order)
        for number, (part, shape) in enumerate(shapes.items())
    }


@pytest.mark.parametrize(("name", "order"), [("LSTM", "icfo"), ("GRU", "zrh")])
def test_recurrent_layers_with_an_array_per_gate(tmp_path: Path, name: str, order: str) -> None:
    x, arrays = random(2, 5, 3), gates("r", order, 3, 4)
    stated = layer(
        name, "r", [5, 3], output_dim=4, init="glorot_uniform", inner_init="orthogonal", forget_bias_init="one",
        activation="tanh", inner_activation="hard_sigmoid", consume_less="cpu", dropout_W=0.2, dropout_U=0.0,
        W_regularizer=None, input_dim=3, input_length=None, return_sequences=False,
    )  # fmt: skip
    found, adapter = output(old_files.write(tmp_path / "m.h5", [stated], {"r": arrays}), x)
    truth = {"LSTM": old_files.lstm_of_keras_1, "GRU": old_files.gru_of_keras_1}[name](x, arrays)
    np.testing.assert_allclose(found, truth, atol=1e-6)
    assert adapter.inputs[0].tensor == "r_input"
    texts = [warning["text"] for warning in adapter.warnings]
    assert all(warning["code"] == "KERAS_UPGRADED" for warning in adapter.warnings)
    assert "output_dim read as units (layer r)" in texts
    assert f"{len(arrays)} arrays, one per gate, joined into kernel, recurrent_kernel and bias (layer r)" in texts


def test_both_directions_with_an_array_per_gate(tmp_path: Path) -> None:
    x, forward, backward = random(2, 5, 3), gates("f", "icfo", 3, 4), gates("g", "icfo", 3, 4)
    inner = layer("LSTM", "r", output_dim=4, activation="tanh", inner_activation="hard_sigmoid")
    stated = layer("Bidirectional", "b", [5, 3], layer=inner, merge_mode="concat")
    found, _ = output(old_files.write(tmp_path / "m.h5", [stated], {"b": {**forward, **backward}}), x)
    halves = old_files.lstm_of_keras_1(x, forward), old_files.lstm_of_keras_1(x[:, ::-1], backward)
    np.testing.assert_allclose(found, np.concatenate(halves, axis=1), atol=1e-6)


CONVOLUTION = {"nb_filter": 4, "nb_row": 3, "nb_col": 2, "border_mode": "valid", "subsample": [1, 1], **DENSE_1}


def test_theano_turned_its_kernels(tmp_path: Path) -> None:
    """Keras 2 noted its backend; a convolution is a correlation with the kernel turned by half a circle."""
    x, kernel, bias = random(2, 6, 5, 3), random(3, 2, 3, 4), random(4)
    stated = layer("Conv2D", "c", filters=4, kernel_size=[3, 2], data_format="channels_last")
    stated["config"] |= {"batch_input_shape": [None, 6, 5, 3], "dtype": "float32"}
    arrays = {"c": {"c/kernel": kernel, "c/bias": bias}}
    path = old_files.write(tmp_path / "m.h5", [stated], arrays, version="2.0.8", backend="theano")
    found, adapter = output(path, x)
    np.testing.assert_allclose(found, old_files.correlated(x, kernel[::-1, ::-1]) + bias, atol=1e-5)
    assert "kernels turned, since Theano convolves" in adapter.warnings[0]["text"]
    path = old_files.write(tmp_path / "n.h5", [stated], arrays, version="2.0.8", backend="tensorflow")
    np.testing.assert_allclose(output(path, x)[0], old_files.correlated(x, kernel) + bias, atol=1e-5)


def test_a_person_says_that_it_was_theano(tmp_path: Path) -> None:
    """Keras 1 did not note its backend."""
    x, kernel, bias = random(2, 6, 5, 3), random(3, 2, 3, 4), random(4)
    stated = layer("Convolution2D", "c", [6, 5, 3], dim_ordering="tf", **CONVOLUTION)
    path = old_files.write(tmp_path / "m.h5", [stated], {"c": {"c_W": kernel, "c_b": bias}})
    for choice, used in (("stored", kernel), ("turned", kernel[::-1, ::-1])):
        found, _ = output(path, x, Options(choices={"kernels": choice}))
        np.testing.assert_allclose(found, old_files.correlated(x, used) + bias, atol=1e-5)


def test_channels_and_kernels_that_stood_first(tmp_path: Path) -> None:
    x, kernel, bias = random(2, 3, 6, 5), random(4, 3, 3, 2), random(4)
    stated = layer("Convolution2D", "c", [3, 6, 5], dim_ordering="th", activation="relu", **CONVOLUTION)
    path = old_files.write(tmp_path / "m.h5", [stated], {"c": {"c_W": kernel, "c_b": bias}})
    found, adapter = output(path, x)
    truth = old_files.correlated(x.transpose(0, 2, 3, 1), kernel.transpose(2, 3, 1, 0)) + bias
    np.testing.assert_allclose(found, np.maximum(truth, 0).transpose(0, 3, 1, 2), atol=1e-5)
    texts = [warning["text"] for warning in adapter.warnings]
    assert "data_format th read as channels_first (layer c)" in texts
    assert "the axes of Keras 1's kernels put in today's order (layer c)" in texts


@pytest.mark.parametrize(("mode", "shape"), [(0, (4, 3)), (1, (4, 3)), (2, (4, 3)), (2, (4, 2, 3))])
def test_batch_norm_by_its_mode(tmp_path: Path, mode: int, shape: tuple[int, ...]) -> None:
    """0 by the moving moments, 1 each sample by itself, 2 each batch by itself."""
    x, named = random(*shape) * 3, ("gamma", "beta", "running_mean", "running_std")
    arrays = {f"n_{name}": np.abs(random(3, seed=place)) + 0.5 for place, name in enumerate(named)}
    stated = layer("BatchNormalization", "n", list(shape[1:]), mode=mode, epsilon=0.01, axis=-1, momentum=0.9)
    found, adapter = output(old_files.write(tmp_path / "m.h5", [stated], {"n": arrays}), x)
    gamma, beta, mean, variance = (np.float64(array) for array in arrays.values())
    exact = np.float64(x)
    axes = tuple(range(x.ndim - 1))
    own = exact.mean(-1, keepdims=True), np.sqrt(exact.var(-1, keepdims=True) + 0.01) + 0.01
    truth = {
        0: (exact - mean) / np.sqrt(variance + 0.01),
        1: (exact - own[0]) / own[1],
        2: (exact - exact.mean(axes)) / np.sqrt(exact.var(axes) + 0.01),
    }[mode]
    np.testing.assert_allclose(found, gamma * truth + beta, atol=2e-6)
    assert any("BatchNormalization" in warning["text"] for warning in adapter.warnings)


def maxout(x: np.ndarray, w: old_files.Arrays) -> np.ndarray:
    return (np.einsum("bi,fio->bfo", x, w["g_W"]) + w["g_b"]).max(1)


def highway(x: np.ndarray, w: old_files.Arrays) -> np.ndarray:
    gate = 1 / (1 + np.exp(-(x @ w["g_W_carry"] + w["g_b_carry"])))
    return np.tanh(x @ w["g_W"] + w["g_b"]) * gate + (1 - gate) * x


def shaped_relu(x: np.ndarray, w: old_files.Arrays) -> np.ndarray:
    left, right = w["g_t_left"], w["g_t_left"] + np.abs(w["g_t_right"])
    below, above = left + w["g_a_left"] * (x - left), right + w["g_a_right"] * (x - right)
    return np.where(x < left, below, np.where(x > right, above, x))


def soft(x: np.ndarray, w: old_files.Arrays) -> np.ndarray:
    return w["g_alphas"] * np.log1p(np.exp(w["g_betas"] * x))


GONE: dict[str, tuple[dict[str, Any], dict[str, tuple[int, ...]], Callable[..., np.ndarray]]] = {
    "MaxoutDense": ({"output_dim": 2, "nb_feature": 5, "input_dim": 3}, {"W": (5, 3, 2), "b": (5, 2)}, maxout),
    "Highway": ({"activation": "tanh"}, {"W": (3, 3), "W_carry": (3, 3), "b": (3,), "b_carry": (3,)}, highway),
    "SReLU": ({}, dict.fromkeys(("t_left", "a_left", "t_right", "a_right"), (3,)), shaped_relu),
    "ParametricSoftplus": ({}, {"alphas": (3,), "betas": (3,)}, soft),
}


@pytest.mark.parametrize("name", GONE)
def test_layers_that_keras_2_dropped(tmp_path: Path, name: str) -> None:
    config, shapes, truth = GONE[name]
    x = random(6, 3) * 2
    arrays = {f"g_{label}": random(*shape, seed=place) for place, (label, shape) in enumerate(shapes.items())}
    stated = layer(name, "g", [3], init="glorot_uniform", W_regularizer=None, bias=True, **config)
    found, adapter = output(old_files.write(tmp_path / "m.h5", [stated], {"g": arrays}), x)
    exact = {label: np.float64(array) for label, array in arrays.items()}
    np.testing.assert_allclose(found, truth(np.float64(x), exact), atol=1e-5)
    assert f"{name}, which Keras 2 dropped, computed as Keras 1 did (layer g)" in [
        warning["text"] for warning in adapter.warnings
    ]


MERGED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "sum": np.add,
    "mul": np.multiply,
    "ave": lambda a, b: (a + b) / 2,
    "max": np.maximum,
    "concat": lambda a, b: np.concatenate([a, b], axis=1),
    "dot": lambda a, b: (a * b).sum(1, keepdims=True),
    "cos": lambda a, b: ((a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1)))[:, None, None],
}


@pytest.mark.parametrize("mode", MERGED)
def test_merges_by_mode(tmp_path: Path, mode: str) -> None:
    x, kernel = random(4, 3), random(3, 3)
    source = layer("InputLayer", "x", [3], sparse=False) | {"name": "x", "inbound_nodes": []}
    del source["config"]["trainable"]
    dense = layer("Dense", "d", output_dim=3, **DENSE_1) | {"name": "d", "inbound_nodes": [[["x", 0, 0]]]}
    merge = layer("Merge", "m", mode=mode, mode_type="raw", concat_axis=1, dot_axes=1, output_shape=None)
    merge |= {"name": "m", "inbound_nodes": [[["x", 0, 0], ["d", 0, 0]]]}
    whole = {"name": "net", "layers": [source, dense, merge], "input_layers": [["x", 0, 0]]}
    config = {"class_name": "Model", "config": {**whole, "output_layers": [["m", 0, 0]]}}
    arrays = {"x": {}, "d": {"d_W": kernel, "d_b": np.zeros(3, np.float32)}, "m": {}}
    found, _ = output(old_files.write_config(tmp_path / "m.h5", config, arrays), x)
    np.testing.assert_allclose(found, MERGED[mode](np.float64(x), np.float64(x) @ np.float64(kernel)), atol=1e-6)


def test_a_merge_by_code_says_where(tmp_path: Path) -> None:
    stated = layer("Merge", "m", [3], mode="<lambda>", mode_type="lambda")
    with pytest.raises(RequestError) as refused:
        output(old_files.write(tmp_path / "m.h5", [stated], {}), random(1, 3))
    assert (refused.value.fields["code"], refused.value.fields["where"]) == ("UNSUPPORTED_LAYER", "m")


def test_layers_for_a_gpu_only(tmp_path: Path) -> None:
    """cuDNN keeps each gate's kernel transposed and two biases; the plain LSTM takes their sum."""
    x, kernel, recurrent, bias = random(2, 5, 3), random(3, 16), random(4, 16), random(32)
    stated = layer("CuDNNLSTM", "r", units=4, return_sequences=False)
    stated["config"] |= {"batch_input_shape": [None, 5, 3], "dtype": "float32"}
    arrays = {"r": {"r/kernel:0": kernel, "r/recurrent_kernel:0": recurrent, "r/bias:0": bias}}
    path = old_files.write(tmp_path / "m.h5", [stated], arrays, version="2.2.4", backend="tensorflow")
    found, _ = output(path, x)
    h = c = np.zeros((2, 4))
    kernels = [gate.T.reshape(3, 4, order="F") for gate in np.split(np.float64(kernel), 4, axis=1)]
    for step in np.float64(x).transpose(1, 0, 2):
        i, f, g, o = (
            step @ kernels[at] + h @ np.split(np.float64(recurrent), 4, axis=1)[at].T + sum(np.split(bias, 8)[at::4])
            for at in range(4)
        )
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
    np.testing.assert_allclose(found, h, atol=1e-6)


@pytest.mark.parametrize("name", ["simple_flatten_rnn_tf_keras_2", "simple_lstm_th_keras_1"])
def test_recorded_activations_come_again(name: str, shared_models: Path) -> None:
    """What the original Keras 1 on Theano and Keras 2 gave, layer by layer."""
    folder = shared_models / "recorded"
    with h5py.File(folder / f"{name}_inputs_and_outputs.h5") as file:
        (x,) = (array[()] for array in file["inputs"].values())
        truth = {layer: array[()] for layer, array in file["activations"].items()}
        (predicted,) = (array[()] for array in file["predictions"].values())
    adapter = LegacyKerasAdapter(str(folder / f"{name}_model.h5"), Options())
    found = adapter.run({adapter.inputs[0].tensor: x.astype(np.float32)}, taps=list(truth))
    for layer_name, array in truth.items():
        np.testing.assert_allclose(found["taps"][layer_name], array, atol=1e-5, err_msg=layer_name)
    np.testing.assert_allclose(next(iter(found["outputs"].values())), predicted, atol=1e-5)


def test_every_shared_file_of_keras_1_runs(shared_models: Path) -> None:
    paths = [
        *shared_models.glob("singles/h5/dl4j/*_tensorflow_1.h5"),
        *shared_models.glob("singles/h5/dl4j/*_theano_1.h5"),
    ]
    assert len(paths) >= 20
    for path in paths:
        adapter = LegacyKerasAdapter(str(path), Options())
        (port,) = adapter.inputs
        stated = adapter.stated(port.tensor)
        found = adapter.run({port.tensor: np.zeros([2, *(stated.shape or [])[1:]], stated.dtype)})
        assert all(np.isfinite(array).all() for array in found["outputs"].values()), path
