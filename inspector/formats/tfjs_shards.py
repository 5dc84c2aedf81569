"""The files that a TensorFlow.js model's weights lie in: found beside it and nowhere else, mapped when asked for."""

from __future__ import annotations

import mmap
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shard:
    """`path` is None where the name leads out of the model's folder; `size` None where there is no such file.
    `problem` says what is wrong with it."""

    name: str
    path: Path | None
    size: int | None
    problem: str = ""


def shard_at(folder: Path, stated: Any) -> Shard:
    """The shard of a manifest's path. It must lie in the model's folder, symbolic links followed."""
    name = stated if isinstance(stated, str) else repr(stated)
    parts = PurePosixPath(name).parts
    if not isinstance(stated, str) or not parts or "\\" in name or "\0" in name or _URL.match(name):
        return Shard(name, None, None, "no path of a file in the model's folder, which is never fetched")
    if name.startswith("/") or ".." in parts:
        return Shard(name, None, None, "leads out of the model's folder, so it is not opened")
    path = folder.joinpath(*parts)
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return Shard(name, None, None, "a link out of the model's folder, so it is not opened")
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return Shard(name, None, None, "no plain file, so it is not opened")
        if not os.access(path, os.R_OK):
            return Shard(name, path, None, "may not be read")
    except (OSError, RuntimeError):
        return Shard(name, path, None, "is not beside the model")
    return Shard(name, path, found.st_size)


@dataclass(slots=True)
class Group:
    """Shards that are one run of bytes when joined. `starts`: where each begins in it, None where unknown."""

    shards: Sequence[Shard]
    expected: int | None = None
    short: int | None = None  # which shard lacks bytes at its end
    starts: list[int | None] = field(init=False)
    _maps: dict[int, Bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.starts = _starts([shard.size for shard in self.shards], None)

    def expect(self, total: int) -> None:
        """So many bytes the arrays take; from that follows where the shards behind a missing one begin."""
        sizes = [shard.size for shard in self.shards]
        self.expected = total
        held = [size for size in sizes if size is not None]
        self.short = _short(held) if len(held) == len(sizes) and sum(held) < total else None
        if self.short is not None and held:
            held[self.short] += total - sum(held)
            self.starts = _starts(held, total)
        else:
            self.starts = _starts(sizes, total)

    @property
    def stored(self) -> int:
        return sum(shard.size or 0 for shard in self.shards)

    @property
    def extra(self) -> int:
        """Bytes behind the last array."""
        whole = self.expected is not None and all(shard.size is not None for shard in self.shards)
        return max(0, self.stored - (self.expected or 0)) if whole else 0

    @property
    def refused(self) -> list[str]:
        return [f"{shard.name}: {shard.problem}" for shard in self.shards if shard.path is None]

    @property
    def missing(self) -> list[str]:
        """The shards that are not there, or not whole, in words."""
        found = [f"{s.name} {s.problem}" for s in self.shards if s.path is not None and s.size is None]
        lack = (self.expected or 0) - self.stored
        if self.short is not None:
            shard = self.shards[self.short]
            found.append(f"{shard.name} is too short: {shard.size} bytes of {(shard.size or 0) + lack}")
        if not self.shards and lack > 0:
            found.append(f"the manifest names no shard for {lack} bytes of values")
        return found

    @property
    def lacking(self) -> list[str]:
        return self.refused + self.missing

    def read(self, start: int, stop: int, where: str) -> Bytes:
        """Bytes of the group, without a copy where they lie in one shard. Raises NO_VALUES, naming the shard."""
        parts = list(self._parts(start, stop))
        if sum(len(part) for part in parts) != stop - start:
            what = f"its values are not there: {'; '.join(self.lacking) or 'the shards end before them'}"
            raise InspectorError("NO_VALUES", what, where=where, todo="Put the missing file beside model.json.")
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.uint8), *parts])

    def _parts(self, start: int, stop: int) -> Iterator[Bytes]:
        for number, (shard, begin) in enumerate(zip(self.shards, self.starts, strict=True)):
            if begin is not None and shard.size and begin < stop and begin + shard.size > start:
                yield self._map(number, shard)[max(0, start - begin) : stop - begin]

    def _map(self, number: int, shard: Shard) -> Bytes:
        if number not in self._maps and shard.path is not None:
            try:
                with shard.path.open("rb") as file:
                    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except (OSError, ValueError) as error:
                what = f"{shard.name} can no longer be read: {error}"
                raise InspectorError("SOURCE_GONE", what, where=shard.name, todo="Open the model again.") from error
            self._maps[number] = np.frombuffer(mapped, np.uint8)
        return self._maps[number]


def _starts(sizes: Sequence[int | None], total: int | None) -> list[int | None]:
    """Counted from the front as far as sizes are known, and from the end where the total is known."""
    found: list[int | None] = [None] * len(sizes)
    place: int | None = 0
    for number, size in enumerate(sizes):
        found[number] = place
        place = None if place is None or size is None else place + size
    place = total
    for number in range(len(sizes) - 1, -1, -1):
        size = sizes[number]
        place = None if place is None or size is None else place - size
        if found[number] is None and place is not None and place >= 0:
            found[number] = place
    return found


def _short(sizes: Sequence[int]) -> int | None:
    """All shards but the last are written equally long: the one that is shorter was cut, otherwise the last."""
    if not sizes:
        return None
    whole = max(sizes[:-1], default=0)
    return next((number for number, size in enumerate(sizes[:-1]) if size < whole), len(sizes) - 1)
