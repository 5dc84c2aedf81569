"""Every id of the index has a page and a module that says it; every cause is asked."""

from __future__ import annotations

import re
from pathlib import Path

from inspector import causes

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "causes"
IDS = set(re.findall(r"\(([a-z-]+)\.md\)", (PAGES / "README.md").read_text(encoding="utf-8")))
# a card of its own, what no cause explains, and what a person paired
TOLD_ELSEWHERE = {"rounding", "unexplained", "wrong-match"}


def test_every_id_has_a_page_that_is_named_after_it() -> None:
    assert len(IDS - TOLD_ELSEWHERE) >= 32
    for name in IDS:
        first = (PAGES / f"{name}.md").read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith(f"# `{name}`"), first


def test_every_id_is_said_by_a_module_that_is_asked() -> None:
    said = set()
    for module in causes.CAUSES:
        assert callable(module.suspect)
        said |= set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', Path(str(module.__file__)).read_text(encoding="utf-8")))
    assert said >= IDS - TOLD_ELSEWHERE


def test_every_module_of_causes_is_asked() -> None:
    folder = Path(str(causes.__file__)).parent
    modules = {path.stem for path in folder.glob("*.py") if "\ndef suspect(" in path.read_text(encoding="utf-8")}
    assert modules == {module.__name__.rpartition(".")[2] for module in causes.CAUSES}
