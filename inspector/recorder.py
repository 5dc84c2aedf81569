"""Record what a model gives where it runs: inputs, outputs and every layer's activations, into one file.

This file stands alone: copy it beside a training script, or use it as `inspector.record`. It needs Python 3.7
and numpy; a framework is used only when the recorded model has brought it. The file it writes is a zip of
`.npy` arrays (no pickle) with a `recording.json` that names them; Model Inspector opens it as a side.

    from recorder import record
    record(model, images[:8], "before_saving.npz")
"""

import contextlib
import datetime as dt
import inspect
import json
import os
import platform
import sys
import zipfile
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

SCHEMA = 1
LONGEST = 20000  # characters of a layer's config
KIND = "model-inspector recording"
MANIFEST = "recording.json"
PACKAGES = ("numpy", "tensorflow", "keras", "tf_keras", "torch", "jax", "theano")
TITLES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch", "theano": "Theano"}
CALLED = ("operation", "layer", "outbound_layer")  # a node's layer: in Keras 3, before, and before 2.2
Pairs = List[Tuple[str, Any]]
Layer = Dict[str, Any]  # name, class_name, config; inputs, outputs and aliases (of the output) are names of tensors


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
    ConcreteFunction, or any callable that takes `inputs` and gives an array, a list or a dict of arrays.
    `inputs`: an array (also with `.numpy()` or `.detach()`, or nested lists of numbers), a list of arrays, or
    a dict of arrays by input name; a tf.function gets a list as its positional arguments and a dict as its
    keywords. `activations`, where they cannot be seen from outside: a dict of arrays, pairs of name and
    array in the order of computation, or a function of `inputs` that gives either.

    Raises TypeError for values that are no arrays, and whatever the model raises; nothing is written then."""
    if keras_classes(model):
        seen = _of_keras(model, inputs)
    elif hasattr(model, "get_concrete_function") or hasattr(model, "structured_outputs"):
        seen = _with(_of_function(model, inputs), inputs, activations)
    else:
        named = _named(_mapped(_array, inputs), "input")
        outputs = _named(_mapped(_array, model(inputs)), "output")
        seen = _with(Seen("", named, outputs, [], {}, []), inputs, activations)
    return _written(os.fspath(path), seen, str(getattr(model, "name", type(model).__name__)))


def _with(seen: Seen, inputs: Any, activations: Any) -> Seen:
    """With the activations that the caller knows of; a name that comes again is a further call, `@1`."""
    found = activations(inputs) if callable(activations) else activations
    layers: List[Layer] = []
    values: Dict[str, Any] = {}
    for name, value in found.items() if hasattr(found, "items") else found or []:
        calls = sum(name in (known, known.rpartition("@")[0]) for known in values)
        path = "{}@{}".format(name, calls) if calls else str(name)
        values[path] = value
        layers.append({"name": path, "outputs": [path]})
    return seen._replace(layers=layers, activations=values)


def keras_classes(model: Any) -> List[Any]:
    """The classes whose `__call__` all Keras layers go through, the most special first; none: no Keras model."""
    found = [kind for kind in type(model).__mro__ if kind.__name__ in ("Layer", "Operation")]
    return [kind for kind in found if "keras" in kind.__module__ and "__call__" in kind.__dict__]


def _of_keras(model: Any, inputs: Any) -> Seen:
    arrays = _mapped(_array, inputs)
    names, dtypes = _input_names(model, arrays), {}
    for tensor in getattr(model, "inputs", None) or []:
        dtypes[tensor._keras_history[0].name] = str(getattr(tensor.dtype, "name", tensor.dtype))
    fitted = [_cast(array, dtypes.get(name, "")) for name, array in zip(names, _leaves(arrays))]
    named, given = list(zip(names, fitted)), _packed(arrays, fitted)
    tensorflow, watch = sys.modules.get("tensorflow"), Watch()
    graph_mode = tensorflow is not None and not tensorflow.executing_eagerly()
    plain, watched = (_run_in_graph if graph_mode else _run_at_once)(model, given, names, watch)
    known = [watch.names.get(id(tensor), "") for tensor in watch.outputs]
    outputs = [(name or other, value) for name, (other, value) in zip(known, _named(plain, "output"))]
    same = (np.array_equal(a, b) or np.allclose(a, b, 0, 0, equal_nan=True) for a, b in zip(_leaves(plain), watched))
    text = "the outputs of the untouched call and of the call whose layers were recorded differ"
    notes = [] if all(same) else [("WATCHED_DIFFERS", text)]
    return Seen(_keras_framework(model), named, outputs, watch.layers(named), watch.values, notes)


def _run_at_once(model: Any, given: Any, _names: List[str], watch: "Watch") -> Tuple[Any, Any]:
    """Layers compute when they are called: the untouched call, and a second one that is watched."""
    arguments = _inference(model)
    plain = _mapped(_array, model(given, **arguments))
    tensorflow = sys.modules.get("tensorflow")
    with watch.replaced(model, tensorflow.executing_eagerly if tensorflow is not None else lambda: True):
        outputs = model(given, **arguments)
    watch.outputs = _leaves(outputs)
    watch.values = {name: tensor for name, tensor in watch.tensors.items() if "Tracer" not in type(tensor).__name__}
    return plain, _leaves(_mapped(_array, outputs))


def _run_in_graph(model: Any, given: Any, names: List[str], watch: "Watch") -> Tuple[Any, Any]:
    """Layers build a graph (TensorFlow 1): they are called once more, on placeholders, and all is fetched at once."""
    v1 = sys.modules["tensorflow"].compat.v1
    plain = _mapped(_array, model.predict_on_batch(given))
    graph = v1.get_default_graph()
    holders = [v1.placeholder(array.dtype, array.shape) for array in _leaves(given)]
    watch.names.update((id(holder), name) for name, holder in zip(names, holders))
    with watch.replaced(model, lambda: v1.get_default_graph() is graph):
        watch.outputs = _leaves(model(_packed(given, holders), **_inference(model)))
    feeds = dict(zip(holders, _leaves(given)))
    backend = sys.modules[keras_classes(model)[-1].__module__.split(".engine.")[0] + ".backend"]
    phase = backend.learning_phase()
    if hasattr(phase, "graph"):
        feeds[phase] = np.zeros((), phase.dtype.as_numpy_dtype)
    fetched = {name: tensor for name, tensor in watch.tensors.items() if graph.is_fetchable(tensor)}
    watch.values, watched = backend.get_session().run((fetched, watch.outputs), feeds)
    return plain, watched


def _inference(model: Any) -> Dict[str, bool]:
    """How a call says that it is no training; old and subclassed models may have no word for it."""
    return {"training": False} if "training" in inspect.signature(model.call).parameters else {}


def _keras_framework(model: Any) -> str:
    """Such as `Keras 2.2.4 on TensorFlow 1.15.5`."""
    root = keras_classes(model)[0].__module__.split(".")[0]
    keras = sys.modules["tensorflow"].keras if root.startswith("tensorflow") else sys.modules[root]
    backend = keras.backend.backend() if hasattr(keras.backend, "backend") else "tensorflow"
    version = getattr(keras, "__version__", "") or getattr(sys.modules.get("keras"), "__version__", "")
    under = getattr(sys.modules.get(backend), "__version__", "")
    return "Keras {} on {} {}".format(version, TITLES.get(backend, backend), under)


def _input_names(model: Any, given: Any) -> List[str]:
    """The names of the input layers, for the arrays in the order in which they were given."""
    tensors: Any = list(getattr(model, "inputs", None) or [])
    if isinstance(given, dict):
        structure = getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))
        tensors = structure if isinstance(structure, dict) else {}
    known = tensors if isinstance(tensors, dict) else dict(enumerate(tensors))
    keys = list(given) if isinstance(given, dict) else range(len(_leaves(given)))
    fallback = [name for name, _ in _named(given, "input")]
    return [known[key]._keras_history[0].name if key in known else name for key, name in zip(keys, fallback)]


class Watch:
    """Notes the outputs of every layer call of one run, as `outer/inner`, `@k` for further calls of a shared
    layer and `:1` for further outputs. `values` are to be filled in from `tensors` when the run is over."""

    def __init__(self) -> None:
        self._stack: List[Tuple[str, Any]] = []
        self._calls: Dict[str, int] = {}
        self.names: Dict[int, str] = {}
        self._layers: List[Tuple[str, Any, List[Any], List[str]]] = []
        self._aliases: Dict[str, List[str]] = {}
        self._alive: List[Any] = []  # another tensor would get the id of one that is gone
        self.tensors: Dict[str, Any] = {}
        self.values: Dict[str, Any] = {}
        self.outputs: List[Any] = []

    def layers(self, inputs: Pairs) -> List[Layer]:
        """The layers in the order of computation. What a layer took and no layer gave is looked up by value
        among the model's inputs, which Keras hands on as tensors of its own."""
        found = []
        for path, layer, taken, outputs in self._layers:
            names = [tensor if isinstance(tensor, str) else _same(tensor, inputs) for tensor in taken]
            kept = [name for name in outputs if name in self.values]
            entry = {"name": path, "class_name": type(layer).__name__, "config": _config(layer), "outputs": kept}
            aliases = [alias for output in outputs for alias in self._aliases.get(output, [])]
            found.append(dict(entry, inputs=[name for name in names if name], aliases=aliases))
        return [entry for entry in found if entry["outputs"]]

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
        given = [tensor for tensor in _leaves([list(args), list(kwargs.values())]) if hasattr(tensor, "shape")]
        self._alive += given
        taken = [self.names.get(id(tensor), tensor) for tensor in given]
        self._stack.append((path, layer))
        try:
            outputs = original(layer, *args, **kwargs)
        finally:
            self._stack.pop()
        self._alive += _leaves(outputs)
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
        named = [(name, tensor) for name, tensor in named if hasattr(tensor, "shape")]
        if _depths(layer) is not None:
            for name, tensor in named:
                self._aliases.setdefault(self.names.get(id(tensor), ""), []).append(name)
            return
        self._layers.append((path, layer, taken, [name for name, _ in named]))
        self.tensors.update(named)
        self.names.update((id(tensor), name) for name, tensor in named)


