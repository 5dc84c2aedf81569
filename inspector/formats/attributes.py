"""Attributes of a node, decoded one by one when they are looked at. attr_value.proto"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from inspector.formats.tensor_proto import dtype_name, locate, shape_of
from inspector.formats.wire_format import (
    BYTES,
    FIXED32,
    VARINT,
    WireFormatError,
    fields,
    float32,
    signed,
    text,
    varint,
)

Range = tuple[int, int]


class Attributes(Mapping[str, Any]):
    """A read-only mapping over byte ranges. Values as domain.graph.Node says.

    `entries` are the byte ranges of the map's entries. A damaged value is None and a damaged entry is left
    out: one bad node must not take the whole graph with it; `problems` says what was damaged."""

    __slots__ = ("_data", "_entries", "_known", "_ranges", "problems")

    def __init__(self, data: memoryview, entries: Sequence[Range]) -> None:
        self._data = data
        self._entries = entries
        self._ranges: dict[str, Range] | None = None
        self._known: dict[str, Any] = {}
        self.problems: dict[str, str] = {}

    @property
    def ranges(self) -> dict[str, Range]:
        """Name -> byte range of its AttrValue."""
        if self._ranges is None:
            self._ranges = {}
            for start, stop in self._entries:
                self._add(self._ranges, start, stop)
        return self._ranges

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            begin, end = self.ranges[name]
            try:
                self._known[name] = attribute(self._data, begin, end)
            except (WireFormatError, struct.error) as error:
                self._known[name] = None
                self.problems[name] = str(error)
        return self._known[name]

    def _add(self, ranges: dict[str, Range], start: int, stop: int) -> None:
        try:
            name, where = _entry(self._data, start, stop)
        except WireFormatError as error:
            self.problems[f"attribute at byte {start}"] = str(error)
        else:
            ranges[name] = where

    def __iter__(self) -> Iterator[str]:
        return iter(self.ranges)

    def __len__(self) -> int:
        return len(self.ranges)

    def tensor(self, name: str) -> tuple[int, int]:
        """The byte range of the TensorProto inside an attribute."""
        for number, kind, begin, end in fields(self._data, *self.ranges[name]):
            if number == 8 and kind == BYTES:
                return begin, end
        return self.ranges[name][0], self.ranges[name][0]


def _entry(data: memoryview, start: int, stop: int) -> tuple[str, Range]:
    key, value = "", (start, start)
    for number, kind, begin, end in fields(data, start, stop):
        if number == 1 and kind == BYTES:
            key = text(data, begin, end)
        elif number == 2 and kind == BYTES:
            value = (begin, end)
    return key, value


def attribute(data: memoryview, start: int, stop: int) -> Any:
    """The plain value of an AttrValue; None for an empty one."""
    for number, kind, begin, end in fields(data, start, stop):
        if number == 1 and kind == BYTES:
            return _list(data, begin, end)
        if number == 10 and kind == BYTES:
            return _function(data, begin, end)
        return _single(data, number, kind, begin, end)
    return None


def _single(data: memoryview, number: int, kind: int, begin: int, end: int) -> Any:
    readers: dict[int, Callable[[], Any]] = {
        2: lambda: text(data, begin, end),
        3: lambda: signed(begin),
        4: lambda: float32(data, begin) if kind == FIXED32 else None,
        5: lambda: bool(begin),
        6: lambda: dtype_name(begin),
        7: lambda: shape_of(data, begin, end),
        8: lambda: _tensor(data, begin, end),
        9: lambda: text(data, begin, end),
        10: lambda: _function(data, begin, end),
    }
    return readers[number]() if number in readers else None


def _tensor(data: memoryview, begin: int, end: int) -> str:
    tensor = locate(data, begin, end)
    return f"tensor:{tensor.dtype}:{'x'.join(map(str, tensor.shape)) or 'scalar'}"


def _function(data: memoryview, begin: int, end: int) -> str:
    names = [text(data, b, e) for number, kind, b, e in fields(data, begin, end) if number == 1 and kind == BYTES]
    return f"func:{names[0] if names else ''}"


def _list(data: memoryview, start: int, stop: int) -> list[Any]:
    found: list[Any] = []
    for number, kind, begin, end in fields(data, start, stop):
        if kind == BYTES and number in (3, 5, 6):
            found += _packed(data, number, begin, end)
        elif kind == BYTES and number == 4:
            found += [float32(data, at) for at in range(begin, end - 3, 4)]
        elif number == 9:
            found.append(_function(data, begin, end))
        elif number == 4 and kind == FIXED32:
            found.append(float32(data, begin))
        elif kind in (VARINT, BYTES):
            found.append(_single(data, number, kind, begin, end))
    return found


def _packed(data: memoryview, number: int, begin: int, end: int) -> list[Any]:
    found: list[Any] = []
    at = begin
    while at < end:
        value, at = varint(data, at)
        found.append(bool(value) if number == 5 else dtype_name(value) if number == 6 else signed(value))
    return found
