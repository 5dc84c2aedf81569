"""One session for all comparisons of a test run: its runners import TensorFlow once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.session.session import Session
from inspector.session.store import Store


@pytest.fixture(scope="session")
def shared_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session with a state folder of its own; tests open their files in it one after the other."""
    with Session(store=Store(tmp_path_factory.mktemp("state"))) as session:
        yield session


@pytest.fixture(scope="session")
def pairs(shared_models: Path) -> Path:
    return shared_models / "pairs"
