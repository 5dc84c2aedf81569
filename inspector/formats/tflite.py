"""TensorFlow Lite model: not read yet."""

from __future__ import annotations

from pathlib import Path

from inspector.formats.opened import NO_CHOICES, Choices, Opened

NAME, TITLE = "tflite", "TensorFlow Lite model"


def recognise(head: bytes, path: Path) -> bool:
    """No file yet."""
    return False


def open(path: Path, choices: Choices = NO_CHOICES) -> Opened:
    """No file yet."""
    raise NotImplementedError
