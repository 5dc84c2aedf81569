"""The tree of a Keras file: layers with their weights, and the file's groups as they lie in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from inspector.domain.computation import Layer, Weight
from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry
from inspector.formats.h5_tree import PREFIX, H5Tree, attribute_rows
from inspector.formats.keras_archive import Member
from inspector.formats.keras_file import KerasFile
from inspector.formats.keras_model import Item

MEMBER = "member:"


class KerasTree:
    """Ids: `section:NAME`, `layer:PATH`, `weight:PATH/ROLE`, and `h5:PATH` below the raw sections."""

    def __init__(self, root: Any, keras: KerasFile, items: list[Item], members: Sequence[Member] = ()) -> None:
        self._root = root
        self._keras = keras
        self._items = items
        self._members = {f"{MEMBER}{member.name}": _member(member) for member in members}
        self.h5 = H5Tree(root)

    @cached_property
    def _by_id(self) -> dict[str, Item]:
        found: dict[str, Item] = {}
        waiting = list(reversed(self._items))
        while waiting:
            item = waiting.pop()
            found[f"layer:{item.path}"] = item
            waiting += reversed(item.items)
        return found

    @cached_property
    def _weights(self) -> dict[str, tuple[Layer, int]]:
        layers = [item.layer for item in self._by_id.values() if item.layer is not None]
        return {_weight(layer, place).id: (layer, place) for layer in layers for place in range(len(layer.weights))}

    @cached_property
    def _sections(self) -> dict[str, tuple[str, int]]:
        """Section -> where its children lie (an HDF5 path, or empty), and how many they are."""
        found: dict[str, tuple[str, int]] = {}
        if self._items:
            found["Layers"] = ("", len(self._items))
        weights = self._keras.weights_path
        found["Weights"] = (weights, self.h5.count(weights))
        optimizer = self._keras.optimizer_path
        if self.h5.count(optimizer):
            found["Optimizer state"] = (optimizer, self.h5.count(optimizer))
        others = self._others()
        if others:
            found["Other contents"] = ("", len(others))
        if self._keras.training:
            found["Compile state"] = ("", 0)
        if self._members:
            found["Archive"] = ("", len(self._members))
        found["Attributes"] = ("", 0)
        return found

    def _others(self) -> list[Entry]:
        """What lies beside the weights in the root group."""
        if self._keras.weights_path == "/":
            return []
        return [
            entry
            for entry in self.h5.children("/")
            if entry.id not in (f"{PREFIX}{self._keras.weights_path}", f"{PREFIX}{self._keras.optimizer_path}")
        ]

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        """A page of an entry's children."""
        kind, _, rest = entry_id.partition(":")
        if not entry_id:
            return [self.entry(f"section:{name}") for name in self._sections][start:stop]
        if kind == "section":
            return self._in_section(rest, start, stop)
        if kind == "h5":
            return self.h5.children(rest, start, stop)
        item = self._by_id.get(entry_id)
        if item is None:
            return []
        if item.layer is None:
            return [self._item(inner) for inner in item.items[start:stop]]
        return [_weight(item.layer, number) for number in range(len(item.layer.weights))[start:stop]]

    def _in_section(self, name: str, start: int, stop: int) -> list[Entry]:
        if name == "Layers":
            return [self._item(item) for item in self._items[start:stop]]
        if name == "Other contents":
            return self._others()[start:stop]
        if name == "Archive":
            return list(self._members.values())[start:stop]
        path = self._sections.get(name, ("", 0))[0]
        return self.h5.children(path, start, stop) if path else []

    def entry(self, entry_id: str) -> Entry:
        """The entry of an id. Raises NO_SUCH_ENTRY."""
        kind, _, rest = entry_id.partition(":")
        if kind == "section" and rest in self._sections:
            return Entry(id=entry_id, name=rest, kind="section", child_count=self._sections[rest][1])
        if kind == "h5":
            return self.h5.entry(rest)
        if entry_id in self._by_id:
            return self._item(self._by_id[entry_id])
        if entry_id in self._weights:
            return _weight(*self._weights[entry_id])
        if entry_id in self._members:
            return self._members[entry_id]
        raise InspectorError("NO_SUCH_ENTRY", f"there is no entry {entry_id}", where=entry_id)

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Every entry with its ancestors' ids: layers first, then the groups of the file."""
        waiting: list[tuple[Item, tuple[str, ...]]] = [(item, ("section:Layers",)) for item in reversed(self._items)]
        while waiting:
            item, above = waiting.pop()
            entry = self._item(item)
            yield entry, above
            below = (*above, entry.id)
            if item.layer is not None:
                yield from ((_weight(item.layer, number), below) for number in range(len(item.layer.weights)))
            waiting += [(inner, below) for inner in reversed(item.items)]
        for name, (path, _) in self._sections.items():
            if path:
                yield from self.h5.walk(path, (f"section:{name}",))
        for entry in self._others():
            yield entry, ("section:Other contents",)
            if entry.kind == "group":
                yield from self.h5.walk(entry.id.removeprefix(PREFIX), ("section:Other contents", entry.id))
        yield from ((entry, ("section:Archive",)) for entry in self._members.values())

    def details(self, entry_id: str) -> Details:
        """Everything textual about an entry."""
        kind, _, rest = entry_id.partition(":")
        if kind == "h5":
            return self.h5.details(rest)
        entry = self.entry(entry_id)
        if kind == "section":
            return Details(entry, tuple(self._section_rows(rest)))
        if kind == "weight":
            layer = self._weights[entry_id][0]
            rows = (("Layer", layer.name), ("Role", entry.name), *self.h5.details(entry.value_id).rows)
            return Details(entry, rows)
        if entry_id in self._members:
            return Details(entry, (("Bytes", str(entry.size)), ("Stored", entry.note)))
        return Details(entry, tuple(_layer_rows(self._by_id[entry_id])))

    def _section_rows(self, name: str) -> Iterator[tuple[str, str]]:
        if name == "Compile state":
            yield from _config_rows(self._keras.training)
        elif name == "Attributes":
            yield from attribute_rows(self._root)
        else:
            path, count = self._sections[name]
            yield "Entries", str(count)
            if path:
                yield "Path", path

    def _item(self, item: Item) -> Entry:
        layer = item.layer
        size = sum(_bytes(weight) for weight in layer.weights) if layer is not None else 0
        tensor = item.path if self._keras.config is not None else ""
        return Entry(
            id=f"layer:{item.path}",
            name=item.name,
            kind="layer",
            class_name=item.class_name,
            shape=layer.shape if layer else None,
            dtype=layer.dtype if layer else "",
            size=size,
            child_count=len(layer.weights) if layer else len(item.items),
            tensor=tensor,
            note="" if layer else "nested model",
        )


