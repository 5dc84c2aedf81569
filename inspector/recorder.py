"""Record what a model gives where it runs: inputs, outputs and every layer's activations, into one file.

This file stands alone: copy it beside a training script, or use it as `inspector.record`. It needs Python 3.7
and numpy; a framework is only used when the model that is recorded has brought it. The file it writes is a zip
of `.npy` arrays (no pickle) with a `recording.json` that names them; Model Inspector opens it as a side.

    from recorder import record
    record(model, images[:8], "before_saving.npz")
"""

import contextlib
import datetime
import inspect
import json
import os
import platform
import sys
import zipfile
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

SCHEMA = 1
KIND = "model-inspector recording"
MANIFEST = "recording.json"
PACKAGES = ("numpy", "tensorflow", "keras", "tf_keras", "torch", "jax")
Pairs = List[Tuple[str, Any]]


class Layer(NamedTuple):
    """One layer call: the names of the tensors that it took and gave; `aliases` are other names of its output."""

    name: str
    class_name: str
    inputs: List[str]
    outputs: List[str]
    aliases: List[str]


class Seen(NamedTuple):
    """What one run gave: arrays by name, the layers in order of computation, and what there is to say."""

    inputs: Pairs
    outputs: Pairs
    layers: List[Layer]
    activations: Dict[str, Any]
    framework: str
    notes: List[Dict[str, str]]


def record(model: Any, inputs: Any, path: Any, *, activations: Any = None) -> str:
    """Run `model` on `inputs` in inference and write what it gave to `path`. Returns the path.

    `model`: a Keras model of any version (each layer's activations are kept), a `tf.function` or
    ConcreteFunction (each float tensor of its graph is), or any callable that takes `inputs` and gives an
    array, a list or a dict of arrays. `inputs`: an array (anything with `.numpy()` or `.detach()`, nested
    lists of numbers), a list or tuple of arrays, or a dict of arrays by input name; a tf.function gets a
    list as its positional arguments and a dict as its keywords. `activations`, for a callable: a dict of
    arrays, pairs of name and array in order of computation, or a function of `inputs` that gives either.

    Raises TypeError for values that are no arrays, and whatever the model raises; nothing is written then."""
    if _keras_classes(model):
        seen = _keras_seen(model, inputs)
    elif hasattr(model, "get_concrete_function") or hasattr(model, "structured_outputs"):
        seen = _function_seen(model, inputs)
    else:
        seen = _callable_seen(model, inputs, activations)
    return _written(os.fspath(path), seen, type(model).__name__)


# What runs: Keras


def _keras_classes(model: Any) -> List[Any]:
    """The classes whose `__call__` all Keras layers go through, the most special first."""
    found = [kind for kind in type(model).__mro__ if kind.__name__ in ("Layer", "Operation")]
    return [kind for kind in found if "keras" in kind.__module__ and "__call__" in kind.__dict__]


def _keras_seen(model: Any, inputs: Any) -> Seen:
    framework = _keras_framework(model)
    given = _mapped(inputs, lambda name, value: _fitted(model, name, _array(value)))
    named = _keras_inputs(model, given)
    tensorflow = sys.modules.get("tensorflow")
    symbolic = tensorflow is not None and not tensorflow.executing_eagerly() and "TensorFlow" in framework
    watch, plain, watched = _in_graph(model, given) if symbolic else _at_once(model, given)
    notes = _changed(plain, watched)
    names = [watch.name_of(tensor) for tensor in watch.outputs]
    fallback = [name for name, _ in _named(plain, "output")]
    outputs = [(name or other, value) for name, other, value in zip(names, fallback, _leaves(plain))]
    layers = watch.layers(dict(named))
    return Seen(named, outputs, layers, watch.arrays, framework, notes)


