"""SavedModels and checkpoints against the `.h5` that they were made from, the whole way through both processes."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.session.session import Session
from inspector.session.settings import Settings

pytestmark = pytest.mark.framework
MAKE = Path(__file__).with_name("make_saved_models.py")
LAYERS = {"conv": 10, "loop": 4}  # of the Keras models, their inputs aside
FORMS = [
    ("legacy", "conv", "conv"), ("legacy", "conv", "conv_v1"), ("legacy", "loop", "loop"),
    ("keras3", "conv", "conv"), ("keras3", "loop", "loop"),
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> functools._lru_cache_wrapper[Path]:
    """The folder of one Keras's models, made when it is first asked for."""

    @functools.cache
    def folder(keras: str) -> Path:
        path = tmp_path_factory.mktemp(keras)
        own = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": str(int(keras == "legacy"))}
        command = [sys.executable, str(MAKE), str(path)]
        subprocess.run(command, check=True, env={**os.environ, **own}, capture_output=True, timeout=240)
        return path

    return folder


def compared(session: Session, a: Path, b: Path) -> Comparison:
    session.settings = Settings(inputs=("random:0",))
    session.open("a", a)
    session.open("b", b)
    return session.compare()


@pytest.mark.parametrize(("keras", "h5", "saved"), FORMS)
def test_every_layer_of_the_h5_is_in_the_saved_model(made, shared_session: Session, keras: str, h5: str, saved: str):
    folder = made(keras)
    result = compared(shared_session, folder / f"{h5}.h5", folder / saved)
    assert result.verdict in ("same", "within-noise"), result.sentence
    assert max(output.metrics.max_abs for output in result.outputs) < 1e-6
    assert len(result.outputs) == (2 if h5 == "conv" else 1)
    layers = [layer for layer in result.layers if layer.class_name != "InputLayer"]
    assert len(layers) == LAYERS[h5]
    assert [layer.a for layer in layers if layer.b is None] == []
    relations = {weight.relation for layer in layers for weight in layer.weights}
    assert relations <= {"exact", "transposed"}


def test_a_real_checkpoint_is_its_h5_and_its_frozen_graph(shared_session: Session, pairs: Path) -> None:
    folder = pairs / "lenet5"
    result = compared(shared_session, folder / "modelLeNet5_small.h5", folder / "ckpt_small" / "model_small.meta")
    assert result.verdict in ("same", "within-noise"), result.sentence
    assert result.outputs[0].metrics.max_abs < 1e-8
    relations = [weight.relation for layer in result.layers for weight in layer.weights]
    assert relations == ["exact"] * 10
    frozen = compared(shared_session, folder / "frozen_model.pb", folder / "ckpt_small")
    assert (frozen.verdict, frozen.outputs[0].metrics.max_abs) == ("same", 0)


def test_a_quantization_aware_checkpoint_is_its_frozen_graph(shared_session: Session, pairs: Path) -> None:
    folder = pairs / "quant-aware"
    result = compared(shared_session, folder / "frozen_model.pb", folder / "ckpt")
    assert (result.verdict, result.outputs[0].metrics.max_abs) == ("same", 0)
    assert [layer.a for layer in result.layers if layer.b is None] == []
    relations = [weight.relation for layer in result.layers for weight in layer.weights]
    assert len(relations) >= 6
    assert set(relations) == {"exact"}


def test_without_its_shard_a_saved_model_is_mapped_and_not_run(made, shared_session: Session, tmp_path: Path) -> None:
    for path in (made("legacy") / "conv").rglob("*"):
        target = tmp_path / path.relative_to(made("legacy"))
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and ".data-" not in path.name:
            target.write_bytes(path.read_bytes())
    shared_session.open("a", made("legacy") / "conv.h5")
    shared_session.open("b", tmp_path / "conv")
    matched = shared_session.match().matches
    assert sum(match.tensor_b is not None for match in matched) == 11
    with pytest.raises(InspectorError) as caught:
        shared_session.compare()
    assert caught.value.code == "CANNOT_RUN"
    assert "variables.data-00000-of-00001 is missing" in caught.value.what
