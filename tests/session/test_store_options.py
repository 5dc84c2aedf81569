"""Options and environments in the session file: what is kept, what never is, and what a damaged one costs."""

from __future__ import annotations

import json
from pathlib import Path

from inspector.domain.options import SideOptions
from inspector.session.store import MAX_ENVIRONMENTS, Store, pair_key

KEY = pair_key("a" * 64, "b" * 64)
OPTIONS = SideOptions(python="/envs/tf1/bin/python", choices={"signature": "train"}, threads=2, onednn=False, seed=0)


def test_options_of_each_side_are_there_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.set_options(KEY, "a", OPTIONS)
    store.set_options(KEY, "b", SideOptions(batch=4))
    again = Store(tmp_path)
    assert (again.options(KEY, "a"), again.options(KEY, "b")) == (OPTIONS, SideOptions(batch=4))
    assert again.options("other", "a") is None
    assert again.warnings == ()


def test_what_needs_consent_is_never_kept(tmp_path: Path) -> None:
    choices = {"architecture": "/home/me/nets.py:build", "signature": "train"}
    Store(tmp_path).set_options(
        KEY, "a", SideOptions(trust=True, custom="/c.py", online=True, threads=1, choices=choices)
    )
    assert Store(tmp_path).options(KEY, "a") == SideOptions(threads=1, choices={"signature": "train"})


def test_environments_are_kept_once_and_in_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for path in ("/a/python", "/b/python", "/a/python"):
        store.add_environment(path)
    assert Store(tmp_path).environments() == ("/b/python", "/a/python")
    store.forget_environment("/b/python")
    assert Store(tmp_path).environments() == ("/a/python",)
    for number in range(MAX_ENVIRONMENTS + 5):
        store.add_environment(str(number))
    assert Store(tmp_path).environments()[0] == "5"


def test_damaged_environments_and_options_cost_only_themselves(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.set_options(KEY, "a", OPTIONS)
    store.add_environment("/a/python")
    store.save_pipeline("mine", "rgb")
    file = tmp_path / "session.json"
    raw = json.loads(file.read_text())
    raw["environments"] = ["/a/python", 7, None]
    raw["pairs"][KEY]["options_a"]["threads"] = "many"
    raw["pairs"][KEY]["options_b"] = {"batch": 4}
    file.write_text(json.dumps(raw))
    again = Store(tmp_path)
    assert again.environments() == ("/a/python",)
    assert again.options(KEY, "a") is None
    assert again.options(KEY, "b") == SideOptions(batch=4)
    assert again.pipelines() == {"mine": "rgb"}
    assert [warning.code for warning in again.warnings] == ["STATE_DAMAGED"]
    raw["environments"] = "/a/python"
    file.write_text(json.dumps(raw))
    assert Store(tmp_path).environments() == ()


def test_a_file_of_before_has_none(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text(json.dumps({"schema": 1, "pairs": {KEY: {"matches": {}}}}))
    store = Store(tmp_path)
    assert (store.environments(), store.options(KEY, "a"), store.warnings) == ((), None, ())
