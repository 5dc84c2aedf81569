"""A side that its own framework refuses runs as the other side's model; weights of another net are `different`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.session.session import Session

pytestmark = [pytest.mark.framework, pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")]
L = tf_keras.layers
Change = Callable[[str], str]


def misspelt(config: str) -> str:
    """A class that nobody knows."""
    return config.replace('"BatchNormalization"', '"BatchNormalisation"')


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small net as .h5, .keras, SavedModel and frozen graph, and the weights of others."""
    folder = tmp_path_factory.mktemp("refused")
    tf_keras.utils.set_random_seed(5)
    row = tf_keras.Input((8,), name="row")
    before = L.BatchNormalization(name="bn")(L.Dense(6, "tanh", name="first")(row))
    model = tf_keras.Model(row, L.Dense(3, "softmax", name="last")(before))
    model.save(folder / "net.h5")
    model.save(folder / "net.keras")
    model.save(folder / "net_saved_model", save_format="tf")
    call = tf.function(lambda x: model(x, training=False)).get_concrete_function(tf.TensorSpec((None, 8)))
    graph = convert_variables_to_constants_v2(call).graph.as_graph_def()
    (folder / "net.pb").write_bytes(graph.SerializeToString())
    tf_keras.Model(row, L.Dense(5, name="last")(before)).save_weights(folder / "five_classes.h5")
    other = tf_keras.Sequential([tf_keras.Input((5,)), L.Dense(7, name="x1"), L.Dense(2, name="x2")])
    other.save(folder / "other.h5")
    return folder


def damaged(net: Path, folder: Path, change: Change) -> Path:
    """The .h5 with another config."""
    path = folder / "damaged.h5"
    shutil.copy(net / "net.h5", path)
    with h5py.File(path, "r+") as file:
        config = file.attrs["model_config"]
        file.attrs["model_config"] = change(config if isinstance(config, str) else config.decode())
    return path


def compared(session: Session, a: Path, b: Path) -> Comparison:
    session.open("a", a)
    session.open("b", b)
    return session.compare()


@pytest.mark.parametrize("other", ["net.pb", "net.h5", "net.keras", "net_saved_model"])
def test_a_class_that_nobody_knows(net: Path, tmp_path: Path, shared_session: Session, other: str) -> None:
    found = compared(shared_session, damaged(net, tmp_path, misspelt), net / other)
    assert found.verdict == "different"
    assert [item.cause for item in found.findings] == ["not-loadable"]
    start = (
        "Legacy Keras refuses A as it stands (the model uses BatchNormalisation (layer bn), which is not Keras's own)"
    )
    assert found.sentence.startswith(f"{start}; run as B's model with A's weights, A and B ")
    assert all(output.identical for output in found.outputs)


def test_what_is_run_are_the_sides_own_weights(net: Path, tmp_path: Path, shared_session: Session) -> None:
    path = damaged(net, tmp_path, lambda config: config[: len(config) // 2])
    with h5py.File(path, "r+") as file:
        kernel = file["model_weights/last/last/kernel:0"]
        kernel[...] = kernel[...] + np.linspace(-1, 1, kernel.size, dtype=np.float32).reshape(kernel.shape)
        weights = kernel[...]
    model = tf_keras.models.load_model(net / "net.h5", compile=False)
    model.get_layer("last").set_weights([weights, model.get_layer("last").get_weights()[1]])
    found = compared(shared_session, path, net / "net.keras")
    x = shared_session.preview()[0].array_a
    np.testing.assert_allclose(shared_session.outputs(0)[0], model(x), atol=1e-6)
    assert [item.cause for item in found.findings][:2] == ["not-loadable", "weights-changed"]


def test_settings_that_both_files_state_are_no_secret(net: Path, tmp_path: Path, shared_session: Session) -> None:
    path = damaged(net, tmp_path, lambda config: misspelt(config).replace('"tanh"', '"relu"'))
    found = compared(shared_session, path, net / "net.pb")
    assert [(item.cause, item.layer_a) for item in found.findings] == [("not-loadable", ""), ("activation", "first")]
    assert found.sentence.endswith("settings that the files state differ: `first` computes relu in A and tanh in B.")


def test_where_neither_side_can_run_the_error_says_what_the_files_say(
    net: Path, tmp_path: Path, shared_session: Session
) -> None:
    path = damaged(net, tmp_path, misspelt)
    with pytest.raises(InspectorError, match=r"Without a run \(--static\): Nothing tells A and B apart") as caught:
        compared(shared_session, path, path)
    assert caught.value.code == "UNKNOWN_CLASS"
    assert shared_session.compare_static().verdict == "same"


@pytest.mark.parametrize(
    ("a", "b"), [("five_classes.h5", "net.pb"), ("net.h5", "five_classes.h5"), ("other.h5", "net.pb")]
)
def test_weights_of_another_net(net: Path, shared_session: Session, a: str, b: str) -> None:
    found = compared(shared_session, net / a, net / b)
    assert found.verdict == "different"
    assert "belong to another net" in found.sentence
    assert any(not pair.fits for pair in found.shapes)
    if "five_classes.h5" in (a, b):
        unlike = {frozenset((pair.shape_a, pair.shape_b)) for pair in found.shapes if not pair.fits}
        assert unlike == {frozenset(((6, 5), (6, 3))), frozenset(((5,), (3,)))}


@pytest.mark.parametrize(("a", "b"), [("net.h5", "net.pb"), ("net.keras", "net_saved_model")])
def test_what_loads_is_never_called_refused(net: Path, shared_session: Session, a: str, b: str) -> None:
    found = compared(shared_session, net / a, net / b)
    assert found.verdict in ("same", "within-noise")
    assert not found.findings
    assert not found.shapes
