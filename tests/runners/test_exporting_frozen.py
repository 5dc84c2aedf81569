"""Frozen graphs against Keras's own numbers: imported by TensorFlow, fetched by the names that were handed back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from nets import NETS, feeds, layer_outputs, saved, shaken

from inspector.runners.exporting.converting import convert
from inspector.runners.exporting.request import Wish, Written
from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.options import Options
from inspector.runners.server import RequestError

pytestmark = pytest.mark.framework
ADAPTERS = {"legacy": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}
NEAR = 2e-6
LOOPS = ("While", "StatelessWhile", "If", "StatelessIf", "PartitionedCall", "StatefulPartitionedCall")


def side_of(which: str, model: Any, folder: Path) -> Any:
    return ADAPTERS[which][1](str(saved(model, folder)), Options())


def graph_def_of(written: Written) -> Any:
    graph_def = tf.compat.v1.GraphDef()
    graph_def.ParseFromString(Path(written.path).read_bytes())
    return graph_def


def run(written: Written, fed: dict[str, np.ndarray], fetch: list[str]) -> list[np.ndarray]:
    """By TensorFlow itself; `fed` by the names of the model's inputs."""
    graph = tf.Graph()
    with graph.as_default():
        tf.compat.v1.import_graph_def(graph_def_of(written), name="")
    with tf.compat.v1.Session(graph=graph) as session:
        return session.run(fetch, {named.tensor: fed[named.layer] for named in written.inputs})


def truth_of(model: Any, fed: dict[str, np.ndarray]) -> list[np.ndarray]:
    arrays = list(fed.values())
    found = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    return [np.asarray(value) for value in (found if isinstance(found, list | tuple) else [found])]


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("which", ADAPTERS)
def test_outputs_are_keras_s(which: str, net: str, tmp_path: Path) -> None:
    model = NETS[net](ADAPTERS[which][0])
    written = convert(side_of(which, model, tmp_path), "frozen", Wish(), str(tmp_path / "out"))
    fed = feeds(model, 3)
    for found, truth in zip(run(written, fed, [o.tensor for o in written.outputs]), truth_of(model, fed), strict=True):
        np.testing.assert_allclose(found, truth, atol=NEAR)


@pytest.mark.parametrize("which", ADAPTERS)
def test_every_layer_is_found_by_the_tensor_that_is_told(which: str, tmp_path: Path) -> None:
    module = ADAPTERS[which][0]
    model = NETS["convolutional"](module)
    written = convert(side_of(which, model, tmp_path), "frozen", Wish(), str(tmp_path / "out"))
    fed = feeds(model, 2)
    truth = layer_outputs(module, model, fed)
    tensors = {named.layer: named.tensor for named in written.layers}
    assert set(tensors) == set(truth)
    assert all(tensor.startswith(f"{layer}/") for layer, tensor in tensors.items())
    for layer, found in zip(tensors, run(written, fed, list(tensors.values())), strict=True):
        np.testing.assert_allclose(found, truth[layer], atol=NEAR, err_msg=layer)


def test_weights_are_called_by_their_roles(tmp_path: Path) -> None:
    side = side_of("legacy", NETS["convolutional"](tf_keras), tmp_path)
    names = {node.name for node in graph_def_of(convert(side, "frozen", Wish(), str(tmp_path / "out"))).node}
    roles = ("gamma", "beta", "moving_mean", "moving_variance")
    assert {"conv/kernel", "conv/bias", "scores/kernel", *(f"bn/{role}" for role in roles)} <= names


@pytest.mark.parametrize("which", ADAPTERS)
def test_loops_are_those_of_tensorflow_1(which: str, tmp_path: Path) -> None:
    side = side_of(which, NETS["recurrent"](ADAPTERS[which][0]), tmp_path)
    graph_def = graph_def_of(convert(side, "frozen", Wish(), str(tmp_path / "out")))
    ops = {node.op for node in graph_def.node}
    assert not ops & set(LOOPS)
    assert not graph_def.library.function
    assert {"Enter", "Exit", "NextIteration"} <= ops


def test_names_are_those_that_are_asked_for(tmp_path: Path) -> None:
    model = NETS["nested"](tf_keras)
    wish = Wish(inputs={"left": "x/first", "right": "second"}, outputs={"head": "answer"})
    written = convert(side_of("legacy", model, tmp_path), "frozen", wish, str(tmp_path / "out"))
    assert [named.tensor for named in written.inputs] == ["x/first:0", "second:0"]
    assert written.outputs[0].tensor == "answer:0"
    fed = feeds(model, 2)
    np.testing.assert_allclose(run(written, fed, ["answer:0"])[0], truth_of(model, fed)[0], atol=NEAR)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(outputs={"scores": "no spaces"}), "BAD_NAME"),
        (Wish(outputs={"nothing": "x"}), "NO_SUCH_TENSOR"),
    ],
)
def test_names_that_cannot_be_are_refused(wish: Wish, code: str, tmp_path: Path) -> None:
    side = side_of("legacy", NETS["convolutional"](tf_keras), tmp_path)
    with pytest.raises(RequestError) as caught:
        convert(side, "frozen", wish, str(tmp_path / "out"))
    assert caught.value.fields["code"] == code


