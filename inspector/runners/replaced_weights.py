"""A copy of a Keras file in which some arrays hold other values."""

import os
import shutil
import tempfile
import zipfile
from typing import Dict

import numpy as np

from .server import RequestError

WEIGHTS = "model.weights.h5"


def with_arrays(path: str, arrays: Dict[str, np.ndarray]) -> str:
    """The copy's path. `arrays`: by the path of a dataset in the HDF5 part, in its shape. Raises NO_SUCH_VALUE."""
    folder = tempfile.mkdtemp()
    copy = os.path.join(folder, os.path.basename(path))
    if not zipfile.is_zipfile(path):
        shutil.copyfile(path, copy)
        _put(copy, arrays)
        return copy
    weights = os.path.join(folder, WEIGHTS)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        with open(weights, "wb") as file:
            file.write(old.read(WEIGHTS))
        _put(weights, arrays)
        for name in old.namelist():
            if name != WEIGHTS:
                new.writestr(name, old.read(name))
        new.write(weights, WEIGHTS)
    os.remove(weights)
    return copy


def _put(path: str, arrays: Dict[str, np.ndarray]) -> None:
    import h5py

    with h5py.File(path, "r+") as file:
        for name, array in arrays.items():
            if name not in file or file[name].shape != array.shape:
                raise RequestError("NO_SUCH_VALUE", "there is no such array to replace", name)
            file[name][...] = array
