"""What a file is when it is no model that is opened here: told by its bytes, for the message that says so."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

_STARTS: tuple[tuple[bytes, int, str], ...] = (
    (b"version https://git-lfs", 0, "a Git LFS pointer: the file itself was not fetched (git lfs pull)"),
    (b"\x1f\x8b", 0, "a gzip archive"),
    (b"\x80\x02", 0, "a Python pickle, which is never opened"),
    (b"\x80\x03", 0, "a Python pickle, which is never opened"),
    (b"\x80\x04", 0, "a Python pickle, which is never opened"),
    (b"\x80\x05", 0, "a Python pickle, which is never opened"),
    (b"\x89PNG", 0, "a PNG image"),
    (b"\xff\xd8\xff", 0, "a JPEG image"),
    (b"\x93NUMPY", 0, "a numpy array"),
    (b"%PDF", 0, "a PDF"),
    (b"<!DOCTYPE", 0, "a web page: the download gave HTML in place of the file"),
    (b"<html", 0, "a web page: the download gave HTML in place of the file"),
)
_TEXTS: tuple[tuple[str, str], ...] = (
    (r"[{\[](?s:.*)\"class_name\"", "a Keras architecture as JSON, without weights"),
    (r"[{\[]", "JSON text"),
)
_KERAS = {"config.json", "model.weights.h5"}
UNKNOWN = "no model in any format that is known here"


def name_of(head: bytes, path: Path) -> str:
    """What a file looks like, in words. `head`: its first bytes, all of them for a small file."""
    for start, offset, name in _STARTS:
        if head[offset : offset + len(start)].lower() == start.lower():
            return name
    if head.startswith(b"PK\x03\x04"):
        return _archive(path)
    return _message(head) or _text(head) or UNKNOWN


def _archive(path: Path) -> str:
    """A zip archive by the names of its members, none of which is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
        return "a damaged zip archive"
    if _KERAS & set(names):
        missing = sorted(_KERAS - set(names))
        return "a Keras 3 archive (.keras)" + (f" without {' and '.join(missing)}" if missing else "")
    if any(name.endswith("data.pkl") for name in names):
        return "a PyTorch file (a zip archive with a pickle in it)"
    if names and all(name.endswith(".npy") for name in names):
        return "numpy arrays (.npz)"
    return f"a zip archive of {len(names)} files"


def _message(head: bytes) -> str:
    """Protocol buffers of others."""
    if head[:1] == b"\x08" and (b"onnx" in head or b"pytorch" in head or b"ir_version" in head):
        return "an ONNX model"
    return ""


def _text(head: bytes) -> str:
    words = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    found = next((name for pattern, name in _TEXTS if re.match(pattern, words)), "")
    if found:
        return found
    if words[:5].lower() in ("<!doc", "<html", "<head"):
        return "a web page: the download gave HTML in place of the file"
    strange = sum(not (character.isprintable() or character.isspace()) for character in words)
    return "text, not a model" if words and not strange and "\ufffd" not in words[:-1] else ""
