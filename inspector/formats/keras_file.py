"""What Keras writes into an HDF5 file's attributes: configs as JSON, names of layers and weights, versions."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inspector.domain.errors import InspectorError
from inspector.formats.h5_attributes import attribute, text
from inspector.formats.h5_safety import members

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class KerasFile:
    """`config` is the whole model_config, None in a weights-only file. `problem` says why a config that
    is there cannot be read."""

    version: str
    backend: str
    config: dict[str, Any] | None
    training: dict[str, Any] = field(default_factory=dict)
    weights_path: str = "/"
    problem: InspectorError | None = None
    optimizer_path: str = "/optimizer_weights"
    architecture: str = ""

    @property
    def major(self) -> int:
        """1, 2 or 3. Keras 1.0 wrote no version."""
        head = self.version.partition(".")[0]
        return int(head) if head.isdigit() else 1


def read_keras(root: Any) -> KerasFile:
    """The Keras attributes of a low-level root group."""
    problem, config = None, None
    weights = "/model_weights" if b"model_weights" in members(root) else "/"
    try:
        config = parsed(attribute(root, "model_config"))
    except InspectorError as error:
        problem = error
    try:
        training = parsed(attribute(root, "training_config")) or {}
    except InspectorError:
        training = {}
    version = text(attribute(root, "keras_version"))
    return KerasFile(version, text(attribute(root, "backend")), config, training, weights, problem)


def names(holder: Any, name: str) -> list[str] | None:
    """A list of names, put together again where Keras cut it into `name0`, `name1`, ... for its length."""
    whole = attribute(holder, name)
    if whole is not None:
        return [text(item) for item in np.ravel(whole)]
    found: list[str] = []
    number = 0
    while (part := attribute(holder, f"{name}{number}")) is not None:
        found += [text(item) for item in np.ravel(part)]
        number += 1
    return found if number else None


def parsed(value: Any) -> dict[str, Any] | None:
    """A config. Raises BAD_CONFIG, TOO_DEEP."""
    if value is None:
        return None
    try:
        found = json.loads(text(value))
        if isinstance(found, dict):
            whole = json.dumps(found, ensure_ascii=False)
            if _LONE_SURROGATE.search(whole):
                found = json.loads(_LONE_SURROGATE.sub(lambda m: f"\\\\u{ord(m.group()):04x}", whole))
            return dict(found)
    except RecursionError as error:
        raise InspectorError("TOO_DEEP", "the config is nested too deeply to read") from error
    except ValueError as error:
        raise InspectorError("BAD_CONFIG", f"the config is no JSON: {error}") from error
    raise InspectorError("BAD_CONFIG", f"the config is a {type(found).__name__}, not a model")
