"""A dataset in an HDF5 file as input: read by a reader of its own, since the app never holds h5py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inspector.workers.reader_client import Reader


def read_dataset(path: Path, dataset: str) -> NDArray[Any]:
    """The values in the dataset's own shape. Raises InspectorError: NOT_FOUND, NOT_A_MODEL, NO_SUCH_VALUE."""
    reader = Reader("reader of inputs")
    try:
        reader.open(str(path))
        values = reader.values(dataset)
        return values.reshape(reader.summary(dataset).shape)
    finally:
        reader.close()
