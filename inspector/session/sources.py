"""What a spec names, before any pipeline: an array, the files of pictures, or numbers still to be drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Port
from inspector.domain.files import Warn
from inspector.session import arrays, images
from inspector.session.fitting import as_samples
from inspector.session.specs import DRAWN, Spec, names_of

Array = NDArray[np.generic]
ReadDataset = Callable[[Path, str], Array]
Pair = tuple[Port, Port]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One spec for one pair of ports. `array` is (samples, ...), `pictures` the files of a batch of
    images; with neither the numbers are to be drawn."""

    spec: Spec
    pair: Pair
    array: Array | None = None
    pictures: tuple[Path, ...] = ()
    table: bool = False
    notes: tuple[Warn, ...] = ()

    @property
    def count(self) -> int | None:
        """How many samples there are; None for drawn numbers and for a scalar."""
        if self.pictures:
            return len(self.pictures)
        return None if self.array is None or not self.array.ndim else self.array.shape[0]


def load(chosen: tuple[Spec, ...], pairs: tuple[Pair, ...], read_dataset: ReadDataset) -> list[Source]:
    """Opens what each spec names; pictures are only listed. Raises what arrays and images raise."""
    loaded = []
    for at, (spec, pair) in enumerate(zip(chosen, pairs, strict=True)):
        if spec.kind in DRAWN:
            loaded.append(Source(spec=spec, pair=pair))
        elif spec.kind == "text":
            loaded.append(_samples(spec, pair, _typed(spec, pair), table=True))
        elif spec.kind == "dataset":
            dataset = arrays.usable(read_dataset(spec.path, spec.dataset), spec.text)
            loaded.append(_samples(spec, pair, dataset))
        else:
            # The same npz may serve several inputs: its arrays then go by name, or by order.
            loaded.append(_from_file(spec, pair, chosen[:at].count(spec), chosen.count(spec)))
    return loaded


def _from_file(spec: Spec, pair: Pair, order: int, count: int) -> Source:
    kind = arrays.kind_of(spec.path)
    if kind == "npy":
        return _samples(spec, pair, arrays.load_npy(spec.path))
    if kind == "npz":
        return _samples(spec, pair, arrays.load_npz(spec.path, names_of(pair), order, count))
    if kind == "csv":
        return _samples(spec, pair, _table(spec.path, pair), table=True)
    files = images.files_of(spec.path) if kind == "folder" else (spec.path,)
    return Source(spec=spec, pair=pair, pictures=files)


def _table(path: Path, pair: Pair) -> Array:
    """Texts for an input that takes text, else numbers."""
    if all(port.dtype != "string" for port in pair):
        return arrays.load_csv(path)
    return arrays.load_texts(path, _texts_of_a_sample(pair))


def _typed(spec: Spec, pair: Pair) -> Array:
    """The texts that were typed, (samples, texts of a sample) bytes in UTF-8."""
    columns = _texts_of_a_sample(pair) or 1
    texts = np.array([text.encode("utf-8") for text in spec.texts], np.bytes_)
    return texts.reshape(-1, columns if len(texts) % columns == 0 else 1)


def _texts_of_a_sample(pair: Pair) -> int | None:
    """How many texts an input takes in each sample, None where that is open."""
    shapes = [port.shape[1:] for port in pair if port.shape is not None]
    counts = [math.prod(size or 0 for size in shape) for shape in shapes]
    return max(counts, default=0) or None


def _samples(spec: Spec, pair: Pair, array: Array, *, table: bool = False) -> Source:
    samples, notes = as_samples(array, pair, table=table)
    return Source(spec=spec, pair=pair, array=samples, table=table, notes=notes)
