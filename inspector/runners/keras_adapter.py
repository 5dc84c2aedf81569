"""Runs a Keras model: legacy Keras for what Keras 1 and 2 wrote, Keras 3 for what Keras 3 wrote."""

import copy
import importlib
from abc import abstractmethod
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np
import tensorflow as tf

from .adapter import Arrays, Port
from .architecture import built, from_config, stated_architecture
from .channels_first import channels_last_ops
from .custom_objects import (
    Objects,
    own_function_layer,
    public_objects,
    unknown_class,
    unknown_layers,
    unlisted_layers,
    user_objects,
    with_own_functions,
)
from .engine import Engine
from .failures import running
from .graph_side import GraphSide
from .hub_layers import supply_hub
from .keras1_layers import dropped_layers
from .keras_file import Stated, load_failure, major, named, refuse_code, refuse_other_python, stated, unknown_name
from .keras_weights import is_vars_layout, put_weights
from .messages import reason
from .old_weights import Origin, turns_kernels
from .replaced_weights import with_arrays
from .server import RequestError
from .tracing import Shapes, Trace, replaced, trace_model
from .upgrading import Changes, upgraded


class KerasAdapter(GraphSide):
    """The plain run is the model itself; taps, replay and reference use the graph it is traced to."""

    title = ""
    trace: Trace
    keras: Any
    model: Any

    def _load(self, path: str) -> None:
        self._path = path
        self.keras = self._import()
        self.framework = "{} {} on TensorFlow {}".format(self.title, self.keras.__version__, tf.__version__)
        set_seed(self.keras, self.options.seed)
        with replaced(channels_last_ops()):
            self._make(path)

    def _make(self, path: str) -> None:
        model = self._model(path)
        if not getattr(model, "inputs", None):
            what = "the model states no input shape"
            raise RequestError("NO_INPUT_SHAPE", what, path, "Build it (model.build) and save it again.")
        self.model = model
        self.warnings += self._left_as_built(model)
        self.take(self._traced(model, path))

    def set_constants(self, arrays: Arrays) -> None:
        """By the paths of the file's datasets: the model is loaded anew, from a copy that holds them."""
        self.warnings = []
        with replaced(channels_last_ops()):
            self._make(with_arrays(self._path, arrays))

    def with_batch(self, size: Optional[int]) -> "KerasAdapter":
        """The same model for so many samples at a time, None for any number; itself where it takes them already."""
        shapes = [[size, *list(tensor.shape)[1:]] for tensor in self.model.inputs]
        if shapes == [list(tensor.shape) for tensor in self.model.inputs]:
            return self
        other = copy.copy(self)
        with replaced(channels_last_ops()):
            other.take(self._traced(self.model, "", shapes))
        return other

    def take(self, trace: Trace) -> None:
        """Run this graph."""
        names = _input_names(self.model)
        self.trace = trace
        self.taps, self.classes = self.trace.taps, self.trace.classes
        self.engine = Engine(self.trace.graph_def, {}, self.options)
        self.inputs = [Port(name, name, tensor) for name, tensor in zip(names, self.trace.inputs)]
        self.outputs = [self._output(tensor) for tensor in self.trace.outputs]

    @abstractmethod
    def _import(self) -> Any:
        """The Keras module."""

    @abstractmethod
    def _layer_classes(self) -> Sequence[Any]:
        """The classes whose `__call__` all layers go through, the most special first."""

    @abstractmethod
    def _whole(self, path: str, found: Stated, objects: Objects) -> Any:
        """The model of a file that holds config and weights, not compiled."""

    @abstractmethod
    def _of_config(self, path: str, found: Stated, objects: Objects) -> Any:
        """A model of a config, weights of its own making."""

    def _model(self, path: str) -> Any:
        found = stated(path)
        if found.layout == "weights":
            written_by = found
            found = stated_architecture(self.options.choices.get("architecture", ""), path)._replace(layout="weights")
            found = found._replace(backend=written_by.backend, version=found.version or written_by.version)
        objects = dict(public_objects(), **supply_hub(found.config, online=self.options.online))
        objects.update(user_objects(self.options.custom, self.keras))
        config = with_own_functions(found.config, objects)
        objects.update(own_function_layer(self.keras, objects))
        found = found._replace(config=config, changed=config != found.config)
        if self.options.trust:
            refuse_other_python(config, path)
        else:
            refuse_code(config, path)
        try:
            if found.layout == "weights":
                return self._with_weights(path, found, objects)
            return self._whole(path, found, objects)
        except RequestError:
            raise
        except Exception as error:  # Keras raises anything: what it says is all there is to know
            unknown = unknown_name(error)
            raise unknown_class(config, [unknown], path) if unknown else load_failure(error, path, found.version)

    def _with_weights(self, path: str, found: Stated, objects: Objects) -> Any:
        """The architecture that the person named, filled from a file with weights only."""
        if found.config:
            model = self._of_config(path, found, objects)
        else:
            model = built(self.options.choices["architecture"], path, self.keras, trust=self.options.trust)
            self.config = model.to_json()
        self._fill(model, path, found)
        return model

    def _fill(self, model: Any, path: str, found: Stated) -> None:
        """Weights from an archive, or an HDF5 file in either layout."""
        import h5py

        if found.layout == "archive":
            model.load_weights(named(path, ".keras"))
            return
        with h5py.File(path, "r") as file:
            if not is_vars_layout(file):
                turned = turns_kernels(found.backend) or self.options.choices.get("kernels") == "turned"
                self.warnings += put_weights(model, file, Origin(major(found.version), turned), path)
                self._finalize(model)
                return
        model.load_weights(named(path, ".weights.h5"))

    @abstractmethod
    def _finalize(self, model: Any) -> None:
        """Make the state that layers make of their weights (adapted statistics, boundaries), as this Keras's own
        loader of HDF5 files does."""

    def _left_as_built(self, _model: Any) -> List[Dict[str, str]]:
        """A warning for each layer whose state this Keras's own loader did not make of the weights it loaded."""
        return []

    def _traced(self, model: Any, path: str, shapes: Shapes = ()) -> Trace:
        names, training = _input_names(model), self.options.training
        try:
            return trace_model(model, self._layer_classes(), names, training=training, shapes=shapes)
        except Exception as error:  # a layer's call may raise anything
            what = "the model loads but cannot be called: " + reason(error)
            todo = "Run it in the Python and TensorFlow that made it (--python)."
            raise RequestError("CALL_FAILED", what, path, todo)

    def _plain(self, inputs: Arrays, outputs: Sequence[str]) -> Arrays:
        function = self.trace.function
        with running("the model"):
            pairs = zip(self.inputs, function.inputs)
            tensors = [tf.constant(inputs[port.tensor], spec.dtype) for port, spec in pairs]
            computed = dict(zip(self.trace.outputs, function(*tensors)))
        wanted = {name: self.graph_tensor(name) for name in outputs}
        missing = [name for name, tensor in wanted.items() if tensor not in computed]
        if missing:
            raise RequestError("NO_SUCH_TENSOR", "is no output of the model", missing[0], "Tap it instead.")
        return {name: computed[tensor].numpy() for name, tensor in wanted.items()}

    def _output(self, graph_tensor: str) -> Port:
        """An output is named after the innermost layer that gives it."""
        name = next(name for name, tensor in self.taps.items() if tensor == graph_tensor)
        return Port(name, name, graph_tensor)


