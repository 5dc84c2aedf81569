"""The inputs and outputs of a laid-out Keras model, with the bounds of integer ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from inspector.domain.computation import Layer, Port
from inspector.domain.files import Shape

# kinds that hand ids on unchanged, if in another shape
_CARRIERS = frozenset({"identity", "dropout", "reshape", "flatten", "permute", "repeat", "crop", "masking"})


def input_ports(layers: tuple[Layer, ...], order: list[str]) -> tuple[Port, ...]:
    """A port for each input layer; `order`: their names in the order in which the model takes them."""
    limits = id_limits(layers)
    places = {name: place for place, name in enumerate(order)}
    inputs = sorted((layer for layer in layers if layer.kind == "input"), key=lambda x: places.get(x.name, len(places)))
    return tuple(
        Port(name=layer.name, tensor=layer.name, shape=layer.shape, dtype=layer.dtype, limit=limits.get(layer.name))
        for layer in inputs
    )


def output_ports(
    layers: tuple[Layer, ...], tensors: list[str], shapes: Mapping[str, Shape | None], keys: Sequence[str]
) -> tuple[Port, ...]:
    """A port for each output tensor. `shapes`: of all tensors. `keys`: of the outputs in a dict, or empty."""
    by_tensor = {tensor: layer for layer in layers for tensor in layer.outputs}
    found = []
    for tensor, key in zip_longest(tensors, keys, fillvalue=""):
        layer = by_tensor[tensor]
        found.append(Port(name=tensor, tensor=tensor, shape=shapes.get(tensor), dtype=layer.dtype, key=key))
    return tuple(found)


def id_limits(layers: tuple[Layer, ...]) -> dict[str, int]:
    """Input layer -> the smallest vocabulary of the embeddings that its ids reach."""
    by_tensor = {tensor: layer for layer in layers for tensor in layer.outputs}
    found: dict[str, int] = {}
    for layer in layers:
        limit = layer.settings.get("input_dim")
        if layer.kind != "embedding" or not isinstance(limit, int):
            continue
        source = by_tensor.get(layer.inputs[0]) if layer.inputs else None
        while source is not None and source.kind in _CARRIERS and source.inputs:
            source = by_tensor.get(source.inputs[0])
        if source is not None and source.kind == "input":
            found[source.name] = min(limit, found.get(source.name, limit))
    return found
