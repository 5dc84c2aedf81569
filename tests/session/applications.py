"""What is asked of every pair that is made on the spot from a Keras application; used by the tests and the sweep."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.domain.comparison import Comparison
from inspector.domain.match import Assignment
from inspector.session.session import Session
from inspector.session.settings import Settings

MAKE = Path(__file__).with_name("make_pair.py")
NAMES = ("MobileNetV2", "ResNet50", "InceptionV3", "EfficientNetB0", "DenseNet121")
KERAS = ("keras", "tf_keras")
BATCHES = (1, 4)


@dataclass(frozen=True, slots=True)
class MadePair:
    """The folder that `make_pair.py` filled, and its facts."""

    folder: Path
    facts: dict[str, Any]


def make(keras: str, name: str, batch: int, folder: Path) -> MadePair:
    """Make one pair in a process of its own, so that this one stays free of TensorFlow."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    command = [sys.executable, str(MAKE), keras, name, str(batch), str(folder)]
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=300)
    return MadePair(folder, json.loads((folder / "facts.json").read_text()))


def opened(session: Session, pair: MadePair, graph: str, seed: int = 0) -> Session:
    """The session with the pair open and the seed set."""
    session.settings = Settings(inputs=(f"random:{seed}",))
    session.open("a", pair.folder / "model.h5")
    session.open("b", pair.folder / graph)
    return session


def wrongly_matched(assignment: Assignment, pair: MadePair) -> list[str]:
    """Layers with weights whose tensor does not lie in the layer's own scope of the frozen graph."""
    by_layer = {match.a: match.tensor_b for match in assignment.matches}
    return [
        f"{name} -> {by_layer.get(name)}" for name in pair.facts["weighted"] if not _in_scope(name, by_layer.get(name))
    ]


def share_matched(assignment: Assignment) -> float:
    """The share of A's layers that have a tensor in B."""
    return sum(match.tensor_b is not None for match in assignment.matches) / len(assignment.matches)


def differing(comparison: Comparison) -> list[str]:
    """Layers that are said to introduce a difference."""
    return [layer.a for layer in comparison.layers if layer.status == "different"]


def _in_scope(name: str, tensor: str | None) -> bool:
    """Keras 3 writes `conv1_1` for the layer `conv1`, and `conv1_2` where another layer is called `conv1_1`."""
    path = f"/{(tensor or '').rpartition(':')[0]}/"  # a layer's own name may hold a slash: `conv1/bn`
    return any(f"/{name}{suffix}/" in path for suffix in ("", "_1", "_2"))
