"""Where Hub's modules lie that a Keras file names, and that its runner may therefore read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import keras_files
import pytest

from inspector.formats import keras_h5, keras_hub

HANDLE = "a-handle/of/somebody/1"


def test_cached_modules_belong_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    layer = keras_files.layer("KerasLayer", "features", handle=HANDLE, batch_input_shape=[None, 4])
    path = keras_files.write_keras(tmp_path / "m.h5", keras_files.sequential(layer))
    opened = keras_h5.open(path)
    assert opened.file.parts == ()
    opened.close()
    folder = tmp_path / "cache" / hashlib.sha1(HANDLE.encode()).hexdigest()  # as tensorflow_hub names it
    folder.mkdir(parents=True)
    opened = keras_h5.open(path)
    assert opened.file.parts == (str(folder),)
    opened.close()


def test_a_handle_may_be_a_folder_and_stands_anywhere(tmp_path: Path) -> None:
    inner = keras_files.sequential(keras_files.layer("KerasLayer", "f", handle=str(tmp_path)))
    long = keras_files.layer("KerasLayer", "h", handle="x" * 5000)
    config = keras_files.sequential(inner, long, keras_files.layer("KerasLayer", "g", handle="nul\0 in it"))
    assert keras_hub.cached_modules(config) == (str(tmp_path),)
    assert list(keras_hub.handles({"class_name": "KerasLayer", "config": {"handle": 3}})) == []
