"""Which stored array is which layer's, and in which role, found as Keras itself loads them: by order.

Keras writes one group per layer of the outermost model, with the arrays' names in order. A nested model is one
such layer: its arrays stand in the order of its layers, trainable ones first. Names alone would mislead, since
variables keep the names of the scope in which they were made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h5py

from inspector.domain.computation import Weight
from inspector.domain.errors import InspectorError
from inspector.formats import h5_safety, h5_values
from inspector.formats.h5_attributes import text
from inspector.formats.keras_config import LayerSpec, ModelSpec
from inspector.formats.keras_file import names
from inspector.formats.keras_roles import role_of, slots

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """One array of a layer's group: its HDF5 path and its name as Keras wrote it."""

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: str


class WeightIndex:
    """The arrays below a file's weights group."""

    def __init__(self, root: Any, weights_path: str) -> None:
        self._root = root
        self._path = weights_path.rstrip("/")
        self.missing: list[str] = []
        self._group = h5_safety.resolve(root, weights_path)
        listed = names(self._group, "layer_names")
        self.listed = listed is not None
        self.layer_names = listed if listed is not None else [link.name for link in h5_safety.links(self._group)]

    def of_model(self, model: ModelSpec) -> dict[Path, tuple[Weight, ...]]:
        """The weights of every layer, by the path of layer names from the outermost model."""
        found: dict[Path, tuple[Weight, ...]] = {}
        for layer, group in zip(model.layers, self._groups(model), strict=True):
            stored = self.stored(group) if group else []
            if layer.model is None:
                found[(layer.name,)] = tuple(_weights(layer, stored))
            else:
                found |= _shared_out(layer, stored)
        return found

    def stored(self, layer_name: str) -> list[Stored]:
        """The arrays of one layer's group, in the order in which Keras loads them."""
        base = f"{self._path}/{layer_name}"
        try:
            group = h5_safety.resolve_relative(self._root, self._group, layer_name)
        except InspectorError:
            return []
        if not isinstance(group, h5py.h5g.GroupID):
            return []
        listed = names(group, "weight_names")
        found = (self._stored(group, base, name) for name in (_datasets(group) if listed is None else listed))
        return [item for item in found if item is not None]

    def spec(self, layer_name: str) -> LayerSpec:
        """A layer of which only the name is known."""
        return LayerSpec(layer_name, "", {})

    def weights(self, layer_name: str) -> list[Weight]:
        """The weights of one layer's group, roles told by their names alone."""
        stored = self.stored(layer_name)
        roles = told_apart([role_of(self.spec(layer_name), item.name) for item in stored], stored)
        return [
            Weight(id=item.path, role=role, shape=item.shape, dtype=item.dtype)
            for item, role in zip(stored, roles, strict=True)
        ]

    def _stored(self, group: Any, base: str, name: str) -> Stored | None:
        try:
            dataset = h5_safety.resolve_relative(self._root, group, name)
        except InspectorError:
            dataset = None
        if not isinstance(dataset, h5py.h5d.DatasetID):
            self.missing.append(f"{base}/{name}")
            return None
        described = h5_values.describe(dataset)
        return Stored(f"{base}/{name}", name, described.shape or (), described.dtype)

    def _groups(self, model: ModelSpec) -> list[str]:
        """The group of each layer: by name, and by order where Keras 1 gave a layer no name of its own."""
        known = set(self.layer_names)
        free = [name for name in self.layer_names if name not in {layer.name for layer in model.layers}]
        found = []
        for layer in model.layers:
            named = layer.name in known
            found.append(layer.name if named else free.pop(0) if free and layer.model is not None else "")
        return found


def _datasets(group: Any) -> list[str]:
    """Datasets of a group and of the groups right below, for writers that list no names."""
    found = []
    for link in h5_safety.links(group):
        if link.type == "dataset":
            found.append(link.name)
        elif link.type == "group":
            inner = h5_safety.open_object(group, link.raw, link.name)
            found += [f"{link.name}/{below.name}" for below in h5_safety.links(inner) if below.type == "dataset"]
    return found


def _weights(layer: LayerSpec, stored: list[Stored]) -> Iterator[Weight]:
    expected = slots(layer)
    trusted = expected is not None and len(expected) == len(stored)
    roles = [role_of(layer, item.name) for item in stored]
    if trusted and expected is not None and any(re.fullmatch(r"param_?\d+|variable_?\d*", role) for role in roles):
        roles = [role for _, role, _ in expected]
    for item, role in zip(stored, told_apart(roles, stored), strict=True):
        yield Weight(id=item.path, role=role, shape=item.shape, dtype=item.dtype)


def told_apart(roles: list[str], stored: list[Stored]) -> list[str]:
    """Roles, where those that stand twice get the name of their scope in front (`query_kernel`, `key_kernel`)."""
    parts = [text(item.name).split("/") for item in stored]
    return [
        f"{place[-2]}_{role}" if roles.count(role) > 1 and len(place) > 1 else role
        for role, place in zip(roles, parts, strict=True)
    ]


def _shared_out(layer: LayerSpec, stored: list[Stored]) -> dict[Path, tuple[Weight, ...]]:
    """The arrays of a nested model's group given to the layers inside."""
    leaves = dict(_leaves(layer, ()))
    owners = _by_order(layer, stored, leaves) or _by_name(stored, leaves)
    found: dict[Path, tuple[Weight, ...]] = {}
    for path, leaf in leaves.items():
        own = [item for item, owner in zip(stored, owners, strict=True) if owner == path]
        found[path] = tuple(_weights(leaf, own))
    return found


def _leaves(layer: LayerSpec, above: Path) -> Iterator[tuple[Path, LayerSpec]]:
    path = (*above, layer.name)
    if layer.model is None:
        yield path, layer
        return
    for inner in layer.model.layers:
        yield from _leaves(inner, path)


def _by_order(layer: LayerSpec, stored: list[Stored], leaves: dict[Path, LayerSpec]) -> list[Path] | None:
    """Owners by Keras's order; None where a class is not known or the names' roles speak against it."""
    expected = slots(layer)
    if expected is None or len(expected) != len(stored):
        return None
    paths = [path for path, _, _ in expected]
    for (path, role, _), item in zip(expected, stored, strict=True):
        told = role_of(leaves[path], item.name)
        if told != role and not re.fullmatch(r"param_?\d+|variable_?\d*", told):
            return None
    return paths


def _by_name(stored: list[Stored], leaves: dict[Path, LayerSpec]) -> list[Path | None]:
    """Owners by the scope in the arrays' names: the innermost layer whose name stands in it."""
    return [_named(item.name, leaves) for item in stored]


def _named(name: str, leaves: dict[Path, LayerSpec]) -> Path | None:
    scope = f"/{name}"
    fitting = [path for path in leaves if f"/{path[-1]}/" in scope or scope.startswith(f"/{path[-1]}_")]
    return max(fitting, key=lambda path: (scope.rfind(f"/{path[-1]}/"), len(path[-1])), default=None)
