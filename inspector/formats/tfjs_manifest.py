"""A TensorFlow.js weights manifest: groups of shards, which array lies where in them, read by range.

Source: tfjs-core/src/io/types.ts (WeightsManifestConfig) and io_utils.ts (decodeWeights).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn
from inspector.formats.tfjs_shards import Group, Shard, shard_at

WIDTHS = {"float32": 4, "int32": 4, "bool": 1, "complex64": 8, "float16": 2, "uint8": 1, "uint16": 2}
INTEGERS = ("uint8", "uint16")
LENGTH = 4  # bytes before each text of a string tensor


@dataclass(frozen=True, slots=True)
class Quantization:
    """A value is `stored * scale + minimum`; scale 0 where the values are float16."""

    dtype: str
    scale: float = 0.0
    minimum: float = 0.0

    @property
    def words(self) -> str:
        """For a person."""
        if self.dtype not in INTEGERS:
            return self.dtype
        return f"{self.dtype}, scale {self.scale:.6g}, minimum {self.minimum:.6g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWeight:
    """One array of a group: `start` and `stop` are its bytes there, None where that cannot be known."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None
    group: int
    start: int | None = None
    stop: int | None = None

    @property
    def stored(self) -> str:
        """The dtype of the bytes."""
        return self.quantization.dtype if self.quantization else self.dtype

    @property
    def step(self) -> float:
        """The distance of neighbouring values of a quantized array, 0 of another."""
        return self.quantization.scale if self.quantization else 0.0

    @property
    def precision(self) -> str:
        """The dtype of the values that are read: `float16` where float32 was rounded to it."""
        return "float16" if self.stored == "float16" else self.dtype

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    @property
    def size(self) -> int | None:
        """Bytes in the group, None for texts, whose lengths stand among them."""
        return None if self.dtype == "string" else self.count * WIDTHS[self.stored]


@dataclass(slots=True)
class Manifest:
    """All arrays by name, all shards in order, and what is wrong with either."""

    weights: dict[str, StoredWeight] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def shards(self) -> list[Shard]:
        return [shard for group in self.groups for shard in group.shards]

    @property
    def lacking(self) -> list[str]:
        """For each shard that is not there as it should be, what is wrong with it."""
        return [text for group in self.groups for text in group.lacking]

    def warnings(self) -> Iterator[Warn]:
        for group in self.groups:
            yield from (Warn("REFUSED_SHARD", text) for text in group.refused)
            yield from (Warn("MISSING_SHARD", text) for text in group.missing)
            if group.extra:
                yield Warn("EXTRA_BYTES", f"{group.shards[-1].name}: {group.extra} bytes that no array is made of")
        if self.problems:
            more = f" and {len(self.problems) - 3} more" if len(self.problems) > 3 else ""
            yield Warn("BAD_MANIFEST", f"the weights manifest is damaged: {'; '.join(self.problems[:3])}{more}")

    def known(self, name: str) -> StoredWeight:
        """Raises NO_SUCH_VALUE."""
        if name not in self.weights:
            raise InspectorError("NO_SUCH_VALUE", f"there is no array {name}", where=name)
        return self.weights[name]

    def values(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Elements `start` to `stop` in C order, flat and dequantized. Raises NO_SUCH_VALUE, NOT_NUMERIC, NO_VALUES."""
        weight = self.known(name)
        if weight.dtype == "string":
            raise InspectorError("NOT_NUMERIC", "values of dtype string have no numeric view", where=name)
        if weight.start is None:
            what = f"where its values lie cannot be known: {'; '.join(self.lacking or self.problems)[:500]}"
            raise InspectorError("NO_VALUES", what, where=name, todo="Put the model's other files beside it.")
        width = WIDTHS[weight.stored]
        end = weight.count if stop is None else min(stop, weight.count)
        at = weight.start + start * width
        stored = self.groups[weight.group].read(at, max(at, weight.start + end * width), name)
        return _dequantized(np.frombuffer(stored, np.dtype(weight.stored).newbyteorder("<")), weight)


def _dequantized(stored: NDArray[Any], weight: StoredWeight) -> NDArray[Any]:
    """As decodeWeights does: computed in float64, kept in the array's dtype, integers rounded half up."""
    quantization = weight.quantization
    if quantization is None or quantization.dtype not in INTEGERS:
        return stored.astype(weight.dtype, copy=False)
    values = stored.astype(np.float64) * quantization.scale + quantization.minimum
    return np.floor(values + 0.5).astype(np.int32) if weight.dtype == "int32" else values.astype(np.float32)


def read_manifest(stated: Any, folder: Path) -> Manifest:
    """The manifest of a model in `folder`. What is damaged in it is left out and stands in `problems`."""
    manifest = Manifest()
    for number, item in enumerate(stated if isinstance(stated, list) else []):
        if not isinstance(item, dict):
            manifest.problems.append(f"group {number} is a {type(item).__name__}")
            continue
        paths, weights = item.get("paths"), item.get("weights")
        group = Group([shard_at(folder, path) for path in paths] if isinstance(paths, list) else [])
        manifest.groups.append(group)
        _place(manifest, group, [_entry(manifest, entry) for entry in (weights if isinstance(weights, list) else [])])
    return manifest


def _entry(manifest: Manifest, stated: Any) -> StoredWeight | None:
    """One array of the last group; None, and a problem said, where the entry is none."""
    try:
        return _weight(stated, len(manifest.groups) - 1)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        name = str(stated.get("name") if isinstance(stated, dict) else stated)[:80]
        manifest.problems.append(f"{name}: {type(error).__name__} {error}"[:200])
        return None


def _place(manifest: Manifest, group: Group, weights: list[StoredWeight | None]) -> None:
    """Arrays follow each other without a gap; behind one of unknown size nothing can be found."""
    sizes = [weight.size for weight in weights if weight is not None]
    known = [size for size in sizes if size is not None]
    if len(known) == len(weights):
        group.expect(sum(known))
    place: int | None = 0
    for weight in weights:
        size = None if weight is None or place is None else _size(group, place, weight)
        stop = None if place is None or size is None else place + size
        if weight is not None:
            start = None if stop is None else place
            manifest.weights[weight.name] = replace(weight, start=start, stop=stop)
        place = stop


def _weight(stated: Any, group: int) -> StoredWeight:
    """Raises KeyError, TypeError, ValueError where the entry is none."""
    shape = tuple(int(size) for size in stated["shape"])
    if any(size < 0 for size in shape):
        raise ValueError(f"a shape of {shape}")
    dtype, quantization = str(stated["dtype"]), _quantization(stated.get("quantization"))
    for name in (dtype, quantization.dtype if quantization else dtype):
        if name not in WIDTHS and name != "string":
            raise ValueError(f"dtype {name}")
    return StoredWeight(name=str(stated["name"]), shape=shape, dtype=dtype, quantization=quantization, group=group)


def _quantization(stated: Any) -> Quantization | None:
    if not stated:
        return None
    dtype = str(stated["dtype"])
    if dtype not in INTEGERS:
        return Quantization(dtype)
    return Quantization(dtype, float(stated["scale"]), float(stated["min"]))


def _size(group: Group, start: int, weight: StoredWeight) -> int | None:
    """Of texts: each stands behind its length. None where they are not all there."""
    if weight.size is not None:
        return weight.size
    at = start
    try:
        for _ in range(weight.count):
            at += LENGTH + int(np.frombuffer(group.read(at, at + LENGTH, weight.name), "<u4")[0])
    except InspectorError:
        return None
    return at - start
