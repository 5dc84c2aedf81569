"""What every format gives: the file's summary, its tree on demand, values by range, the computation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from numpy.typing import NDArray

from inspector.domain.computation import Computation
from inspector.domain.files import Details, Entry, ModelFile

Choices = Mapping[str, str]  # SideOptions.choices: `signature`, `tags`, `architecture`, ...
NO_CHOICES: Choices = MappingProxyType({})


class Opened(Protocol):
    """An open model file. Methods raise InspectorError with NO_SUCH_ENTRY, NO_SUCH_VALUE, NOT_NUMERIC, ..."""

    @property
    def file(self) -> ModelFile:
        """The summary."""
        ...

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        """Children `start` to `stop` of an entry; the root's id is empty."""
        ...

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Every entry with the ids of its ancestors from the root down, for searching."""
        ...

    def details(self, entry_id: str) -> Details:
        """Everything textual about one entry."""
        ...

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        """Shape and dtype of an array without reading it."""
        ...

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Elements `start` to `stop` in C order, one-dimensional; bfloat16 as float32."""
        ...

    def computation(self) -> Computation:
        """The layers in order."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
