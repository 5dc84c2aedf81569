"""A TensorFlow.js layers model: a Keras config, with weights that bear the names of their layers.

TensorFlow.js finds weights by name alone (tfjs-layers/src/engine/container.ts, loadWeights), so they are given to
their layers by name here too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from inspector.domain.computation import Weight
from inspector.domain.errors import InspectorError
from inspector.formats.keras_config import LayerSpec, ModelSpec, model_spec
from inspector.formats.keras_model import Laid, lay_out
from inspector.formats.keras_roles import role_of, roles_of, slots
from inspector.formats.keras_weights import Path, Stored, told_apart
from inspector.formats.tfjs_manifest import Manifest
from inspector.runners.weight_owners import owners

KERAS_2 = 2


@dataclass(frozen=True, slots=True)
class LayersModel:
    """`config` is the Keras config; `version` and `backend` are those of the Keras that wrote it."""

    config: dict[str, Any]
    version: str = ""

    @property
    def major(self) -> int:
        """TensorFlow.js names itself as the Keras that wrote a config, whose words are those of Keras 2."""
        head = self.version.partition(".")[0]
        return int(head) if head.isdigit() else KERAS_2


def layers_model(topology: Any) -> LayersModel | None:
    """The config in a modelTopology: in it, or below `model_config`; each may be a text of JSON. None for none."""
    outer = _object(topology)
    config = _object(outer.get("model_config")) or outer
    if "class_name" not in config:
        return None
    return LayersModel(config, str(outer.get("keras_version") or config.get("keras_version") or ""))


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def laid_out(model: LayersModel, manifest: Manifest) -> Laid:
    """The computation and the tree. Raises BAD_CONFIG, TOO_DEEP, CYCLE, TOO_LARGE."""
    spec = model_spec(model.config)
    try:
        return lay_out(spec, weights_of(spec, manifest), model.major)
    except RecursionError as error:
        raise InspectorError("TOO_DEEP", "models are nested too deeply to read") from error


def weights_of(spec: ModelSpec, manifest: Manifest) -> dict[Path, tuple[Weight, ...]]:
    """The weights of every layer, by the path of layer names from the outermost model."""
    leaves = dict(_leaves(spec, ()))
    by_name: dict[str, Path] = {}
    for path in leaves:
        by_name.setdefault(path[-1], path)
    filled = [path[-1] for path, layer in leaves.items() if _has_weights(layer)]
    belongs = owners(list(manifest.weights), list(by_name), filled)
    held: dict[Path, list[Stored]] = {path: [] for path in leaves}
    for name, layer in belongs.items():
        weight = manifest.weights[name]
        held[by_name[layer]].append(Stored(weight.name, weight.name, weight.shape, weight.dtype))
    return {path: in_steps(_with_roles(leaves[path], stored), manifest) for path, stored in held.items()}


def in_steps(weights: Iterable[Weight], manifest: Manifest) -> tuple[Weight, ...]:
    """Weights with what quantization left of their precision."""
    found = ((weight, manifest.weights.get(weight.id)) for weight in weights)
    return tuple(
        replace(weight, step=stored.step, dtype=stored.precision) if stored is not None else weight
        for weight, stored in found
    )


def _leaves(model: ModelSpec, above: Path) -> Iterator[tuple[Path, LayerSpec]]:
    for layer in model.layers:
        path = (*above, layer.name)
        if layer.model is None:
            yield path, layer
        else:
            yield from _leaves(layer.model, path)


def _has_weights(layer: LayerSpec) -> bool:
    """Whether its class has any; of an unknown one that is supposed."""
    return roles_of(layer.class_name, layer.config, layer.stated) != []


def _with_roles(layer: LayerSpec, stored: list[Stored]) -> Iterator[Weight]:
    numbered = all(item.name.rpartition("/")[2].isdigit() for item in stored)
    known = slots(layer) if numbered else None  # `dense/0`, `dense/1`: Keras's order
    if known is not None and len(known) == len(stored):
        roles = [role for _, role, _ in known]
    else:
        roles = told_apart([role_of(layer, item.name) for item in stored], stored)
    for item, role in zip(stored, roles, strict=True):
        yield Weight(id=item.path, role=role, shape=item.shape, dtype=item.dtype)
