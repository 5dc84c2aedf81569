"""A file of weights alone runs as the other side's graph with these weights in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from inspector.session.session import Session
from inspector.session.store import Store

pytestmark = pytest.mark.framework


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory):
    """A frozen graph, its weights alone, and the weights of a later step with the model that has them."""
    folder = tmp_path_factory.mktemp("weights")
    tf_keras.utils.set_random_seed(2)
    layers = [tf_keras.Input((8,), name="x"), tf_keras.layers.Dense(6, "tanh", name="first")]
    model = tf_keras.Sequential([*layers, tf_keras.layers.Dense(2, name="last")])
    call = tf.function(model).get_concrete_function(tf.TensorSpec((None, 8)))
    graph = convert_variables_to_constants_v2(call).graph.as_graph_def()
    (folder / "model.pb").write_bytes(graph.SerializeToString())
    model.save_weights(folder / "same.h5")
    for weight in model.weights:
        weight.assign(weight + 0.125)
    model.save_weights(folder / "later.h5")
    return folder, model


def test_the_same_weights_give_the_same_numbers(net, tmp_path: Path) -> None:
    with Session(store=Store(tmp_path)) as session:
        session.open("a", net[0] / "same.h5")
        session.open("b", net[0] / "model.pb")
        found = session.compare()
    assert found.verdict == "same"
    assert [record.relation for layer in found.layers for record in layer.weights] == ["exact"] * 4
    assert "runs as the other side's model with 4 of 4 arrays its own" in found.warnings[0].text


def test_other_weights_give_what_the_model_with_them_gives(net, tmp_path: Path) -> None:
    folder, model = net
    with Session(store=Store(tmp_path)) as session:
        session.open("a", folder / "model.pb")
        session.open("b", folder / "later.h5")
        found = session.compare()
        b = session.outputs(0)[1]
        x = session.preview()[0].array_b
    assert found.verdict == "different"
    np.testing.assert_allclose(b, model(x), atol=1e-6)
    assert found.findings[0].cause == "weights-changed"


def test_weights_of_another_net_have_no_place(net, tmp_path: Path) -> None:
    other = tf_keras.Sequential([tf_keras.Input((3,)), tf_keras.layers.Dense(5, name="else")])
    other.save_weights(tmp_path / "other.h5")
    with Session(store=Store(tmp_path)) as session:
        session.open("a", tmp_path / "other.h5")
        session.open("b", net[0] / "model.pb")
        found = session.compare()
    assert found.verdict == "different"
    assert [(pair.shape_a, pair.shape_b) for pair in found.shapes][:2] == [((3, 5), (8, 6)), ((5,), (6,))]
    assert not any(pair.fits for pair in found.shapes)
