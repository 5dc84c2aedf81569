"""The architecture of a file with weights only: of another file, an application of Keras's, or the user's code."""

import ast
import hashlib
import importlib
import json
import re
from typing import Any, Dict, List, Tuple

import numpy as np

from .custom_objects import user_module
from .keras_file import Stated, stated
from .keras_weights import StoredWeights, is_vars_layout
from .messages import reason
from .server import RequestError

APPLICATION = re.compile(r"(tf_keras|keras)\.applications:(\w+)(\(.*\))?$", re.DOTALL)
CODE = re.compile(r"(.+\.py):([A-Za-z_]\w*)$", re.DOTALL)
TOP = ("predictions", "top_dense", "fc1000", "Logits")
WAYS = (
    "Name a config .json, a .keras or .h5 file, keras.applications:NAME, or FILE.py:function as its architecture "
    "(--set-a architecture=...)."
)


def stated_architecture(text: str, path: str) -> Stated:
    """What a config in a file of its own says; an empty config where the architecture is code.

    Raises NO_ARCHITECTURE, and LOAD_FAILED where the file is none."""
    if not text:
        raise RequestError("NO_ARCHITECTURE", "the file holds weights but no model", path, WAYS)
    if is_code(text):
        return Stated({}, "", "", "weights")
    if text.endswith(".json"):
        return _of_json(text)
    found = stated(text)
    if not found.config:
        raise RequestError("NO_ARCHITECTURE", "this file, too, holds weights only", text, WAYS)
    return found


def is_code(text: str) -> bool:
    """Whether an architecture is an application's name or the user's function."""
    return bool(APPLICATION.match(text) or CODE.match(text))


def _of_json(text: str) -> Stated:
    try:
        with open(text, "rb") as file:
            config = json.loads(file.read().decode("utf-8"))
        version = config.get("keras_version") or ("3" if "registered_name" in config else "")
        return Stated(config, str(version), str(config.get("backend") or ""), "weights")
    except (OSError, ValueError, AttributeError) as error:
        raise RequestError("LOAD_FAILED", reason(error), text, "Give a Keras architecture as JSON.")


def built(text: str, path: str, keras: Any, *, trust: bool) -> Any:
    """The model that an application's name or the user's function gives, with weights of its own making.

    Raises CONTAINS_CODE with the file and its SHA-256 unless it is trusted, and ARCHITECTURE_FAILED."""
    application, code = APPLICATION.match(text), CODE.match(text)
    try:
        if application:
            return _application(application.group(2), application.group(3), path, keras)
        if code:
            return _function(code.group(1), code.group(2), keras, trust=trust)()
    except RequestError:
        raise
    except Exception as error:  # code of the user's, or arguments of his to Keras's
        todo = "Mend the function, or name another architecture."
        raise RequestError("ARCHITECTURE_FAILED", reason(error), text, todo)
    raise RequestError("NO_ARCHITECTURE", "this is no architecture", text, WAYS)


def _application(name: str, arguments: str, path: str, keras: Any) -> Any:
    """`NAME` or `NAME(classes=10, alpha=0.5)`; the file tells whether it has a top, and of how many classes."""
    make = getattr(keras.applications, name, None)
    if make is None or not callable(make):
        known = sorted(item for item in dir(keras.applications) if item[:1].isupper())
        raise RequestError("BAD_CHOICE", "Keras has no application {}".format(name), name, "Known: " + ", ".join(known))
    given = _arguments(arguments or "()")
    return make(**dict({"weights": None}, **dict(_top(path, given), **given)))


def _arguments(text: str) -> Dict[str, Any]:
    """Keyword arguments that are plain values."""
    call = ast.parse("f" + text, mode="eval").body
    if not isinstance(call, ast.Call) or call.args:
        raise ValueError("write the arguments as (name=value, ...)")
    return {str(item.arg): ast.literal_eval(item.value) for item in call.keywords}


def _top(path: str, given: Dict[str, Any]) -> Dict[str, Any]:
    if "include_top" in given:
        return {}
    for name, shapes in stored_shapes(path):
        if name.rpartition("/")[2] in TOP and shapes:
            return {"classes": shapes[0][-1]}
    last = stored_shapes(path)[-1:]
    dense = bool(last) and len(last[0][1]) == 2 and len(last[0][1][0]) == 2
    return {"classes": last[0][1][0][-1]} if dense else {"include_top": False}


def stored_shapes(path: str) -> List[Tuple[str, List[Tuple[int, ...]]]]:
    """The groups of a weights file with their arrays' shapes, in its order; in Keras 3's layout its dense ones."""
    import h5py

    with h5py.File(path, "r") as file:
        if not is_vars_layout(file):
            stored = StoredWeights(file)
            return [(name, [np.shape(array) for array in stored.arrays(name)]) for name in stored.filled]
        dense = file["layers"]["dense"]["vars"] if "dense" in file.get("layers", {}) else {}
        return [("predictions", [tuple(dense[number].shape) for number in sorted(dense)])] if len(dense) else []


def _function(path: str, name: str, keras: Any, *, trust: bool) -> Any:
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    if not trust:
        what = "the architecture is program code, {} with SHA-256 {}".format(path, digest)
        raise RequestError("CONTAINS_CODE", what, path, "If you trust it, run it with --trust.")
    function = getattr(user_module(path, keras), name, None)
    if not callable(function):
        raise RequestError("BAD_CHOICE", "the file has no function {}".format(name), path, "Name one of its functions.")
    return function


def from_config(keras: Any, config: Dict[str, Any], objects: Dict[str, Any]) -> Any:
    """A model of a config, in the words of any age that this Keras reads."""
    models = importlib.import_module(keras.__name__ + ".models")
    return models.model_from_json(json.dumps(config), custom_objects=objects)
