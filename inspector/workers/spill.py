"""Arrays between the app and its runners: `.npy` files in the spill, linked where they are files already."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.runners.wire import HEADERS

Array = NDArray[Any]


def save(arrays: Mapping[str, Array], folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for number, (name, array) in enumerate(arrays.items()):
        path = folder / f"{number:05d}.npy"
        _link_or_write(array, path)
        paths[name] = str(path.resolve())
    return paths


def _link_or_write(array: Any, path: Path) -> None:
    """An array that is a whole `.npy` file already (an activation of the other side) costs no copy."""
    whole = isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap)
    if whole and str(array.filename).endswith(".npy"):
        with contextlib.suppress(OSError):  # another file system, or the file is gone: write it
            with HEADERS:
                stored = np.load(array.filename, mmap_mode="r")
            if stored.shape == array.shape:
                path.hardlink_to(array.filename)
                return
    np.save(path, array, allow_pickle=False)


def opened(paths: Mapping[str, str]) -> dict[str, Array]:
    return {name: _open_one(path) for name, path in paths.items()}


def _open_one(path: str) -> Array:
    try:
        with HEADERS:
            return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except ValueError as error:
        raise InspectorError("BAD_ARRAY", f"the runner wrote no array: {error}", where=path) from error