def test_two_inputs_cannot_have_one_name(tmp_path: Path) -> None:
    side = side_of("legacy", NETS["nested"](tf_keras), tmp_path)
    with pytest.raises(RequestError) as caught:
        convert(side, "frozen", Wish(inputs={"left": "x", "right": "x"}), str(tmp_path / "out"))
    assert caught.value.fields["code"] == "NAME_TWICE"


@pytest.mark.parametrize(("batch", "stated"), [("", None), ("open", None), ("4", 4)])
def test_the_batch_is_the_one_that_is_asked_for(batch: str, stated: int | None, tmp_path: Path) -> None:
    model = NETS["convolutional"](tf_keras)
    written = convert(side_of("legacy", model, tmp_path), "frozen", Wish(batch=batch), str(tmp_path / "out"))
    assert written.inputs[0].shape == [stated, 12, 10, 3]
    fed = feeds(model, 4)
    np.testing.assert_allclose(run(written, fed, ["scores:0"])[0], truth_of(model, fed)[0], atol=NEAR)


def test_a_fixed_batch_is_opened(tmp_path: Path) -> None:
    """A Reshape in it names the batch, which would stay as it is in a graph that is only relabelled."""
    x = image = tf_keras.Input((4, 4, 2), batch_size=2, name="image")
    x = tf_keras.layers.Conv2D(3, 3, name="conv")(x)
    x = tf_keras.layers.Dense(4, name="head")(tf_keras.layers.Reshape((-1,), name="flat")(x))
    model = shaken(tf_keras.Model(image, x, name="fixed"))
    side = side_of("legacy", model, tmp_path)
    written = convert(side, "frozen", Wish(batch="open"), str(tmp_path / "out"))
    fed = {"image": np.random.default_rng(0).normal(size=(5, 4, 4, 2)).astype("float32")}
    found = run(written, fed, ["head:0"])[0]
    truth = np.concatenate([truth_of(model, {"image": fed["image"][at : at + 2]})[0] for at in (0, 2)])
    np.testing.assert_allclose(found[:4], truth, atol=NEAR)
    assert found.shape == (5, 4)
    assert side.inputs[0].name == "image"
    assert side.stated("image").shape == [2, 4, 4, 2]  # the side that runs is as it was


def test_a_batch_norm_net_gives_the_same_alone_and_in_a_mixed_batch(tmp_path: Path) -> None:
    """In training mode the other samples' moments would come in."""
    model = NETS["convolutional"](tf_keras)
    written = convert(side_of("legacy", model, tmp_path), "frozen", Wish(), str(tmp_path / "out"))
    mixed = feeds(model, 6)["image"]
    mixed[1:] = 40 * mixed[1:] - 7
    together = run(written, {"image": mixed}, ["scores:0"])[0]
    alone = run(written, {"image": mixed[:1]}, ["scores:0"])[0]
    np.testing.assert_allclose(together[:1], alone, atol=1e-7)
    assert not any(note["code"] == "TRAINING_NODES" for note in written.notes)


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    """Also from a process in which other models were loaded before."""
    model = NETS["recurrent"](tf_keras)
    path = saved(model, tmp_path)
    contents = set()
    for number in range(2):
        written = convert(LegacyKerasAdapter(str(path), Options()), "frozen", Wish(), str(tmp_path / str(number)))
        contents.add(Path(written.path).read_bytes())
    assert len(contents) == 1


def test_nothing_newer_than_tensorflow_1_15_is_stated(tmp_path: Path) -> None:
    """Attributes that came later, with the defaults that mean what there was before."""
    side = side_of("legacy", NETS["convolutional"](tf_keras), tmp_path)
    graph_def = graph_def_of(convert(side, "frozen", Wish(), str(tmp_path / "out")))
    stated = {(node.op, name) for node in graph_def.node for name in node.attr}
    later = {
        ("DepthwiseConv2dNative", "explicit_paddings"),
        ("FusedBatchNormV3", "exponential_avg_factor"),
        ("MatMul", "grad_a"),
        ("MaxPool", "explicit_paddings"),
    }
    assert not stated & later
    assert not any(name.startswith("_") for _, name in stated)
