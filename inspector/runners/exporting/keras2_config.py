"""A Keras 3 config in the words of Keras 2, which TensorFlow.js reads."""

from typing import Any, Dict, List

DROPPED = (
    "module",
    "registered_name",
    "build_config",
    "compile_config",
    "shared_object_id",
    "quantization_config",
    "input_axes",  # of initializers, which do nothing any more
    "output_axes",
)
OF_TRAINING = ("_regularizer", "_constraint")  # TensorFlow.js refuses those that it does not know
ACTIVATIONS = ("activation", "recurrent_activation")
RENAMED = {"silu": "swish"}  # activations that have another name in Keras 2
OF_ONE_KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
TENSOR = "__keras_tensor__"
MODELS = ("Functional", "Model", "Sequential")


def in_words_of_keras_2(config: Any) -> Any:
    """The same model or layer; a config that is Keras 2's already stays as it is but for what nobody reads."""
    if isinstance(config, list):
        return [in_words_of_keras_2(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return config["config"]["name"]
    changed = {name: in_words_of_keras_2(value) for name, value in config.items() if name not in DROPPED}
    changed.update((name, None) for name in changed if name.endswith(OF_TRAINING))
    changed.update((key, RENAMED[changed[key]]) for key in ACTIVATIONS if str(changed.get(key)) in RENAMED)
    if "batch_shape" in changed:
        changed["batch_input_shape"] = changed.pop("batch_shape")
    if isinstance(changed.get("inbound_nodes"), list):
        # as they were: the walk above has gone through the tensors in them
        changed["inbound_nodes"] = [_node(node) for node in config["inbound_nodes"]]
    if str(config.get("class_name")).startswith("Separable"):
        # inherited, and never heeded: such a layer has depthwise and pointwise ones
        changed["config"] = {name: value for name, value in changed["config"].items() if name not in OF_ONE_KERNEL}
    changed.update((name, "swish") for name in changed if name.endswith("activation") and changed[name] == "silu")
    if config.get("class_name") == "LeakyReLU" and isinstance(changed.get("config"), dict):
        slope = changed["config"].pop("negative_slope", None)
        if slope is not None:
            changed["config"]["alpha"] = slope
    if config.get("class_name") in MODELS:
        _as_model(changed, config)
    return changed


def _as_model(changed: Dict[str, Any], config: Dict[str, Any]) -> None:
    """The ends of a functional model are lists of `[layer, node, tensor]`. Keras 2 counts the making of a model as
    its first call; Keras 3 does so in the ends only, and of a Sequential not there either. In place."""
    inner = changed.get("config")
    if not isinstance(inner, dict):
        return
    for name in ("input_layers", "output_layers"):
        ends = inner.get(name)
        if isinstance(ends, list) and ends and isinstance(ends[0], str):
            inner[name] = [ends]
    stated = config["config"].get("layers") or []
    kinds = {layer["config"].get("name"): layer.get("class_name") for layer in stated}
    calls = [layer for layer, before in zip(inner.get("layers") or [], stated) if _is_keras_3(before)]
    for layer in calls:
        for history in (history for node in layer["inbound_nodes"] for history in node):
            history[1] += kinds.get(history[0]) in MODELS
    for end in inner.get("output_layers") or () if calls else ():
        end[1] += kinds.get(end[0]) == "Sequential"
    if calls:
        _leave_out_masks(inner)


def _leave_out_masks(inner: Dict[str, Any]) -> None:
    """Keras 3 writes the ops of a mask (NotEqual, Any) as layers, whose values only masks took: with those left out,
    nobody reads them. In place."""
    while True:
        nodes = [node for layer in inner["layers"] for node in layer.get("inbound_nodes") or ()]
        read = {history[0] for node in nodes for history in node}
        read.update(end[0] for ends in ("input_layers", "output_layers") for end in inner.get(ends) or ())
        kept = [layer for layer in inner["layers"] if layer["class_name"] == "InputLayer" or layer["name"] in read]
        if len(kept) == len(inner["layers"]):
            return
        inner["layers"] = kept


def _is_keras_3(layer: Dict[str, Any]) -> bool:
    return any(isinstance(node, dict) for node in layer.get("inbound_nodes") or ())


def _node(node: Any) -> Any:
    """`{"args": [...], "kwargs": {...}}` as `[[layer, node, tensor, kwargs], ...]`."""
    if not isinstance(node, dict):
        return node
    kwargs = {name: value for name, value in (node.get("kwargs") or {}).items() if _says_something(name, value)}
    return [[*history, in_words_of_keras_2(kwargs)] for history in _histories(node.get("args") or [])]


def _histories(value: Any) -> List[Any]:
    if isinstance(value, dict):
        return [value["config"]["keras_history"]] if value.get("class_name") == TENSOR else []
    return [history for item in value for history in _histories(item)] if isinstance(value, list) else []


def _says_something(name: str, value: Any) -> bool:
    """A mask is worked out anew, and a tensor in a keyword is no plain argument."""
    return value is not None and name != "mask" and not _histories(value)
