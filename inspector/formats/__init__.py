"""One module per format: bytes to domain values. Runs in the reader process only; no TensorFlow, no Qt.

A format is a module with NAME, TITLE, `recognise(head, path)` and `open(path, choices)`; adding one touches
this list. `head` is empty for a folder.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

from inspector.domain.files import ModelFile, Warn
from inspector.formats.detect import EXTENSIONS, HEAD, checked, read_head, refuse
from inspector.formats.hub_handle import cached_folder, is_handle
from inspector.formats.opened import NO_CHOICES, Choices, Opened

# Imported in turn, when the ones before did not know the file: h5py alone takes longer than reading a graph.
FORMATS = (
    "graphdef",
    "saved_model",
    "tflite",
    "tfjs",
    "checkpoint",
    "text_graph",
    "keras_zip",
    "recording",
    "keras_h5",
)

__all__ = ["FORMATS", "Opened", "open_file", "summary"]


def open_file(text: str, choices: Choices = NO_CHOICES) -> Opened:
    """Open a model file or folder (or a TF Hub handle), its format told by content.

    Raises InspectorError with the codes of `detect`, and HUB_MODULE_MISSING."""
    path = checked(str(cached_folder(text)) if is_handle(text) else text)
    head = b"" if path.is_dir() else read_head(path, HEAD)
    for name in FORMATS:
        module = _module(name)
        if module.recognise(head, path):
            opened: Opened = module.open(path, choices)
            return opened
    raise refuse(path, head)


def summary(opened: Opened) -> ModelFile:
    """The file's summary, with a warning when its name promises another format than its content is."""
    file = opened.file
    named = file.path[file.path.rfind(".") :].lower() if "." in file.path else ""
    known = {end for ends in EXTENSIONS.values() for end in ends}
    if named in known and named not in EXTENSIONS.get(file.format, (named,)):
        said = Warn("WRONG_EXTENSION", f"the name ends in {named}, the content is a {_title(file.format)}")
        return replace(file, warnings=(said, *file.warnings))
    return file


def _title(format_name: str) -> str:
    modules = (_module(name) for name in FORMATS)
    return next((str(module.TITLE) for module in modules if format_name == module.NAME), format_name)


def _module(name: str) -> Any:
    return importlib.import_module(f"{__name__}.{name}")