def _at_once(model: Any, given: Any) -> Tuple["Watch", Any, Any]:
    """Layers compute when they are called: the untouched call, and a second one that is watched."""
    arguments = _inference(model)
    plain = _mapped(model(given, **arguments), lambda _name, value: _array(value))
    tensorflow = sys.modules.get("tensorflow")
    watch = Watch(tensorflow.executing_eagerly if tensorflow is not None else lambda: True)
    with watch.of(model):
        outputs = model(given, **arguments)
    watch.outputs = _leaves(outputs)
    watch.arrays = {name: _array(tensor) for name, tensor in watch.tensors.items() if _is_value(tensor)}
    return watch, plain, [_array(tensor) for tensor in watch.outputs]


def _in_graph(model: Any, given: Any) -> Tuple["Watch", Any, Any]:
    """TensorFlow 1 builds a graph: the layers are called once more on placeholders, and all is fetched at once."""
    v1 = sys.modules["tensorflow"].compat.v1
    plain = _mapped(model.predict_on_batch(given), lambda _name, value: _array(value))
    graph = v1.get_default_graph()
    watch = Watch(lambda: v1.get_default_graph() is graph)
    feeds: Dict[Any, Any] = {}

    def placeholder(_name: str, array: Any) -> Any:
        tensor = v1.placeholder(array.dtype, array.shape)
        feeds[tensor] = array
        return tensor

    stand_ins = _mapped(given, placeholder)
    with watch.of(model):
        outputs = model(stand_ins, **_inference(model))
    watch.outputs = _leaves(outputs)
    backend = _keras_backend(model, v1)
    phase = backend.learning_phase()
    if hasattr(phase, "graph"):
        feeds[phase] = False if phase.dtype.name == "bool" else 0
    fetched = {name: tensor for name, tensor in watch.tensors.items() if graph.is_fetchable(tensor)}
    values, watched = backend.get_session().run((fetched, watch.outputs), feeds)
    watch.arrays = values
    watch.fed = {id(tensor): array for tensor, array in feeds.items()}
    return watch, plain, watched


def _keras_backend(model: Any, v1: Any) -> Any:
    """The backend module of the Keras that the model is of."""
    own = _keras_root(model)
    return v1.keras.backend if own.startswith("tensorflow") else sys.modules[own].backend


def _inference(model: Any) -> Dict[str, bool]:
    """How a call says that it is no training; old and subclassed models may have no word for it."""
    known = inspect.signature(model.call).parameters
    return {"training": False} if "training" in known else {}


def _keras_root(model: Any) -> str:
    root = str(_keras_classes(model)[0].__module__.split(".")[0])
    return "tensorflow" if root.startswith("tensorflow") else root


def _keras_framework(model: Any) -> str:
    """Such as `Keras 2.2.4 on TensorFlow 1.15.5`."""
    root = _keras_root(model)
    module = sys.modules[root]
    keras = module.keras if root == "tensorflow" else module
    version = getattr(keras, "__version__", None) or keras.backend.__name__
    backend = keras.backend.backend() if root == "keras" else "tensorflow"
    title = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch", "theano": "Theano"}.get(backend, backend)
    under = getattr(sys.modules.get(backend), "__version__", "")
    return "Keras {} on {} {}".format(version, title, under).strip()


def _keras_inputs(model: Any, given: Any) -> Pairs:
    """The arrays under the names of the model's input layers."""
    names = [tensor._keras_history[0].name for tensor in getattr(model, "inputs", None) or []]
    structure = getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))
    if isinstance(given, dict):
        known = structure if isinstance(structure, dict) else {}
        return [
            (known[key]._keras_history[0].name if key in known else str(key), array) for key, array in given.items()
        ]
    fallback = _named(given, "input")
    return [(names[place] if place < len(names) else name, array) for place, (name, array) in enumerate(fallback)]


def _fitted(model: Any, name: str, array: np.ndarray) -> np.ndarray:
    """Numbers in the dtype in which the model's input of this name (or its only one) takes them."""
    tensors = list(getattr(model, "inputs", None) or [])
    named = [tensor for tensor in tensors if tensor._keras_history[0].name == name]
    wanted = named or (tensors if len(tensors) == 1 else [])
    if not wanted and name.startswith("input_") and name[6:].isdigit() and int(name[6:]) < len(tensors):
        wanted = [tensors[int(name[6:])]]
    dtype = getattr(wanted[0].dtype, "name", wanted[0].dtype) if wanted else array.dtype.name
    try:
        return array if array.dtype.kind not in "biuf" else array.astype(np.dtype(dtype), copy=False)
    except TypeError:  # a dtype that numpy has not: the framework casts
        return array


