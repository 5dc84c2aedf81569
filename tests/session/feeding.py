"""What the tests of inputs share: ports, and resolving specs for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.session.inputs import Prepared, resolve
from inspector.session.settings import Settings


def port(name: str, shape, dtype: str = "float32", limit: int | None = None) -> Port:
    return Port(name=name, tensor=f"{name}:0", shape=shape, dtype=dtype, limit=limit)


def no_dataset(path: Path, dataset: str):
    raise AssertionError("nothing is to be read from HDF5")


def prepare(specs, a, b=None, read=no_dataset, **set_by_person) -> tuple[Prepared, ...]:
    a = [a] if isinstance(a, Port) else a
    b = a if b is None else [b] if isinstance(b, Port) else b
    specs = (specs,) if isinstance(specs, str) else specs
    return resolve(specs, a, b, Settings(**set_by_person), read)


def one(*args, **kwargs) -> Prepared:
    (prepared,) = prepare(*args, **kwargs)
    return prepared


def codes(prepared: Prepared) -> list[str]:
    return [note.code for note in prepared.notes]


def refused(*args, **kwargs) -> str:
    with pytest.raises(InspectorError) as caught:
        prepare(*args, **kwargs)
    return str(caught.value)


X = port("x", (None, 4))
IMAGE = port("image", (None, 6, 8, 3))
FIRST = port("image", (None, 3, 6, 8))
