"""A TensorFlow.js layers model: the Keras config beside the weights by name.

tfjs-converter/python/tensorflowjs/converters/keras_h5_conversion.py, format `layers-model`.
"""

import json
import os
import re
from typing import Any, Dict, List, Sequence

import numpy as np

from ..adapter import Adapter
from ..server import RequestError
from ..tfjs_library import library_files
from .keras2_config import ACTIVATIONS, RENAMED, in_words_of_keras_2
from .keras_files import keras_model, layers_in, ports
from .request import Wish, Written, cannot
from .shards import write_model

FOLDER = "tfjs"
CLASS = re.compile(r'\.className="(\w+)"')
# in TensorFlow.js these are no classes of their own, or it finds them under another name
OF_KERAS_2 = ("hard_sigmoid",)  # 0.2 x + 0.5 there and in TensorFlow.js, x / 6 + 0.5 in Keras 3
DEPTHWISE = "DepthwiseConv2D"
NO_LAYERS = ("Identity",)  # an initializer there
ALSO_KNOWN = ("Functional", "Model", "Sequential", "InputLayer")


def write(side: Adapter, _wish: Wish, folder: str) -> Written:
    """Write `tfjs/model.json` and shards. Raises CANNOT_CONVERT where TensorFlow.js has no such layer, activation or
    setting."""
    model = keras_model(side)
    activations = unknown_activations(model, is_keras_3=is_keras_3(side))
    settings = unknown_settings(model)
    for what, unknown in (("layer", unknown_layers(model)), ("activation", activations), ("setting", settings)):
        if unknown:
            todo = "Convert it to tfjs-graph, which needs no layers."
            raise cannot("TensorFlow.js has no {} {}".format(what, ", ".join(unknown[:5])), "", todo)
    stated = json.loads(model.to_json())
    topology = {
        "keras_version": "2.15.0",  # whose words these are
        "backend": "tensorflow",
        "model_config": in_words_of_keras_2({name: stated[name] for name in ("class_name", "config")}),
    }
    path = os.path.join(folder, FOLDER)
    written_by = "keras v{}".format(side.keras.__version__)  # type: ignore[attr-defined]
    write_model(path, "layers-model", topology, weights_of(model), generatedBy=written_by)
    return Written(path, ports(side, "inputs"), ports(side, "outputs"), [], [], {})


def weights_of(model: Any) -> Dict[str, np.ndarray]:
    """Every variable by the name under which TensorFlow.js looks for it. Raises CANNOT_CONVERT for a name twice."""
    deep = {id(getattr(layer, "kernel", None)) for layer in layers_in(model) if type(layer).__name__ == DEPTHWISE}
    found: Dict[str, np.ndarray] = {}
    for variable in model.weights:
        name = str(getattr(variable, "path", None) or variable.name).partition(":")[0]
        if id(variable) in deep:  # so called by Keras 2 and TensorFlow.js, `kernel` by Keras 3
            name = re.sub("/kernel$", "/depthwise_kernel", name)
        if name in found:
            raise cannot("two weights have one name", name, "Convert it to tfjs-graph, which needs no names.")
        found[name] = np.asarray(variable.numpy())
    return found


def unknown_layers(model: Any) -> List[str]:
    """Classes that the installed TensorFlow.js does not have; none where it is not installed."""
    known = known_classes()
    used = sorted({type(layer).__name__ for layer in layers_in(model)})
    lacking = [name for name in used if name not in known or name in NO_LAYERS]
    return [name for name in lacking if known and name not in ALSO_KNOWN]


def unknown_settings(model: Any) -> List[str]:
    """What TensorFlow.js refuses of a layer that it has (recurrent.ts, `GRUCell`), or computes otherwise
    (convolutional.ts, `UpSampling2D`: corners over each other)."""
    found = []
    for layer in layers_in(model):
        kind = type(layer).__name__
        if kind == "GRUCell" and layer.reset_after:
            found.append("reset_after=True of a GRU")
        if kind == "UpSampling2D" and layer.interpolation != "nearest":
            found.append("interpolation={!r} of {}".format(layer.interpolation, layer.name))
    return sorted(set(found))


def is_keras_3(side: Adapter) -> bool:
    return int(side.keras.__version__.partition(".")[0]) >= 3  # type: ignore[attr-defined]


def unknown_activations(model: Any, *, is_keras_3: bool) -> List[str]:
    """Names of activations that the installed TensorFlow.js does not have, or has as another function."""
    known = known_classes()
    functions = [getattr(layer, key, None) for layer in layers_in(model) for key in ACTIVATIONS]
    names = sorted({name for name in (getattr(function, "__name__", "") for function in functions) if name})
    others = OF_KERAS_2 if is_keras_3 else ()
    return [name for name in names if known and (_name_in_library(name) not in known or name in others)]


def _name_in_library(name: str) -> str:
    """`hard_sigmoid` is `hardSigmoid` there."""
    first, *rest = RENAMED.get(name, name).split("_")
    return first + "".join(word.capitalize() for word in rest)


def known_classes() -> Sequence[str]:
    """The classes of layers and of activations that the library registers."""
    try:
        with open(library_files()["/lib/tf.min.js"], encoding="utf-8") as file:
            return CLASS.findall(file.read())
    except (RequestError, OSError):
        return ()
