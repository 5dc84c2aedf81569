"""What a drop means: one model is for the side it fell on, two are A and B, the rest is refused politely."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl

from inspector.domain.files import Side
from inspector.session.images import SUFFIXES

#: What ends so is no model: it is meant as the input.
INPUT_ENDINGS = (*SUFFIXES, ".npy", ".npz", ".csv")
#: In a folder, what says that it is a model.
MODEL_ENDINGS = frozenset({".pb", ".pbtxt", ".h5", ".hdf5", ".keras", ".tflite", ".lite", ".meta", ".index"})
MODEL_NAMES = frozenset({"model.json", "checkpoint"})
LOOKED_AT = 10_000  # entries of a folder
WHAT_OPENS = (
    "Keras .h5 and .keras, TensorFlow .pb, SavedModel folders and checkpoints, TensorFlow Lite, "
    "TensorFlow.js, recordings."
)
CHECKPOINT = re.compile(r"(?P<stem>.+)\.(meta|index|data-\d{5}-of-\d{5})$")
SHARD = re.compile(r".*shard\d+of\d+(\.bin)?$|.*\.bin$")
MANIFEST = b"recording.json"  # what a recording's archive lists last
LISTED = 1 << 20  # bytes at the end of an archive, where its list of files stands


@dataclass(frozen=True, slots=True)
class Drop:
    """Files by side, or an input, and what is said in the status line (empty: nothing to say)."""

    files: tuple[tuple[Side, Path], ...]
    said: str = ""
    spec: str = ""


def local_paths(mime: QMimeData) -> list[Path]:
    """The files and folders of a drop that lie on this machine, in the order of the drop."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile() and url.toLocalFile()]


def read_drop(mime: QMimeData, side: Side) -> Drop:
    """What a drop on a side asks for."""
    dropped = local_paths(mime)
    if not dropped:
        return Drop((), _refusal(mime.urls()))
    inputs = [path for path in dropped if is_input(path)]
    paths = models_of([path for path in dropped if path not in inputs])
    spec = str(inputs[0]) if inputs else ""
    said = _input_told(inputs) if inputs else ""
    if len(paths) < 2:
        return Drop(tuple((side, path) for path in paths), said, spec=spec)
    if len(paths) > 2:
        said = f"{len(paths)} files were dropped: the first two are A and B. {said}".strip()
    return Drop((("a", paths[0]), ("b", paths[1])), said, spec=spec)


def is_input(path: Path) -> bool:
    """Whether a dropped file or folder is meant as the input; an archive of arrays may be a recording, which is a
    side."""
    ending = path.suffix.lower()
    if ending in INPUT_ENDINGS:
        return not (ending == ".npz" and _is_recording(path))
    return path.is_dir() and _holds_images_alone(path)


def _holds_images_alone(folder: Path) -> bool:
    """Whether a folder has images, and nothing that a model's folder has."""
    try:
        names = [Path(entry.name) for entry in itertools.islice(os.scandir(folder), LOOKED_AT)]
    except OSError:
        return False
    endings = {name.suffix.lower() for name in names}
    is_model = bool(endings & MODEL_ENDINGS) or any(name.name in MODEL_NAMES for name in names)
    return bool(endings & set(SUFFIXES)) and not is_model


def _input_told(inputs: Sequence[Path]) -> str:
    more = f" The other {len(inputs) - 1} are not used: drop their folder instead." if inputs[1:] else ""
    return f"The input is now {inputs[0].name}.{more}"


def models_of(paths: Sequence[Path]) -> list[Path]:
    """One path for each model: files that belong together are one.

    A TensorFlow.js model.json with its shards, the files of a checkpoint, a saved_model.pb with its folders."""
    models: list[Path] = []
    for path in paths:
        model = _model_of(path, paths)
        if model is not None and model not in models:
            models.append(model)
    return models


def _model_of(path: Path, dropped: Sequence[Path]) -> Path | None:
    """The path that stands for the model which a file belongs to; None for what only goes with another."""
    beside = [other for other in dropped if other.parent == path.parent]
    if checkpoint := CHECKPOINT.match(path.name):
        own = [other for other in beside if _stem(other) == checkpoint["stem"]]
        return min(own, key=lambda other: (other.suffix != ".meta", other.suffix != ".index"))
    if path.name == "checkpoint" and any(_stem(other) for other in beside):
        return None
    manifest = next((other for other in beside if other.suffix == ".json"), None)
    if manifest is not None and SHARD.match(path.name):
        return manifest
    saved = next((other for other in beside if other.name in ("saved_model.pb", "saved_model.pbtxt")), None)
    if saved is not None and path.name in (
        "variables",
        "assets",
        "assets.extra",
        "fingerprint.pb",
        "keras_metadata.pb",
    ):
        return saved
    return path


def _stem(path: Path) -> str:
    found = CHECKPOINT.match(path.name)
    return found["stem"] if found else ""


def _is_recording(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LISTED))
            return MANIFEST in file.read(LISTED)
    except OSError:
        return False


def _refusal(urls: Sequence[QUrl]) -> str:
    if urls:
        return f"Only files on this machine can be opened, not {urls[0].scheme() or 'this'} addresses."
    return f"Only files and folders can be dropped here: {WHAT_OPENS}"


def side_at(x: float, width: float) -> Side:
    """The side under a horizontal position of the window."""
    return "a" if x < width / 2 else "b"
