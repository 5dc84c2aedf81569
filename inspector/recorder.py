"""Record what a model gives where it runs: inputs, outputs and every layer's activations, into one file.

This file stands alone: copy it beside a training script, or use it as `inspector.record`. It needs Python 3.7
and numpy; a framework is used only when the recorded model has brought it. The file it writes is a zip of
`.npy` arrays (no pickle) with a `recording.json` that names them; Model Inspector opens it as a side.

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
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

SCHEMA = 1
KIND = "model-inspector recording"
MANIFEST = "recording.json"
PACKAGES = ("numpy", "tensorflow", "keras", "tf_keras", "torch", "jax", "theano")
TITLES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch", "theano": "Theano"}
Pairs = List[Tuple[str, Any]]


class Layer(NamedTuple):
    """One layer call with the names of the tensors it took and gave; `aliases`: other names of its output."""

    name: str
    class_name: str
    inputs: List[str]
    outputs: List[str]
    aliases: List[str]


class Seen(NamedTuple):
    """What one run gave: values by name, layers in the order of computation, and what there is to say."""

    framework: str
    inputs: Pairs
    outputs: Pairs
    layers: List[Layer]
    activations: Dict[str, Any]
    notes: List[Tuple[str, str]]


def record(model: Any, inputs: Any, path: Any, *, activations: Any = None) -> str:
    """Run `model` on `inputs` in inference and write what it gave to `path`. Returns the path.

    `model`: a Keras model of any version (each layer's activations are kept), a `tf.function` or
    ConcreteFunction (each float tensor that the inputs reach is), or any callable that takes `inputs` and
    gives an array, a list or a dict of arrays. `inputs`: an array (also with `.numpy()` or `.detach()`, or
    nested lists of numbers), a list of arrays, or a dict of arrays by input name; a tf.function gets a list
    as its positional arguments and a dict as its keywords. `activations`, for a callable: a dict of arrays,
    pairs of name and array in the order of computation, or a function of `inputs` that gives either.

    Raises TypeError for values that are no arrays, and whatever the model raises; nothing is written then."""
    if keras_classes(model):
        seen = _of_keras(model, inputs)
    elif hasattr(model, "get_concrete_function") or hasattr(model, "structured_outputs"):
        seen = _of_function(model, inputs)
    else:
        seen = _of_callable(model, inputs, activations)
    return _written(os.fspath(path), seen, getattr(model, "name", None) or type(model).__name__)


# A Keras model: the `__call__` that all layers share is replaced during one call.


def keras_classes(model: Any) -> List[Any]:
    """The classes whose `__call__` all Keras layers go through, the most special first; none: no Keras model."""
    found = [kind for kind in type(model).__mro__ if kind.__name__ in ("Layer", "Operation")]
    return [kind for kind in found if "keras" in kind.__module__ and "__call__" in kind.__dict__]


def _of_keras(model: Any, inputs: Any) -> Seen:
    arrays = _mapped(_array, inputs)
    names = _input_names(model, arrays)
    dtypes = {_layer_of(tensor).name: _dtype_name(tensor) for tensor in _symbolic_inputs(model)}
    fitted = [_cast(array, dtypes.get(name, "")) for name, array in zip(names, _leaves(arrays))]
    given = _packed(arrays, fitted)
    tensorflow = sys.modules.get("tensorflow")
    graph_mode = tensorflow is not None and not tensorflow.executing_eagerly()
    watch = Watch()
    plain, watched = (_run_in_graph if graph_mode else _run_at_once)(model, given, names, watch)
    fallback = [name for name, _ in _named(plain, "output")]
    known = [watch.name_of(tensor) for tensor in watch.outputs]
    outputs = [(name or other, value) for name, other, value in zip(known, fallback, _leaves(plain))]
    named = list(zip(names, fitted))
    return Seen(_keras_framework(model), named, outputs, watch.layers(named), watch.values, _changes(plain, watched))


def _run_at_once(model: Any, given: Any, _names: List[str], watch: "Watch") -> Tuple[Any, Any]:
    """Layers compute when they are called: the untouched call, and a second one that is watched."""
    arguments = _inference(model)
    plain = _mapped(_array, model(given, **arguments))
    tensorflow = sys.modules.get("tensorflow")
    with watch.replaced(model, tensorflow.executing_eagerly if tensorflow is not None else lambda: True):
        outputs = model(given, **arguments)
    watch.outputs = _leaves(outputs)
    watch.values = {name: tensor for name, tensor in watch.tensors.items() if not _is_traced(tensor)}
    return plain, _leaves(_mapped(_array, outputs))


def _run_in_graph(model: Any, given: Any, names: List[str], watch: "Watch") -> Tuple[Any, Any]:
    """Layers build a graph (TensorFlow 1): they are called once more, on placeholders, and all is fetched at once."""
    v1 = sys.modules["tensorflow"].compat.v1
    plain = _mapped(_array, model.predict_on_batch(given))
    graph = v1.get_default_graph()
    holders = [v1.placeholder(array.dtype, array.shape) for array in _leaves(given)]
    for name, holder in zip(names, holders):
        watch.know(name, holder)
    with watch.replaced(model, lambda: v1.get_default_graph() is graph):
        watch.outputs = _leaves(model(_packed(given, holders), **_inference(model)))
    backend = _keras_module(model).backend
    feeds = dict(zip(holders, _leaves(given)))
    phase = backend.learning_phase()
    if hasattr(phase, "graph"):
        feeds[phase] = np.zeros((), phase.dtype.as_numpy_dtype)
    fetched = {name: tensor for name, tensor in watch.tensors.items() if graph.is_fetchable(tensor)}
    session = v1.keras.backend.get_session() if not hasattr(backend, "get_session") else backend.get_session()
    watch.values, watched = session.run((fetched, watch.outputs), feeds)
    return plain, watched


def _inference(model: Any) -> Dict[str, bool]:
    """How a call says that it is no training; old and subclassed models may have no word for it."""
    return {"training": False} if "training" in inspect.signature(model.call).parameters else {}


def _keras_module(model: Any) -> Any:
    root = keras_classes(model)[0].__module__.split(".")[0]
    return sys.modules["tensorflow"].keras if root.startswith("tensorflow") else sys.modules[root]


def _keras_framework(model: Any) -> str:
    """Such as `Keras 2.2.4 on TensorFlow 1.15.5`."""
    keras = _keras_module(model)
    backend = keras.backend.backend() if hasattr(keras.backend, "backend") else "tensorflow"
    version = getattr(keras, "__version__", "") or getattr(sys.modules.get("keras"), "__version__", "")
    under = getattr(sys.modules.get(backend), "__version__", "")
    return "Keras {} on {} {}".format(version, TITLES.get(backend, backend), under)


def _symbolic_inputs(model: Any) -> List[Any]:
    return list(getattr(model, "inputs", None) or [])


def _layer_of(tensor: Any) -> Any:
    return tensor._keras_history[0]


def _input_names(model: Any, given: Any) -> List[str]:
    """The names of the input layers, for the arrays in the order in which they were given."""
    if isinstance(given, dict):
        stated = getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))
        known = stated if isinstance(stated, dict) else {}
        return [_layer_of(known[key]).name if key in known else str(key) for key in given]
    names = [_layer_of(tensor).name for tensor in _symbolic_inputs(model)]
    fallback = [name for name, _ in _named(given, "input")]
    return [names[place] if place < len(names) else name for place, name in enumerate(fallback)]


class Watch:
    """Notes the outputs of every layer call of one run, as `outer/inner`, `@k` for further calls of a shared
    layer and `:1` for further outputs. `values` are to be filled in from `tensors` when the run is over."""

    def __init__(self) -> None:
        self._stack: List[Tuple[str, Any]] = []
        self._calls: Dict[str, int] = {}
        self._names: Dict[int, str] = {}
        self._layers: List[Tuple[str, str, List[Any], List[str]]] = []
        self._aliases: Dict[str, List[str]] = {}
        self._alive: List[Any] = []
        self.tensors: Dict[str, Any] = {}
        self.values: Dict[str, Any] = {}
        self.outputs: List[Any] = []

    def know(self, name: str, tensor: Any) -> None:
        """Name a tensor, which must live on: another would get the id of one that is gone."""
        self._alive.append(tensor)
        self._names[id(tensor)] = name

    def name_of(self, tensor: Any) -> str:
        return self._names.get(id(tensor), "")

    def layers(self, inputs: Pairs) -> List[Layer]:
        """The layers in the order of computation. What a layer took and no layer gave is looked up by value
        among the model's inputs, which Keras hands on as tensors of its own."""
        found = []
        for path, class_name, taken, outputs in self._layers:
            names = [tensor if isinstance(tensor, str) else _same(tensor, inputs) for tensor in taken]
            aliases = [alias for output in outputs for alias in self._aliases.get(output, [])]
            kept = [name for name in outputs if name in self.values]
            found.append(Layer(path, class_name, [name for name in names if name], kept, aliases))
        return [layer for layer in found if layer.outputs]

    @contextlib.contextmanager
    def replaced(self, model: Any, here: Callable[[], bool]) -> Iterator[None]:
        """Watch the calls of layers. `here`: whether a call is the run's own, not one of a function in it."""
        originals = [(kind, kind.__dict__["__call__"]) for kind in keras_classes(model)]
        try:
            for place, (kind, original) in enumerate(originals):
                special = tuple(other for other, _ in originals[:place])
                kind.__call__ = self._watcher(original, special, here)
            yield
        finally:
            for kind, original in originals:
                kind.__call__ = original

    def _watcher(self, original: Callable[..., Any], special: Any, here: Callable[[], bool]) -> Callable[..., Any]:
        def watched(layer: Any, *args: Any, **kwargs: Any) -> Any:
            noted = special and isinstance(layer, special)  # by the more special class, just before
            step = self._stack and hasattr(self._stack[-1][1], "cell")  # of a recurrent layer's loop
            if noted or step or not here():
                return original(layer, *args, **kwargs)
            return self._call(original, layer, args, kwargs)

        watched.autograph_info__ = {}  # type: ignore[attr-defined]  # AutoGraph calls it as it is
        return watched

    def _call(self, original: Callable[..., Any], layer: Any, args: Any, kwargs: Any) -> Any:
        path = self._path(layer)
        given = [tensor for tensor in _leaves([list(args), list(kwargs.values())]) if _is_tensor(tensor)]
        self._alive += given
        taken = [self._names.get(id(tensor), tensor) for tensor in given]
        self._stack.append((path, layer))
        try:
            outputs = original(layer, *args, **kwargs)
        finally:
            self._stack.pop()
        if path:
            self._note(path, layer, taken, _leaves(outputs))
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

    def _note(self, path: str, layer: Any, taken: List[Any], outputs: List[Any]) -> None:
        """A nested model's outputs are its inner layers' own: its name is another name of them."""
        named = [("{}:{}".format(path, place) if place else path, tensor) for place, tensor in enumerate(outputs)]
        named = [(name, tensor) for name, tensor in named if _is_tensor(tensor)]
        if _network_of(layer) is not None:
            for name, tensor in named:
                self._aliases.setdefault(self.name_of(tensor), []).append(name)
            return
        self._layers.append((path, type(layer).__name__, taken, [name for name, _ in named]))
        for name, tensor in named:
            self.tensors[name] = tensor
            self.know(name, tensor)


def _network_of(layer: Any) -> Any:
    """The functional network that a model is, or that a Sequential holds; None for other layers."""
    network = getattr(layer, "_functional", None) or layer
    nodes = ("_nodes_by_depth", "nodes_by_depth")  # the latter before Keras 2.2
    return network if any(hasattr(network, name) for name in nodes) else None


def _call_numbers(parent: Any, layer: Any) -> List[int]:
    """In which order a functional model makes its calls of a shared layer: numbers of the calls as the model's
    config counts them. Empty for layers that make their calls by program."""
    network = _network_of(parent)
    depths = getattr(network, "_nodes_by_depth", getattr(network, "nodes_by_depth", {}))
    nodes = [node for depth in sorted(depths, reverse=True) for node in depths[depth]]
    made = [node for node in nodes if _called(node) is layer]
    stated = [node for node in getattr(layer, "_inbound_nodes", []) if any(node is other for other in made)]
    return [next((number for number, other in enumerate(stated) if other is node), 0) for node in made]


def _called(node: Any) -> Any:
    """The layer that a node calls: `operation` in Keras 3, `layer` before, `outbound_layer` before 2.2."""
    names = ("operation", "layer", "outbound_layer")
    return next((getattr(node, name) for name in names if hasattr(node, name)), None)


# A function of TensorFlow 2: its graph is imported into a function that gives all its tensors.


def _of_function(model: Any, inputs: Any) -> Seen:
    tensorflow = sys.modules["tensorflow"]
    arrays = _mapped(lambda value: _cast(_array(value), "" if hasattr(value, "dtype") else "float32"), inputs)
    tensors = _mapped(tensorflow.constant, arrays)
    args = tensors if isinstance(tensors, list) else [] if isinstance(tensors, dict) else [tensors]
    kwargs = tensors if isinstance(tensors, dict) else {}
    outputs = _mapped(_array, model(*args, **kwargs))
    concrete = model if hasattr(model, "structured_outputs") else model.get_concrete_function(*args, **kwargs)
    holders = {tensor.op.name: tensor for tensor in concrete.inputs[: len(_leaves(tensors))]}
    names = list(kwargs) or list(holders)
    named = list(zip(names, _leaves(arrays)))
    by_holder = {holders.get(str(name), holder).name: name for name, holder in zip(names, holders.values())}
    layers, values, notes = _graph_values(concrete, by_holder, dict(zip(names, _leaves(tensors))))
    framework = "TensorFlow {}".format(tensorflow.__version__)
    return Seen(framework, named, _named(outputs, "output"), layers, values, notes)


def _graph_values(concrete: Any, holders: Dict[str, str], feeds: Dict[str, Any]) -> Tuple[List[Layer], Any, Any]:
    """Every op that the inputs reach, with its float tensors. `holders`: placeholder to input name."""
    tensorflow, graph = sys.modules["tensorflow"], concrete.graph
    reached, layers = set(holders), []
    for op in graph.get_operations():
        taken = [holders.get(tensor.name, tensor.name) for tensor in op.inputs if tensor.name in reached]
        floats = [tensor.name for tensor in op.outputs if tensor.dtype.is_floating]
        reached.update(tensor.name for tensor in op.outputs if taken)
        if taken and floats:
            layers.append(Layer(op.name, op.type, taken, floats, []))
    wanted = [name for layer in layers for name in layer.outputs]

    def tapped(**fed: Any) -> Any:
        inside = tensorflow.compat.v1.get_default_graph()
        replaced = {inner.name: inside.capture(outer) for outer, inner in graph.captures}
        replaced.update((holder, fed["fed_{}".format(place)]) for place, holder in enumerate(holders))
        return tensorflow.graph_util.import_graph_def(graph.as_graph_def(), replaced, wanted, name="")

    fed = {"fed_{}".format(place): feeds[name] for place, name in enumerate(holders.values())}
    try:
        values = tensorflow.function(tapped, autograph=False)(**fed) if wanted else []
    except Exception as error:  # whatever the graph holds that cannot be imported: its outputs are recorded
        return [], {}, [("NO_ACTIVATIONS", "the function's own tensors could not be recorded: {}".format(error)[:500])]
    return layers, dict(zip(wanted, values)), []


# Anything that can be called.


def _of_callable(model: Callable[..., Any], inputs: Any, activations: Any) -> Seen:
    outputs = model(inputs)
    found = activations(inputs) if callable(activations) else activations
    pairs = list(found.items() if hasattr(found, "items") else found or [])
    layers = [Layer(str(name), "", [], [str(name)], []) for name, _ in pairs]
    values = {str(name): value for name, value in pairs}
    return Seen("", _named(inputs, "input"), _named(outputs, "output"), layers, values, [])


# Structures of arrays.


def _is_several(value: Any) -> bool:
    """Whether a list holds arrays (a list of numbers is one array)."""
    several = isinstance(value, (list, tuple)) and len(value) > 0
    return several and any(hasattr(item, "shape") or isinstance(item, (list, tuple, dict)) for item in value) and any(
        hasattr(item, "shape") for item in _leaves(list(value))
    )
