"""What a Keras HDF5 file says before Keras loads it, and why Keras could not."""

import json
from typing import Any, Dict, List, NamedTuple

from .messages import reason
from .server import RequestError


class Stated(NamedTuple):
    """The model's config and the version of the Keras that wrote it ("" when the file states none)."""

    config: Dict[str, Any]
    version: str


def stated(path: str) -> Stated:
    """Raises LOAD_FAILED when the file is no HDF5 file or holds no model."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
            version = file.attrs.get("keras_version", "")
    except OSError as error:
        raise RequestError("LOAD_FAILED", reason(error), path, "Open a full-model .h5 file.")
    if text is None:
        raise RequestError("LOAD_FAILED", "the file holds weights but no model", path, "Open the full model.")
    return Stated(json.loads(_decoded(text)), _decoded(version))


def _decoded(text: Any) -> str:
    return text.decode("utf-8") if isinstance(text, bytes) else str(text)


def refuse_code(config: Dict[str, Any], path: str) -> None:
    """Raises CONTAINS_CODE when loading the model would run program code that the file carries."""
    names = lambda_layers(config)
    if names:
        what = "program code in Lambda layers: {}".format(", ".join(names[:3]))
        todo = "If you trust the file's author, open it with --trust."
        raise RequestError("CONTAINS_CODE", what, path, todo)


def lambda_layers(config: Any) -> List[str]:
    """Names of the Lambda layers in a model config whose function is bytecode, nested models included."""
    if isinstance(config, list):
        return [name for item in config for name in lambda_layers(item)]
    if not isinstance(config, dict):
        return []
    inner = [name for item in config.values() for name in lambda_layers(item)]
    own = config.get("config")
    if config.get("class_name") == "Lambda" and isinstance(own, dict) and _holds_code(own):
        inner.insert(0, str(own.get("name", "?")))
    return inner


def _holds_code(config: Any) -> bool:
    function = config.get("function")
    if isinstance(function, dict):  # Keras 3
        return bool(function.get("class_name") == "__lambda__")
    return config.get("function_type") == "lambda" or isinstance(function, list)


def load_failure(error: Exception, path: str, version: str) -> RequestError:
    """Keras's own reason without the configs it prints, and what to do about it."""
    text = str(error).rsplit("Exception encountered:", 1)[-1]
    if version.startswith("1."):
        what = "Keras {} wrote the file, and no later Keras reads it: {}".format(version, reason(error, text))
        return RequestError("LOAD_FAILED", what, path, "Run it in a Python that has Keras 1 (--python).")
    if any(words in text for words in ("Unknown layer", "Could not locate class", "Unknown object")):
        todo = "The model uses a class of its own: give the file that defines it (--custom)."
        return RequestError("LOAD_FAILED", reason(error, text), path, todo)
    todo = "Run it in the Python and Keras that saved it (--python)."
    return RequestError("LOAD_FAILED", reason(error, text), path, todo)
