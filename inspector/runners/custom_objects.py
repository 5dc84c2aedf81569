"""Classes and functions that a model needs beside Keras's own: from the user's file, and public ones that
Keras no longer brings."""

import contextlib
import sys
import types
from collections import OrderedDict
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import tensorflow as tf

from .messages import reason
from .server import RequestError

MODULE = "custom_objects_of_the_model"
OWN_FUNCTION = "OwnFunction"
KEPT = ("name", "arguments", "batch_input_shape", "dtype")
UNLISTED = ("SpectralNormalization",)
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


def unlisted_layers(keras: Any) -> Objects:
    """Layers of legacy Keras that the table of its own loader lacks (tf_keras/src/layers/serialization.py)."""
    found = {name: getattr(keras.layers, name, None) for name in UNLISTED}
    return {name: kind for name, kind in found.items() if kind is not None}


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
    except (Exception, SystemExit) as error:  # the file is the user's: anything may be wrong with it
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
    """A file for legacy Keras says `import keras` and `from keras.layers import` too, and would get Keras 3."""
    if sys.modules.get("keras") is keras:
        yield
        return
    before = {name: sys.modules.pop(name) for name in _keras_modules()}
    sys.modules["keras"] = keras
    try:
        yield
    finally:
        for name in _keras_modules():
            del sys.modules[name]
        sys.modules.update(before)


def _keras_modules() -> List[str]:
    return [name for name in sys.modules if name == "keras" or name.startswith("keras.")]


def public_objects() -> Objects:
    """What the first `.h5` files of MobileNet need: Keras 2.0 brought it, and later ones do not."""
    return {"relu6": tf.nn.relu6}


def unknown_class(config: Any, names: Sequence[str], path: str) -> RequestError:
    """The error for classes or functions that neither Keras nor the user's file has, and where they are used."""
    said = []
    for name in names:
        layers = [layer for layer, used in layers_of(config) if _mentions(used, name.rpartition(">")[2])]
        more = " and {} more".format(len(layers) - 1) if layers[1:] else ""
        said.append("{} (layer {}{})".format(name, layers[0], more) if layers else name)
    what = "the model uses {}, which {} not Keras's own".format(", ".join(said), "is" if len(said) == 1 else "are")
    return RequestError("UNKNOWN_CLASS", what, path, "Give the Python file that defines it (--custom FILE.py).")


def unknown_layers(keras: Any, config: Any, objects: Objects) -> List[str]:
    """Classes of layers that legacy Keras does not know; some versions take such a layer for a text instead
    of saying so."""
    classes = OrderedDict((used["class_name"], layer) for layer, used in layers_of(config))
    return [name for name in classes if name not in objects and _is_unknown(keras, name)]


def _is_unknown(keras: Any, name: str) -> bool:
    if hasattr(keras.layers, name):
        return False
    try:
        return isinstance(keras.layers.deserialize({"class_name": name, "config": {"name": "probe"}}), str)
    except Exception as error:  # a class that is known may want other arguments
        return "Unknown" in str(error)


def layers_of(config: Any) -> List[Tuple[str, Any]]:
    """Every layer of a config by name with what describes it; the layers of models, not the models."""
    if isinstance(config, list):
        return [found for item in config for found in layers_of(item)]
    if not isinstance(config, dict):
        return []
    inner = config.get("config")
    holds_layers = isinstance(inner, list) or (isinstance(inner, dict) and "layers" in inner)
    if isinstance(config.get("class_name"), str) and isinstance(inner, dict) and not holds_layers:
        name = str(inner.get("name") or config.get("name") or config["class_name"])
        return [(name, config)] + layers_of(inner.get("layer"))
    return [found for value in config.values() for found in layers_of(value)]


def _mentions(described: Any, name: str) -> bool:
    """Whether a class or a function of this name stands in a layer's description."""
    if isinstance(described, dict):
        return any(_mentions(value, name) for key, value in described.items() if key not in ("name", "inbound_nodes"))
    if isinstance(described, list):
        return any(_mentions(value, name) for value in described)
    return isinstance(described, str) and described.rpartition(">")[2] == name


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
        found.update(class_name=OWN_FUNCTION, config={key: own[key] for key in KEPT if key in own})
        if "module" in found:
            found.update(module=None, registered_name=OWN_FUNCTION)
    return found


def own_function_layer(keras: Any, objects: Objects) -> Objects:
    """The class that `with_own_functions` names: it makes Lambda layers of the user's functions."""

    class OwnFunction:
        @classmethod
        def from_config(cls, config: Dict[str, Any]) -> Any:
            return keras.layers.Lambda(objects[config["name"]], **config)

    return {OWN_FUNCTION: OwnFunction}
