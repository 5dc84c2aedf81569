"""Writes the pairs of the fault bench: `make.py FOLDER '{"seeds": [0], "nets": [...], "causes": [...], ...}'`.

A process of its own, since TensorFlow must not be in the app's. Each pair is a line of `pairs.jsonl`."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["TF2_BEHAVIOR"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import faults
import numpy as np
import same
import tensorflow as tf
import tf_keras
import weight_faults
from faults import Fault
from nets import NETS, Recipe, flat_layers, train_like
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

FAMILIES = (
    faults.epsilon, faults.training_mode, faults.activation, faults.padding, faults.pooling, faults.resize, faults.layout,
    faults.depthwise_layout, faults.dropout, faults.recurrent, faults.missing, weight_faults.changed,
    weight_faults.not_loaded, weight_faults.order, weight_faults.statistics, weight_faults.quantized,
    weight_faults.precision, weight_faults.not_a_number, weight_faults.labels, weight_faults.folded,
    weight_faults.preprocessing, weight_faults.ports,
)  # fmt: skip
VISIBLE = 2e-5
BATCH = 4


def main(folder: Path, asked: dict[str, Any]) -> None:
    warnings.filterwarnings("ignore")
    with (folder / "pairs.jsonl").open("w") as log:
        for seed in asked["seeds"]:
            for net in asked.get("nets") or NETS:
                for row in _of_net(folder, net, seed, asked):
                    log.write(json.dumps(row) + "\n")
                    log.flush()


def _of_net(folder: Path, net: str, seed: int, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    tf_keras.backend.clear_session()
    recipe = Recipe(tf_keras, seed)
    model = NETS[net](recipe)
    train_like(model, seed)
    a = folder / f"{net}-{seed}.h5"
    model.save(a)
    if asked.get("same"):
        yield from same.pairs(folder, net, seed, model)
    random = np.random.default_rng([seed, sum(map(ord, net))])
    by_cause: dict[str, list[Fault]] = {}
    for family in FAMILIES:
        for fault in family(recipe.made, random):
            by_cause.setdefault(fault.cause, []).append(fault)
    count = asked.get("together", 1)
    if count > 1:
        yield from _together(folder, (net, seed, model), by_cause, random, count, asked.get("each", 3))
        return
    for cause, found in by_cause.items():
        if asked.get("causes") and cause not in asked["causes"]:
            continue
        random.shuffle(found)
        yield from _first_visible(folder, (net, seed, model), found, asked.get("each", 1))


def _first_visible(
    folder: Path, origin: tuple[str, int, Any], found: list[Fault], each: int
) -> Iterator[dict[str, Any]]:
    """A fault that no output shows is none: the next one is taken."""
    net, seed, _ = origin
    made = 0
    for fault in found:
        name = f"{net}-{seed}-{fault.cause}-{made}"
        try:
            if write(folder / f"{name}.pb", origin, [fault]):
                yield _row(name, origin, [fault])
                made += 1
        except Exception as error:  # noqa: BLE001 - a fault that cannot be built is told, and the next one taken
            print(f"{name}: {fault.what}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
        if made >= each:
            return


ALONE = ("dropout-active", "random-op", "nan-or-infinity", "label-order", "input-order", "output-order")


def _together(
    folder: Path, origin: tuple[str, int, Any], by_cause: dict[str, list[Fault]], random: Any, count: int, each: int
) -> Iterator[dict[str, Any]]:
    """Several faults at different layers of one net."""
    causes = [cause for cause in by_cause if cause not in ALONE]
    made = tries = 0
    while made < each and tries < 40:
        tries += 1
        chosen: list[Fault] = []
        for cause in random.permutation(causes):
            fault = by_cause[cause][int(random.integers(len(by_cause[cause])))]
            taken = {name for other in chosen for name in other.layers}
            single = (
                len(fault.layers) in (1, 2) and not taken & set(fault.layers) and "preprocess_a" not in fault.settings
            )
            if single and len(chosen) < count:
                chosen.append(fault)
        name = f"{origin[0]}-{origin[1]}-{count}together-{made}"
        try:
            if len(chosen) == count and write(folder / f"{name}.pb", origin, chosen, each_visible=True):
                yield _row(name, origin, chosen)
                made += 1
        except Exception as error:  # noqa: BLE001 - as above
            print(f"{name}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)


def _row(name: str, origin: tuple[str, int, Any], chosen: list[Fault]) -> dict[str, Any]:
    settings = {key: value for fault in chosen for key, value in fault.settings.items() if key != "fold"}
    return {
        "id": name,
        "net": origin[0],
        "seed": origin[1],
        "a": f"{origin[0]}-{origin[1]}.h5",
        "b": f"{name}.pb",
        "settings": settings,
        "truth": [{"cause": fault.cause, "what": fault.what, "layers": list(fault.layers)} for fault in chosen],
    }


def write(path: Path, origin: tuple[str, int, Any], chosen: list[Fault], *, each_visible: bool = False) -> bool:
    """B's graph with these faults. False when its outputs are A's all the same."""
    net, seed, model = origin
    if each_visible and not all(write(path, origin, [fault]) for fault in chosen):
        return False

    def change(keras: Any, class_name: str, name: str, config: dict[str, Any]) -> Any:
        results = [
            made for fault in chosen if fault.change and (made := fault.change(keras, class_name, name, dict(config)))
        ]
        return results[0] if results else None

    b = NETS[net](Recipe(tf_keras, seed, change))
    own, other = flat_layers(model), flat_layers(b)
    for place, layer in other.items():
        if place in own and [w.shape for w in own[place].get_weights()] == [w.shape for w in layer.get_weights()]:
            layer.set_weights(own[place].get_weights())
    random = np.random.default_rng(seed)
    for fault in chosen:
        if "fold" in fault.settings:
            _fold(own, other, *fault.settings["fold"])
        if fault.weights is not None:
            fault.weights(other, random)
    call = next((fault.call for fault in chosen if fault.call), None)
    graph = frozen(b, call)
    path.write_bytes(graph.SerializeToString())
    if any(fault.settings.get("preprocess_a") or fault.cause == "output-order" for fault in chosen):
        return True
    return _visible(model, b, call)


def _fold(own: dict[str, Any], other: dict[str, Any], conv: str, norm: str, what: str) -> None:
    """Kernel and bias of a batch norm folded with one mistake."""
    source, target, bn = faults.found(own, conv), faults.found(other, conv), faults.found(own, norm)
    gamma, beta, mean, variance = bn.get_weights()
    kernel, *rest = source.get_weights()
    bias = rest[0] if rest else np.zeros_like(mean)
    scale = gamma / (variance + bn.epsilon if "root" in what else np.sqrt(variance + bn.epsilon))
    kernel = kernel * (scale.reshape(kernel.shape[-2:]) if "dw" in conv else scale)
    offset = (bias - (0 if "mean" in what else mean)) * scale + (0 if "beta" in what else beta)
    target.set_weights([kernel.astype("f4"), offset.astype("f4")])


def inputs_of(model: Any) -> list[np.ndarray]:
    random = np.random.default_rng(11)
    return [random.uniform(0, 1, (BATCH, *tuple(t.shape)[1:])).astype("f4") for t in model.inputs]


def _visible(model: Any, b: Any, call: Any) -> bool:
    arrays = [tf.constant(array) for array in inputs_of(model)]
    one = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    two = call(b, arrays) if call else b(arrays if len(arrays) > 1 else arrays[0], training=False)
    for first, second in zip(tf.nest.flatten(one), tf.nest.flatten(two), strict=True):
        size = float(np.abs(first).max())
        if not np.isfinite(second).all() or np.abs(np.asarray(first) - np.asarray(second)).max() > VISIBLE * size:
            return True
    return False


def frozen(model: Any, call: Any = None, batch: int | None = None) -> Any:
    signature = [
        tf.TensorSpec((batch, *tuple(t.shape)[1:]), t.dtype, name=t._keras_history[0].name) for t in model.inputs
    ]

    def run(*tensors: Any) -> Any:
        if call is not None:
            return call(model, list(tensors))
        return model(list(tensors) if len(tensors) > 1 else tensors[0], training=False)

    function = tf.function(run).get_concrete_function(*signature)
    return convert_variables_to_constants_v2(function).graph.as_graph_def()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
