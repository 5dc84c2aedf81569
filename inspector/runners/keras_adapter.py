"""Runs a Keras model: legacy Keras for what Keras 1 and 2 wrote, Keras 3 for what Keras 3 wrote."""

import importlib
from abc import abstractmethod
from typing import Any, Dict, Iterator, Sequence

import tensorflow as tf

from .adapter import Arrays, Port
from .engine import Engine
from .failures import running
from .graph_side import GraphSide
from .keras_file import load_failure, refuse_code, stated
from .messages import reason
from .server import RequestError
from .tracing import Trace, trace_model


class KerasAdapter(GraphSide):
    """The plain run is the model itself; taps, replay and reference use the graph it is traced to."""

    title = ""
    trace: Trace
    keras: Any

    def _load(self, path: str) -> None:
        self.keras = self._import()
        self.framework = "{} {} on TensorFlow {}".format(self.title, self.keras.__version__, tf.__version__)
        model = self._model(path)
        if not getattr(model, "inputs", None):
            what = "the model states no input shape"
            raise RequestError("LOAD_FAILED", what, path, "Build it (model.build) and save it again.")
        names = [tensor._keras_history[0].name for tensor in model.inputs]
        self.trace = self._traced(model, names, path)
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
    def _loaded(self, path: str) -> Any:
        """The model, not compiled."""

    def _model(self, path: str) -> Any:
        facts = stated(path)
        if not self.options.trust:
            refuse_code(facts.config, path)
        try:
            return self._loaded(path)
        except Exception as error:  # Keras raises anything: what it says is all there is to know
            raise load_failure(error, path, facts.version)

    def _traced(self, model: Any, names: Sequence[str], path: str) -> Trace:
        try:
            return trace_model(model, self._layer_classes(), names)
        except Exception as error:  # a layer's call may raise anything
            what = "the model loads but cannot be called: " + reason(error)
            todo = "Run it in the Python and TensorFlow that made it (--python)."
            raise RequestError("LOAD_FAILED", what, path, todo)

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

    def _loaded(self, path: str) -> Any:
        return self.keras.models.load_model(path, compile=False)


class Keras3Adapter(KerasAdapter):
    """The multi-backend Keras, on TensorFlow."""

    title = "Keras"

    def _import(self) -> Any:
        return _import_or_say("keras")

    def _layer_classes(self) -> Sequence[Any]:
        return [self.keras.layers.Layer, self.keras.Operation]

    def _loaded(self, path: str) -> Any:
        classes = self._operations()
        return self.keras.models.load_model(
            path, compile=False, safe_mode=not self.options.trust, custom_objects=classes
        )

    def _operations(self) -> Dict[str, Any]:
        """Operations that stand in a functional model as layers (NotEqual of a mask, GetItem, ...): this
        Keras writes them into HDF5 files but does not find them again by itself."""
        found = {kind.__name__: kind for kind in _subclasses(self.keras.Operation)}
        return {name: kind for name, kind in found.items() if not hasattr(self.keras.layers, name)}


def _subclasses(kind: Any) -> Iterator[Any]:
    for direct in kind.__subclasses__():
        yield direct
        yield from _subclasses(direct)


def _import_or_say(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        todo = "pip install {}, or choose another Python (--python).".format(module)
        raise RequestError("FRAMEWORK_MISSING", "this Python has no {}".format(module), module, todo)
