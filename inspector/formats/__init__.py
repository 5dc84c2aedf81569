"""One module per format: bytes to domain values. Runs in the reader process only; no TensorFlow, no Qt.

A format is a module with NAME, TITLE, `recognise(head, path)` and `open(path)`; adding one touches this list.
"""

from __future__ import annotations

from dataclasses import replace

from inspector.domain.files import ModelFile, Warn
from inspector.formats import graphdef, keras_h5
from inspector.formats.detect import EXTENSIONS, HEAD, checked, refuse
from inspector.formats.opened import Opened

FORMATS = (keras_h5, graphdef)

__all__ = ["FORMATS", "Opened", "open_file", "summary"]


def open_file(text: str) -> Opened:
    """Open a model file, its format told by content. Raises InspectorError with the codes of `detect`."""
    path = checked(text)
    with path.open("rb") as file:
        head = file.read(HEAD)
    for module in FORMATS:
        if module.recognise(head, path):
            return module.open(path)
    raise refuse(path, head)


def summary(opened: Opened) -> ModelFile:
    """The file's summary, with a warning when its name promises another format than its content is."""
    file = opened.file
    module = next(module for module in FORMATS if module.NAME == file.format)
    named = file.path[file.path.rfind("."):].lower() if "." in file.path else ""
    if named in {end for ends in EXTENSIONS.values() for end in ends} and named not in EXTENSIONS[module.NAME]:
        said = Warn("WRONG_EXTENSION", f"the name ends in {named}, the content is a {module.TITLE}")
        return replace(file, warnings=(said, *file.warnings))
    return file
