"""A side's options in the session: kept with the pair, taken up again, given up with the file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions
from inspector.session.session import Session
from inspector.session.store import Store

OPTIONS = SideOptions(threads=2, choices={"signature": "serve"})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_options_are_kept_with_the_pair_and_taken_up_again(store: Store, demo) -> None:
    with Session(store=store) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.set_options("a", SideOptions(threads=2, trust=True, custom="/c.py"))
        session.save_options("a")
    with Session(store=store, options_a=SideOptions(trust=True)) as again:
        again.open("a", demo.h5)
        again.open("b", demo.pb)
        assert again.recall_options() == (("a", None),)
        assert again.options("a") == SideOptions(threads=2, trust=True)
        assert again.options("b") == SideOptions()
        assert again.recall_options() == ()


def test_what_was_set_already_stays(store: Store, demo) -> None:
    with Session(store=store) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.set_options("b", SideOptions(threads=2))
        session.save_options("b")
        session.set_options("b", SideOptions(float64=True))
        assert session.recall_options() == ()
        assert session.options("b") == SideOptions(float64=True)


def test_a_choice_that_adds_a_file_changes_not_what_the_pair_is_remembered_by(
    store: Store, demo, shared_models: Path
) -> None:
    folder = shared_models / "pairs" / "conv1d-json"
    chosen = SideOptions(choices={"architecture": str(folder / "KERAS_conv1d.json")})
    with Session(store=store) as session:
        session.open("a", folder / "KERAS_conv1d_weights.h5")
        session.open("b", demo.pb)
        session.set_options("a", chosen)
        session.save_options("a")
        assert session.file("a").runs_in
    with Session(store=store) as again:
        again.open("a", folder / "KERAS_conv1d_weights.h5")
        again.open("b", demo.pb)
        assert again.recall_options() == (("a", None),)
        assert again.options("a") == chosen
        assert again.file("a").runs_in


def test_options_that_can_no_longer_be_are_told_and_left(store: Store, shared_models: Path, tmp_path: Path) -> None:
    folder = shared_models / "pairs" / "conv1d-json"
    config = tmp_path / "config.json"
    config.write_bytes((folder / "KERAS_conv1d.json").read_bytes())
    with Session(store=store) as session:
        for side in ("a", "b"):
            session.open(side, folder / "KERAS_conv1d_weights.h5")
        session.set_options("b", SideOptions(choices={"architecture": str(config)}))
        session.save_options("b")
        config.unlink()
    with Session(store=store) as again:
        for side in ("a", "b"):
            again.open(side, folder / "KERAS_conv1d_weights.h5")
        ((side, error),) = again.recall_options()
        assert (side, error.code) == ("b", "BAD_CHOICE")
        assert again.options("b") == SideOptions()
        assert again.file("b").path.endswith("KERAS_conv1d_weights.h5")


def test_a_file_is_opened_with_options_and_without_those_before(store: Store, demo, tmp_path: Path) -> None:
    with Session(store=store, options_a=OPTIONS) as session:
        session.open("a", demo.h5, SideOptions(seed=1))
        assert session.options("a") == SideOptions(seed=1)
        with pytest.raises(InspectorError, match="NOT_FOUND"):
            session.open("a", tmp_path / "gone.h5", SideOptions(seed=2))
        assert session.options("a") == SideOptions(seed=1)
        assert session.file("a").path == str(demo.h5)


def test_environments_are_looked_into_and_kept(store: Store) -> None:
    with Session(store=store) as session:
        own = session.environments.inspect("")
        assert own.python == ".".join(map(str, sys.version_info[:3]))
        found = session.environments.add(sys.executable)
        assert session.environments.paths() == (found.path,)
        with pytest.raises(InspectorError, match="NOT_A_PYTHON"):
            session.environments.add("/bin/true")
        assert session.environments.paths() == (found.path,)
        session.environments.forget(found.path)
        assert session.environments.paths() == ()
