"""How an entry, a shape, a size and a number are written for a person."""

from __future__ import annotations

import math

from inspector.domain.files import Entry, Shape

_SHORT = {
    "float16": "f16", "float32": "f32", "float64": "f64", "bfloat16": "bf16", "int8": "i8", "int16": "i16",
    "int32": "i32", "int64": "i64", "uint8": "u8", "bool": "bool",
}  # fmt: skip


def shape_text(shape: Shape | None) -> str:
    """`3×3×3×32`, `?` for an unknown length, `scalar` for no axes, empty when the shape is unknown."""
    if shape is None:
        return ""
    return "×".join("?" if size is None else str(size) for size in shape) or "scalar"


def dtype_text(dtype: str) -> str:
    """`f32` for float32; names without a short form as they are."""
    return _SHORT.get(dtype, dtype)


def what_text(entry: Entry) -> str:
    """The second column: the class or op; for values their shape and dtype."""
    if entry.class_name:
        return entry.class_name
    values = f"{shape_text(entry.shape)} {dtype_text(entry.dtype)}".strip()
    if values:
        return values
    return f"{entry.child_count}" if entry.child_count and entry.kind in ("section", "group", "scope") else ""


def hover_text(entry: Entry) -> str:
    """Everything a row knows, one fact per line."""
    facts = [entry.name, " ".join(part for part in (entry.kind, entry.class_name) if part)]
    if entry.shape is not None:
        facts.append(f"{shape_text(entry.shape)} {entry.dtype}".strip())
    if entry.tensor and entry.tensor != entry.name:
        facts.append(f"tensor {entry.tensor}")
    if entry.size:
        facts.append(bytes_text(entry.size))
    if entry.note:
        facts.append(entry.note)
    return "\n".join(facts)


def bytes_text(size: int) -> str:
    """Bytes in the unit that leaves one to three digits before the point (1 kB is 1000 bytes)."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size} bytes"


def number_text(value: float) -> str:
    """Three significant digits, the same form in every table."""
    if math.isnan(value) or math.isinf(value):
        return str(value)
    return f"{value:.3g}"
