"""Ops that stand in a functional model as layers: `x * 2.0`, `tf.nn.relu(x)`, `keras.ops.mean(x)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Config = dict[str, Any]
WRAPPED = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")
# kinds by the op's last name, lower case
KINDS = {
    "add": "add",
    "addv2": "add",
    "subtract": "subtract",
    "sub": "subtract",
    "multiply": "multiply",
    "mul": "multiply",
    "maximum": "maximum",
    "minimum": "minimum",
    "concat": "concat",
    "concatv2": "concat",
    "concatenate": "concat",
    "reshape": "reshape",
    "squeeze": "reshape",
    "expand_dims": "reshape",
    "expanddims": "reshape",
    "transpose": "permute",
    "relu": "activation",
    "relu6": "activation",
    "sigmoid": "activation",
    "tanh": "activation",
    "silu": "activation",
    "gelu": "activation",
    "softmax": "softmax",
    "identity": "identity",
    "biasadd": "add",
    "truediv": "divide",
    "true_divide": "divide",
    "div": "divide",
    "realdiv": "divide",
    "divide": "divide",
}
_NAMES = {"silu": "swish"}
_CONSTANT = {"add": (1.0, 0.0), "subtract": (1.0, 0.0), "multiply": (0.0, 0.0), "divide": (0.0, 0.0)}


def is_operation(class_name: str, stated: Config) -> bool:
    """Whether a layer is an op that was called on a symbolic tensor. Keras 3 writes no more than a class name
    and the op's arguments; its layers always say whether they are trained."""
    if class_name in WRAPPED:
        return True
    nodes = stated.get("inbound_nodes") or []
    config = stated.get("config")
    modern = any(isinstance(node, dict) and "args" in node for node in nodes)
    # SpatialDropout forgets to say it in its config.
    a_layer = class_name == "InputLayer" or class_name.startswith("SpatialDropout")
    return modern and isinstance(config, dict) and "trainable" not in config and not a_layer


def operation_name(class_name: str, config: Config) -> str:
    """What op it is: `math.multiply`, `__operators__.add`, `AddV2`, or a Keras 3 class."""
    if class_name != "TensorFlowOpLayer":
        return str(config.get("function", "")) if class_name in WRAPPED else class_name
    node = config.get("node_def")
    if isinstance(node, dict):
        return str(node.get("op", ""))
    found = re.search(r'\bop"?: ?\\?"([^"\\]+)', str(node))
    return found.group(1) if found else ""


def operation_kind(class_name: str, config: Config, stated: Config) -> str:
    """The kind of an op. With a number in place of a second tensor, arithmetic is a rescaling."""
    name = _snake(operation_name(class_name, config).rpartition(".")[2])
    kind = KINDS.get(name) or KINDS.get(name.replace("_", ""), "other")
    if kind in _CONSTANT and tensor_count(stated) < 2:
        return "rescaling" if constant(stated) is not None else "other"
    return kind


def operation_settings(class_name: str, kind: str, config: Config, stated: Config) -> Config:
    """The op's name, the plain arguments of its first call, and what a constant does."""
    name = operation_name(class_name, config)
    found: Config = {"operation": name}
    for key, value in arguments(stated):
        if isinstance(value, str | int | float) and key not in ("name", "y", "x"):
            found[key] = value
    short = _snake(name.rpartition(".")[2])
    if kind in ("activation", "softmax"):
        found["activation"] = _NAMES.get(short, short)
    if kind == "rescaling":
        found |= _rescaling(KINDS.get(short) or KINDS.get(short.replace("_", ""), ""), constant(stated) or 0.0)
    return found


def _rescaling(kind: str, number: float) -> Config:
    if kind in ("add", "subtract"):
        return {"scale": 1.0, "offset": number if kind == "add" else -number}
    return {"scale": 1.0 / number if kind == "divide" and number else number, "offset": 0.0}


def arguments(stated: Config) -> Iterator[tuple[str, Any]]:
    """Keyword arguments of the first call, without tensors."""
    for node in (stated.get("inbound_nodes") or [])[:1]:
        if isinstance(node, dict):
            yield from (node.get("kwargs") or {}).items()
            continue
        for item in [node] if node and isinstance(node[0], str) else node:
            if isinstance(item, list) and len(item) == 4 and isinstance(item[3], dict):
                yield from item[3].items()


def constant(stated: Config) -> float | None:
    """The number that stands in place of a second tensor, where one does and the tensor comes first."""
    for node in (stated.get("inbound_nodes") or [])[:1]:
        if isinstance(node, dict):
            plain = [item for item in (node.get("args") or [])[1:] if isinstance(item, int | float)]
            if plain:
                return float(plain[0])
    number = dict(arguments(stated)).get("y")
    return float(number) if isinstance(number, int | float) else None


def tensor_count(stated: Config) -> int:
    """How many tensors the first call takes."""
    return sum(_tensors(node) for node in (stated.get("inbound_nodes") or [])[:1])


def _tensors(value: Any) -> int:
    if isinstance(value, dict):
        return 1 if value.get("class_name") == "__keras_tensor__" else sum(map(_tensors, value.values()))
    if not isinstance(value, list):
        return 0
    if len(value) in (3, 4) and isinstance(value[0], str) and isinstance(value[1], int):
        return (value[0] != "_CONSTANT_VALUE") + sum(map(_tensors, value[3:]))
    return sum(map(_tensors, value))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
