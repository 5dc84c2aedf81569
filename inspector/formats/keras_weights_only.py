"""A file with weights and no config: its groups as layers without links, their kinds told by their weights."""

from __future__ import annotations

from collections import Counter

from inspector.domain.computation import Computation, Layer, Weight
from inspector.formats.keras_config import LayerSpec
from inspector.formats.keras_kinds import kind_of
from inspector.formats.keras_model import Item, Laid
from inspector.formats.keras_vars import CONTAINERS, VarsIndex
from inspector.formats.keras_weights import WeightIndex


def lay_out_weights(index: WeightIndex | VarsIndex) -> Laid:
    """One layer per group that Keras lists and that holds arrays; what feeds what is not in the file."""
    paths = index.layer_names if index.listed else []
    named = Counter(index.spec(path).name for path in paths)
    items = []
    for path in paths:
        weights, spec = index.weights(path), index.spec(path)
        if weights:
            told = named[spec.name] == 1 and spec.name != path.rpartition("/")[2]
            items.append(_item(spec.name if told else short(path), path, spec, tuple(weights)))
    layers = tuple(item.layer for item in items if item.layer is not None)
    return Laid(Computation(layers=layers, inputs=(), outputs=()), items)


def short(path: str) -> str:
    """`layers/sequential/layers/dense_1` is `sequential/dense_1`."""
    parts = path.split("/")
    return "/".join(part for part in parts if part not in CONTAINERS) or path


def _item(name: str, path: str, spec: LayerSpec, weights: tuple[Weight, ...]) -> Item:
    """Named as the layer, where the file tells that and it is one layer's only, else as the group."""
    kind = kind_of(spec.class_name, {}, {}) if spec.class_name else "other"
    if kind == "other":
        kind = kind_by_weights({weight.role: weight for weight in weights})
    layer = Layer(name=name, kind=kind, class_name=spec.class_name, weights=weights, outputs=(name,), nodes=(path,))
    return Item(name, name, spec.class_name, spec, layer)


def kind_by_weights(weights: dict[str, Weight]) -> str:
    """The kind that these roles and ranks speak for, `other` where several would do."""
    roles = set(weights)
    if "moving_variance" in roles:
        return "batch_norm"
    if roles <= {"gamma", "beta"}:
        return "layer_norm"
    if "pointwise_kernel" in roles:
        return "separable_conv2d"
    if roles == {"embeddings"}:
        return "embedding"
    if "recurrent_kernel" in roles and "kernel" in roles and len(weights["kernel"].shape) == 2:
        ratio = weights["recurrent_kernel"].shape[-1] // max(1, weights["recurrent_kernel"].shape[0])
        return {1: "simple_rnn", 3: "gru", 4: "lstm"}.get(ratio, "other")
    if roles <= {"kernel", "bias"} and "kernel" in roles:
        return {2: "dense", 3: "conv1d", 4: "conv2d", 5: "conv3d"}.get(len(weights["kernel"].shape), "other")
    return "depthwise_conv2d" if "depthwise_kernel" in roles else "other"
