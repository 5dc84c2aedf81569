"""TensorFlow.js models: `model.json` or its folder, with weights in shards beside it; of layers or a graph."""

from __future__ import annotations

import json
import mmap
import re
from pathlib import Path
from typing import Any

from inspector.domain.errors import InspectorError
from inspector.formats.opened import NO_CHOICES, Choices
from inspector.formats.tfjs_opened import BACKENDS, OpenedTFJS

NAME, TITLE = "tfjs", "TensorFlow.js model"
MODEL = "model.json"
LARGEST = 1 << 30
KEYS = (b'"modelTopology"', b'"weightsManifest"')
_OBJECT = re.compile(rb"(\xef\xbb\xbf)?\s*\{")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def recognise(head: bytes, path: Path) -> bool:
    """A JSON object with a topology or a weights manifest, or a folder with such a `model.json`."""
    if path.is_dir():
        file = path / MODEL
        return file.is_file() and _is_model(_head(file), file)
    return _is_model(head, path)


def open(path: Path, choices: Choices = NO_CHOICES) -> OpenedTFJS:
    """Read `model.json`; the shards stay as they are. Raises TRUNCATED, CORRUPT, TOO_DEEP, TOO_LARGE, BAD_CHOICE."""
    backend = choices.get("backend", "")
    if backend and backend not in BACKENDS:
        raise InspectorError(
            "BAD_CHOICE",
            f"there is no backend {backend}",
            where=str(path),
            todo=f"TensorFlow.js computes on {', '.join(BACKENDS)}.",
        )
    file = path / MODEL if path.is_dir() else path
    return OpenedTFJS(path, file, _stated(file), backend or BACKENDS[0])


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(64)
    except OSError:
        return b""


def _is_model(head: bytes, file: Path) -> bool:
    """The telling keys may stand behind megabytes of others, so the whole file is looked through."""
    if not _OBJECT.match(head):
        return False
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return any(mapped.find(key) >= 0 for key in KEYS)


def _stated(file: Path) -> dict[str, Any]:
    size = file.stat().st_size
    if size > LARGEST:
        what = f"{size} bytes of JSON; {LARGEST} are read"
        raise InspectorError("TOO_LARGE", what, where=str(file), todo="Move the weights into shards.")
    data = file.read_bytes()
    try:
        text = data.decode("utf-8-sig", "backslashreplace")
        stated = json.loads(text)
        if _ESCAPED_SURROGATE.search(data):  # half a character that could be neither shown nor sent
            whole = json.dumps(stated, ensure_ascii=False)
            stated = json.loads(_LONE_SURROGATE.sub(lambda m: f"\\\\u{ord(m.group()):04x}", whole))
    except RecursionError as error:
        raise InspectorError("TOO_DEEP", "the JSON is nested too deeply to read", where=str(file)) from error
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        code, word = ("TRUNCATED", "is cut off") if cut else ("CORRUPT", "is damaged")
        what = f"the JSON {word} after {error.pos} of {len(text)} characters: {error.msg}"
        raise InspectorError(code, what, where=str(file), todo="Copy or download it again.") from error
    except ValueError as error:  # numbers of thousands of digits
        raise InspectorError("CORRUPT", f"the JSON is damaged: {error}", where=str(file)) from error
    if not isinstance(stated, dict):
        raise InspectorError("CORRUPT", f"the JSON is a {type(stated).__name__}, not a model", where=str(file))
    return stated
