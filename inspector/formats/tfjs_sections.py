"""The sections of a TensorFlow.js model's tree: layers, weights in their scopes, shards, what else the file says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from inspector.domain.computation import Weight
from inspector.domain.files import Entry
from inspector.formats.keras_model import Item
from inspector.formats.listing import Listing, Rows, add_variables, variable_entry
from inspector.formats.tfjs_manifest import Manifest, StoredWeight
from inspector.formats.tfjs_shards import Group, Shard

LONGEST = 2000  # characters of one value
TOPOLOGY = ("modelTopology", "weightsManifest")


def add_layers(listing: Listing, items: list[Item], manifest: Manifest) -> None:
    """Layers and nested models, each with its weights."""
    if not items:
        return
    waiting = [(item, listing.section("Layers")) for item in reversed(items)]
    while waiting:
        item, above = waiting.pop()
        entry = _item(item)
        listing.add(above, entry, tuple(_layer_rows(item)))
        for weight in item.layer.weights if item.layer is not None else ():
            stored = manifest.weights[weight.id]
            listing.add(entry.id, _weight(item.path, weight, stored), _weight_rows(stored))
        waiting += [(inner, entry.id) for inner in reversed(item.items)]


def add_weights(listing: Listing, manifest: Manifest) -> None:
    """All arrays of the manifest in their scopes, and the shards that hold them."""
    if manifest.weights:
        add_variables(
            listing, manifest.weights, lambda name, called: _stored(manifest.weights[name], called), "Weights"
        )
    if manifest.shards:
        top = listing.section("Shards")
        for group in manifest.groups:
            for number, shard in enumerate(group.shards):
                listing.add(top, _shard(group, number, shard))


def add_about(listing: Listing, stated: Mapping[str, Any]) -> None:
    """What the file says beside topology and weights."""
    said = {name: value for name, value in stated.items() if name not in TOPOLOGY}
    topology = stated.get("modelTopology")
    if isinstance(topology, dict) and isinstance(topology.get("training_config"), dict):
        said["training_config"] = topology["training_config"]
    if said:
        top = listing.section("About")
        for name, value in said.items():
            listing.add(top, Entry(id=f"about:{name}", name=name, kind="dataset", note=_text(value)[:80]), _rows(value))


def _item(item: Item) -> Entry:
    layer = item.layer
    return Entry(
        id=f"layer:{item.path}",
        name=item.name,
        kind="layer",
        class_name=item.class_name,
        shape=layer.shape if layer else None,
        dtype=layer.dtype if layer else "",
        tensor=item.path,
        note="" if layer else "nested model",
    )


def _layer_rows(item: Item) -> Iterator[tuple[str, str]]:
    yield "Class", item.class_name
    layer = item.layer
    if layer is not None:
        yield "Kind", layer.kind
        yield from ((f"Input {number}", tensor) for number, tensor in enumerate(layer.inputs))
        yield from ((f"Output {number}", tensor) for number, tensor in enumerate(layer.outputs))
        yield from (("Also", alias) for alias in layer.aliases)
    yield from _rows(item.spec.config)


def _weight(path: str, weight: Weight, stored: StoredWeight) -> Entry:
    entry_id = f"weight:{path}/{weight.id}"
    return variable_entry(entry_id, weight.role, stored.shape, stored.dtype, stored.name, stored.name)


def _stored(weight: StoredWeight, called: str) -> tuple[Entry, Rows]:
    note = weight.quantization.words if weight.quantization else ""
    entry = variable_entry(f"stored:{weight.name}", called, weight.shape, weight.dtype, weight.name, note)
    return entry, _weight_rows(weight)


def _weight_rows(weight: StoredWeight) -> Rows:
    place = "unknown" if weight.start is None else f"bytes {weight.start} to {weight.stop}"
    rows = [("Name", weight.name), ("Dtype", weight.dtype), ("Where in its group", place)]
    if weight.quantization is not None:
        rows += [("Stored as", weight.quantization.dtype)]
    if weight.quantization is not None and weight.quantization.scale:
        rows += [("Scale", repr(weight.quantization.scale)), ("Minimum", repr(weight.quantization.minimum))]
    return tuple(rows)


def _shard(group: Group, number: int, shard: Shard) -> Entry:
    note = shard.problem or ("too short" if number == group.short else "")
    return Entry(id=f"shard:{shard.name}", name=shard.name, kind="dataset", size=shard.size or 0, note=note)


def _rows(value: Any) -> Rows:
    if not isinstance(value, dict):
        return (("Value", _text(value)),)
    return tuple((str(name), _text(inner)) for name, inner in value.items())


def _text(value: Any) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]} … ({len(shown)} characters)"