def _config(layer: Any) -> Dict[str, Any]:
    """The layer's settings as JSON; none where a class of one's own states none, or carries its code."""
    try:
        text = json.dumps(layer.get_config(), default=str)
    except Exception:  # a class of one's own may raise anything
        return {}
    return json.loads(text) if len(text) < LONGEST else {}


def _depths(model: Any) -> Any:
    """A functional model's calls of layers by depth; None for what is no model, or no functional one."""
    network = getattr(model, "_functional", None) or model
    return getattr(network, "_nodes_by_depth", getattr(network, "nodes_by_depth", None))  # the latter before 2.2


def _call_numbers(parent: Any, layer: Any) -> List[int]:
    """In which order a functional model makes its calls of a shared layer: numbers of the calls as the model's
    config counts them. Empty for layers that make their calls by program."""
    depths = _depths(parent) or {}
    nodes = [node for depth in sorted(depths, reverse=True) for node in depths[depth]]
    made = [node for node in nodes if any(getattr(node, name, None) is layer for name in CALLED)]
    stated = [node for node in getattr(layer, "_inbound_nodes", []) if any(node is other for other in made)]
    return [next((number for number, other in enumerate(stated) if other is node), 0) for node in made]


def _of_function(model: Any, inputs: Any) -> Seen:
    """A tf.function's inputs and outputs: a list goes in as positional arguments, a dict as keywords."""
    tensorflow = sys.modules["tensorflow"]
    arrays = _mapped(lambda value: _cast(_array(value), "" if hasattr(value, "dtype") else "float32"), inputs)
    tensors = _mapped(tensorflow.constant, arrays)
    args = tensors if isinstance(tensors, list) else [tensors]
    outputs = model(**tensors) if isinstance(tensors, dict) else model(*args)
    named = _named(_mapped(_array, outputs), "output")
    return Seen("TensorFlow {}".format(tensorflow.__version__), _named(arrays, "input"), named, [], {}, [])


