"""TF Hub handles: looked up in the cache, never fetched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from inspector.domain.errors import InspectorError
from inspector.formats import open_file

HANDLE = "https://hub.example/google/half-plus-two/1"
#: printf %s "$HANDLE" | sha1sum
FOLDER = "ac994dd671cbc366758af92a2e1d3372676c3083"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of TF Hub."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_a_cached_module_is_opened_by_its_handle(cache: Path, shared_models: Path) -> None:
    shutil.copytree(shared_models / "singles" / "saved_model" / "saved_model_half_plus_two_tf2_cpu", cache / FOLDER)
    assert open_file(HANDLE).file.path == str(cache / FOLDER)


def test_a_module_that_is_not_cached_is_not_fetched(cache: Path) -> None:
    with pytest.raises(InspectorError) as refused:
        open_file(HANDLE)
    error = refused.value
    assert (error.code, error.where) == ("HUB_MODULE_MISSING", HANDLE)
    assert str(cache) in error.what
    assert "TFHUB_CACHE_DIR" in error.todo
