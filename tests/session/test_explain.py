"""Experiments on real graphs: each fault is proved by itself, against what Keras gives with that fault alone."""

from __future__ import annotations

import math
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspector import causes
from inspector.causes.case import Case, Suspicion, Trial
from inspector.domain.comparison import Comparison
from inspector.session.session import Session
from inspector.session.settings import Settings

pytestmark = pytest.mark.framework
FAULTS = {"activation": "elu", "pool": "max"}


def net(keras: Any, *, activation: str = "relu", pool: str = "average") -> Any:
    """Two layers that a fault can change; the weights are the same for all."""
    layers = keras.layers
    keras.utils.set_random_seed(3)
    x = given = layers.Input((12, 12, 3), name="image")
    x = layers.Conv2D(6, 3, padding="same", name="conv1")(x)
    x = layers.Activation(activation, name="act1")(x)
    x = layers.Conv2D(8, 3, strides=2, padding="same", name="conv2")(x)
    x = (layers.AveragePooling2D if pool == "average" else layers.MaxPooling2D)(2, name="pool")(x)
    x = layers.LSTM(5, name="lstm")(layers.Reshape((9, 8), name="rows")(x))
    return keras.Model(given, layers.Dense(4, name="scores")(x), name="net")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """The right model, its graphs with faults, and what each gives on the same images by Keras itself."""
    os.environ["TF2_BEHAVIOR"] = "1"
    import tensorflow as tf
    import tf_keras
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    folder = tmp_path_factory.mktemp("explain")
    images = np.random.default_rng(0).uniform(-1, 1, (3, 12, 12, 3)).astype("float32")
    np.save(folder / "images.npy", images)
    outputs = {}
    variants = {"right": {}, "both": FAULTS, **{name: {name: value} for name, value in FAULTS.items()}}
    for name, fault in variants.items():
        model = net(tf_keras, **fault)
        outputs[name] = np.asarray(model(images, training=False))
        with warnings.catch_warnings(action="ignore"):  # Keras calls HDF5 legacy
            model.save(folder / f"{name}.h5")
        call = tf.function(model).get_concrete_function(tf.TensorSpec((None, 12, 12, 3), tf.float32, name="image"))
        graph = convert_variables_to_constants_v2(call).graph.as_graph_def()
        (folder / f"{name}.pb").write_bytes(graph.SerializeToString())
    return folder, outputs


def compared(session: Session, folder: Path, b: str) -> Comparison:
    session.open("a", folder / "right.h5")
    session.open("b", folder / b)
    session.settings = Settings(inputs=(str(folder / "images.npy"),))
    return session.compare()


def apart(outputs: dict[str, np.ndarray], name: str) -> float:
    return float(np.abs(outputs["right"].astype(np.float64) - outputs[name]).max())


@pytest.mark.parametrize("b", ["both.pb", "both.h5"])
def test_what_no_cause_explains_is_located_and_proved_layer_by_layer(shared_session, made, monkeypatch, b: str) -> None:
    monkeypatch.setattr(causes, "CAUSES", ())
    folder, outputs = made
    result = compared(shared_session, folder, b)

    assert [(item.cause, item.layer_a) for item in result.findings] == [
        ("unexplained", "act1"),
        ("unexplained", "pool"),
    ]
    for finding, fault in zip(result.findings, ("activation", "pool"), strict=True):
        assert finding.proof is not None
        assert finding.proof.before == pytest.approx(apart(outputs, fault), rel=1e-4)
        assert finding.proof.gone == 1.0
        assert finding.proof.after <= result.outputs[0].noise_floor


class Suspecting:
    """A cause that suspects what a test says."""

    __name__ = "suspecting"

    def __init__(self, *found: Suspicion) -> None:
        self._found = found

    def suspect(self, _case: Case) -> tuple[Suspicion, ...]:
        return self._found


def suspicion(cause: str, confidence: float, **more: Any) -> Suspicion:
    given = {"title": cause, "layer_a": "", "layer_b": "", "evidence": "", "mend": "", **more}
    return Suspicion(cause=cause, confidence=confidence, **given)


def test_the_surest_suspicion_that_mends_its_layer_is_the_cause(shared_session, made, monkeypatch) -> None:
    folder, outputs = made
    right = suspicion("right", 0.6, layer_a="act1", trial=Trial(text="A's"))
    late = suspicion("late", 0.5, layer_a="act1", trial=Trial(text="A's too"))
    wrong = suspicion("wrong", 0.9, layer_a="pool", needs_proof=True)
    elsewhere = suspicion("elsewhere", 0.9, layer_a="conv1", trial=Trial(text="A's conv"))
    monkeypatch.setattr(causes, "CAUSES", (Suspecting(late, wrong, right, elsewhere),))
    result = compared(shared_session, folder, "activation.pb")

    assert [item.cause for item in result.findings] == ["right"]
    proof = result.findings[0].proof
    assert proof is not None
    assert (proof.before, proof.gone) == (pytest.approx(apart(outputs, "activation"), rel=1e-4), 1.0)


def test_a_search_keeps_what_leaves_least_and_only_if_it_removes_half(shared_session, made, monkeypatch) -> None:
    folder, _ = made
    session = shared_session
    images = np.load(folder / "images.npy")
    np.save(folder / "twice.npy", images * 2)
    trials = [Trial(text=f"times {factor}", feeds_b={"image:0": images * factor}) for factor in (1.9, 1.0, 2.0, 0.5)]
    found = [
        suspicion("scaled", 0.3, family="scale", needs_proof=True, title=trial.text, trial=trial) for trial in trials
    ]
    monkeypatch.setattr(causes, "CAUSES", (Suspecting(*found),))
    session.open("a", folder / "right.h5")
    session.open("b", folder / "right.pb")
    session.settings = Settings(inputs=(str(folder / "images.npy"),), preprocess_a="scale 2", preprocess_b="")
    result = session.compare()

    assert [item.title for item in result.findings] == ["times 2.0"]
    proof = result.findings[0].proof
    assert proof is not None
    assert proof.gone == 1.0
    assert math.isclose(proof.before, result.outputs[0].metrics.max_abs)


def test_notes_are_told_though_the_sides_agree(shared_session, made, monkeypatch) -> None:
    folder, _ = made
    note, fault = suspicion("note", 0.9, note_only=True), suspicion("fault", 0.9)
    monkeypatch.setattr(causes, "CAUSES", (Suspecting(note, fault),))
    result = compared(shared_session, folder, "right.pb")
    assert result.verdict != "different"
    assert [(item.cause, item.note_only) for item in result.findings] == [("note", True)]
