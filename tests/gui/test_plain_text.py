"""Names are hostile: nothing reads them as rich text, nothing lays out millions of characters."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from inspector.gui.plain import ElidedLabel, shortened, tooltip
from inspector.gui.window import MainWindow

HOSTILE = "<img src='file:///etc/passwd'>"


def test_a_name_is_cut_in_the_middle() -> None:
    assert shortened("abc") == "abc"
    assert shortened("a" * 300 + "b" * 300, 10) == "aaaaa…bbbbb"
    assert shortened("two\nlines") == "two lines"


def test_tool_tips_are_escaped_and_bounded() -> None:
    assert "&lt;img" in tooltip(HOSTILE)
    assert "<img" not in tooltip(HOSTILE)
    assert len(tooltip("&" * 5_000_000)) < 10_000
    assert tooltip("") == ""


def test_an_elided_label_keeps_the_raw_name(qtbot: QtBot) -> None:
    label = ElidedLabel("x" * 5_000_000 + "end")
    qtbot.addWidget(label)
    label.resize(120, 20)
    label.show()
    assert label.shown().endswith("nd")
    assert "…" in label.shown()
    assert len(label.raw) == 5_000_003


def test_every_label_of_the_window_is_plain_text(compared: MainWindow) -> None:
    rich = [
        label.text() for label in compared.findChildren(QLabel)
        if label.textFormat() != Qt.TextFormat.PlainText and label.text()
    ]  # fmt: skip
    assert rich == []
