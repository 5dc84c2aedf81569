"""What a model looks up in: a vocabulary, bin boundaries, hash buckets; on one side, and on both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]
LookupKind = Literal["vocabulary", "boundaries", "buckets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """`keys` of shape (entries,): words (bytes) or whole numbers of a vocabulary, each with its number in `values`;
    boundaries between bins; the number of hash buckets and the hash's own key.

    `node` holds it in the graph that is run. `inputs` are the model's inputs, by tensor, whose values are looked up;
    `sentences`: they are cut into words before; `closed`: what is not in it is refused. `reaches` are tensors behind
    it, in order of computation."""

    kind: LookupKind
    node: str
    inputs: tuple[str, ...]
    reaches: tuple[str, ...]
    sentences: bool
    closed: bool
    keys: Array
    values: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupPair:
    """The same lookup on both sides, in A's layer `layer_a` and before B's tensor `layer_b`."""

    layer_a: str
    layer_b: str
    a: Lookup
    b: Lookup