class Watch:
    """Notes the outputs of every layer call of one run, as `outer/inner`, `@k` for further calls.

    `here` tells whether a call belongs to the run, and not to a function that is traced meanwhile."""

    def __init__(self, here: Callable[[], bool]) -> None:
        self._here = here
        self._stack: List[Tuple[str, Any]] = []
        self._calls: Dict[str, int] = {}
        self._names: Dict[int, str] = {}
        self._noted: List[Tuple[str, str, List[Any], List[str]]] = []
        self._aliases: Dict[str, List[str]] = {}
        self._alive: List[Any] = []
        self.tensors: Dict[str, Any] = {}
        self.outputs: List[Any] = []
        self.arrays: Dict[str, Any] = {}
        self.fed: Dict[int, Any] = {}

    @contextlib.contextmanager
    def of(self, model: Any) -> Iterator[None]:
        """Replace the `__call__` of the layers' classes for one call of the model."""
        classes = _keras_classes(model)
        originals = [(kind, kind.__dict__["__call__"]) for kind in classes]
        try:
            for place, (kind, original) in enumerate(originals):
                kind.__call__ = self._watcher(original, tuple(classes[:place]))
            yield
        finally:
            for kind, original in originals:
                kind.__call__ = original

    def _watcher(self, original: Callable[..., Any], special: Any) -> Callable[..., Any]:
        def watched(layer: Any, *args: Any, **kwargs: Any) -> Any:
            noted = special and isinstance(layer, special)  # by the more special class, just before
            step = self._stack and hasattr(self._stack[-1][1], "cell")  # of a recurrent layer's loop
            if noted or step or not self._here():
                return original(layer, *args, **kwargs)
            return self._call(original, layer, args, kwargs)

        watched.autograph_info__ = {}  # type: ignore[attr-defined]  # AutoGraph calls it as it is
        return watched

    def _call(self, original: Callable[..., Any], layer: Any, args: Any, kwargs: Any) -> Any:
        path = self._path(layer)
        self._stack.append((path, layer))
        try:
            outputs = original(layer, *args, **kwargs)
        finally:
            self._stack.pop()
        if path:
            self._note(path, layer, _leaves([args, list(kwargs.values())]), _leaves(outputs))
        return outputs

    def _path(self, layer: Any) -> str:
        """The model itself has no component: its path is empty."""
        if not self._stack:
            return ""
        outer, parent = self._stack[-1]
        path = "/".join(part for part in (outer, layer.name) if part)
        count = self._calls.get(path, 0)
        self._calls[path] = count + 1
        numbers = _call_numbers(parent, layer)
        number = numbers[count] if count < len(numbers) else count
        return "{}@{}".format(path, number) if number else path

    def _note(self, path: str, layer: Any, inputs: List[Any], outputs: List[Any]) -> None:
        """A nested model's outputs are its inner layers' own; the model's name is another name of them."""
        self._alive += inputs + outputs  # or another tensor might get the id of one that is gone
        names = ["{}:{}".format(path, place) if place else path for place in range(len(outputs))]
        found = [(name, tensor) for name, tensor in zip(names, outputs) if _is_tensor(tensor)]
        if _network_of(layer) is not None:
            for name, tensor in found:
                self._aliases.setdefault(self._names.get(id(tensor), ""), []).append(name)
            return
        self._noted.append((path, type(layer).__name__, inputs, [name for name, _ in found]))
        for name, tensor in found:
            self.tensors[name] = tensor
        self._links[path] = [self._names.get(id(tensor), tensor) for tensor in inputs]
        self._names.update((id(tensor), name) for name, tensor in found)
