"""Graphs written as text (`.pbtxt`, also named `.pb`): read into the bytes of a binary graph, then as one."""

from __future__ import annotations

from pathlib import Path

from inspector.domain.files import Warn
from inspector.formats import checkpoint, saved_model
from inspector.formats.graphdef import OpenedGraph, mapped
from inspector.formats.opened import NO_CHOICES, Choices, Opened
from inspector.formats.text_proto import LARGEST, is_text, kind_of_text, to_binary

NAME, TITLE = "text_graph", "TensorFlow graph as text"
HEAD = 4096


def recognise(head: bytes, path: Path) -> bool:
    """Whether it begins with a field of a graph in text format."""
    return is_text(head)


def open(path: Path, choices: Choices = NO_CHOICES) -> Opened:
    """Read the text. Raises TOO_LARGE beyond 256 MB, CORRUPT when not one node can be read."""
    text = mapped(path, LARGEST)
    message = kind_of_text(bytes(text[:HEAD]))
    if message == "SavedModel":
        return saved_model.open(path, choices)
    data, problems = to_binary(text, message, str(path))
    said = tuple(Warn("PARTLY_READ", text) for text in problems)
    if message == "MetaGraphDef":
        return checkpoint.open_meta(path, data, said)
    return OpenedGraph(path, len(text), data, name=NAME, title=TITLE, said=said)
