"""`compare --static`: what weights and settings say of real pairs and of the demo pair, with no runner started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from child_processes import descendants

from inspector.causes.case import Suspicion
from inspector.domain.comparison import Comparison
from inspector.report.json_report import report_json
from inspector.session.static import Kept, _standing, compare_static
from inspector.session.static_session import StaticSession
from inspector.session.store import Store

SAME = {
    "racecar": ("racecar/mlp-720.h5", "racecar/frozen_model_720.pb", "same"),
    "emotion-mini": ("emotion-mini/_mini_XCEPTION.102-0.66.hdf5", "emotion-mini/model.pb", "same"),
    "dga-lstm": ("dga-lstm/model.h5", "dga-lstm/model.pb", "same"),
    "lenet5": ("lenet5/modelLeNet5_small.h5", "lenet5/frozen_model.pb", "same"),
    "int8": ("tiny-wakeword/str_ww_ref_model.h5", "tiny-wakeword/str_ww_ref_model.tflite", "within-noise"),
    "folded": ("tiny-resnet/pretrainedResnet.h5", "tiny-resnet/pretrainedResnet.tflite", "within-noise"),
    "cannot-run": ("huxley-weights-only/model_2021-1103.hdf5", "huxley-weights-only/model_2021-1103.pb", "same"),
}
OTHER_TRAINING = {
    "racecar": ("racecar/mlp-latest.h5", "racecar/frozen_model_full.pb"),
    "emotion-simple": ("emotion-simple/_simple_CNN.00-0.32.hdf5", "emotion-simple/model-cnn-033.pb"),
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticSession]:
    with StaticSession(store=Store(tmp_path_factory.mktemp("state"))) as session:
        yield session


def compared(session: StaticSession, a: Path, b: Path) -> Comparison:
    session.open("a", a)
    session.open("b", b)
    return session.compare()


@pytest.mark.parametrize("name", SAME)
def test_pairs_that_are_the_same(session: StaticSession, shared_models: Path, name: str) -> None:
    a, b, verdict = SAME[name]
    result = compared(session, shared_models / "pairs" / a, shared_models / "pairs" / b)
    assert (result.verdict, result.findings) == (verdict, ())
    assert result.sentence.endswith("nothing was run.")
    assert (result.inputs, result.outputs) == ((), ())
    assert {layer.status for layer in result.layers} == {"not-compared"}


@pytest.mark.parametrize("name", OTHER_TRAINING)
def test_another_training_is_all_that_is_claimed(session: StaticSession, shared_models: Path, name: str) -> None:
    a, b = OTHER_TRAINING[name]
    result = compared(session, shared_models / "pairs" / a, shared_models / "pairs" / b)
    (found,) = result.findings
    assert (result.verdict, found.cause, found.unproved) == ("different", "weights-changed", "nothing was run")
    assert found.title.endswith("layers differ: another training")
    assert len(found.layers) == sum(bool(layer.weights) for layer in result.layers)


def test_an_ulp_is_a_note_and_no_difference(session: StaticSession, shared_models: Path) -> None:
    folder = shared_models / "pairs" / "muscle-mlp"
    result = compared(session, folder / "mlp_200517a.h5", folder / "mlp_200517b.h5")
    (note,) = result.findings
    assert (result.verdict, note.cause, note.note_only) == ("within-noise", "weights-changed", True)
    assert "5.96e-7" in note.evidence  # five units of 2^-23, as the files themselves differ


def test_a_setting_that_both_state(session: StaticSession, demo) -> None:
    """The faulty demo graph has another epsilon in bn2, and nothing else."""
    result = compared(session, demo.h5, demo.faulty)
    (found,) = result.findings
    assert (result.verdict, found.cause, found.layer_a) == ("different", "batchnorm-epsilon", "bn2")
    assert found.title in result.sentence
    assert compared(session, demo.h5, demo.pb).findings == ()


def runners() -> int:
    """How many runner processes there are below this one."""
    return sum("inspector/runners" in line for line in descendants(os.getpid()))


def test_no_runner_is_started_and_the_report_is_of_the_schema(session: StaticSession, demo) -> None:
    before = runners()
    result = compared(session, demo.h5, demo.faulty)
    assert runners() <= before  # those of other tests' sessions
    report = report_json(result)
    assert (report.schema, report.verdict, report.inputs, report.outputs) == (1, "different", [], [])
    assert set(result.timings) == {"static"}
    assert result.timings["static"] < 30


def test_one_kernel_with_its_columns_turned_round(session: StaticSession, tmp_path: Path, demo) -> None:
    """All else of the copy is as it was."""
    other = tmp_path / "changed.h5"
    shutil.copy(demo.h5, other)
    with h5py.File(other, "r+") as file:
        found: list[str] = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        name = next(name for name in found if "conv" in name and "kernel" in name)
        kernel = np.asarray(file[name])
        file[name][...] = kernel[..., ::-1]
    result = compared(session, demo.h5, other)
    (order,) = result.findings
    assert (result.verdict, order.cause) == ("different", "weight-order")
    assert "columns permuted" in order.title


def suspicion(cause: str, confidence: float, *layers: str, **more: object) -> Suspicion:
    first = layers[0] if layers else ""
    return Suspicion(
        cause=cause,
        title=cause,
        layer_a=first,
        layer_b=first,
        layers=layers,
        confidence=confidence,
        evidence="",
        mend="",
        **more,  # type: ignore[arg-type]
    )


def test_which_suspicions_stand_without_a_run() -> None:
    """They come with the surest first, as `suspicions` gives them."""
    kept = _standing(
        [
            suspicion("weight-order", 0.97, "a", "b"),
            suspicion("batchnorm-epsilon", 0.95, "a"),
            suspicion("weights-changed", 0.8, "a"),
            suspicion("weights-changed", 0.8, "c"),
            suspicion("precision", 0.4, "d"),
            suspicion("preprocessing-mismatch", 0.9, needs_proof=True),
            suspicion("weights-changed", 0.5, "e", note_only=True),
        ]
    )
    assert [(item.cause, item.layers[:1]) for item in kept] == [
        ("weight-order", ("a",)),
        ("batchnorm-epsilon", ("a",)),
        ("weights-changed", ("c",)),
        ("weights-changed", ("e",)),
    ]


@pytest.mark.parametrize(("matched", "verdict"), [(True, "same"), (False, "not-comparable")])
def test_without_any_match_there_is_no_verdict(session: StaticSession, demo, matched: bool, verdict: str) -> None:
    session.open("a", demo.h5)
    session.open("b", demo.pb)
    found = session.match()
    none = replace(
        found, matches=tuple(replace(match, tensor_b=None, layer_b=None, weights=()) for match in found.matches)
    )
    result = compare_static(session._sides["a"], session._sides["b"], found if matched else none)
    assert result.verdict == verdict
    assert ("cannot be compared without a run" in result.sentence) is not matched


def test_weights_are_read_once_as_long_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def read(name: str) -> np.ndarray:
        asked.append(name)
        return np.zeros(100, np.float32)

    monkeypatch.setattr("inspector.session.static.ROOM", 500)
    kept = Kept(read)
    for name in ("a", "b", "a", "b"):
        assert kept(name).size == 100
    assert asked == ["a", "b", "b"]  # 400 bytes of 500 are taken by the first
