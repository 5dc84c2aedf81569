"""Which adapter runs which framework, and what its import brings."""

import importlib
import os
from typing import Any, Dict

from .server import RequestError

ADAPTERS = {
    "graph": ("graph_adapter", "GraphAdapter"),
    "tf_keras": ("keras_adapter", "LegacyKerasAdapter"),
    "keras3": ("keras_adapter", "Keras3Adapter"),
}
KERAS_MODULE = {"tf_keras": "tf_keras", "keras3": "keras"}


def import_framework(name: str) -> Dict[str, str]:
    """Import TensorFlow and, if the framework is a Keras, that. Returns the versions.

    Raises FRAMEWORK_MISSING when this Python has no TensorFlow.
    """
    _check(name)
    os.environ["KERAS_BACKEND"] = "tensorflow"
    _switch_to_eager()
    modules = ["numpy", "tensorflow"] + [module for key, module in KERAS_MODULE.items() if key == name]
    versions = {module: _version(module) for module in modules}
    return {module: version for module, version in versions.items() if version}


def _switch_to_eager() -> None:
    """TensorFlow 1 computes eagerly only when it is told so before anything else."""
    _version("tensorflow")
    tensorflow = importlib.import_module("tensorflow")
    if tensorflow.__version__.startswith("1."):
        tensorflow.compat.v1.enable_eager_execution()


def adapter_of(name: str) -> Any:
    """The adapter class for a framework; imports the framework when it is not there yet."""
    _check(name)
    module, attribute = ADAPTERS[name]
    import_framework(name)
    return getattr(importlib.import_module("." + module, __package__), attribute)


def _check(name: str) -> None:
    if name not in ADAPTERS:
        raise RequestError(
            "UNKNOWN_FRAMEWORK",
            "no runner for {}".format(name),
            name,
            "Known: {}.".format(", ".join(sorted(ADAPTERS))),
        )


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
