"""The session file: what is kept, how it is written, and what a bad one costs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from inspector.domain.errors import InspectorError
from inspector.session.settings import Settings
from inspector.session.store import MAX_PAIRS, MAX_RECENT, Store, pair_key, state_folder

KEY = pair_key("a" * 64, "b" * 64)
SETTINGS = Settings(inputs=("x=cat.png",), preprocess_a="rgb", low=-1.0, batch=4, size=(32, 32))


def test_everything_is_there_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.set_match(KEY, "conv1", "import/conv1/Conv2D:0")
    store.set_match(KEY, "dropout", None)
    store.set_settings(KEY, SETTINGS)
    store.add_recent("one.h5", "one.pb")
    store.add_recent("two.h5", "two.pb")
    store.add_recent("one.h5", "one.pb")
    store.save_pipeline("mine", "resize 8x8|SCALE 1/255")
    again = Store(tmp_path)
    assert again.matches(KEY) == {"conv1": "import/conv1/Conv2D:0", "dropout": None}
    assert again.settings(KEY) == SETTINGS
    assert [(r.a, r.b) for r in again.recent()] == [("one.h5", "one.pb"), ("two.h5", "two.pb")]
    assert again.pipelines() == {"mine": "resize 8x8 bilinear | scale 1/255"}
    assert again.warnings == ()
    assert json.loads((tmp_path / "session.json").read_text())["schema"] == 1


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.set_match(KEY, "conv1", "x:0")
    store.save_pipeline("mine", "rgb")
    store.forget_match(KEY, "conv1")
    store.forget_pipeline("mine")
    assert Store(tmp_path).matches(KEY) == {}
    assert Store(tmp_path).pipelines() == {}


def test_a_new_pair_has_nothing(tmp_path: Path) -> None:
    assert Store(tmp_path).matches(KEY) == {}
    assert Store(tmp_path).settings(KEY) is None
    assert not (tmp_path / "session.json").exists()


def test_lists_are_bounded_and_the_latest_stay(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(MAX_PAIRS + 5):
        store.set_match(str(number), "a", None)
    for number in range(MAX_RECENT + 5):
        store.add_recent(f"{number}", "b")
    assert store.matches("4") == {}
    assert store.matches("5") == {"a": None}
    assert len(store.recent()) == MAX_RECENT
    assert store.recent()[0].a == str(MAX_RECENT + 4)


def test_two_windows_do_not_undo_each_other(tmp_path: Path) -> None:
    one, two = Store(tmp_path), Store(tmp_path)
    one.set_match(KEY, "conv1", "x:0")
    two.set_match(KEY, "conv2", "y:0")
    assert Store(tmp_path).matches(KEY) == {"conv1": "x:0", "conv2": "y:0"}


def test_nothing_but_the_file_is_left_behind(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "folder")
    store.add_recent("a", "b")
    assert [p.name for p in (tmp_path / "new" / "folder").iterdir()] == ["session.json"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\x00\xff", b"[1, 2]", b'"text"', b"[" * 100_000, b'{"schema": 1, "pairs": 3}']
)
def test_a_file_that_is_not_ours_is_kept_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "session.json").write_bytes(content)
    store = Store(tmp_path)
    (warning,) = store.warnings
    assert warning.code == "STATE_DAMAGED"
    assert "session.kept-1.json" in warning.text
    assert (tmp_path / "session.json").read_bytes() == content
    store.add_recent("a.h5", "b.pb")
    assert (tmp_path / "session.kept-1.json").read_bytes() == content
    assert Store(tmp_path).recent()[0].a == "a.h5"
    assert Store(tmp_path).warnings == ()


def test_what_is_valid_of_a_damaged_file_is_kept(tmp_path: Path) -> None:
    raw = {
        "schema": 7,
        "pairs": {
            KEY: {"matches": {"good": "t:0", "none": None, "bad": 3}, "settings": {"batch": "many"}},
            "other": "nonsense",
        },
        "recent": [{"a": "x", "b": "y"}, {"a": 1}],
        "pipelines": {"fine": "rgb", "broken": ["rgb"]},
        "from_the_future": True,
    }
    (tmp_path / "session.json").write_text(json.dumps(raw))
    store = Store(tmp_path)
    assert store.matches(KEY) == {"good": "t:0", "none": None}
    assert store.settings(KEY) is None
    assert [(r.a, r.b) for r in store.recent()] == [("x", "y")]
    assert store.pipelines() == {"fine": "rgb"}
    assert "its schema is 7, not 1" in store.warnings[0].text
    assert "more" in store.warnings[0].text


def test_damage_while_open_is_kept_aside_too(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.set_match(KEY, "conv1", "x:0")
    (tmp_path / "session.json").write_bytes(b"somebody else's")
    store.set_match(KEY, "conv2", "y:0")
    assert (tmp_path / "session.kept-1.json").read_bytes() == b"somebody else's"
    assert Store(tmp_path).matches(KEY) == {"conv1": "x:0", "conv2": "y:0"}


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file")
    store.set_match(KEY, "conv1", "x:0")
    assert store.matches(KEY) == {"conv1": "x:0"}
    assert "STATE_NOT_SAVED" in [w.code for w in store.warnings]


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    path = os.fsdecode(b"mod\xe9le.h5")
    store = Store(tmp_path)
    store.add_recent(path, "\u202eb.pb\n")
    assert (Store(tmp_path).recent()[0].a, Store(tmp_path).recent()[0].b) == (path, "\u202eb.pb\n")


def test_only_pipelines_that_can_be_read_are_saved(tmp_path: Path) -> None:
    with pytest.raises(InspectorError, match="BAD_PIPELINE"):
        Store(tmp_path).save_pipeline("mine", "rezise 3x3")


def test_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_INSPECTOR_STATE", str(tmp_path / "elsewhere"))
    assert state_folder() == tmp_path / "elsewhere"
    assert state_folder(tmp_path) == tmp_path
    monkeypatch.delenv("MODEL_INSPECTOR_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert state_folder() == tmp_path / "xdg" / "model-inspector"