def _mapped(function: Callable[[Any], Any], structure: Any) -> Any:
    """The function's results in dicts and lists as the arrays lie in them; None is left out of lists."""
    if isinstance(structure, dict):
        return {str(key): _mapped(function, value) for key, value in structure.items() if value is not None}
    if isinstance(structure, (list, tuple)) and any(map(_holds_array, structure)):
        return [_mapped(function, value) for value in structure if value is not None]
    return function(structure)


def _holds_array(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and _holds_array(value[0])
    return hasattr(value, "shape") or isinstance(value, dict)


def _leaves(structure: Any) -> List[Any]:
    return [value for _, value in _named(structure, "")]


def _named(structure: Any, default: str) -> Pairs:
    """The values with their keys as names, `default_0` and so on in lists, `default` for a single one."""
    if isinstance(structure, dict):
        return [pair for key, value in structure.items() for pair in _named(value, str(key))]
    if isinstance(structure, (list, tuple)):
        items = enumerate(value for value in structure if value is not None)
        return [pair for place, value in items for pair in _named(value, "{}_{}".format(default, place))]
    return [(default, structure)]


def _packed(structure: Any, values: List[Any]) -> Any:
    """Other values in a structure that `_mapped` gave."""
    waiting = iter(values)
    return _mapped(lambda _value: next(waiting), structure)


def _array(value: Any) -> np.ndarray:
    """Any tensor or nested lists of numbers as a numpy array; raises TypeError for what is none."""
    if hasattr(value, "detach"):  # PyTorch's tensors have a history, live on a device, and know no numpy's bfloat16
        value = value.detach().cpu()
        value = value.float() if "bfloat16" in str(value.dtype) else value
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if array.dtype == object and all(isinstance(item, (bytes, str)) for item in array.ravel()):
        return array.astype(np.bytes_ if all(isinstance(item, bytes) for item in array.ravel()) else np.str_)
    if array.dtype == object or array.dtype.names:
        raise TypeError("{} is no array of numbers: {!r}".format(type(value).__name__, value)[:300])
    return array


def _cast(array: np.ndarray, dtype: str) -> np.ndarray:
    """Numbers as the model takes them; a dtype that numpy has not is left to the framework."""
    known = dtype.startswith(("float", "int", "uint", "bool"))
    return array.astype(dtype, copy=False) if known and array.dtype.kind in "biuf" else array


def _same(tensor: Any, arrays: Pairs) -> str:
    """The name of the array with the tensor's values, "" for none."""
    if not hasattr(tensor, "numpy") and not isinstance(tensor, np.ndarray):
        return ""
    value = _array(tensor)
    return next((name for name, array in arrays if np.array_equal(array, value)), "")


def _written(path: str, seen: Seen, model: str) -> str:
    """Write under a temporary name, then rename: a file that is there is whole."""
    arrays: List[np.ndarray] = []
    notes = list(seen.notes)

    def tensor(name: str, value: Any) -> Dict[str, Any]:
        array = _array(value)
        dtype = array.dtype.name
        if array.dtype.kind == "V" or dtype == "bfloat16":
            array = array.astype(np.float32)
            notes.append(("KEPT_AS_FLOAT32", "{} is {} and is kept as float32".format(name, dtype)))
        arrays.append(array)
        return {"name": name, "array": len(arrays) - 1, "shape": list(array.shape), "dtype": dtype}

    def layer(found: Layer) -> Dict[str, Any]:
        return dict(found, outputs=[tensor(name, seen.activations[name]) for name in found["outputs"]])

    manifest = {
        "kind": KIND,
        "schema": SCHEMA,
        "time": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        "model": model,
        "framework": seen.framework,
        "versions": {name: getattr(sys.modules[name], "__version__", "?") for name in PACKAGES if name in sys.modules},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "inputs": [tensor(name, value) for name, value in seen.inputs],
        "outputs": [tensor(name, value) for name, value in seen.outputs],
        "layers": [layer(found) for found in seen.layers],
        "notes": [{"code": code, "text": text} for code, text in notes],
    }
    temporary = "{}.part-{}".format(path, os.getpid())
    try:
        _write(temporary, manifest, arrays)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
    return path


def _write(path: str, manifest: Dict[str, Any], arrays: List[np.ndarray]) -> None:
    """The manifest first, so that a file's first bytes tell what it is; nothing is compressed, so that a
    reader finds a range of an array's values at once."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(MANIFEST, json.dumps(manifest))
        for place, array in enumerate(arrays):
            with archive.open("{:05d}.npy".format(place), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
