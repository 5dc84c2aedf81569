"""The questions that recordings answer: before saving and after restoring, here and elsewhere, now and then."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tf_keras

import inspector
from inspector.domain.comparison import Comparison
from inspector.session.session import Session
from inspector.session.settings import Settings

pytestmark = pytest.mark.framework


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session() as opened:
        yield opened


def compared(session: Session, a: Path | str, b: Path | str, **settings: Any) -> Comparison:
    session.settings = Settings(**settings)
    session.open("a", a)
    session.open("b", b)
    return session.compare()


def totals(result: Comparison) -> dict[str, float]:
    """The largest total difference of every layer that both sides gave."""
    return {layer.a: layer.total.max_abs for layer in result.layers if layer.total is not None}


def saved(model: Any, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that HDF5 is an old format
        model.save(path)
    return path


def twins() -> Any:
    """One tower for both inputs, random everywhere."""
    layers = tf_keras.layers
    x = tf_keras.Input((4,), name="x")
    tower = tf_keras.Model(
        x, layers.Dense(3, "tanh", name="last")(layers.Dense(5, "relu", name="inner")(x)), name="tower"
    )
    left, right = tf_keras.Input((4,), name="left"), tf_keras.Input((4,), name="right")
    apart = layers.Subtract(name="apart")([tower(left), tower(right)])
    model = tf_keras.Model([left, right], [layers.Dense(2, name="head")(apart), apart])
    random = np.random.default_rng(1)
    model.set_weights([random.uniform(-1, 1, weight.shape) for weight in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model's recording before it was saved, and its file."""
    folder = tmp_path_factory.mktemp("before")
    model = twins()
    random = np.random.default_rng(2)
    feeds = {name: random.uniform(-1, 1, (5, 4)).astype(np.float32) for name in ("left", "right")}
    recording = inspector.record(model, feeds, folder / "before.npz")
    return Path(recording), saved(model, folder / "model.h5")


@pytest.mark.parametrize("swapped", [False, True])
def test_before_saving_and_after_restoring(session: Session, before: tuple[Path, Path], swapped: bool) -> None:
    a, b = reversed(before) if swapped else before
    result = compared(session, a, b, inputs=("zeros",))
    assert result.verdict in ("same", "within-noise")
    assert max(output.metrics.max_abs for output in result.outputs) < 1e-6
    assert {item.spec for item in result.inputs} == {f"recorded by side {'B' if swapped else 'A'}"}
    assert [item.shape_a for item in result.inputs] == [(5, 4), (5, 4)]
    assert {layer.a: layer.b for layer in result.layers} == {layer.a: layer.a for layer in result.layers}
    assert all(total < 1e-6 for total in totals(result).values())
    assert any(layer.introduced is not None for layer in result.layers)  # the model's side is replayed
    framework = result.b.framework if swapped else result.a.framework
    assert framework == f"recorded: Keras {tf_keras.__version__} on TensorFlow {sys.modules['tensorflow'].__version__}"


def test_a_restored_model_with_another_weight_differs_from_that_layer_on(
    session: Session, before: tuple[Path, Path], tmp_path: Path
) -> None:
    changed = tmp_path / "changed.h5"
    shutil.copy(before[1], changed)
    with h5py.File(changed, "a") as file:
        names: list[str] = []
        file["model_weights"].visit(names.append)
        (kernel,) = [name for name in names if name.endswith("inner/kernel:0")]
        file[f"model_weights/{kernel}"][...] *= 1.5
    result = compared(session, before[0], changed)
    assert result.verdict == "different"
    introduced = {layer.a for layer in result.layers if layer.status == "different"}
    assert introduced == {"tower/inner", "tower@1/inner"}


def test_a_phone_and_this_machine(session: Session, tmp_path: Path) -> None:
    """Two recordings: nothing can be replayed, so the totals say where it starts."""
    x = np.random.default_rng(0).random((4, 3), np.float32)

    def steps(scale: float) -> dict[str, np.ndarray]:
        first = np.float32(x @ np.ones((3, 2), np.float32))
        second = np.maximum(first * np.float32(scale), 0)
        return {"first": first, "second": second, "third": second + 1}

    here, there = (
        inspector.record(lambda _, s=scale: {"third": steps(s)["third"]}, x, tmp_path / name, activations=steps(scale))
        for name, scale in (("here.npz", 1.0), ("phone.npz", 1.25))
    )
    result = compared(session, here, there)
    assert result.verdict == "different"
    found = totals(result)
    assert found["first"] == 0.0
    assert found["second"] == pytest.approx(np.abs(steps(1.25)["second"] - steps(1.0)["second"]).max())
    assert "NO_REPLAY" in {warning.code for warning in result.warnings}
    assert compared(session, here, here).verdict == "same"


@pytest.mark.parametrize("name", ["simple_lstm_th_keras_1", "simple_flatten_rnn_tf_keras_2"])
def test_models_of_another_time_give_what_they_gave_then(session: Session, shared_models: Path, name: str) -> None:
    folder = shared_models / "recorded"
    result = compared(session, folder / f"{name}_inputs_and_outputs.h5", folder / f"{name}_model.h5")
    assert result.verdict in ("same", "within-noise")
    assert result.unmatched_a == ()
    assert len(totals(result)) == len([layer for layer in result.layers if layer.kind != "input"])
    assert all(total < 1e-5 for total in totals(result).values())
    for output in result.outputs:
        assert output.metrics.max_abs < 1e-5