class LegacyKerasAdapter(KerasAdapter):
    """`tf_keras`, or the Keras inside a TensorFlow before 2.16."""

    title = "legacy Keras"

    def _import(self) -> Any:
        if tuple(map(int, tf.__version__.split(".")[:2])) < (2, 16):
            return tf.keras
        return _import_or_say("tf_keras")

    def _layer_classes(self) -> Sequence[Any]:
        return [next(kind for kind in self.keras.layers.Dense.__mro__ if kind.__name__ == "Layer")]

    def _whole(self, path: str, found: Stated, objects: Objects) -> Any:
        if found.layout == "archive" and not found.changed:
            ending, safe = named(path, ".keras"), not self.options.trust
            known = dict(unlisted_layers(self.keras), **objects)
            return self.keras.models.load_model(ending, custom_objects=known, compile=False, safe_mode=safe)
        model = self._of_config(path, found, objects)
        self._fill(model, path, found)
        return model

    def _of_config(self, path: str, found: Stated, objects: Objects) -> Any:
        """Configs of the old Kerases are upgraded; those of an archive are in today's words."""
        changes = Changes()
        config = found.config if "registered_name" in found.config else upgraded(found.config, changes)
        self.warnings += changes.warnings()
        known = dict(dropped_layers(self.keras), **dict(unlisted_layers(self.keras), **objects))
        known.setdefault("Functional", self.keras.models.Model)  # which the Keras of TensorFlow 2.3 does not know yet
        missing = unknown_layers(self.keras, config, known)
        if missing:
            raise unknown_class(config, missing, path)
        allow = getattr(getattr(self.keras, "__internal__", None), "enable_unsafe_deserialization", None)
        if self.options.trust and allow is not None:  # since TensorFlow 2.13
            allow()
        return from_config(self.keras, config, known)

    def _finalize(self, model: Any) -> None:
        """Of all layers, nested ones too (saving/legacy/hdf5_format.py); before 2.6 no layer had any."""
        for layer in getattr(model, "_flatten_layers", tuple)():
            getattr(layer, "finalize_state", tuple)()


