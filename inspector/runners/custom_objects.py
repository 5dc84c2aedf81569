"""Classes and functions that a model needs beside Keras's own: from the user's file, and public ones that
Keras no longer brings."""

import contextlib
import sys
import types
from typing import Any, Dict, Iterator, List, Tuple

import tensorflow as tf

from .messages import reason
from .server import RequestError

MODULE = "custom_objects_of_the_model"
Objects = Dict[str, Any]


def user_objects(path: str, keras: Any) -> Objects:
    """Every class and function of the user's file, and what its `custom_objects` holds. Raises CUSTOM_FAILED."""
    if not path:
        return {}
    module = user_module(path, keras)
    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == MODULE}
    found = {name: value for name, value in own.items() if callable(value) and not name.startswith("_")}
    found.update(getattr(module, "custom_objects", {}))
    return found


def user_module(path: str, keras: Any) -> Any:
    """Run the user's file; `import keras` in it gives the Keras of this runner. Raises CUSTOM_FAILED with the line."""
    module = types.ModuleType(MODULE)
    module.__file__ = path
    sys.modules[MODULE] = module
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec")
        with _called_keras(keras):
            exec(code, module.__dict__)  # noqa: S102 - the user named the file, and the app showed its hash
    except Exception as error:  # the file is the user's: anything may be wrong with it
        what = "{} (line {})".format(reason(error), _line(error, path))
        raise RequestError("CUSTOM_FAILED", what, path, "Mend the file, or give another (--custom).")
    return module


def _line(error: BaseException, path: str) -> int:
    """The last line of the user's file that the error came through."""
    line, trace = getattr(error, "lineno", 0) or 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@contextlib.contextmanager
def _called_keras(keras: Any) -> Iterator[None]:
    """A file for legacy Keras says `import keras` too, and would get Keras 3."""
    before = sys.modules.get("keras")
    sys.modules["keras"] = keras
    try:
        yield
    finally:
        del sys.modules["keras"]
        if before is not None:
            sys.modules["keras"] = before


def public_objects() -> Objects:
    """What the first `.h5` files of MobileNet need: Keras 2.0 brought it, and later ones do not."""
    return {"relu6": tf.nn.relu6}


def used_classes(config: Any, around: str = "") -> List[Tuple[str, str]]:
    """Every object that a config describes: the layer that it stands in, and its class."""
    if isinstance(config, list):
        return [found for item in config for found in used_classes(item, around)]
    if not isinstance(config, dict):
        return []
    inner = config.get("config")
    found: List[Tuple[str, str]] = []
    if isinstance(config.get("class_name"), str) and isinstance(inner, (dict, list)):
        named = inner.get("name") if isinstance(inner, dict) else None
        around = around if not isinstance(named, str) or "layers" in inner else named
        found.append((around, config["class_name"]))
    return found + [item for value in config.values() for item in used_classes(value, around)]


def unknown_class(config: Any, name: str, path: str) -> RequestError:
    """The error for a class that neither Keras nor the user's file has, and where it is used."""
    layers = [layer for layer, class_name in used_classes(config) if class_name == name and layer]
    where = " (layer {}{})".format(layers[0], " and {} more".format(len(layers) - 1) if layers[1:] else "")
    what = "the model uses {}{}, which is not Keras's own".format(name, where if layers else "")
    return RequestError("UNKNOWN_CLASS", what, path, "Give the Python file that defines it (--custom FILE.py).")


def with_own_functions(config: Any, objects: Objects) -> Any:
    """A config in which a Lambda layer whose name the user's file has a function for calls that function,
    and no longer the bytecode that it carries."""
    if isinstance(config, list):
        return [with_own_functions(item, objects) for item in config]
    if not isinstance(config, dict):
        return config
    found = {key: with_own_functions(value, objects) for key, value in config.items()}
    own = found.get("config")
    if found.get("class_name") == "Lambda" and isinstance(own, dict) and callable(objects.get(own.get("name", ""))):
        own.update(function=own["name"], function_type="function", output_shape=None, output_shape_type="raw")
    return found