def _member(member: Member) -> Entry:
    note = "as it is" if member.stored else f"compressed to {member.packed} bytes"
    return Entry(id=f"{MEMBER}{member.name}", name=member.name, kind="dataset", size=member.size, note=note)


def _weight(layer: Layer, number: int) -> Entry:
    weight = layer.weights[number]
    twice = sum(other.role == weight.role for other in layer.weights) > 1
    id_ = f"weight:{layer.name}/{weight.role}" + (f"#{number}" if twice else "")
    return Entry(
        id=id_,
        name=weight.role,
        kind="weight",
        shape=weight.shape,
        dtype=weight.dtype,
        size=_bytes(weight),
        value_id=weight.id,
        note=weight.id,
    )


def _bytes(weight: Weight) -> int:
    width = 2 if weight.dtype == "bfloat16" else np.dtype(weight.dtype).itemsize if _known(weight.dtype) else 0
    return width * int(np.prod(weight.shape, dtype=object))


def _known(dtype: str) -> bool:
    try:
        return np.dtype(dtype).kind in "biuf"
    except TypeError:
        return False


def _layer_rows(item: Item) -> Iterator[tuple[str, str]]:
    yield "Class", item.class_name
    layer = item.layer
    if layer is not None:
        yield "Kind", layer.kind
        for number, tensor in enumerate(layer.inputs):
            yield f"Input {number}", tensor
        for number, tensor in enumerate(layer.outputs):
            yield f"Output {number}", tensor
        for alias in layer.aliases:
            yield "Also", alias
    stated = item.spec.config
    yield from _config_rows(stated)


def _config_rows(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in config.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield name, shown if len(shown) <= 2000 else f"{shown[:2000]} … ({len(shown)} characters)"
