"""The session as a notebook or a script uses it, on the demo pair; what is true of it stands in its README."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import inspector
from inspector.domain.errors import InspectorError
from inspector.session.session import Session
from inspector.session.settings import Settings
from inspector.session.store import Store

pytestmark = pytest.mark.framework


def test_compare_from_python_names_the_faulty_layer(demo) -> None:
    result = inspector.compare(demo.h5, demo.faulty, inputs=str(demo.images[4]))

    assert result.verdict == "different"
    assert [layer.a for layer in result.layers if layer.status == "different"] == ["bn2"]
    finding = result.findings[0]
    assert (finding.cause, finding.layer_a) == ("batchnorm-epsilon", "bn2")
    assert finding.proof is not None
    assert finding.proof.gone > 0.999
    assert result.a.framework.startswith("tf_keras") or "Keras" in result.a.framework
    assert result.inputs[0].shape_a == (1, 8, 8, 1)


def test_a_second_run_keeps_the_models_and_the_arrays_are_handed_out(demo, tmp_path: Path) -> None:
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.faulty)
        session.settings = Settings(inputs=("random:0",), high=255.0, batch=3)
        first = session.compare()
        index = next(layer.index for layer in first.layers if layer.a == "bn2")
        a, b = (session.activation(index, which) for which in ("introduced-a", "introduced-b"))
        assert a is not None
        assert b is not None
        introduced = first.layers[index].introduced
        assert introduced is not None
        assert np.abs(a.astype(np.float64) - b).max() == introduced.max_abs
        assert a.shape == (3, 8, 8, 16)

        held = [session._sides[side]._runner for side in ("a", "b")]
        session.settings = replace(session.settings, inputs=("random:1",))
        second = session.compare()
        assert [session._sides[side]._runner for side in ("a", "b")] == held
        assert second.outputs[0].metrics.max_abs != first.outputs[0].metrics.max_abs


def test_an_input_of_the_wrong_shape_is_refused_before_the_run(demo, tmp_path: Path) -> None:
    np.save(tmp_path / "wrong.npy", np.zeros((1, 5, 5, 1), np.float32))
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.settings = Settings(inputs=(str(tmp_path / "wrong.npy"),))
        with pytest.raises(InspectorError, match=r"^WRONG_SHAPE"):
            session.compare()
        session.settings = Settings(inputs=("zeros",))
        assert session.compare().verdict in ("same", "within-noise")


def test_settings_of_a_pair_come_back_unless_something_is_set(demo, tmp_path: Path) -> None:
    kept = Settings(inputs=("zeros",), preprocess_a="bgr", high=255.0)
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.settings = kept
        session.save_settings()
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.recall_settings()
        assert session.settings == kept
        session.settings = Settings(inputs=("ones",))
        session.recall_settings()
        assert session.settings.inputs == ("ones",)


def test_a_changed_match_is_kept_and_wins(demo, tmp_path: Path) -> None:
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        assert session.change_match("relu1", None).matches[4].tensor_b is None
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        changed = next(match for match in session.match().matches if match.a == "relu1")
        assert changed.tensor_b is None
        assert changed.evidence[0].kind == "user"
        taken_back = next(match for match in session.clear_match("relu1").matches if match.a == "relu1")
        assert taken_back.tensor_b == "digits/relu1/Relu:0"


def test_nothing_starts_after_the_session_is_closed(demo, tmp_path: Path) -> None:
    session = Session(store=Store(tmp_path))
    session.open("a", demo.h5)
    session.close()
    with pytest.raises(InspectorError, match=r"^CANCELLED"):
        session.reader("a")
    with pytest.raises(InspectorError, match=r"^CANCELLED"):
        session.warm()
