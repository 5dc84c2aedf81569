"""The roles of a layer's weights: told by their names, and which ones a class has, in Keras's order."""

from __future__ import annotations

import re
from typing import Any

from inspector.formats.keras_config import LayerSpec
from inspector.formats.keras_kinds import kind_of

Path = tuple[str, ...]
Slot = tuple[Path, str, bool]  # layer, role, trainable
_OLD = {
    "W": "kernel",
    "U": "recurrent_kernel",
    "b": "bias",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",
    "alphas": "alpha",
    "embedding": "embeddings",
}
_ROLES = (
    "depthwise_kernel|pointwise_kernel|recurrent_kernel|recurrent_bias|input_bias|kernel|bias|gamma|beta|"
    "moving_mean|moving_variance|embeddings|alphas|alpha|mean|variance|count|"
    "running_mean|running_std|[WUb](?:_[a-z])?"
)
_ENDING = re.compile(rf"(?:.*?_)?({_ROLES})$")
_NUMBERED = re.compile(rf"({_ROLES})_\d+$")


def role_of(layer: LayerSpec, name: str) -> str:
    """The role that a weight's name tells: `dense_1/kernel:0`, Keras 3's `dense/kernel`, Keras 1's `dense_1_W`."""
    parts = name.partition(":")[0].split("/")
    last = parts[-1]
    numbered = _NUMBERED.fullmatch(last)
    if numbered:
        last = numbered.group(1)
    side = _direction(layer, parts)
    if len(parts) == 1:
        found = _ENDING.fullmatch(last)
        last = found.group(1) if found else last
    role = _canonical(last)
    kind = kind_of(layer.class_name, layer.config, layer.stated)
    if kind.startswith("depthwise") and role == "kernel":
        role = "depthwise_kernel"
    if kind == "embedding" and role == "kernel":
        role = "embeddings"
    return side + role


def _canonical(last: str) -> str:
    if last in _OLD:
        return _OLD[last]
    gate = re.fullmatch(r"([WUb])_([a-z])", last)
    return f"{_OLD[gate.group(1)]}_{gate.group(2)}" if gate else last


def _direction(layer: LayerSpec, parts: list[str]) -> str:
    """`forward_` or `backward_` for the two halves of a Bidirectional layer."""
    if layer.class_name != "Bidirectional":
        return ""
    for part in parts:
        for side in ("forward_", "backward_"):
            if part.startswith(side) and part != layer.name:
                return side
    return ""


def slots(layer: LayerSpec) -> list[Slot] | None:
    """What a layer's group holds, in the order in which Keras writes it: trainable weights first. None
    where a class is not known."""
    found = _slots(layer, ())
    return None if found is None else [slot for slot in found if slot[2]] + [slot for slot in found if not slot[2]]


def _slots(layer: LayerSpec, above: Path) -> list[Slot] | None:
    """All slots of a layer; a frozen model lists its trainable ones first, as Keras does."""
    path = (*above, layer.name)
    if layer.model is None:
        roles = roles_of(layer.class_name, layer.config, layer.stated)
        frozen = layer.config.get("trainable") is False
        return None if roles is None else [(path, role, free and not frozen) for role, free in roles]
    found: list[Slot] = []
    for inner in layer.model.layers:
        own = _slots(inner, path)
        if own is None:
            return None
        found += own
    if layer.model.trainable:
        return found
    ordered = [slot for slot in found if slot[2]] + [slot for slot in found if not slot[2]]
    return [(owner, role, False) for owner, role, _ in ordered]


def roles_of(class_name: str, config: dict[str, Any], stated: dict[str, Any]) -> list[tuple[str, bool]] | None:
    """Roles of a class with these settings and whether they are trained; None for classes not known."""
    kind = kind_of(class_name, config, stated)
    bias = [("bias", True)] if config.get("use_bias", True) else []
    if kind in ("bidirectional", "time_distributed"):
        return _wrapped(kind, config)
    if kind.startswith("separable"):
        return [("depthwise_kernel", True), ("pointwise_kernel", True), *bias]
    if kind.startswith("depthwise"):
        return [("depthwise_kernel", True), *bias]
    if kind in ("lstm", "gru", "simple_rnn") or kind.startswith("conv_lstm"):
        return [("kernel", True), ("recurrent_kernel", True), *bias]
    if kind.startswith("conv") or (kind == "dense" and class_name == "Dense"):
        return [("kernel", True), *bias]
    if kind == "batch_norm":
        return [*_affine(config), ("moving_mean", False), ("moving_variance", False)]
    if kind in ("layer_norm", "group_norm"):
        return _affine(config)
    if kind in ("other", "dense", "attention", "multi_head_attention", "lambda", "normalization"):
        return None
    return [(role, True) for role in {"embedding": ["embeddings"], "prelu": ["alpha"]}.get(kind, [])]


def _affine(config: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(role, True) for role, key in (("gamma", "scale"), ("beta", "center")) if config.get(key, True)]


def _wrapped(kind: str, config: dict[str, Any]) -> list[tuple[str, bool]] | None:
    inner = config.get("layer")
    if not isinstance(inner, dict) or not isinstance(inner.get("config"), dict):
        return None
    found = roles_of(str(inner.get("class_name", "")), inner["config"], inner)
    if found is None or kind == "time_distributed":
        return found
    return [(f"{side}_{role}", free) for side in ("forward", "backward") for role, free in found]
