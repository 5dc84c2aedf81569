"""What a drop means: one model is for the side it fell on, two are A and B, the rest is refused politely."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl

from inspector.domain.files import Side

#: What ends so is no model: it is meant as the input.
INPUT_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".npy", ".npz", ".csv")
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
    if all(is_input(path) for path in dropped):
        more = f" The other {len(dropped) - 1} are not used: drop their folder instead." if dropped[1:] else ""
        return Drop((), f"The input is now {dropped[0].name}.{more}", spec=str(dropped[0]))
    paths = models_of(dropped)
    if len(paths) == 1:
        return Drop(((side, paths[0]),))
    said = "" if len(paths) == 2 else f"{len(paths)} files were dropped: the first two are A and B."
    return Drop((("a", paths[0]), ("b", paths[1])), said)


def is_input(path: Path) -> bool:
    """Whether a dropped file is meant as the input; an archive of arrays may be a recording, which is a side."""
    ending = path.suffix.lower()
    return ending in INPUT_ENDINGS and not (ending == ".npz" and _is_recording(path))


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
