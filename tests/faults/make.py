"""Writes the pairs of the fault bench: `make.py FOLDER '{"seeds": [0], "nets": [...], "causes": [...], ...}'`.

A process of its own, since TensorFlow must not be in the app's. Each pair is a line of `pairs.jsonl`."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["TF2_BEHAVIOR"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import environment_faults
import faults
import graph_faults
import numpy as np
import same
import tf_keras
import weight_faults
from fault_nets import NETS, Recipe, train_like
from faults import Fault
from writing import Pair, write

FAMILIES = (
    faults.epsilon, faults.training_mode, faults.activation, faults.padding, faults.pooling, faults.resize,
    faults.layout, faults.depthwise_layout, faults.dropout, faults.recurrent, faults.missing, weight_faults.changed,
    weight_faults.not_loaded, weight_faults.order, weight_faults.statistics, weight_faults.quantized,
    weight_faults.precision, weight_faults.not_a_number, weight_faults.labels, weight_faults.folded,
    weight_faults.preprocessing, weight_faults.ports, *graph_faults.FAMILIES, *environment_faults.FAMILIES,
)  # fmt: skip
# causes that change the whole output, or whose files are their own: they stand alone
ALONE = (
    "dropout-active", "random-op", "nan-or-infinity", "label-order", "input-order", "output-order", "tensor-name",
    "custom-layer", "version-drift", "state-kept", "hub-module", "backend-kernel",
)  # fmt: skip
TRIES = 40


def main(folder: Path, asked: dict[str, Any]) -> None:
    warnings.filterwarnings("ignore")
    forms = itertools.cycle(asked.get("forms") or ["pb"])
    with (folder / "pairs.jsonl").open("w") as log:
        for seed in asked["seeds"]:
            for net in asked.get("nets") or NETS:
                for row in _of_net(folder, net, seed, asked, forms):
                    log.write(json.dumps(row) + "\n")
                    log.flush()


def _of_net(folder: Path, net: str, seed: int, asked: dict[str, Any], forms: Iterator[str]) -> Iterator[dict[str, Any]]:
    kerases = asked.get("keras") or ["tf_keras"]
    origin, made = _origin(folder, net, seed, kerases[seed % len(kerases)])
    if asked["same"]:
        other = origin if origin.keras is tf_keras else _origin(folder, net, seed, "tf_keras")[0]
        yield from same.pairs(replace(other, name=f"{net}-{seed}-same"), asked["same"])
    if asked.get("only_same"):
        return
    random = np.random.default_rng([seed, sum(map(ord, net))])
    by_cause: dict[str, list[Fault]] = {}
    for family in FAMILIES:
        for fault in family(made, random):
            by_cause.setdefault(fault.cause, []).append(fault)
    count = asked.get("together", 1)
    if count > 1:
        yield from _together(origin, by_cause, random, count, asked.get("each", 1), forms)
        return
    for cause, found in by_cause.items():
        random.shuffle(found)
        wanted = not asked.get("causes") or cause in asked["causes"]
        if wanted:
            chosen = [fault for fault in found if asked.get("what", "") in fault.what]
            yield from _first_visible(origin, chosen, asked.get("each", 1), forms)


def _origin(folder: Path, net: str, seed: int, keras_name: str) -> tuple[Pair, Any]:
    """A's model, saved as .h5, and the layers that it was made of."""
    keras = importlib.import_module(keras_name)
    keras.backend.clear_session()
    recipe = Recipe(keras, seed)
    model = NETS[net](recipe)
    train_like(model, seed)
    name = f"{net}-{seed}" + "-k3" * (keras_name == "keras")
    model.save(folder / f"{name}.h5")
    return Pair(folder=folder, name=name, net=net, seed=seed, model=model, keras=keras), recipe.made


def _pair(origin: Pair, name: str) -> Pair:
    return replace(origin, name=f"{origin.name}-{name}")


def _first_visible(origin: Pair, found: list[Fault], each: int, forms: Iterator[str]) -> Iterator[dict[str, Any]]:
    """A fault that no output shows is none: the next one is taken. So is one that the net's graph has no place for."""
    made = 0
    for fault in found:
        if made >= each:
            return
        pair = _pair(origin, f"{fault.cause}-{made}")
        row = _tried(pair, [fault], next(forms))
        if row is not None:
            yield _row(origin, pair, [fault], row)
            made += 1


def _tried(pair: Pair, chosen: list[Fault], form: str) -> dict[str, Any] | None:
    try:
        return write(pair, chosen, form=form)
    except LookupError:
        return None
    except Exception as error:  # noqa: BLE001 - a fault that cannot be built is told, and the next one taken
        what = ", ".join(fault.what for fault in chosen)
        print(f"{pair.name}: {what}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
        return None


def _together(
    origin: Pair, by_cause: dict[str, list[Fault]], random: Any, count: int, each: int, forms: Iterator[str]
) -> Iterator[dict[str, Any]]:
    """Several faults at different layers of one net, each of which shows by itself."""
    causes = [cause for cause in by_cause if cause not in ALONE]
    made = tries = 0
    while made < each and tries < TRIES:
        tries += 1
        chosen: list[Fault] = []
        for cause in random.permutation(causes):
            fault = by_cause[cause][int(random.integers(len(by_cause[cause])))]
            taken = {name for other in chosen for name in other.layers}
            if _at_one_place(fault) and not taken & set(fault.layers) and len(chosen) < count:
                chosen.append(fault)
        pair = _pair(origin, f"{count}together-{made}")
        if len(chosen) < count or any(_tried(pair, [fault], "pb") is None for fault in chosen):
            continue
        row = _tried(pair, chosen, next(forms))
        if row is not None:
            yield _row(origin, pair, chosen, row)
            made += 1


def _at_one_place(fault: Fault) -> bool:
    return len(fault.layers) in (1, 2) and "preprocess_a" not in fault.settings and not fault.files


def _row(origin: Pair, pair: Pair, chosen: list[Fault], row: dict[str, Any]) -> dict[str, Any]:
    settings = {key: value for fault in chosen for key, value in fault.settings.items() if key != "fold"}
    return {
        "id": pair.name,
        "net": pair.net,
        "seed": pair.seed,
        "a": f"{origin.name}.h5",
        **row,
        "settings": {**settings, **row.get("settings", {})},
        "truth": [
            {"cause": fault.cause, "also": fault.also, "what": fault.what, "layers": fault.layers} for fault in chosen
        ],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
