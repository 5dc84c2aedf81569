"""Pairs made on the spot, each once: a Keras model's `.h5` and the frozen graph that TensorFlow makes of it."""

from __future__ import annotations

import atexit
import importlib
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(tempfile.mkdtemp(prefix="model-inspector-pairs-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
APPLICATIONS = {"InceptionV3": (96, 96, 3)}


@dataclass(frozen=True)
class Pair:
    """`truth` is what each layer call gives for `feeds`, by the call's path."""

    keras: Any
    model: Any
    h5: Path
    pb: Path
    graph: Any
    feeds: dict[str, np.ndarray]
    truth: dict[str, np.ndarray]


def pair(framework: str, name: str, *, lower: bool = True, batch: int | None = None) -> Pair:
    """`framework` is `keras` or `tf_keras`; `name` is of the zoo or of keras.applications."""
    return _pair(framework, name, lower, batch)


@cache
def _pair(framework: str, name: str, lower: bool, batch: int | None) -> Pair:
    import freezing
    import zoo

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras = importlib.import_module(framework)
        keras.utils.set_random_seed(1)
        keras.backend.clear_session()
        net = zoo.NETS.get(name)
        size = APPLICATIONS.get(name, (64, 64, 3))
        model = (
            zoo.shaken(net(keras))
            if net
            else getattr(keras.applications, name)(weights=None, input_shape=size, classes=10)
        )
        path = FOLDER / f"{framework}-{name}-{lower}-{batch}"
        model.save(path.with_suffix(".h5"))
        graph = freezing.frozen(model, batch=batch, lower=lower)
        path.with_suffix(".pb").write_bytes(graph.SerializeToString())
        arrays = freezing.feeds(model, batch or 2)
        fed = {freezing.name(tensor): array for tensor, array in zip(model.inputs, arrays, strict=True)}
        if len(fed) == 1:
            placeholder = next(node.name for node in graph.node if node.op == "Placeholder")
            fed = {placeholder: arrays[0]}
        truth = freezing.layer_values(keras, model, arrays)
    return Pair(keras, model, path.with_suffix(".h5"), path.with_suffix(".pb"), graph, fed, truth)


def renamed(made: Pair) -> Pair:
    """The same pair with every node of the graph called n0, n1, ..."""
    import freezing

    graph, names = freezing.renamed(made.graph)
    path = made.pb.with_name(made.pb.stem + "-n.pb")
    path.write_bytes(graph.SerializeToString())
    feeds = {names[name]: array for name, array in made.feeds.items()}
    return Pair(made.keras, made.model, made.h5, path, graph, feeds, made.truth)
