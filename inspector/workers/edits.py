"""Edits to the copy of a graph that a runner keeps, and how they are told to it."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inspector.workers.spill import save

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantEdit:
    """Put another value into a constant node. `value` has the constant's shape and dtype."""

    node: str
    value: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeEdit:
    """Set an attribute of a node (`epsilon`, `strides`, `alpha`, ...)."""

    node: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """The same value in two graphs: `donor` is a tensor of the exported graph, `host` one of the runner's taps.
    `axes` permute the donor's axes into the host's; the shapes' first axis is left open."""

    donor: str
    host: str
    axes: tuple[int, ...] | None
    donor_shape: tuple[int, ...]
    host_shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraftEdit:
    """Compute `target` with a part of another graph: `graph` is what the other runner exported, the part lies
    between the joints and the target's donor."""

    graph: Path
    joints: tuple[Joint, ...]
    target: Joint


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEdit:
    """Fill a lookup table of the graph with other keys and values, each of shape (entries,)."""

    node: str
    keys: Array
    values: Array


Edit = ConstantEdit | AttributeEdit | GraftEdit | TableEdit


def message(edit: Edit, folder: Path) -> dict[str, Any]:
    """The edit as the runner takes it; its arrays go into `folder`, which the runner may read, and its graph beside it,
    under one name for all edits of that graph."""
    match edit:
        case ConstantEdit(node=node, value=value):
            return {"kind": "constant", "node": node, "value": save({node: value}, folder)[node]}
        case AttributeEdit(node=node, name=name, value=value):
            return {"kind": "attribute", "node": node, "name": name, "value": value}
        case TableEdit(node=node, keys=keys, values=values):
            return {"kind": "table", "node": node, **save({"keys": keys, "values": values}, folder)}
        case GraftEdit(graph=graph, joints=joints, target=target):
            own = folder.parent / f"{graph.parent.name}-{graph.name}"
            if not own.exists():
                own.parent.mkdir(parents=True, exist_ok=True)
                try:
                    own.hardlink_to(graph)
                except OSError:
                    shutil.copyfile(graph, own)
            asked = {"joints": [asdict(joint) for joint in joints], "target": asdict(target)}
            return {"kind": "graft", "graph": str(own), **asked}
