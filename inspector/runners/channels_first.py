"""Convolutions and pools with the channels first, computed with the channels last while a model is traced.

TensorFlow's own CPU kernels take no other layout; only oneDNN's and a GPU's do. The transpositions move
numbers and change none, so the plain run gives what a machine with such kernels gives, rounding aside.
"""

import inspect
from typing import Any, Callable, Dict, List, Sequence

import tensorflow as tf
from tensorflow.python.ops import gen_nn_ops

from .freezing import Replacement

# op -> the argument in that layout
OPS = {
    "conv2d": "input",
    "depthwise_conv2d_native": "input",
    "conv3d": "input",
    "max_pool": "input",
    "avg_pool": "value",
    "max_pool3d": "input",
    "avg_pool3d": "input",
    "conv2d_backprop_input": "out_backprop",
    "conv3d_backprop_input_v2": "out_backprop",
}
PER_AXIS = ("strides", "dilations", "ksize")
Arguments = Dict[str, Any]


def takes_channels_first() -> bool:
    """Whether the kernels at hand take the channels first, found out by trying one."""
    try:
        tf.nn.max_pool(tf.zeros((1, 1, 2, 2)), 2, 2, "VALID", data_format="NCHW").numpy()
    except tf.errors.OpError:
        return False
    return True


def channels_last_ops() -> List[Replacement]:
    """What to replace (module, name, function) while a model is made and traced; nothing where the kernels
    take both layouts."""
    if takes_channels_first():
        return []
    return [(gen_nn_ops, name, _transposing(getattr(gen_nn_ops, name), taken)) for name, taken in OPS.items()]


def _transposing(op: Callable[..., Any], taken: str) -> Callable[..., Any]:
    signature = inspect.signature(op)

    def computed(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        stated = dict(bound.arguments)
        layout = stated["data_format"] or ""
        if isinstance(layout, bytes):
            layout = layout.decode("ascii")
        if not layout.startswith("NC"):
            return op(**stated)
        axes = [0] + list(range(2, len(layout))) + [1]
        name = stated.pop("name", None)
        moved = op(**_channels_last(stated, taken, axes))
        return tf.transpose(moved, [0, len(axes) - 1] + list(range(1, len(axes) - 1)), name=name)

    return computed


def _channels_last(stated: Arguments, taken: str, axes: Sequence[int]) -> Arguments:
    found = dict(stated, data_format="NHWC" if len(axes) == 4 else "NDHWC")
    found[taken] = tf.transpose(stated[taken], axes)
    if "input_sizes" in stated:
        found["input_sizes"] = tf.gather(stated["input_sizes"], axes)
    for name in PER_AXIS:
        values = stated.get(name)
        if isinstance(values, (list, tuple)) and len(values) == len(axes):
            found[name] = [values[axis] for axis in axes]
    pads = stated.get("explicit_paddings")
    if pads:
        found["explicit_paddings"] = [pads[2 * axis + side] for axis in axes for side in (0, 1)]
    return found
