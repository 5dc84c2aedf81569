"""Runs a Keras model: legacy Keras for what Keras 1 and 2 wrote, Keras 3 for what Keras 3 wrote."""

import importlib
import json
from typing import Any, Dict, Iterator, List, Sequence

import numpy as np
import tensorflow as tf

from .adapter import Adapter, Port
from .engine import Engine
from .failures import running, short
from .lambdas import lambda_layers
from .server import RequestError
from .tracing import Trace, trace_model


class KerasAdapter(Adapter):
    """The plain run is the model itself; taps, replay and reference use the graph it is traced to."""

    trace: Trace
    keras: Any

    def _load(self, path: str, *, trust: bool) -> None:
        self.keras = self._import()
        self.framework = "{} {} on TensorFlow {}".format(
            self._title(), self.keras.__version__, tf.__version__
        )
        model = self._model(path, trust=trust)
        if not getattr(model, "inputs", None):
            raise RequestError(
                "LOAD_FAILED",
                "the model states no input shape",
                path,
                "Build it (model.build) and save it again.",
            )
        self.trace = self._traced(model, path)
        self.taps, self.classes = self.trace.taps, self.trace.classes
        self.engine = Engine(self.trace.graph_def, {})
        self.inputs = [
            Port(name, name, tensor) for name, tensor in zip(_input_names(model), self.trace.inputs)
        ]
        self.outputs = [self._output(tensor) for tensor in self.trace.outputs]

    def _import(self) -> Any:
        raise RequestError("WORKER_ERROR", "no Keras chosen", type(self).__name__)

    def _title(self) -> str:
        return "Keras"

    def _layer_classes(self) -> Sequence[Any]:
        raise RequestError("WORKER_ERROR", "no Keras chosen", type(self).__name__)

    def _model(self, path: str, *, trust: bool) -> Any:
        if not trust:
            _refuse_code(path)
        try:
            return self.keras.models.load_model(path, compile=False, custom_objects=self._classes())
        except Exception as error:  # Keras raises anything: what it says is all there is to know
            raise RequestError("LOAD_FAILED", short(_last_line(error)), path, _load_advice(str(error)))

    def _classes(self) -> Dict[str, Any]:
        """Classes that this Keras writes into files but does not find again."""
        return {}

    def _traced(self, model: Any, path: str) -> Trace:
        try:
            return trace_model(model, self._layer_classes(), _input_names(model))
        except Exception as error:  # a layer's call may raise anything
            raise RequestError(
                "LOAD_FAILED",
                "the model loads but cannot be called: " + short(error),
                path,
                "Run it in the Python and TensorFlow that made it.",
            )

    def _plain(self, arrays: Sequence[np.ndarray], outputs: Sequence[str]) -> List[np.ndarray]:
        with running("the model"):
            tensors = [
                tf.constant(array, dtype=spec.dtype)
                for array, spec in zip(arrays, self.trace.function.inputs)
            ]
            computed = dict(zip(self.trace.outputs, self.trace.function(*tensors)))
        missing = [name for name in outputs if name not in computed]
        if missing:
            raise RequestError("NO_SUCH_TENSOR", "is no output of the model", missing[0], "Tap it instead.")
        return [computed[name].numpy() for name in outputs]

    def _output(self, graph_tensor: str) -> Port:
        """An output is named after the innermost layer that gives it."""
        names = [name for name, tensor in self.taps.items() if tensor == graph_tensor]
        return Port(names[0], names[0], graph_tensor)


class LegacyKerasAdapter(KerasAdapter):
    """`tf_keras`, or the Keras inside a TensorFlow before 2.16."""

    def _import(self) -> Any:
        if tuple(map(int, tf.__version__.split(".")[:2])) < (2, 16):
            return tf.keras
        return _import_or_say("tf_keras", "legacy Keras")

    def _title(self) -> str:
        return "legacy Keras"

    def _layer_classes(self) -> Sequence[Any]:
        return [next(kind for kind in self.keras.layers.Dense.__mro__ if kind.__name__ == "Layer")]


class Keras3Adapter(KerasAdapter):
    """The multi-backend Keras, on TensorFlow."""

    def _import(self) -> Any:
        return _import_or_say("keras", "Keras 3")

    def _layer_classes(self) -> Sequence[Any]:
        return [self.keras.layers.Layer, self.keras.Operation]

    def _classes(self) -> Dict[str, Any]:
        """Operations that stand in a functional model as layers (NotEqual of a mask, GetItem, ...)."""
        found = {kind.__name__: kind for kind in _subclasses(self.keras.Operation)}
        return {name: kind for name, kind in found.items() if not hasattr(self.keras.layers, name)}


def _subclasses(kind: Any) -> Iterator[Any]:
    for direct in kind.__subclasses__():
        yield direct
        yield from _subclasses(direct)


def _import_or_say(module: str, title: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise RequestError(
            "LOAD_FAILED", "this Python has no {}".format(title), module, "pip install " + module
        )


def _input_names(model: Any) -> List[str]:
    return [tensor._keras_history[0].name for tensor in model.inputs]


def _refuse_code(path: str) -> None:
    names = lambda_layers(_config(path))
    if names:
        raise RequestError(
            "CONTAINS_CODE",
            "Lambda layer {} carries program code".format(", ".join(names[:3])),
            path,
            "If you trust the file's author, open it with --trust.",
        )


def _config(path: str) -> Dict[str, Any]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
    except OSError as error:
        raise RequestError("LOAD_FAILED", short(error), path, "Open a full-model .h5 file.")
    if text is None:
        raise RequestError("LOAD_FAILED", "the file holds weights but no model", path, "Open the full model.")
    return json.loads(text.decode("utf-8") if isinstance(text, bytes) else text)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines and len(str(error)) > 2000 else str(error)


def _load_advice(text: str) -> str:
    if "Unknown layer" in text or "Could not locate class" in text:
        return "The model uses a class of its own: give the file that defines it (--custom)."
    return "Run it in the Python and Keras that saved it (--python)."
