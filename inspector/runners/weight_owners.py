"""Which layer a TensorFlow.js weight belongs to, told by the scopes in its name: for the reader and the runner alike.

TensorFlow.js finds a weight by its whole name. Files of 2018 bear names that Keras had made unique in its session
(`dense_1_1/kernel` of the layer `dense_1`), and Keras 3 puts a Sequential's own name in front.
"""

import re
from collections import OrderedDict
from typing import Dict, NamedTuple, Optional, Sequence, Set

_SUFFIX = re.compile(r"_\d+$")


class _Owner(NamedTuple):
    """A layer, and the scopes of the weight's name up to where it is named."""

    layer: str
    scopes: str


def owners(names: Sequence[str], layers: Sequence[str], with_weights: Sequence[str]) -> Dict[str, str]:
    """The layer of each weight; weights of no layer are left out. `with_weights`: the layers that have any, in order.

    Told for all weights by one rule: by the layers' names, by those with a number behind them, by order; where no
    rule serves for all, each by the first that serves for it."""
    known = set(layers)
    exact = {name: _owner(name, known, bare=False) for name in names}
    if all(exact.values()):
        return _layers(exact)
    bare = {name: _owner(name, known, bare=True) for name in names}
    if all(bare.values()) and _one_to_one(bare):
        return _layers(bare)
    scopes = list(OrderedDict.fromkeys(_scope(name) for name in names))
    if len(scopes) == len(with_weights):
        return {name: with_weights[scopes.index(_scope(name))] for name in names}
    return _layers({name: exact[name] or bare[name] for name in names})


def _owner(name: str, known: Set[str], *, bare: bool) -> Optional[_Owner]:
    """The longest run of scopes that is a layer's name, from the first scope that begins one. `bare`: a number
    behind each scope does not count."""
    own = name.split("/")[:-1]
    scopes = [_SUFFIX.sub("", scope) for scope in own] if bare else own
    for start in range(len(scopes)):
        for stop in range(len(scopes), start, -1):
            if "/".join(scopes[start:stop]) in known:
                return _Owner("/".join(scopes[start:stop]), "/".join(own[:stop]))
    return None


def _one_to_one(found: Dict[str, Optional[_Owner]]) -> bool:
    """Whether no layer is named by two different scopes."""
    named = {(owner.layer, owner.scopes) for owner in found.values() if owner is not None}
    return len(named) == len({layer for layer, _ in named})


def _scope(name: str) -> str:
    return name.rpartition("/")[0]


def _layers(found: Dict[str, Optional[_Owner]]) -> Dict[str, str]:
    return {name: owner.layer for name, owner in found.items() if owner is not None}
