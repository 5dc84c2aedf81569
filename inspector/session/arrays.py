"""Arrays from files, of numbers or of text: `.npy`, `.npz`, `.csv`. Nothing is unpickled."""

from __future__ import annotations

import csv
import math
import zipfile
import zlib
from pathlib import Path
from typing import IO, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.session.object_arrays import read_texts

Array = NDArray[np.generic]
MAX_BYTES = 4 << 30  # of an array that is unpacked or parsed; a `.npy` is memory-mapped and may be larger
_NPY, _ZIP, _HDF5 = b"\x93NUMPY", b"PK", b"\x89HDF\r\n"
_TABLES = (".csv", ".tsv", ".txt")
_BROKEN = (OSError, ValueError, EOFError, SyntaxError, KeyError, zipfile.BadZipFile, zlib.error)


def kind_of(path: Path) -> str:
    """`npy`, `npz`, `csv`, `folder` or `image`, by content, for tables by the ending.

    Raises InspectorError NOT_A_FILE (a pipe or device, never opened), NO_PERMISSION, INPUT_NO_DATASET
    (an HDF5 file without `#/path`)."""
    if path.is_dir():
        return "folder"
    if not path.is_file():
        raise InspectorError(
            "NOT_A_FILE", "it is neither a file nor a folder", where=str(path), todo="Give a file."
        )  # fmt: skip
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except PermissionError as error:
        raise InspectorError("NO_PERMISSION", f"{path.name} may not be read", where=str(path)) from error
    if head.startswith(_HDF5):
        raise InspectorError(
            "INPUT_NO_DATASET", "an HDF5 file holds many arrays", where=str(path),
            todo=f"Name one: {path.name}#/path.",
        )  # fmt: skip
    if head.startswith(_NPY):
        return "npy"
    if head.startswith(_ZIP):
        return "npz"
    return "csv" if path.suffix.lower() in _TABLES else "image"


def load_npy(path: Path) -> Array:
    """A memory-mapped `.npy`, text as bytes. Raises InspectorError NOT_AN_ARRAY for what cannot be mapped or read."""
    try:
        with path.open("rb") as file:
            shape, dtype = _header(file)
            array: Array = (
                read_texts(file, shape) if dtype.hasobject else np.load(path, mmap_mode="r", allow_pickle=False)
            )
    except _BROKEN as error:
        raise _not_an_array(path, str(error)) from error
    return usable(array, str(path))


def load_npz(path: Path, names: tuple[str, ...], order: int, count: int) -> Array:
    """The array of a `.npz` that has one of the input's names; else the only one; else the one at
    `order` when there are as many arrays as the `count` of inputs that take theirs from this file.

    Raises InspectorError NOT_AN_ARRAY, INPUT_UNKNOWN (listing what is there), INPUT_TOO_LARGE."""
    try:
        # Opened here: numpy leaves a file open that turns out to be no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            key = _choose(list(archive.files), names, order, count, path)
            texts = _checked(archive.zip, key, path)
            return usable(archive[key] if texts is None else texts, f"{path}: {key}")
    except _BROKEN as error:
        raise _not_an_array(path, str(error)) from error


def load_csv(path: Path) -> NDArray[np.float64]:
    """Numbers as (rows, columns) float64; commas, semicolons or tabs; a first row with words is a header.

    Raises InspectorError BAD_TABLE with the line and the column, INPUT_TOO_LARGE."""
    if path.stat().st_size > MAX_BYTES // 8:
        raise _too_large(path, path.stat().st_size)
    rows: list[list[float]] = []
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        delimiter = _delimiter(file.readline())
        file.seek(0)
        try:
            for cells in csv.reader(file, delimiter=delimiter):
                _take_row(rows, cells, path)
        except csv.Error as error:
            raise _bad_table(path, f"line {len(rows) + 1}: {error}") from error
    if not any(rows):
        raise _bad_table(path, "there are no numbers in it")
    return np.array([row for row in rows if row], np.float64)