class Keras3Adapter(KerasAdapter):
    """The multi-backend Keras, on TensorFlow."""

    title = "Keras"

    def _import(self) -> Any:
        return _import_or_say("keras")

    def _layer_classes(self) -> Sequence[Any]:
        return [self.keras.layers.Layer, self.keras.Operation]

    def _whole(self, path: str, found: Stated, objects: Objects) -> Any:
        if found.changed:
            model = self._of_config(path, found, objects)
            self._fill(model, path, found)
            return model
        ending = named(path, ".keras" if found.layout == "archive" else ".h5")
        known = dict(self._operations(), **objects)
        safe = not self.options.trust
        return self.keras.models.load_model(ending, compile=False, safe_mode=safe, custom_objects=known)

    def _of_config(self, path: str, found: Stated, objects: Objects) -> Any:
        if self.options.trust:
            self.keras.config.enable_unsafe_deserialization()
        return from_config(self.keras, found.config, dict(self._operations(), **objects))

    def _finalize(self, model: Any) -> None:
        """Of layers that hold weights, not of those in nested models (legacy/saving/legacy_h5_format.py)."""
        for layer in model.layers:
            if layer.weights:
                getattr(layer, "finalize_state", tuple)()

    def _left_as_built(self, model: Any) -> List[Dict[str, str]]:
        """Adapted `Normalization`s of nested models and wrappers (see `_finalize`)."""
        convert = self.keras.ops.convert_to_numpy
        found = []
        for layer in getattr(model, "_flatten_layers", tuple)():
            if getattr(layer, "adapt_mean", None) is None or layer.mean is None:
                continue
            used, held = convert(layer.mean), convert(layer.adapt_mean)
            if not np.allclose(used.ravel(), held.astype(used.dtype).ravel(), equal_nan=True):
                text = (
                    "{}: Keras {} loads its mean and variance from this file but computes with those it was built with "
                    "(a layer inside another one, in HDF5). Save the model as .keras, whose loader makes them."
                )
                found.append({"code": "STATE_NOT_MADE", "text": text.format(layer.name, self.keras.__version__)})
        return found

    def _operations(self) -> Dict[str, Any]:
        """Operations that stand in a functional model as layers (NotEqual of a mask, GetItem, ...): this
        Keras writes them into HDF5 files but does not find them again by itself."""
        own = [kind for kind in _subclasses(self.keras.Operation) if kind.__module__.startswith("keras.")]
        found = {kind.__name__: kind for kind in own}
        return {name: kind for name, kind in found.items() if not hasattr(self.keras.layers, name)}


def _subclasses(kind: Any) -> Iterator[Any]:
    for direct in kind.__subclasses__():
        yield direct
        yield from _subclasses(direct)


def _input_names(model: Any) -> List[str]:
    return [tensor._keras_history[0].name for tensor in model.inputs]


def set_seed(keras: Any, seed: Optional[int]) -> None:
    """Of numpy, Python and TensorFlow, where a person chose one."""
    if seed is None:
        return
    chosen = getattr(keras.utils, "set_random_seed", None)  # since TensorFlow 2.7
    if chosen is not None:
        chosen(seed)
    else:
        tf.compat.v1.set_random_seed(seed)


def _import_or_say(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        todo = "pip install {}, or choose another Python (--python).".format(module)
        raise RequestError("FRAMEWORK_MISSING", "this Python has no {}".format(module), module, todo)
