"""Which adapter runs which framework, and what its import brings."""

import importlib
import os
from typing import Any, Dict, NamedTuple, Tuple

from .server import RequestError


class Framework(NamedTuple):
    """`module` and `adapter`: where the adapter is. `imports`: what is imported before the model is known,
    so that it need not be waited for later. `starts_programs`: it cannot be kept from that."""

    module: str
    adapter: str
    imports: Tuple[str, ...] = ("tensorflow",)
    starts_programs: bool = False


FRAMEWORKS = {
    "graph": Framework("graph_adapter", "GraphAdapter"),
    "saved_model": Framework("saved_model_adapter", "SavedModelAdapter"),
    "checkpoint": Framework("checkpoint_adapter", "CheckpointAdapter"),
    "tf_keras": Framework("keras_adapter", "LegacyKerasAdapter", ("tensorflow", "tf_keras")),
    "keras3": Framework("keras_adapter", "Keras3Adapter", ("tensorflow", "keras")),
    "tflite": Framework("tflite_adapter", "TFLiteAdapter"),
    "tfjs": Framework("tfjs_adapter", "TFJSAdapter", (), starts_programs=True),
    "recording": Framework("recording_adapter", "RecordingAdapter", ()),
}


def framework_of(name: str) -> Framework:
    """Raises UNKNOWN_FRAMEWORK."""
    if name not in FRAMEWORKS:
        raise RequestError(
            "UNKNOWN_FRAMEWORK",
            "no runner for {}".format(name),
            name,
            "Known: {}.".format(", ".join(sorted(FRAMEWORKS))),
        )
    return FRAMEWORKS[name]


def import_framework(name: str) -> Dict[str, str]:
    """Import what a framework needs. Returns the versions.

    Raises FRAMEWORK_MISSING when this Python has not what it takes."""
    imports = framework_of(name).imports
    if "tensorflow" in imports:
        os.environ["KERAS_BACKEND"] = "tensorflow"
        os.environ["TF_USE_LEGACY_KERAS"] = str(int("tf_keras" in imports))  # what `tf.keras` is in a user's file
        _switch_to_eager()
    versions = {module: _version(module) for module in ("numpy",) + imports}
    return {module: version for module, version in versions.items() if version}


def _switch_to_eager() -> None:
    """TensorFlow 1 computes eagerly only when it is told so before anything else."""
    _version("tensorflow")
    tensorflow = importlib.import_module("tensorflow")
    if tensorflow.__version__.startswith("1."):
        tensorflow.compat.v1.enable_eager_execution()


def adapter_of(name: str) -> Any:
    """The adapter class for a framework; imports the framework when it is not there yet."""
    framework = framework_of(name)
    import_framework(name)
    return getattr(importlib.import_module("." + framework.module, __package__), framework.adapter)


def _version(module: str) -> str:
    try:
        return str(getattr(importlib.import_module(module), "__version__", "?"))
    except ImportError as error:
        if module == "tf_keras":
            return ""  # a TensorFlow before 2.16 brings legacy Keras itself
        raise RequestError(
            "FRAMEWORK_MISSING",
            "this Python cannot import {}: {}".format(module, error),
            module,
            "pip install {}".format(module),
        )
