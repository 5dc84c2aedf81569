"""Pair layers with tensors; every match carries its evidence. Works on computations, never on formats."""

from inspector.matching.assign import match
from inspector.matching.contents import Contents

__all__ = ["Contents", "match"]
