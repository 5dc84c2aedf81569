"""Protocol buffers in text format, turned into their bytes: what reads a binary graph reads a text one as well.

https://protobuf.dev/reference/protobuf/textformat-spec/
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from inspector.domain.errors import InspectorError
from inspector.formats.text_schema import ENUMS, MESSAGES, Field

LARGEST = 256 << 20  # bytes of text
DEEPEST = 100
MOST_PROBLEMS = 5
# Messages that say what is computed: a field of theirs that is not known may matter, but for notes of TensorFlow's.
TOLD = ("GraphDef", "NodeDef", "AttrValue", "ListValue", "TensorProto", "TensorShapeProto", "Dim", "SignatureDef")
NOTES = ("experimental_debug_info", "experimental_type", "debug_info", "defaults")
_TOKEN = re.compile(
    r"(?:[\s,;]|\#[^\n]*)*"  # what stands between tokens
    r"(?:(?P<word>[A-Za-z_][\w./]*)|(?P<number>[-+]?\s*(?:0[xX][0-9a-fA-F]+|[0-9.][\w.]*(?:(?<=[eE])[-+]\d+[fF]?)?|inf(?:inity)?|nan))"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')|(?P<bracket>[{}<>\[\]:])|(?P<end>\Z))"
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_BEGIN = re.compile(
    rb"(\xef\xbb\xbf)?(\s|\#[^\n]*\n)*(node|library|versions|version|meta_info_def|graph_def|saved_model_schema_version|meta_graphs)"
    rb"\s*(\{|:\s*(\{|\d)|<)"
)
_CLOSING = {"{": "}", "<": ">"}


class TextProtoError(ValueError):
    """The text stops being a message; `line` counts from 1."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(f"{what} in line {line}")
        self.line = line


def is_text(head: bytes) -> bool:
    """Whether a file that begins so is a graph in text format."""
    return _BEGIN.match(head) is not None


def kind_of_text(head: bytes) -> str:
    """The message that a text is, by its first field: GraphDef, MetaGraphDef or SavedModel."""
    found = _BEGIN.match(head)
    first = found.group(3) if found is not None else b""
    if first in (b"saved_model_schema_version", b"meta_graphs"):
        return "SavedModel"
    return "MetaGraphDef" if first in (b"meta_info_def", b"graph_def") else "GraphDef"


def to_binary(data: memoryview, message: str, where: str) -> tuple[memoryview, list[str]]:
    """The bytes of a message that is given as text, and what could not be read of it, in words.

    A text that breaks off gives what stands before the break. Raises TOO_LARGE beyond 256 MB."""
    if len(data) > LARGEST:
        raise InspectorError(
            "TOO_LARGE",
            f"{len(data)} bytes of text; more than {LARGEST} are not read",
            where=where,
            todo="Save the graph in binary form.",
        )
    reader = _Reader(bytes(data).decode("utf-8", "surrogateescape"))
    return memoryview(reader.message(message)), reader.problems[:MOST_PROBLEMS]


@dataclass(slots=True)
class _Open:
    """A message that is being read: its bytes so far, and what the ones around it do with them."""

    kind: str
    number: int
    closing: str
    content: bytearray = field(default_factory=bytearray)


