"""Run options of a side: none of them is a finding, and each of them is really in force."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from inspector.domain.options import SideOptions
from inspector.session.session import Session
from inspector.session.settings import Settings
from inspector.session.store import Store

pytestmark = pytest.mark.framework
SAME = ("same", "within-noise")


def session_of(folder: Path, path: Path, options_b: SideOptions, other: Path | None = None) -> Session:
    session = Session(store=Store(folder), options_b=options_b)
    session.settings = Settings(batch=5)
    session.open("a", path)
    session.open("b", other or path)
    return session


def codes(found) -> list[str]:
    return [warning.code for warning in found.warnings]


@pytest.fixture(scope="module")
def norms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net whose batch norm and dropout do something else in training."""
    tf_keras.utils.set_random_seed(1)
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            tf_keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, name="drop"),
            layers.Flatten(name="flat"),
            layers.Dense(3, name="dense"),
        ]
    )
    path = tmp_path_factory.mktemp("norms") / "model.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that HDF5 is an old format
        model.save(path)
    return path


@pytest.mark.parametrize(
    "options",
    [
        SideOptions(threads=1, onednn=False, optimise=False),
        SideOptions(xla=True, batch=2),
        SideOptions(float64=True),
    ],
    ids=["threads-onednn-optimise", "xla-batch", "float64"],
)
def test_how_a_side_is_run_is_no_difference(tmp_path: Path, demo, options: SideOptions) -> None:
    with session_of(tmp_path, demo.h5, options, demo.pb) as session:
        found = session.compare()
        b = session.outputs(0)[1]
    assert found.verdict in SAME
    assert not found.findings
    assert b.shape[0] == 5
    assert b.dtype == (np.float64 if options.float64 else np.float32)
    assert "=" in found.b.environment["options"]


def test_training_mode_differs_and_is_what_the_framework_gives(tmp_path: Path, norms: Path) -> None:
    with session_of(tmp_path, norms, SideOptions(training=True, seed=3)) as session:
        found = session.compare()
        trained = session.activation([layer.a for layer in found.layers].index("norm"), "b")
    assert found.verdict == "different"
    model = tf_keras.models.load_model(norms, compile=False)
    x = draw_like(found, (5, 6, 6, 2))
    expected = model.get_layer("norm")(model.get_layer("conv")(tf.constant(x)), training=True)
    np.testing.assert_allclose(trained, expected, atol=1e-5)


def draw_like(found, shape: tuple[int, ...]) -> np.ndarray:
    from inspector.session.drawn import uniform

    assert found.inputs[0].spec == "random:0"
    return uniform(shape, 0.0, 1.0, seed=0, stream=0).astype(np.float32)


def test_twice_tells_a_side_that_repeats_itself_from_one_that_does_not(tmp_path: Path, norms: Path) -> None:
    with session_of(tmp_path, norms, SideOptions(twice=True)) as session:
        assert "REPEATABLE" in codes(session.compare())
        session.set_options("b", SideOptions(twice=True, training=True))
        assert "NOT_REPEATABLE" in codes(session.compare())
