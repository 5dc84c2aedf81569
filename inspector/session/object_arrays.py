"""Text in a `.npy` of dtype object, which numpy wrote as a pickle: its words are read, and nothing is unpickled.

The pickle's opcodes are walked with a stack of plain values. What a pickle would import or call stays a word of its
own that nobody looks up, so that a file can do nothing but hold text."""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 1 << 30
_TEXTS = frozenset(
    {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"}
    | {"SHORT_BINSTRING", "BINSTRING", "STRING"}
)
_NUMBERS = frozenset({"BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "BINFLOAT", "FLOAT"})
_KEPT = frozenset({"MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"})
_AGAIN = frozenset({"BINGET", "LONG_BINGET", "GET"})
_SILENT = frozenset({"PROTO", "FRAME", "STOP"})


class _Mark:
    """Where a tuple or list begins on the stack."""


class _Called:
    """What the pickle would import or call."""


_OPAQUE = _Called()


def read_texts(file: BinaryIO, shape: Sequence[int]) -> NDArray[np.bytes_]:
    """The texts behind the header of an object array, in its shape, as bytes in UTF-8.

    Raises ValueError where it holds anything but text, or not as many as the shape says."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError("it is too large for an array of objects")
    texts = _state(content)
    if not all(isinstance(text, str | bytes) for text in texts) or len(texts) != int(np.prod(shape)):
        raise ValueError("it holds objects that are no text")
    encoded = [text.encode("utf-8") if isinstance(text, str) else text for text in texts]
    return np.array(encoded, np.bytes_).reshape(tuple(shape))


def _state(content: bytes) -> Sequence[Any]:
    """The elements of the array that the pickle would build, the list at the end of its state: in C order, whatever
    the order in memory was."""
    stack: list[Any] = []
    memory: dict[int, Any] = {}
    built: Sequence[Any] = ()
    for opcode, argument, _ in pickletools.genops(content):
        name = opcode.name
        if name == "BUILD":
            state = stack.pop()
            if isinstance(state, tuple) and len(state) > 1 and isinstance(state[-1], list):
                built = state[-1]
        elif name in _KEPT:
            memory[len(memory) if name == "MEMOIZE" else int(argument or 0)] = stack[-1]
        elif name in _AGAIN:
            stack.append(memory[int(argument or 0)])
        elif name not in _SILENT:
            _step(name, argument, stack)
    return built


def _step(name: str, argument: Any, stack: list[Any]) -> None:
    if name in _TEXTS or name in _NUMBERS:
        stack.append(argument)
    elif name in _STEPS:
        _STEPS[name](stack)
    else:
        raise ValueError(f"it holds objects that are no text ({name})")


def _marked(stack: list[Any]) -> list[Any]:
    items: list[Any] = []
    while not isinstance(stack[-1], _Mark):
        items.append(stack.pop())
    stack.pop()
    return items[::-1]


def _last(count: int) -> Callable[[list[Any]], None]:
    def step(stack: list[Any]) -> None:
        items = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        stack.append(tuple(items))

    return step


def _called(stack: list[Any]) -> None:
    del stack[-2:]
    stack.append(_OPAQUE)


def _append(stack: list[Any]) -> None:
    item = stack.pop()
    stack[-1].append(item)


def _appends(stack: list[Any]) -> None:
    items = _marked(stack)
    stack[-1].extend(items)


_STEPS: dict[str, Callable[[list[Any]], None]] = {
    "MARK": lambda stack: stack.append(_Mark()),
    "EMPTY_LIST": lambda stack: stack.append([]),
    "EMPTY_TUPLE": lambda stack: stack.append(()),
    "EMPTY_DICT": lambda stack: stack.append(_OPAQUE),
    "NONE": lambda stack: stack.append(None),
    "NEWTRUE": lambda stack: stack.append(True),
    "NEWFALSE": lambda stack: stack.append(False),
    "LIST": lambda stack: stack.append(_marked(stack)),
    "TUPLE": lambda stack: stack.append(tuple(_marked(stack))),
    "TUPLE1": _last(1),
    "TUPLE2": _last(2),
    "TUPLE3": _last(3),
    "GLOBAL": lambda stack: stack.append(_OPAQUE),
    "STACK_GLOBAL": _called,
    "REDUCE": _called,
    "NEWOBJ": _called,
    "APPEND": _append,
    "APPENDS": _appends,
}
