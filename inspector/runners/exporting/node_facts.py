"""What a node says of itself. Reading an attribute in place would add it to the node."""

from typing import Any

from ..op_table import op_def_of
from ..signatures import attribute


def of_node(node: Any, name: str) -> Any:
    """The attribute's value, its op's default where the node states none. Raises KeyError for an unknown one."""
    value = attribute(node, op_def_of(node.op), name)
    if value is None:
        raise KeyError("{} ({}) has no attribute {}".format(node.name, node.op, name))
    return value


def is_training(node: Any) -> bool:
    """Whether a fused batch norm takes the batch's own moments."""
    return bool(of_node(node, "is_training").b)
