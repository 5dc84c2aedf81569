"""Ways to open what is no single .h5 or .pb: folders, files that belong together, handles, recordings."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from dropping import drop_on, dropped
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from inspector.domain.errors import InspectorError
from inspector.gui.drops import models_of, read_drop
from inspector.gui.file_actions import MODELS
from inspector.gui.inputs.preview import sizes_of
from inspector.gui.window import MainWindow


def paths(*names: str) -> list[Path]:
    return [Path("/d") / name for name in names]


@pytest.mark.parametrize(
    ("names", "models"),
    [
        (("group1-shard2of2.bin", "model.json", "group1-shard1of2.bin"), ("model.json",)),
        (("m.index", "m.data-00000-of-00001", "m.meta", "checkpoint"), ("m.meta",)),
        (("m.data-00000-of-00002", "m.data-00001-of-00002", "m.index"), ("m.index",)),
        (("variables", "saved_model.pb", "assets", "fingerprint.pb"), ("saved_model.pb",)),
        (("a.index", "a.data-00000-of-00001", "b.index", "b.data-00000-of-00001"), ("a.index", "b.index")),
        (("net.json", "net.h5"), ("net.json", "net.h5")),
        (("lonely.bin",), ("lonely.bin",)),
        (("checkpoint",), ("checkpoint",)),
    ],
)
def test_files_that_belong_together_are_one_model(names: tuple[str, ...], models: tuple[str, ...]) -> None:
    assert models_of(paths(*names)) == paths(*models)


def test_a_model_of_several_files_is_for_the_side_it_fell_on() -> None:
    drop = read_drop(dropped("/d/model.json", "/d/group1-shard1of1.bin"), "b")
    assert drop.files == (("b", Path("/d/model.json")),)
    both = read_drop(dropped("/m.h5", "/d/model.json", "/d/group1-shard1of1.bin"), "b")
    assert both.files == (("a", Path("/m.h5")), ("b", Path("/d/model.json")))
    assert both.said == ""


def test_an_archive_of_arrays_is_the_input_and_a_recording_is_a_side(tmp_path: Path) -> None:
    for name, member in (("arrays.npz", "x.npy"), ("recorded.npz", "recording.json")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(member, b"{}")
    assert read_drop(dropped(tmp_path / "arrays.npz"), "a").spec == str(tmp_path / "arrays.npz")
    assert read_drop(dropped(tmp_path / "recorded.npz"), "a").files == (("a", tmp_path / "recorded.npz"),)


def test_a_dropped_folder_is_opened(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    drop_on(window, dropped(folder), 0.8)
    qtbot.waitUntil(lambda: window.state.files["b"] is not None)
    assert window.sides["b"].title.raw == "saved"


def test_the_file_dialog_offers_every_format(window: MainWindow) -> None:
    every = MODELS.split(";;")[0]
    endings = ("h5", "hdf5", "keras", "pb", "pbtxt", "meta", "index", "tflite", "json", "npz")
    assert [ending for ending in endings if f"*.{ending}" not in every] == []


def test_a_folder_is_opened_by_its_command(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(folder))
    window.show_palette()
    qtbot.keyClicks(window.palette_box.query, "folder as a")
    qtbot.keyClick(window.palette_box.query, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.state.files["a"] is not None)
    assert window.state.files["a"].path == str(folder)


def test_a_handle_is_pasted_and_opened(qtbot: QtBot, window: MainWindow) -> None:
    session = window.state.session
    asked = []

    def open_handle(side: str, path: str, _options: object) -> None:
        asked.append((side, path))
        raise InspectorError("NOT_FOUND", "this module is not in the cache", where=path, todo="Fetch it first.")

    session.open = open_handle
    window.show_palette()
    qtbot.keyClicks(window.palette_box.query, "hub handle as b")
    qtbot.keyClick(window.palette_box.query, Qt.Key.Key_Return)
    box = window.handle_box
    qtbot.waitUntil(box.isVisible)
    assert box.title.text() == "Open a TF Hub handle as B"
    qtbot.keyClicks(box.line, "https://hub.example/google/nnlm/2")
    qtbot.keyClick(box.line, Qt.Key.Key_Return)
    assert not box.isVisible()
    panel = window.sides["b"]
    qtbot.waitUntil(lambda: panel.body.currentWidget() is panel.error)
    assert asked == [("b", "https://hub.example/google/nnlm/2")]
    assert panel.error.what.text() == "✕  This module is not in the cache"


def test_an_empty_side_says_what_can_be_dropped(qtbot: QtBot, window: MainWindow, files: tuple[Path, Path]) -> None:
    window.files.open("a", files[0])
    qtbot.waitUntil(lambda: window.state.files["a"] is not None)
    said = window.sides["b"].invitation.text()
    for what in (".keras", "SavedModel folders", "TensorFlow Lite", "TensorFlow.js", "recordings", "Ctrl+Shift+O"):
        assert what in said


def test_with_a_recording_the_inputs_come_from_it(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "before.npz"
    path.write_bytes(b"x")
    window.files.open_pair(path, files[1])
    qtbot.waitUntil(lambda: window.state.assignment is not None)
    bar = window.input_bar
    assert bar.recorded.isVisible()
    assert bar.recorded.raw == "from the recording A"
    assert "B gets the inputs that before.npz holds" in bar.recorded.toolTip()
    assert not bar.spec.isVisible()
    assert window.sides["a"].facts.raw == "A recording: Recording"
    assert window.sides["a"].options.button.raw == "Recording"
    window.commands.action("close-a").trigger()
    assert bar.spec.isVisible()
    assert not bar.recorded.isVisible()


def test_sizes_of_open_dimensions_reach_the_session(qtbot: QtBot, matched: MainWindow) -> None:
    matched.input_bar.preview.click()
    line = matched.preview.sizes
    assert line.placeholderText() == "as stated"
    qtbot.keyClicks(line, "224, 160")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert matched.state.session.settings.size == (224, 160)
    line.clear()
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert matched.state.session.settings.size is None


@pytest.mark.parametrize(("text", "sizes"), [("224x224", (224, 224)), (" 8 ", (8,)), ("", None), ("0", None)])
def test_sizes_are_written_in_several_ways(text: str, sizes: tuple[int, ...] | None) -> None:
    assert sizes_of(text) == sizes
