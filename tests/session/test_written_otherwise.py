"""The same nets written otherwise are the same; nets that only look so are different, and the sentence says both."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inspector.domain.comparison import Comparison
from inspector.session.session import Session
from inspector.session.settings import Settings

pytestmark = pytest.mark.framework
MAKE = Path(__file__).with_name("make_written_otherwise.py")
SAME = [
    ("activations", "activations.tflite"), ("sequence", "sequence.tflite"), ("unrolled", "unrolled.tflite"),
    ("unrolled", "unrolled_dynamic.tflite"), ("rescaled", "rescaled.tflite"), ("picture", "picture_optimised.pb"),
    ("channels", "equalised.pb"), ("channels", "reordered.pb"), ("channels", "channels_first.pb"),
    ("twins", "twins.tflite"), ("normalised", "normalised.tflite"), ("normalised", "normalised_optimised.pb"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("written_otherwise")
    subprocess.run([sys.executable, str(MAKE), str(path)], check=True, capture_output=True, timeout=280)
    return path


def compared(session: Session, folder: Path, a: str, b: str) -> Comparison:
    session.open("a", folder / f"{a}.h5")
    session.open("b", folder / b)
    session.settings = Settings()
    return session.compare()


@pytest.mark.parametrize(("a", "b"), SAME)
def test_what_is_written_otherwise_is_the_same(shared_session: Session, folder: Path, a: str, b: str) -> None:
    found = compared(shared_session, folder, a, b)
    assert found.verdict in ("same", "within-noise"), found.sentence
    assert [finding.cause for finding in found.findings if not finding.note_only] == []


def test_a_lost_bias_of_a_dense_layer_on_a_sequence(shared_session: Session, folder: Path) -> None:
    found = compared(shared_session, folder, "sequence", "without_bias.tflite")
    assert found.verdict == "different"
    assert (found.findings[0].cause, found.findings[0].layer_a) == ("weights-changed", "first")
    assert [layer.a for layer in found.layers if layer.status == "different"] == ["first"]


def test_an_epsilon_that_this_input_does_not_show(shared_session: Session, folder: Path) -> None:
    found = compared(shared_session, folder, "hidden", "epsilon.pb")
    assert found.verdict == "different"
    assert found.sentence == (
        "Internal difference at `norm` (epsilon 0.03 in B, 0.001 in A); the outputs are identical on this input."
    )


def test_a_changed_number_among_channels_that_are_scaled_back(shared_session: Session, folder: Path) -> None:
    found = compared(shared_session, folder, "channels", "equalised_wrong.pb")
    assert found.verdict == "different"
    assert found.findings[0].layer_a == "conv1"
