"""Rank arrays by how well they hold a given value, layout and sign aside."""

import itertools
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

LARGEST_PERMUTED_RANK = 5


class Hit(NamedTuple):
    """`agreement` = 1 - |x - like| / |like| (Euclidean), clamped at 0; `max_abs` after undoing `relation`."""

    name: str
    shape: Tuple[int, ...]
    agreement: float
    max_abs: float
    relation: str


class Search:
    """The best `limit` tensors for one array; of equals the one offered first comes first."""

    def __init__(self, like: np.ndarray, limit: int) -> None:
        self.like = np.asarray(like, np.float64)
        self._limit = limit
        self._norm = float(np.linalg.norm(self.like))
        self._hits: List[Hit] = []

    def could_fit(self, shape: Optional[Sequence[Optional[int]]]) -> bool:
        """Whether a tensor of this static shape can have as many elements as the array."""
        if shape is None:
            return True
        known = int(np.prod([size for size in shape if size is not None], dtype=np.int64))
        return known == self.like.size if None not in shape else bool(known) and self.like.size % known == 0

    def offer(self, name: str, array: np.ndarray) -> None:
        """Constants say nothing and are passed over, as is what cannot be among the best by its norm."""
        if array.size != self.like.size or not self._norm or not np.isfinite(self._norm):
            return
        norm = float(np.linalg.norm(array))
        bound = 1.0 - abs(norm - self._norm) / self._norm
        if not np.isfinite(norm) or bound <= self._worst() or array.min() == array.max():
            return
        hit = max(
            (self._hit(name, array, candidate, relation) for candidate, relation in layouts(array, self.like.shape)),
            key=lambda found: found.agreement,
        )
        self._hits.append(hit)
        self._hits.sort(key=lambda found: -found.agreement)
        del self._hits[self._limit :]

    def hits(self) -> List[Hit]:
        return [hit for hit in self._hits if hit.agreement > 0.0]

    def _worst(self) -> float:
        return self._hits[-1].agreement if len(self._hits) >= self._limit else -np.inf

    def _hit(self, name: str, array: np.ndarray, candidate: np.ndarray, relation: str) -> Hit:
        values = candidate.astype(np.float64)
        flipped = float(np.vdot(values, self.like)) < 0.0
        difference = values + self.like if flipped else values - self.like
        agreement = max(0.0, 1.0 - float(np.linalg.norm(difference)) / self._norm)
        words = [word for word in (relation, "sign flipped" if flipped else "") if word] or ["same"]
        return Hit(name, tuple(array.shape), agreement, float(np.abs(difference).max()), ", ".join(words))


def layouts(array: np.ndarray, shape: Sequence[int]) -> Iterator[Tuple[np.ndarray, str]]:
    """The array in every layout that gives `shape`, with the relation in words; sizes of 1 aside.

    The relation `axes 0,3,1,2` says: transpose the tensor by these axes to get the given array.
    """
    if _squeezed(array.shape) == _squeezed(shape):
        yield array.reshape(shape), ""
    if array.ndim == len(shape) <= LARGEST_PERMUTED_RANK:
        for axes in itertools.permutations(range(array.ndim)):
            if axes != tuple(range(array.ndim)) and tuple(array.shape[axis] for axis in axes) == tuple(shape):
                yield array.transpose(axes), "axes " + ",".join(map(str, axes))
    if _squeezed(array.shape) != _squeezed(shape):
        yield array.reshape(shape), "reshaped"


def _squeezed(shape: Sequence[int]) -> Tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def groups(sizes: Dict[str, int], bound: int) -> Iterator[List[str]]:
    """Names in order, in groups whose sizes (bytes) add up to at most `bound`, at least one each."""
    group: List[str] = []
    total = 0
    for name, size in sizes.items():
        if group and total + size > bound:
            yield group
            group, total = [], 0
        group.append(name)
        total += size
    if group:
        yield group


def as_message(hit: Hit, op: str) -> Dict[str, Any]:
    return {
        "tensor": hit.name,
        "op": op,
        "shape": list(hit.shape),
        "agreement": hit.agreement,
        "max_abs": hit.max_abs,
        "relation": hit.relation,
    }