class _Reader:
    """Reads with a stack of its own, so that no depth of nesting is a depth of calls."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.problems: list[str] = []
        self._unknown: set[str] = set()

    def message(self, kind: str) -> bytearray:
        stack = [_Open(kind, 0, "")]
        try:
            while self._field(stack):
                pass
        except TextProtoError as error:
            self.problems.append(f"the text breaks off: {error}")
        while len(stack) > 1:
            _close(stack)
        return stack[0].content

    def _field(self, stack: list[_Open]) -> bool:
        """One field or one closing bracket. Returns False at the end."""
        kind, mark = self._next()
        here = stack[-1]
        if kind == "end":
            if len(stack) > 1:
                raise TextProtoError("it ends within a message,", self._line())
            return False
        if kind == "bracket" and mark == here.closing:
            _close(stack)
            return True
        name = self._extension() if mark == "[" else mark
        if kind != "word" and mark != "[":
            raise TextProtoError(f"{mark[:40]!r} is no field", self._line())
        known = MESSAGES[here.kind].get(name)
        if known is None:
            self._skip_unknown(here.kind, name)
        else:
            self._value(stack, known, name)
        return True

    def _value(self, stack: list[_Open], known: Field, name: str) -> None:
        kind, mark = self._next()
        if mark == ":":
            kind, mark = self._next()
        if mark == "[":
            self._list(stack, known, name)
        elif known.kind in MESSAGES:
            if mark not in _CLOSING or kind != "bracket":
                raise TextProtoError(f"{name} is a message, not {mark[:40]!r},", self._line())
            if len(stack) >= DEEPEST:
                raise TextProtoError(f"messages nested more than {DEEPEST} deep", self._line())
            stack.append(_Open(known.kind, known.number, _CLOSING[mark]))
        else:
            stack[-1].content += self._scalar(known, kind, mark)

    def _list(self, stack: list[_Open], known: Field, name: str) -> None:
        """`[1, 2]`, or messages between brackets."""
        depth = len(stack)
        while True:
            kind, mark = self._next()
            if mark == "]" and kind == "bracket":
                return
            if known.kind not in MESSAGES:
                stack[-1].content += self._scalar(known, kind, mark)
                continue
            if mark not in _CLOSING or kind != "bracket":
                raise TextProtoError(f"{name} is a message, not {mark[:40]!r},", self._line())
            stack.append(_Open(known.kind, known.number, _CLOSING[mark]))
            while len(stack) > depth:
                if not self._field(stack):
                    raise TextProtoError("it ends within a list,", self._line())

    def _scalar(self, known: Field, kind: str, mark: str) -> bytes:
        if kind == "text":
            content = b"".join(_unescaped(text) for text in self._texts(mark))
            return _varint(known.number << 3 | 2) + _varint(len(content)) + content
        try:
            return _number(known, mark.replace(" ", ""))
        except (ValueError, OverflowError, struct.error) as error:
            raise TextProtoError(f"{mark[:40]!r} is no value of type {known.kind}", self._line()) from error

    def _texts(self, mark: str) -> Iterator[str]:
        """Texts that follow each other are one."""
        yield mark[1:-1]
        while True:
            before = self._at
            kind, mark = self._next()
            if kind != "text":
                self._at = before
                return
            yield mark[1:-1]

    def _extension(self) -> str:
        """`[type.of/an.extension]`: never a field of ours."""
        name = ""
        kind, mark = self._next()
        while mark != "]" and kind != "end":
            name += mark
            kind, mark = self._next()
        return f"[{name}]"

    def _skip_unknown(self, message: str, name: str) -> None:
        """A field of another version: its value is passed over."""
        if message in TOLD and name not in NOTES and f"{message}.{name}" not in self._unknown:
            self._unknown.add(f"{message}.{name}")
            self.problems.append(f"the field {name} of {message} is not known here and was left out")
        depth = 0
        kind, mark = self._next()
        if mark == ":":
            kind, mark = self._next()
        while True:
            if kind == "bracket" and mark in "{<[":
                depth += 1
            elif kind == "bracket" and mark in "}>]":
                depth -= 1
            elif kind == "end":
                raise TextProtoError("it ends within a field,", self._line())
            if depth == 0:
                break
            kind, mark = self._next()
        if kind == "text":
            list(self._texts(mark))

    def _next(self) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise TextProtoError("something that is no text format", self._line())
        self._at = found.end()
        kind = str(found.lastgroup)
        return kind, found.group(kind)

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1


def _close(stack: list[_Open]) -> None:
    done = stack.pop()
    stack[-1].content += _varint(done.number << 3 | 2) + _varint(len(done.content)) + done.content


def _number(known: Field, mark: str) -> bytes:
    if known.kind in ("float", "double"):
        value = float(mark.rstrip("fF") if not mark.lower().endswith(("inf", "0xf")) else mark)
        packed = struct.pack("<d", value) if known.kind == "double" else _float32(value)
        return _varint(known.number << 3 | (1 if known.kind == "double" else 5)) + packed
    if known.kind in ENUMS and not mark.lstrip("-").isdigit():
        whole = ENUMS[known.kind][mark] if mark in ENUMS[known.kind] else _unknown_enum(mark)
    elif known.kind == "bool":
        whole = {"true": 1, "True": 1, "t": 1, "1": 1, "false": 0, "False": 0, "f": 0, "0": 0}.get(mark, -1)
        if whole < 0:
            raise ValueError(mark)
    elif known.kind in ("string", "bytes"):
        raise ValueError(mark)
    else:
        whole = _integer(mark)
    return _varint(known.number << 3) + _varint(whole & 0xFFFFFFFFFFFFFFFF)


def _unknown_enum(mark: str) -> int:
    raise ValueError(mark)


def _integer(mark: str) -> int:
    digits = mark.lstrip("+-")
    octal = len(digits) > 1 and digits.startswith("0") and digits.isdigit()
    value = int(digits, 8) if octal else int(digits, 0)
    if value >= 1 << 64:
        raise OverflowError(mark)
    return -value if mark.startswith("-") else value


def _float32(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _unescaped(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_escape, raw) if b"\\" in raw else raw


def _escape(found: re.Match[bytes]) -> bytes:
    octal, hexadecimal, short, long, letter = found.groups()
    if octal is not None:
        return bytes((int(octal, 8) & 0xFF,))
    if hexadecimal is not None:
        return bytes((int(hexadecimal, 16),))
    if letter is None:
        point = int(short or long, 16)
        return chr(point).encode("utf-8", "surrogatepass") if point < 0x110000 else b"?"
    return _LETTERS.get(letter, letter)
