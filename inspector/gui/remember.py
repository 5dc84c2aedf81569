"""What is remembered between runs: sizes, splits, last files, recent inputs, own pipelines, the look."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, QSettings

ORGANISATION = "ModelInspector"
APPLICATION = "ModelInspector"
LISTED = 12


class Memory:
    """A typed face of QSettings. Tests hand in settings of their own."""

    def __init__(self, settings: QSettings | None = None) -> None:
        self._settings = settings or QSettings(ORGANISATION, APPLICATION)

    def bytes(self, key: str) -> QByteArray | None:
        """A saved geometry or splitter state, None when there is none."""
        value: Any = self._settings.value(key)
        return value if isinstance(value, QByteArray) else None

    def text(self, key: str, default: str = "") -> str:
        value: Any = self._settings.value(key)
        return value if isinstance(value, str) else default

    def texts(self, key: str) -> list[str]:
        """A list of lines, newest first. Qt gives a list of one back as a string."""
        value: Any = self._settings.value(key)
        if isinstance(value, str):
            return [value] if value else []
        return [line for line in value or [] if isinstance(line, str)]

    def keep(self, key: str, value: QByteArray | str | list[str]) -> None:
        self._settings.setValue(key, value)

    def add(self, key: str, line: str) -> list[str]:
        """Put a line at the head of a list, once, and give the list back."""
        lines = [line, *(other for other in self.texts(key) if other != line)][:LISTED]
        self.keep(key, lines)
        return lines

    def sync(self) -> None:
        self._settings.sync()
