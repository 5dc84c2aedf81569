"""The few bytes of a GraphDef that a test needs, written by hand from the wire format's description."""

from __future__ import annotations

from pathlib import Path

FLOAT = 1


def varint(value: int) -> bytes:
    """As in https://protobuf.dev/programming-guides/encoding/."""
    done = bytearray()
    while value > 127:
        done.append(value & 127 | 128)
        value >>= 7
    return bytes([*done, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value & (1 << 64) - 1)


def part(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def attribute(name: str, content: bytes) -> bytes:
    return part(5, part(1, name.encode()) + part(2, content))


def dtype(code: int = FLOAT) -> bytes:
    return attribute("dtype", number(6, code))


def node(name: str, op: str, *inputs: str, rest: bytes = b"") -> bytes:
    """One `node` field of a GraphDef."""
    named = part(1, name.encode()) + part(2, op.encode())
    return part(1, named + b"".join(part(3, text.encode()) for text in inputs) + rest)


def constant(name: str, shape: tuple[int, ...], values: bytes, code: int = FLOAT) -> bytes:
    """A Const; `values` are further fields of its TensorProto, such as `part(4, raw bytes)`."""
    sizes = b"".join(part(2, number(1, size)) for size in shape)
    tensor = number(1, code) + part(2, sizes) + values
    return node(name, "Const", rest=dtype(code) + attribute("value", part(8, tensor)))


def saved(folder: Path, *fields: bytes, name: str = "graph.pb") -> str:
    """The path of a file with these fields."""
    path = folder / name
    path.write_bytes(b"".join(fields))
    return str(path)
