"""What a drop means: one file is for the side it fell on, two are A and B, the rest is refused politely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl

from inspector.domain.files import Side

#: What ends so is no model: it is meant as the input.
INPUT_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".npy", ".npz", ".csv")


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
    paths = local_paths(mime)
    if not paths:
        return Drop((), _refusal(mime.urls()))
    if all(path.suffix.lower() in INPUT_ENDINGS for path in paths):
        more = f" The other {len(paths) - 1} are not used: drop their folder instead." if paths[1:] else ""
        return Drop((), f"The input is now {paths[0].name}.{more}", spec=str(paths[0]))
    if len(paths) == 1:
        return Drop(((side, paths[0]),))
    said = "" if len(paths) == 2 else f"{len(paths)} files were dropped: the first two are A and B."
    return Drop((("a", paths[0]), ("b", paths[1])), said)


def _refusal(urls: Sequence[QUrl]) -> str:
    if urls:
        return f"Only files on this machine can be opened, not {urls[0].scheme() or 'this'} addresses."
    return "Only files can be dropped here: a Keras .h5 or a TensorFlow .pb."


def side_at(x: float, width: float) -> Side:
    """The side under a horizontal position of the window."""
    return "a" if x < width / 2 else "b"
