"""Weights of an HDF5 file put into a model's layers: by the layers' names, else by order, else by shape."""

from collections import OrderedDict
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from .old_weights import Arrays, Origin, converted
from .server import RequestError
from .upgrading import Changes

Pair = Tuple[Any, str]  # layer, group


def is_vars_layout(file: Any) -> bool:
    """Whether Keras 3's saving wrote the file (`layers/dense/vars/0`)."""
    return "layer_names" not in file.attrs and "model_weights" not in file


class StoredWeights:
    """The groups of an HDF5 file in the older layout."""

    def __init__(self, file: Any) -> None:
        group = file.get("model_weights", file)
        self._group = group
        listed = names(group, "layer_names")
        self._names = OrderedDict((name, names(group[name], "weight_names")) for name in listed if name in group)

    @property
    def filled(self) -> List[str]:
        """Names of the groups that hold arrays."""
        return [name for name, listed in self._names.items() if listed]

    def arrays(self, name: str) -> Arrays:
        group = self._group[name]
        return [np.asarray(group[item]) for item in self._names[name]]


def names(holder: Any, name: str) -> List[str]:
    """A list of names, put together where Keras cut it into `name0`, `name1`, ..."""
    if name in holder.attrs:
        return [_text(item) for item in np.ravel(holder.attrs[name])]
    found: List[str] = []
    number = 0
    while "{}{}".format(name, number) in holder.attrs:
        found += [_text(item) for item in np.ravel(holder.attrs["{}{}".format(name, number)])]
        number += 1
    return found


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def put_weights(model: Any, file: Any, origin: Origin, path: str) -> List[Dict[str, str]]:
    """Fill every layer of `model` from an open h5py file. Returns warnings of how it went.

    Raises WEIGHTS_MISMATCH where a layer finds no arrays that fit it."""
    stored, changes = StoredWeights(file), Changes()
    layers = [layer for layer in model.layers if variables(layer)]
    pairs, how = paired(layers, stored, origin)
    for layer, name in pairs:
        arrays = converted(layer, stored.arrays(name), origin, changes)
        _assign(layer, arrays, name, path)
    missing = [layer.name for layer in layers if all(layer is not other for other, _ in pairs)]
    if missing:
        what = "the file has no weights that fit {}".format(_some(missing))
        raise RequestError("WEIGHTS_MISMATCH", what, path, "Give the architecture that belongs to the weights.")
    unused = [name for name in stored.filled if all(name != other for _, other in pairs)]
    if unused:
        how.append({"code": "WEIGHTS_UNUSED", "text": "no layer takes the weights of {}".format(_some(unused))})
    return how + changes.warnings()


def variables(layer: Any) -> List[Any]:
    """In the order in which Keras writes them."""
    return list(layer.trainable_weights) + list(layer.non_trainable_weights)


def paired(layers: Sequence[Any], stored: StoredWeights, origin: Origin) -> Tuple[List[Pair], List[Dict[str, str]]]:
    """Each layer with its group, and a warning where names did not tell."""
    groups = stored.filled
    if {layer.name for layer in layers} <= set(groups):
        return [(layer, layer.name) for layer in layers], []
    if len(groups) == len(layers):
        pairs = list(zip(layers, groups))
        if all(_fits(layer, stored, name, origin) for layer, name in pairs):
            return pairs, [_by("order", pairs)]
    named = [(layer, layer.name) for layer in layers if layer.name in groups]
    named = [(layer, name) for layer, name in named if _fits(layer, stored, name, origin)]
    free = [name for name in groups if all(name != other for _, other in named)]
    shaped: List[Pair] = []
    for layer in layers:
        fitting = [name for name in free if _fits(layer, stored, name, origin)]
        if fitting and all(layer is not other for other, _ in named):
            shaped.append((layer, fitting[0]))
            free = free[free.index(fitting[0]) + 1 :]
    return named + shaped, [_by("order and shape", shaped)] if shaped else []


def _by(what: str, pairs: Sequence[Pair]) -> Dict[str, str]:
    text = "weights given to layers by {}, since the names differ: {}"
    told = ["{} takes {}".format(layer.name, name) for layer, name in pairs if layer.name != name]
    return {"code": "WEIGHTS_BY_ORDER", "text": text.format(what, _some(told))}


def _fits(layer: Any, stored: StoredWeights, name: str, origin: Origin) -> bool:
    try:
        arrays = converted(layer, stored.arrays(name), origin, Changes())
    except (ValueError, IndexError):
        return False
    return [tuple(array.shape) for array in arrays] == [tuple(item.shape) for item in variables(layer)]


def _assign(layer: Any, arrays: Arrays, name: str, path: str) -> None:
    held = variables(layer)
    shapes = [tuple(item.shape) for item in held], [array.shape for array in arrays]
    if shapes[0] != shapes[1]:
        what = "layer {} takes arrays of {}, the file has {}".format(layer.name, *map(_shapes, shapes))
        raise RequestError("WEIGHTS_MISMATCH", what, "{}, {}".format(path, name), "Give the architecture of the file.")
    for variable, array in zip(held, arrays):
        variable.assign(array)


def _shapes(shapes: Sequence[Sequence[int]]) -> str:
    return ", ".join("x".join(map(str, shape)) or "a number" for shape in shapes) or "none"


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:3]) + (" and {} more".format(len(texts) - 3) if len(texts) > 3 else "")
