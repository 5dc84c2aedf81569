"""What is said of a Keras file as a whole: facts, what runs it and why, and warnings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from inspector.domain.computation import Layer
from inspector.domain.files import Warn
from inspector.formats.keras_architecture import WAYS, Architecture
from inspector.formats.keras_file import KerasFile
from inspector.formats.keras_kinds import is_custom
from inspector.formats.keras_model import Item, Laid

TITLES = {"tf_keras": "legacy Keras", "keras3": "Keras 3"}
Facts = tuple[tuple[str, str], ...]


def runs_in(keras: KerasFile, architecture: Architecture | None = None) -> tuple[str, str]:
    """The runner's framework, empty when the file cannot run, and why."""
    if keras.problem:
        framework = "keras3" if keras.major >= 3 else "tf_keras"
        return framework, f"its model_config is damaged, which {TITLES[framework]} will not take"
    if architecture is not None and keras.config is None:
        framework = architecture.framework or ("keras3" if _writes_as_keras_3(keras) else "tf_keras")
        return framework, f"its architecture is {architecture.title}, so it runs in {TITLES[framework]}"
    if keras.config is None:
        return "", f"it holds weights but no architecture: with a graph on the other side it runs as that graph. {WAYS}"
    told = f"its architecture is {architecture.title}, " if architecture is not None else ""
    if keras.major >= 3:
        return "keras3", f"{told}written by Keras {keras.version}, so it runs in Keras 3"
    written = f"Keras {keras.version}" if keras.version else "a Keras before 1.1, which left no version"
    return "tf_keras", (
        f"{told}written by {written}, so it runs in legacy Keras: Keras 3 computes hard_sigmoid otherwise and "
        "refuses old configs"
    )


def _writes_as_keras_3(keras: KerasFile) -> bool:
    """The layout of Keras 3's saving states no version; tf_keras writes it too, but few do so with it."""
    return keras.major >= 3 or (not keras.version and keras.weights_path not in ("/", "/model_weights"))


def facts(keras: KerasFile, laid: Laid | None) -> Facts:
    """Rows for a person, in the order in which they are shown."""
    rows: list[tuple[str, str]] = [("Keras version", keras.version or ("before 1.1" if keras.config else "not said"))]
    rows.append(("Backend", keras.backend or "not said"))
    rows.append(("Producer", _producer(keras)))
    if keras.config is not None:
        rows.append(("Model class", str(keras.config.get("class_name", ""))))
    if laid is not None:
        layers = laid.computation.layers
        rows.append(("Layers", str(sum(layer.kind != "input" for layer in layers))))
        rows.append(("Parameters", f"{_parameters(layers):,}"))
    rows += list(_compiled(keras))
    return tuple(rows)


def _producer(keras: KerasFile) -> str:
    if keras.config is None and not keras.version:
        return "not said"
    if keras.major >= 3:
        return "Keras 3"
    inside = "-tf" in keras.version or _release(keras.version) >= (2, 4)
    return "Keras inside TensorFlow (tf.keras) or tf_keras" if inside else "Keras (multi-backend)"


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split(".")[:2] if part.isdigit())


def _parameters(layers: tuple[Layer, ...]) -> int:
    sizes = {weight.id: int(np.prod(weight.shape, dtype=object)) for layer in layers for weight in layer.weights}
    return sum(sizes.values())


def _compiled(keras: KerasFile) -> Iterator[tuple[str, str]]:
    training = keras.training
    if not training:
        yield "Compile state", "not compiled"
        return
    optimizer = training.get("optimizer_config") or training.get("optimizer")
    yield "Optimizer", _class_of(optimizer) or "not said"
    loss, metrics = _words(training.get("loss")), _words(training.get("metrics"))
    yield "Compile state", f"compiled, loss {loss or 'none'}" + (f", metrics {metrics}" if metrics else "")


def _class_of(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("class_name") or "")
    return str(value or "")


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "class_name" in value:
        return str(value["class_name"])
    if isinstance(value, list):
        return ", ".join(filter(None, map(_words, value)))
    return json.dumps(value) if value else ""


def warnings(keras: KerasFile, laid: Laid | None) -> Iterator[Warn]:
    """What a person should know before trusting or running the file."""
    if keras.problem:
        yield Warn(keras.problem.code, keras.problem.what)
    if keras.backend and keras.backend != "tensorflow" and keras.config is not None:
        yield Warn(
            "OTHER_BACKEND",
            f"written with the {keras.backend} backend"
            + (
                ", whose convolutions turn their kernels: a run here turns them back"
                if keras.backend == "theano"
                else ""
            ),
        )
    if keras.config is not None and keras.major < 2:
        yield Warn(
            "KERAS_1",
            "Keras 1 wrote this file: for a run its config and weights are put into the words of Keras 2, "
            "and each change is listed"
            + (
                ". It does not say its backend: if that was Theano, choose kernels=turned"
                if asks_kernels(keras, laid)
                else ""
            ),
        )
    items = list(_all_items(laid.items if laid else []))
    code = [item.path for item in items if item.class_name == "Lambda"]
    if code:
        yield Warn("CONTAINS_CODE", f"Lambda layers carry program code: {_listed(code)}")
    custom = sorted(
        {
            item.class_name
            for item in items
            if item.layer is not None and item.class_name and is_custom(item.class_name, item.spec.stated)
        }
    )
    if custom:
        yield Warn("CONTAINS_CODE", f"classes of its own, whose code is not in the file: {_listed(custom)}")


def asks_kernels(keras: KerasFile, laid: Laid | None) -> bool:
    """Whether a file holds convolutions and does not say whether its backend turned their kernels."""
    kinds = {layer.kind for layer in laid.computation.layers} if laid is not None else set()
    return keras.config is not None and not keras.backend and keras.major < 2 and any("conv" in kind for kind in kinds)


def _all_items(items: list[Item]) -> Iterator[Item]:
    waiting = list(reversed(items))
    while waiting:
        item = waiting.pop()
        yield item
        waiting += reversed(item.items)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