def load_texts(path: Path, columns: int | None) -> NDArray[np.bytes_]:
    """The cells of a table as text, (rows, columns) bytes in UTF-8; every row counts, there is no header.

    `columns` is how many texts a sample has, None where that is open: a row of one text may hold commas.
    Raises InspectorError BAD_TABLE with the line, INPUT_TOO_LARGE."""
    if path.stat().st_size > MAX_BYTES // 8:
        raise _too_large(path, path.stat().st_size)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = file.read().splitlines()
    delimiter = _delimiter(lines[0] if lines else "")
    try:
        rows = [_texts(line, delimiter, columns) for line in lines if line.strip()]
    except csv.Error as error:
        raise _bad_table(path, str(error)) from error
    if not rows:
        raise _bad_table(path, "there is no text in it")
    odd = next((at for at, row in enumerate(rows, 1) if len(row) != len(rows[0])), None)
    if odd is not None:
        raise _bad_table(path, f"row {odd} has {len(rows[odd - 1])} columns, the first has {len(rows[0])}")
    return np.array([[cell.encode("utf-8") for cell in row] for row in rows], np.bytes_)


def _texts(line: str, delimiter: str, columns: int | None) -> list[str]:
    cells = next(csv.reader([line], delimiter=delimiter), [])
    return [line] if columns == 1 and len(cells) > 1 else cells


def usable(array: Array, where: str) -> Array:
    """The array, when it holds real numbers or text, which comes as bytes in UTF-8. Raises InspectorError WRONG_DTYPE
    otherwise."""
    if array.dtype.kind == "S":
        return array
    if array.dtype.kind == "U":
        encoded: Array = np.char.encode(cast(NDArray[np.str_], array), "utf-8")
        return encoded
    return numeric(array, where)


def numeric(array: Array, where: str) -> Array:
    """The array, when it holds real numbers. Raises InspectorError WRONG_DTYPE otherwise."""
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise InspectorError(
            "WRONG_DTYPE", f"values of dtype {array.dtype} are no numbers", where=where,
            todo="Give an array of whole or floating numbers.",
        )  # fmt: skip
    return array


def _choose(keys: list[str], names: tuple[str, ...], order: int, count: int, path: Path) -> str:
    for name in names:
        if name in keys:
            return name
    if len(keys) == 1:
        return keys[0]
    if len(keys) == count:
        return keys[order]
    raise InspectorError(
        "INPUT_UNKNOWN", f"no array is called `{names[0]}`", where=str(path),
        todo=f"The file holds {', '.join(keys) or 'nothing'}; name one after the input.",
    )  # fmt: skip


def _checked(archive: zipfile.ZipFile, key: str, path: Path) -> NDArray[np.bytes_] | None:
    """The declared size, and the header's against it: numpy would set aside what the header says. Returns the texts
    of an array of objects, which numpy would unpickle."""
    member = key if key in archive.namelist() else f"{key}.npy"
    size = archive.getinfo(member).file_size
    if size > MAX_BYTES:
        raise _too_large(path, size)
    with archive.open(member) as file:
        shape, dtype = _header(file)
        if dtype.hasobject:
            return read_texts(cast(BinaryIO, file), shape)
    if math.prod(shape) * dtype.itemsize > size:
        raise _not_an_array(path, f"{key} says shape {list(shape)} and holds only {size} bytes")
    return None


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and dtype; the file then stands at the values."""
    first = np.lib.format.read_magic(file) == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _take_row(rows: list[list[float]], cells: list[str], path: Path) -> None:
    """Adds one row; an empty list stands for a header or an empty line, so that the count is the line's."""
    if not cells or not any(cell.strip() for cell in cells):
        rows.append([])
        return
    try:
        row = [float(cell) for cell in cells]
    except ValueError as error:
        if any(rows):
            column = next(at for at, cell in enumerate(cells, 1) if not _is_number(cell))
            raise _bad_table(path, f"line {len(rows) + 1}, column {column}: `{cells[column - 1]}`") from error
        rows.append([])
        return
    width = next((len(known) for known in rows if known), len(row))
    if len(row) != width:
        raise _bad_table(path, f"line {len(rows) + 1} has {len(row)} columns, the first has {width}")
    rows.append(row)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _not_an_array(path: Path, why: str) -> InspectorError:
    return InspectorError(
        "NOT_AN_ARRAY", f"{path.name} cannot be read as an array: {why}", where=str(path),
        todo="Save it again with numpy.save, without objects.",
    )  # fmt: skip


def _bad_table(path: Path, why: str) -> InspectorError:
    return InspectorError(
        "BAD_TABLE", f"{path.name}: {why}", where=str(path), todo="Every row needs as many numbers."
    )  # fmt: skip


def _too_large(path: Path, size: int) -> InspectorError:
    return InspectorError(
        "INPUT_TOO_LARGE", f"{path.name} holds {size:,} bytes", where=str(path), todo="Save it as .npy."
    )  # fmt: skip
