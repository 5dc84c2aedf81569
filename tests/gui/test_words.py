"""No option of the command reaches the window: each is the name of the control that does it."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from pytestqt.qtbot import QtBot

from inspector import cli
from inspector.domain.errors import InspectorError
from inspector.gui.window import MainWindow
from inspector.gui.words import in_window, page_in_window

FLAG = re.compile(r"(?<![\w-])--[a-z]")
OURS = re.compile(r"""["'](?:[^"']*[ (`])?--(?:preprocess|set|python|backend|custom|trust|input|static|representative"""
                  r"""|overwrite|batch|fold|signature|keep-float|name-input|name-output|to)\b""")  # fmt: skip


def options() -> set[str]:
    """Every option of every sub-command."""
    commands = [cli.command, *cli.command.commands.values()]
    found = [option for command in commands for option in command.params if isinstance(option, click.Option)]
    return {name for option in found for name in option.opts if name.startswith("--")} - {"--help", "--version"}


@pytest.mark.parametrize("option", sorted(options()))
def test_every_option_of_the_command_has_a_name_in_the_window(option: str) -> None:
    said = in_window(f"Do it with {option}, or ({option}).")
    assert not FLAG.search(said), said
    assert said.startswith("Do it ")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('feed B through --preprocess-b "scale 1/255"', "feed B through Preprocessing of B: scale 1/255"),
        ("the same tags on both sides: --set-b tags=serve", "the same tags on both sides: Options of B, Tags: serve"),
        ("Give it: --set-a architecture=FILE (a .json).", "Give it: Options of A, Architecture (a .json)."),
        ("If so, open it with --trust, or give it (--custom).", "If so, trust this file, or give it (Options, Code)."),
        ("Run it in another Python (--python).", "Run it in another Python (Options, Environment)."),
        ("export again with `bn2`", "export again with bn2"),
        ("a file called my--net.h5", "a file called my--net.h5"),
    ],
)
def test_a_sentence_in_the_words_of_the_window(said: str, shown: str) -> None:
    assert in_window(said) == shown


def test_no_page_of_a_cause_and_no_sentence_of_the_source_keeps_an_option(root: Path) -> None:
    for page in (root / "docs" / "causes").glob("*.md"):
        text = page_in_window(page.read_text(encoding="utf-8"))
        assert not re.search(r"--(set|preprocess|python|static|trust|custom)", text), page.name
    rooms = ("session", "causes", "runners", "formats")
    told = [line for room in rooms for path in (root / "inspector" / room).rglob("*.py")
            for line in path.read_text(encoding="utf-8").splitlines() if OURS.search(line)]  # fmt: skip
    assert len(told) > 10
    assert [line for line in told if re.search(r"--(set|preprocess|python|static|trust|custom)", in_window(line))] == []


def test_an_error_and_the_status_line_say_the_control(qtbot: QtBot, matched: MainWindow) -> None:
    matched.state.session.fail_compare = InspectorError(
        "CONTAINS_CODE", "program code in Lambda layers", where="/m.h5",
        todo="If you trust the file's author, open it with --trust, or give functions (--custom).",
    )  # fmt: skip
    matched.commands.action("run").trigger()
    panel = matched.results.error
    qtbot.waitUntil(lambda: matched.results.currentWidget() is panel)
    assert panel.todo.text() == ("If you trust the file's author, trust this file, or give functions (Options, Code).")
    assert "--" not in matched.status.raw
    assert panel.trust_button.isVisible()
