"""A model.json that TensorFlow.js refuses, put into the words that it reads: Keras 3's configs, old names of weights.

Source: tfjs-layers/src/engine/container.ts, loadWeights: every weight's name must be a variable's.
"""

import copy
import json
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .exporting.keras2_config import DROPPED, OF_TRAINING, in_words_of_keras_2
from .upgrading import Changes, is_model, upgraded
from .weight_owners import owners

POLICY = "DTypePolicy"
Config = Dict[str, Any]


class Variable(NamedTuple):
    """A variable that TensorFlow.js made for a layer."""

    name: str
    shape: Tuple[int, ...]


class Variables(NamedTuple):
    """A layer's variables in TensorFlow.js's order."""

    layer: str
    held: List[Variable]


def in_readable_words(stated: Config, changes: Changes) -> Config:
    """A copy of a layers model's JSON with its config in the words of Keras 2."""
    found = dict(stated)
    topology = _object(stated.get("modelTopology"))
    config = _object(topology.get("model_config")) if "model_config" in topology else topology
    for what, layer in _of_keras_3(config, ""):
        changes.note(what, layer)
    config = in_words_of_keras_2(config)
    if is_model(config):
        config = upgraded(config, changes)
    found["modelTopology"] = dict(topology, model_config=config) if "model_config" in topology else config
    return found


def _object(value: Any) -> Config:
    value = json.loads(value) if isinstance(value, str) else value
    return dict(value) if isinstance(value, dict) else {}


def _of_keras_3(value: Any, layer: str) -> Iterator[Tuple[str, str]]:
    """What of a config are Keras 3's words, with the layer where."""
    if isinstance(value, list):
        for item in value:
            for found in _of_keras_3(item, layer):
                yield found
    if not isinstance(value, dict):
        return
    config = value.get("config")
    if "class_name" in value and isinstance(config, dict):
        if value["class_name"] != POLICY:
            layer = str(config.get("name") or layer)
        for word in _words_of(value, config):
            yield word, layer
    for item in value.values():
        for found in _of_keras_3(item, layer):
            yield found


def _words_of(entry: Config, config: Config) -> Iterator[str]:
    if entry["class_name"] == POLICY:
        yield "a DTypePolicy read as the dtype that it names"
        return
    if "name" in config and any(entry.get(key) is not None for key in DROPPED):
        yield "what only Keras 3 reads left out (module, registered_name, build_config)"
    if "batch_shape" in config:
        yield "batch_shape read as batch_input_shape"
    if any(isinstance(node, dict) for node in entry.get("inbound_nodes") or ()):
        yield "inbound_nodes written as lists of [layer, node, tensor]"
    if any(config[key] == "silu" for key in config if key.endswith("activation")):
        yield "activation silu read as swish"
    if entry["class_name"] == "LeakyReLU" and "negative_slope" in config:
        yield "negative_slope read as alpha"
    if any(config[key] is not None for key in config if key.endswith(OF_TRAINING)):
        yield "regularizers and constraints left out, without effect on a run"


def renamed(stated: Config, layers: Sequence[Variables], changes: Changes) -> Optional[Config]:
    """A copy of the JSON whose weights bear the names of these variables; None where not each finds its own."""
    found = copy.deepcopy(stated)
    entries = [entry for group in found.get("weightsManifest") or [] for entry in group.get("weights") or []]
    weights = [Variable(str(entry["name"]), tuple(entry["shape"])) for entry in entries]
    names = _names(weights, layers)
    if names is None:
        return None
    for entry in entries:
        new, owner = names[entry["name"]]
        if new != entry["name"]:
            changes.note("weights named {} read as {}".format(_scope(entry["name"]), _scope(new)), owner)
            entry["name"] = new
    return found


def _names(weights: Sequence[Variable], layers: Sequence[Variables]) -> Optional[Dict[str, Tuple[str, str]]]:
    """The variable of each weight, and its layer."""
    filled = [layer for layer in layers if layer.held]
    held = owners(
        [weight.name for weight in weights], [layer.layer for layer in layers], [item.layer for item in filled]
    )
    found: Dict[str, Tuple[str, str]] = {}
    for layer in filled:
        own = [weight for weight in weights if held.get(weight.name) == layer.layer]
        paired = _paired(own, layer.held)
        if paired is None:
            return None
        found.update((weight.name, (variable.name, layer.layer)) for weight, variable in paired)
    return found if len(found) == len(weights) else None


def _paired(own: List[Variable], held: List[Variable]) -> Optional[List[Tuple[Variable, Variable]]]:
    """A layer's weights with its variables: by role where each has its own, else by order; shapes must agree."""
    if len(own) != len(held):
        return None
    by_role = {_role(variable.name): variable for variable in held}
    roles = [_role(weight.name) for weight in own]
    told = len(by_role) == len(held) and sorted(roles) == sorted(by_role)
    pairs = list(zip(own, [by_role[role] for role in roles] if told else held))
    return pairs if all(weight.shape == variable.shape for weight, variable in pairs) else None


def _role(name: str) -> Tuple[str, str]:
    """`kernel`, and of a Bidirectional layer in which direction."""
    scopes = name.split("/")
    side = [word for word in ("forward", "backward") if any(scope.startswith(word + "_") for scope in scopes[:-1])]
    return (side[0] if side else "", scopes[-1])


def _scope(name: str) -> str:
    return name.rpartition("/")[0]
