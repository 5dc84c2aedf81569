"""The architecture that a person names for a file with weights only: a config, an application, or code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from inspector.domain.errors import InspectorError
from inspector.formats import h5_safety
from inspector.formats.keras_archive import Archive, names_in
from inspector.formats.keras_file import parsed, read_keras

LARGEST_JSON = 64 << 20
APPLICATION = re.compile(r"(tf_keras|keras)\.applications:(\w+)(\(.*\))?$", re.DOTALL)
CODE = re.compile(r"(.+\.py):([A-Za-z_]\w*)$", re.DOTALL)
RECONSTRUCTED = "graph"  # made by the session from the other side, nothing that is read here
WAYS = (
    "Name a config .json, a .keras or .h5 file, keras.applications:NAME, or FILE.py:function as its architecture "
    "(--set-a architecture=...)."
)


@dataclass(frozen=True, slots=True)
class Architecture:
    """`config` is None where only running it can tell; `framework` is empty where the weights decide."""

    title: str
    config: dict[str, Any] | None = None
    version: str = ""
    framework: str = ""
    parts: tuple[str, ...] = ()


def architecture_of(text: str) -> Architecture | None:
    """What a choice names; None for none. Raises BAD_CHOICE and what reading the named file raises."""
    application, code = APPLICATION.match(text), CODE.match(text)
    if text in ("", RECONSTRUCTED):
        return None
    if application:
        framework = "keras3" if application.group(1) == "keras" else "tf_keras"
        return Architecture(text, framework=framework)
    path = Path(code.group(1) if code else text)
    try:
        is_there = path.is_file()
    except (OSError, ValueError):
        is_there = False
    if not is_there:
        raise InspectorError("BAD_CHOICE", f"there is no architecture {text}", where=text, todo=WAYS)
    parts = (str(path.resolve()),)
    if code:
        return Architecture(f"{path.name}:{code.group(2)}", parts=parts)
    config, version = _read(path)
    return Architecture(path.name, config, version, parts=parts)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """The config in a file of any kind that holds one, and the version that wrote it."""
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PK"):
        return read_archive(path)
    if head == b"\x89HDF\r\n\x1a\n":
        return _of_h5(path)
    if path.stat().st_size > LARGEST_JSON:
        raise InspectorError("BAD_CHOICE", "the file is too large for an architecture", where=str(path), todo=WAYS)
    config = parsed(path.read_bytes())
    if config is None or "class_name" not in config:
        raise InspectorError("BAD_CHOICE", "the file holds no Keras architecture", where=str(path), todo=WAYS)
    return config, version_of(config)


def version_of(config: dict[str, Any]) -> str:
    """The version that a config states, "3" where it is in Keras 3's words, else empty."""
    stated = config.get("keras_version")
    if isinstance(stated, str):
        return stated
    return "3" if "registered_name" in config else ""


def read_archive(path: Path) -> tuple[dict[str, Any], str]:
    """Config and version of a `.keras` archive. Raises CORRUPT, BAD_CONFIG, BAD_CHOICE."""
    if "config.json" not in names_in(path):
        raise InspectorError("BAD_CHOICE", "the archive holds no config.json", where=str(path), todo=WAYS)
    archive = Archive(path)
    try:
        config = parsed(archive.text("config.json")) or {}
        return config, archive_version(archive)
    finally:
        archive.close()


def archive_version(archive: Archive) -> str:
    """The version in metadata.json; "3" where it cannot be read."""
    try:
        stated = json.loads(archive.text("metadata.json")).get("keras_version")
    except (InspectorError, ValueError, AttributeError, RecursionError):
        stated = None
    return stated if isinstance(stated, str) else "3"


def _of_h5(path: Path) -> tuple[dict[str, Any], str]:
    try:
        file = h5py.File(path, "r", locking=False)
    except h5_safety.FAILURES as error:
        raise h5_safety.corrupt(error, str(path)) from error
    with file:
        keras = read_keras(h5_safety.root_of(file))
    if keras.config is None:
        what = "this file, too, holds weights only"
        raise keras.problem or InspectorError("BAD_CHOICE", what, where=str(path), todo=WAYS)
    return keras.config, keras.version
