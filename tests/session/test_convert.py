"""Conversions from end to end: what is lost is said before, the file is proved after, the same bytes come twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspector.domain.comparison import Comparison
from inspector.domain.errors import Cancelled, InspectorError
from inspector.report.conversion import write_reports
from inspector.session.conversion import Converted, Target, form_of, refuse_options, worst_count
from inspector.session.convert import Conversion, relocated
from inspector.session.settings import Settings

pytestmark = pytest.mark.framework


def converted(path: Path, target: Target, **words: object) -> Converted:
    with Conversion(path, target, **words) as conversion:  # type: ignore[arg-type]
        return conversion.run(write_reports)


def test_a_frozen_graph_is_written_with_its_text_and_its_report(demo, tmp_path: Path) -> None:
    out = tmp_path / "digits.pb"
    found = converted(demo.h5, Target(out=out, form="frozen"))
    assert found.good
    assert found.proofs[0].comparison.verdict in ("same", "within-noise")
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in found.files}
    assert {"digits.pb", "digits.pb.txt", "digits.pb.report.html", "digits.pb.report.json"} == {
        path.name for path in found.files
    }
    report = json.loads((tmp_path / "digits.pb.report.json").read_text())
    assert report["b"]["path"] == str(out)
    text = (tmp_path / "digits.pb.txt").read_text()
    assert "image:0" in text
    assert "softmax:0" in text
    assert "import_graph_def" in text


def test_the_snippet_in_the_text_runs(demo, tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    converted(demo.h5, Target(out=tmp_path / "digits.pb", form="frozen"))
    text = (tmp_path / "digits.pb.txt").read_text()
    code = text[text.index("import numpy as np") : text.index("Layers\n")] + "print(output.shape)\n"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["(1, 10)"], done.stderr[-500:]


def test_given_inputs_and_random_ones_are_both_proved(demo, tmp_path: Path) -> None:
    settings = Settings(inputs=(str(demo.images[0]),))
    found = converted(demo.h5, Target(out=tmp_path / "digits.pb", form="frozen"), settings=settings)
    assert [proof.inputs for proof in found.proofs] == [(str(demo.images[0]),), ("random:0",)]
    assert (tmp_path / "digits.pb.report-random.json").exists()


def test_losses_are_said_before_anything_is_written(demo, tmp_path: Path) -> None:
    with Conversion(demo.h5, Target(out=tmp_path / "digits.pb", form="frozen")) as conversion:
        codes = [loss.code for loss in conversion.plan().losses]
        assert codes == ["LOSES_OPTIMIZER", "LOSES_COMPILE_STATE"]
    assert list(tmp_path.iterdir()) == []


def test_beyond_the_precision_asked_for_is_not_good(demo, tmp_path: Path) -> None:
    """No float16 keeps 300 dB; the file and its report are there for looking at."""
    found = converted(demo.h5, Target(out=tmp_path / "digits.tflite", form="tflite-float16", sqnr=300.0))
    assert not found.good
    assert "less than 300" in found.proofs[0].text
    assert (tmp_path / "digits.tflite").exists()


def test_preprocessing_inside_is_proved_on_raw_pictures(demo, tmp_path: Path) -> None:
    target = Target(out=tmp_path / "digits", form="saved_model", preprocess="resize 8x8 | gray | scale 1/16")
    found = converted(demo.h5, target, settings=Settings(inputs=(str(demo.images[0]),)))
    assert found.good
    assert found.written.inputs[0].shape == (None, None, None, 3)
    assert found.proofs[1].inputs[0].endswith("random-pixels-0.npy")


def test_an_existing_file_is_kept(demo, tmp_path: Path) -> None:
    out = tmp_path / "digits.pb"
    out.write_bytes(b"mine")
    with pytest.raises(InspectorError) as caught:
        converted(demo.h5, Target(out=out, form="frozen"))
    assert caught.value.code == "EXISTS"
    assert out.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [out]


def test_the_origin_is_never_written_over(demo, tmp_path: Path) -> None:
    origin = tmp_path / "digits.h5"
    origin.write_bytes(demo.h5.read_bytes())
    with pytest.raises(InspectorError) as caught:
        converted(origin, Target(out=origin, form="h5", overwrite=True))
    assert caught.value.code == "SAME_FILE"
    assert origin.read_bytes() == demo.h5.read_bytes()


def test_a_conversion_that_is_stopped_leaves_nothing(demo, tmp_path: Path) -> None:
    with Conversion(demo.h5, Target(out=tmp_path / "digits.pb", form="frozen")) as conversion:

        def stop(text: str, _done: int = 0, _total: int = 0) -> None:
            if text.startswith("running"):
                conversion.stop()

        with pytest.raises(Cancelled):
            conversion.run(write_reports, stop)
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_written_leaves_nothing(demo, tmp_path: Path) -> None:
    def refuse(_comparison: Comparison, _stem: Path) -> None:
        raise OSError(28, "No space left on device")

    target = Target(out=tmp_path / "digits.pb", form="frozen")
    with Conversion(demo.h5, target) as conversion, pytest.raises(InspectorError) as caught:
        conversion.run(refuse)
    assert caught.value.code == "DISK_FULL"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "wanted", "form"),
    [
        ("a.pb", "", "frozen"),
        ("a.KERAS", "", "keras"),
        ("a.hdf5", "", "h5"),
        ("a.tflite", "", "tflite"),
        ("folder", "", "saved_model"),
        ("folder", "tfjs-graph", "tfjs-graph"),
    ],
)
def test_the_form_is_told_by_the_name(name: str, wanted: str, form: str) -> None:
    assert form_of(Path(name), wanted) == form


@pytest.mark.parametrize(("name", "wanted"), [("a.onnx", ""), ("a.pb", "onnx")])
def test_a_form_that_there_is_not(name: str, wanted: str) -> None:
    with pytest.raises(InspectorError) as caught:
        form_of(Path(name), wanted)
    assert caught.value.code == "UNKNOWN_FORM"


def test_options_that_a_form_has_no_place_for() -> None:
    target = Target(out=Path("a.tflite"), form="tflite")
    refuse_options(target)
    with pytest.raises(InspectorError, match="--fold"):
        refuse_options(replace(target, fold=True))
    with pytest.raises(InspectorError, match="--batch"):
        refuse_options(replace(target, form="h5", batch="2"))


def test_worst_layers_are_counted() -> None:
    assert worst_count(("conv", "worst:3")) == 3
    assert worst_count(("conv",)) == 0
    with pytest.raises(InspectorError):
        worst_count(("worst:none",))


def test_a_path_is_replaced_in_all_texts() -> None:
    settings = Settings(inputs=("/draft/x", "y"), preprocess_a="/draft")
    assert relocated(settings, "/draft", "/final") == Settings(inputs=("/final/x", "y"), preprocess_a="/final")


RESNET, VWW = "tiny-resnet/pretrainedResnet", "tiny-vww/vww_96"
PUBLISHED = [(f"{RESNET}.h5", f"{RESNET}_quant.tflite", 255.0), (f"{VWW}.h5", f"{VWW}_int8.tflite", 1.0)]


@pytest.mark.parametrize(("origin", "published", "high"), PUBLISHED)
def test_int8_is_not_worse_than_what_was_published(
    pairs: Path, origin: str, published: str, high: float, tmp_path: Path
) -> None:
    """Both on the same inputs, which neither took its ranges from."""
    from inspector.session.session import Session
    from inspector.session.store import Store

    settings = Settings(inputs=("random:7",), low=0.0, high=high, batch=32)
    target = Target(out=tmp_path / "ours.tflite", form="tflite-int8", representative=("random:1",), sqnr=0.0)
    ours = converted(pairs / origin, target, settings=settings).proofs[0]
    with Session(store=Store(tmp_path / "state")) as session:
        session.settings = settings
        session.open("a", pairs / origin)
        session.open("b", pairs / published)
        theirs = min(output.metrics.sqnr_db for output in session.compare().outputs)
    assert np.isfinite(theirs)
    assert ours.sqnr_db >= theirs - 0.5  # half a decibel is what other samples make of it
