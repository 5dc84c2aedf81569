"""Attributes of HDF5 objects, read with care: sizes are checked first, and text is made fit to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from inspector.formats.h5_safety import FAILURES, shown

LARGEST = 64 << 20  # bytes of an attribute; HDF5 stores them uncompressed


def attribute(holder: Any, name: str) -> Any:
    """The value of an attribute, None when it is absent, cannot be read, or is too large to be true."""
    raw = name.encode()
    try:
        if not h5py.h5a.exists(holder, raw) or _bytes(h5py.h5a.open(holder, raw)) > LARGEST:
            return None
        return h5py.AttributeManager(_Holder(holder))[name]
    except FAILURES:
        return None


def _bytes(stated: Any) -> int:
    space = stated.get_space()
    if space.get_simple_extent_type() == h5py.h5s.NULL:
        return 0
    return int(stated.get_type().get_size()) * int(np.prod(space.get_simple_extent_dims(), dtype=object))


@dataclass(frozen=True, slots=True)
class _Holder:
    """What AttributeManager asks of an object: its id."""

    id: Any


def attribute_names(holder: Any) -> list[str]:
    """Names of all attributes that can be read."""
    found = []
    for number in range(_attribute_count(holder)):
        try:
            found.append(shown(h5py.h5a.open(holder, index=number).get_name()))
        except FAILURES:
            continue
    return found


def _attribute_count(holder: Any) -> int:
    try:
        return int(h5py.h5a.get_num_attrs(holder))
    except FAILURES:
        return 0


def text(value: Any) -> str:
    """Bytes or a text of any kind as a text that can be shown and sent."""
    if value is None or isinstance(value, h5py.Empty):
        return ""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
