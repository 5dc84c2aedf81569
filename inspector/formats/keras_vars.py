"""Weights as Keras 3 lays them out in HDF5: `layers/dense_1/vars/0`, by class and count and not by layer name.

Source: keras/src/saving/saving_lib.py, _save_state and _save_container_state. tf_keras and the Keras of
TensorFlow 2.12 and later write the same, the oldest of them below `_layer_checkpoint_dependencies`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import h5py

from inspector.domain.computation import Weight
from inspector.domain.errors import InspectorError
from inspector.formats import h5_safety, h5_values
from inspector.formats.h5_attributes import attribute, text
from inspector.formats.keras_config import LayerSpec, ModelSpec
from inspector.formats.keras_file import KerasFile, read_keras
from inspector.formats.keras_kinds import KEPT, KINDS
from inspector.formats.keras_roles import roles_of
from inspector.formats.keras_weights import Path, Stored

CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
MAX_DEPTH = 100
_NOT_WEIGHTS = {"seed_generator"}
_OTHERS = {"Normalization": ["mean", "variance", "count"], "EinsumDense": ["kernel", "bias"]}
# what an inner layer is called in the arrays' names of the older layout
_INNER = {"output_dense": "attention_output", "_output_dense": "attention_output"}
_NO_LAYERS = {"optimizer", "metrics", "loss_tracker", "compile_metrics", "vars"}


def container_of(group: Any) -> str:
    """The name of the group in which a model's layers lie, empty where there is none."""
    found = {name.decode("utf-8", "replace") for name in h5_safety.members(group)}
    return next((name for name in CONTAINERS if name in found), "")


def is_vars_layout(root: Any) -> bool:
    """Whether the root group is one that Keras 3's saving wrote."""
    if attribute(root, "layer_names") is not None or attribute(root, "model_config") is not None:
        return False
    return bool(container_of(root)) or b"vars" in h5_safety.members(root)


def keras_of(root: Any) -> KerasFile:
    """What an HDF5 file says of itself, in either layout; weights in this one state no version."""
    keras = read_keras(root)
    if not is_vars_layout(root):
        return keras
    return with_vars(replace(keras, version="3" if _notes_names(root) else ""), root)


def with_vars(keras: KerasFile, root: Any) -> KerasFile:
    """With the places where the weights and the optimizer's state lie below this root."""
    return replace(keras, weights_path=f"/{container_of(root)}", optimizer_path="/optimizer")


def _notes_names(root: Any) -> bool:
    """Keras 3 notes the names of layers since 3.7, tf_keras does not."""
    if b"vars" not in h5_safety.members(root):
        return False
    return attribute(h5_safety.open_object(root, b"vars", "/vars"), "name") is not None


def snake_case(class_name: str) -> str:
    """As Keras's to_snake_case."""
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


_CLASSES = {snake_case(name): name for name in (*KINDS, *KEPT)}


class VarsIndex:
    """The arrays below a root group in this layout."""

    listed = True

    def __init__(self, root: Any) -> None:
        self._root = root
        self.missing: list[str] = []
        self._specs = dict(self._found_layers(root, "", 0))

    @property
    def layer_names(self) -> list[str]:
        """Paths of all layers that hold arrays themselves or in parts of theirs."""
        return list(self._specs)

    def spec(self, layer_name: str) -> LayerSpec:
        """A layer as far as its group tells: the class by the group's name."""
        return self._specs[layer_name]

    def of_model(self, model: ModelSpec) -> dict[Path, tuple[Weight, ...]]:
        """The weights of every layer, by the path of layer names from the outermost model."""
        return dict(self._of_model(model, self._root, "", ()))

    def _of_model(
        self, model: ModelSpec, group: Any, base: str, above: Path
    ) -> Iterator[tuple[Path, tuple[Weight, ...]]]:
        container = container_of(group) if group is not None else ""
        counts: dict[str, int] = {}
        for layer in model.layers:
            short = snake_case(layer.class_name if layer.class_name != "Model" else "Functional")
            number = counts[short] = counts.get(short, -1) + 1
            place = f"{base}/{container}/{short}_{number}" if number else f"{base}/{container}/{short}"
            inner = self._group(place) if container else None
            path = (*above, layer.name)
            if layer.model is not None:
                yield from self._of_model(layer.model, inner, place, path)
            else:
                stored = _arrays(inner, place) if inner is not None else []
                self._note_missing(layer, stored, place)
                yield path, tuple(weights_of(layer, stored, place))

    def _note_missing(self, layer: LayerSpec, stored: list[Stored], place: str) -> None:
        expected = roles_of(layer.class_name, layer.config, layer.stated) or []
        self.missing += [f"{place}/vars/{number}" for number in range(len(stored), len(expected))]

    def weights(self, layer_name: str) -> list[Weight]:
        """The weights of one layer by its path, roles told by its class."""
        group = self._group(f"/{layer_name}")
        return list(weights_of(self._specs[layer_name], _arrays(group, f"/{layer_name}"), f"/{layer_name}"))

    def _group(self, path: str) -> Any:
        try:
            found = h5_safety.resolve(self._root, path)
        except InspectorError:
            return None
        return found if isinstance(found, h5py.h5g.GroupID) else None

    def _found_layers(self, group: Any, base: str, depth: int) -> Iterator[tuple[str, LayerSpec]]:
        """Groups with arrays; the layers of nested models stand by themselves."""
        if depth > MAX_DEPTH:
            raise InspectorError("TOO_DEEP", f"models are nested more than {MAX_DEPTH} deep", where=base)
        container = container_of(group)
        below = f"{base}{container}/" if container else base
        for link in sorted(h5_safety.links(self._group(f"/{below}") or group), key=lambda link: numbered(link.name)):
            inner = self._group(f"/{below}{link.name}") if link.name not in _NO_LAYERS else None
            if inner is None:
                continue
            if container_of(inner):
                yield from self._found_layers(inner, f"{below}{link.name}/", depth + 1)
            elif stored := _arrays(inner, f"/{below}{link.name}"):
                yield f"{below}{link.name}", _spec_of(link.name, inner, stored)


