"""`.keras` archives: a zip with config.json, metadata.json and model.weights.h5, written by Keras 3 and tf_keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py

from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn
from inspector.formats import h5_safety
from inspector.formats.h5_safety import FAILURES
from inspector.formats.keras_architecture import archive_version
from inspector.formats.keras_archive import Archive, names_in
from inspector.formats.keras_file import KerasFile, parsed
from inspector.formats.keras_opened import OpenedKeras, Shell
from inspector.formats.keras_vars import with_vars
from inspector.formats.opened import NO_CHOICES, Choices

NAME, TITLE = "keras_zip", "Keras archive"
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


def recognise(head: bytes, path: Path) -> bool:
    """A zip archive with a config, and with weights or metadata beside it."""
    return (
        head.startswith(b"PK\x03\x04") and (names := names_in(path)) >= {CONFIG} and bool(names & {METADATA, WEIGHTS})
    )


def open(path: Path, choices: Choices = NO_CHOICES) -> OpenedKeras:
    """Open without unpacking. Weights that cannot be read are a warning. Raises CORRUPT, TOO_LARGE, ENCRYPTED."""
    archive = Archive(path)
    try:
        keras = _keras(archive)
        file, warning = _weights(archive)
    except InspectorError:
        archive.close()
        raise
    root = h5_safety.root_of(file)

    def close() -> None:
        file.close()
        archive.close()

    broken = f"its weights cannot be read ({warning.text}), so it cannot run" if warning else ""
    shell = Shell(NAME, TITLE, close, (warning,) if warning else (), broken, archive.members)
    try:
        return OpenedKeras(path, root, with_vars(keras, root), shell, choices)
    except InspectorError:
        close()
        raise


def _keras(archive: Archive) -> KerasFile:
    """What config and metadata say. A config that is none is a problem of the file, and stops nothing."""
    version = archive_version(archive)
    try:
        config = parsed(archive.text(CONFIG))
    except InspectorError as error:
        return KerasFile(version, "", None, problem=error)
    compiled = (config or {}).get("compile_config")
    return KerasFile(version, "", config, compiled if isinstance(compiled, dict) else {})


def _weights(archive: Archive) -> tuple[Any, Warn | None]:
    """The HDF5 file inside; an empty one in memory and why, where it cannot be read."""
    try:
        return h5py.File(archive.open(WEIGHTS), "r"), None
    except InspectorError as error:
        problem = Warn(error.code, error.what)
    except FAILURES as error:
        problem = Warn("CORRUPT", f"{WEIGHTS}: HDF5 says: {error}")
    return h5py.File("nothing", "w", driver="core", backing_store=False), problem