def _spec_of(name: str, group: Any, stored: list[Stored]) -> LayerSpec:
    """Class by the group's name, the layer's name as newer versions note it, bias by the count of arrays."""
    class_name = _CLASSES.get(re.sub(r"_\d+$", "", name), "")
    called = ""
    if b"vars" in h5_safety.members(group):
        called = text(attribute(h5_safety.open_object(group, b"vars", name), "name"))
    plain = {"use_bias": False, "center": False, "scale": False}
    with_bias = roles_of(class_name, {}, {}) if class_name else None
    config = {} if with_bias is None or len(with_bias) == len(stored) else plain
    return LayerSpec(called or name, class_name, config)


def numbered(name: str) -> tuple[str, int]:
    """Sorts `dense`, `dense_1`, ..., `dense_10`, and `0` ... `10`."""
    found = re.fullmatch(r"(.*?)_?(\d+)", name)
    return (found.group(1), int(found.group(2))) if found else (name, -1)


def _arrays(group: Any, base: str, depth: int = 0) -> list[Stored]:
    """All `vars` below a layer's group; the forward half of a Bidirectional first, seeds left out."""
    found: list[Stored] = []
    if depth > MAX_DEPTH:
        return found
    for link in sorted(h5_safety.links(group), key=lambda link: _place(link.name)):
        path = f"{base}/{link.name}"
        if link.type == "dataset" and base.endswith("/vars"):
            described = h5_values.describe(h5_safety.open_object(group, link.raw, path))
            found.append(Stored(path, path, described.shape or (), described.dtype))
        elif link.type == "group" and link.name not in _NOT_WEIGHTS:
            found += _arrays(h5_safety.open_object(group, link.raw, path), path, depth + 1)
    return found


def _place(name: str) -> tuple[int, str, int]:
    first = ("vars", "forward_layer", "query_dense", "_query_dense", "key_dense", "_key_dense")
    order = (*first, "value_dense", "_value_dense", "output_dense", "_output_dense", "backward_layer")
    return (order.index(name) if name in order else len(order), *numbered(name))


def weights_of(layer: LayerSpec, stored: list[Stored], base: str) -> Iterator[Weight]:
    """The arrays with their roles: as the class has them in order, or by the inner layer that holds them."""
    expected = roles_of(layer.class_name, layer.config, layer.stated)
    roles = [role for role, _ in expected or ()] or _OTHERS.get(layer.class_name, [])
    if len(roles) != len(stored):
        roles = _inner_roles([item.path.removeprefix(f"{base}/") for item in stored])
    for item, role in zip(stored, roles, strict=True):
        yield Weight(id=item.path, role=role, shape=item.shape, dtype=item.dtype)


def _inner_roles(paths: list[str]) -> list[str]:
    """`query_dense/vars/0` is `query_kernel`, `forward_layer/cell/vars/1` is `forward_recurrent_kernel`; of an
    unknown class with two arrays the first is taken for a kernel, the second for a bias."""
    return [_inner_role(path, paths) for path in paths]


def _inner_role(path: str, paths: list[str]) -> str:
    *above, _, number = path.split("/")
    siblings = [other for other in paths if other.rpartition("/")[0] == path.rpartition("/")[0]]
    known = {2: ("kernel", "bias"), 3: ("kernel", "recurrent_kernel", "bias") if "cell" in above else ()}
    names = known.get(len(siblings), ())
    role = names[int(number)] if number.isdigit() and int(number) < len(names) else f"variable_{number}"
    parts = [part for part in above if part not in ("cell", "layer")]
    if not parts:
        return role
    inner = _INNER.get(parts[-1], parts[-1].lstrip("_").removesuffix("_dense").removesuffix("_layer"))
    return f"{inner}_{role}"
