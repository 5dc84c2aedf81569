"""Each form writes the net of a Keras file into B's file, and says what the form's own framework makes of the inputs.

A form that a net does not have raises `NoSuchForm`, with the framework's words."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import same
import tensorflow as tf
from same_report import UNLIKE
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from writing import frozen, run_graph

Arrays = list[np.ndarray]
ROUNDING = 5e-5  # of the largest number of an output: what float32 leaves between two orders of summing
SQNR = {"TFLite float16": 45.0, "TFLite dynamic": 20.0, "TFLite int8": 10.0}  # dB, as inspector.session.conversion
TRAINED_ON = 100
KERNELS = tf.lite.experimental.OpResolverType
KERNELS_OFF = 0.05  # of the largest output; steps of int8 are 1/256 of it, and add up


class NoSuchForm(Exception):
    """The net cannot be written so."""


@dataclass(frozen=True, kw_only=True)
class Net:
    """A's net as its own file gives it back. `inputs`: arrays in the model's order, `more` for a quantizer's ranges.
    `other`: the same net in the other Keras, None where that has no such layer."""

    keras: Any
    model: Any
    file: Path
    inputs: Arrays
    more: Callable[[], Arrays]
    other: Callable[[], Any]

    @property
    def names(self) -> list[str]:
        return [name_of(tensor) for tensor in self.model.inputs]


@dataclass(frozen=True, kw_only=True)
class Written:
    """B's file, and what its framework computes (None: only the runner of pairs can tell). `named`: the outputs'
    order is no part of the form. `a`: another file for A's side. `options_b`: what B's side needs."""

    b: Path
    outputs: Callable[[], Arrays] | None
    named: bool = False
    a: Path | None = None


Way = Callable[[Net, Path], Written]


def name_of(tensor: Any) -> str:
    return str(tensor._keras_history[0].name)


def fed(model: Any, arrays: Arrays) -> Arrays:
    """What a Keras model computes in inference, a list of arrays."""
    tensors = [tf.constant(array) for array in arrays]
    given = tensors if len(tensors) > 1 else tensors[0]
    return [np.asarray(array) for array in tf.nest.flatten(model(given, training=False))]


def agree(want: Arrays, got: Arrays, form: str, *, named: bool) -> str:
    """Empty where the two are the same as far as the form can keep them; else what is off."""
    if len(want) != len(got):
        return f"{len(got)} outputs, not {len(want)}"
    left = list(range(len(got)))
    for first in want:
        places = left if named else left[:1]
        said = [(at, _apart(first, got[at], form)) for at in places]
        fit = next((at for at, text in said if not text), None)
        if fit is None:
            return said[0][1]
        left.remove(fit)
    return ""


def _apart(first: np.ndarray, second: np.ndarray, form: str) -> str:
    if first.size != second.size:
        return f"shape {second.shape}, not {first.shape}"
    if first.dtype.kind in "OSU":
        return "" if np.array_equal(first.ravel(), second.ravel()) else "other text"
    a, b = (np.asarray(array, np.float64).ravel() for array in (first, second))
    if not np.isfinite(a).all() or not np.isfinite(b).all():
        return "not finite"
    off, largest = np.abs(a - b).max(initial=0.0), np.abs(a).max(initial=0.0)
    if form in SQNR:
        power = np.square(a - b).sum()
        ratio = 10 * np.log10(np.square(a).sum() / power) if power else np.inf
        return "" if ratio >= SQNR[form] else f"{ratio:.1f} dB"
    return "" if off <= ROUNDING * largest else f"off by {off:.3g} of {largest:.3g}"


def graph_form(change: Callable[[Any], Any], *, functions: bool = False, itself: bool = False) -> Way:
    """A frozen graph. `functions`: loops stay functions. `itself`: A is the same file."""

    def way(net: Net, path: Path) -> Written:
        model = net.model
        if any(tensor.dtype == "string" for tensor in model.inputs) or _has_tables(model):
            raise NoSuchForm("freezing leaves tables out")
        graph = change(_with_functions(model) if functions else frozen(model))
        file = path.with_suffix(".pb")
        file.write_bytes(graph.SerializeToString())
        count = len(model.outputs)
        return Written(b=file, outputs=lambda: run_graph(graph, net.inputs, count), a=file if itself else None)

    return way


def _has_tables(model: Any) -> bool:
    return any(type(layer).__name__.endswith(("Lookup", "TextVectorization")) for layer in model.layers)


def _with_functions(model: Any) -> Any:
    signature = [tf.TensorSpec(tensor.shape, tensor.dtype, name=name_of(tensor)) for tensor in model.inputs]

    def run(*tensors: Any) -> Any:
        return model(list(tensors) if len(tensors) > 1 else tensors[0], training=False)

    function = tf.function(run).get_concrete_function(*signature)
    return convert_variables_to_constants_v2(function, lower_control_flow=False).graph.as_graph_def()


def saved_model(net: Net, path: Path) -> Written:
    tf.saved_model.save(net.model, str(path))
    return Written(b=path, outputs=partial(_of_saved_model, path, net), named=True)


def exported(net: Net, path: Path) -> Written:
    """As `model.export` writes it, and legacy Keras's `save` with its own metadata."""
    if net.keras.__name__ == "keras":
        net.model.export(str(path), verbose=False)
    else:
        net.model.save(str(path), save_format="tf")
    return Written(b=path, outputs=partial(_of_saved_model, path, net), named=True)


def _of_saved_model(path: Path, net: Net) -> Arrays:
    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures["serving_default"]
    wanted = sorted(function.structured_input_signature[1])
    given = {name: tf.constant(net.inputs[at]) for name, at in _by_name(wanted, net.names).items()}
    return [np.asarray(array) for _, array in sorted(function(**given).items())]


def _by_name(theirs: Sequence[str], ours: Sequence[str]) -> dict[str, int]:
    """Each of their names with the place of the input that it means: by name, by order where none fits."""
    found = {}
    for at, name in enumerate(theirs):
        bare = name.split(":")[0].removeprefix("serving_default_")
        found[name] = ours.index(bare) if bare in ours else at
    return found


def kept(ending: str) -> Way:
    """Another file of the same Keras."""

    def way(net: Net, path: Path) -> Written:
        file = Path(f"{path}{ending}")
        net.model.save(file)
        return Written(b=file, outputs=lambda: fed(loaded(net.keras, file), net.inputs))

    return way


def loaded(keras: Any, file: Path) -> Any:
    more = {"safe_mode": False} if file.suffix == ".keras" or keras.__name__ == "keras" else {}
    if keras.__name__ == "tf_keras":  # whose own loader does not know it
        more["custom_objects"] = {"SpectralNormalization": keras.layers.SpectralNormalization}
    return keras.models.load_model(file, compile=False, **more)


def of_other_keras(net: Net, path: Path) -> Written:
    import keras
    import tf_keras

    model = net.other()
    module = tf_keras if net.keras is keras else keras
    file = Path(f"{path}.keras" if module is keras else f"{path}.h5")
    model.save(file)
    return Written(b=file, outputs=lambda: fed(loaded(module, file), net.inputs))


def weights_only(net: Net, path: Path) -> Written:
    """The weights alone, loaded by name of place into a net of the same config."""
    file = Path(f"{path}.weights.h5")
    net.model.save_weights(file)

    def outputs() -> Arrays:
        model = loaded(net.keras, net.file)
        for variable in model.weights:
            variable.assign(tf.zeros_like(variable))
        model.load_weights(file)
        return fed(model, net.inputs)

    return Written(b=file, outputs=outputs)


def lite(kind: str = "") -> Way:
    def way(net: Net, path: Path) -> Written:
        converter = tf.lite.TFLiteConverter.from_keras_model(net.model)
        if kind:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if kind == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if kind == "int8":
            converter.representative_dataset = lambda: chain(_samples(net.inputs), _samples(net.more()))
        file = path.with_suffix(".tflite")
        file.write_bytes(converter.convert())
        if kind == "int8":
            _kernels_agree(file, net)
        return Written(b=file, outputs=lambda: _of_lite(file, net), named=True)

    return way


def _kernels_agree(file: Path, net: Net) -> None:
    """Raises NoSuchForm where XNNPACK and TensorFlow Lite's own reference kernels give unlike outputs."""
    for one, other in zip(_of_lite(file, net), _of_lite(file, net, KERNELS.BUILTIN_REF), strict=True):
        size = float(np.abs(other).max(initial=0.0)) if other.dtype.kind == "f" else 0.0
        off = float(np.abs(one - other).max()) / size if size else 0.0
        if off > KERNELS_OFF:
            raise NoSuchForm(f"{UNLIKE}: XNNPACK is {off:.0%} off TensorFlow Lite's own reference kernels")


def _samples(arrays: Arrays) -> Any:
    for at in range(len(arrays[0])):
        yield [array[at : at + 1] for array in arrays]


def _of_lite(file: Path, net: Net, kernels: Any = KERNELS.AUTO) -> Arrays:
    """Sample by sample where the file has one batch of one: what its interpreter gives."""
    interpreter = tf.lite.Interpreter(str(file), experimental_op_resolver_type=kernels)
    inputs = interpreter.get_input_details()
    places = _by_name([item["name"] for item in inputs], net.names)
    for item in inputs:
        interpreter.resize_tensor_input(item["index"], net.inputs[places[item["name"]]].shape)
    interpreter.allocate_tensors()
    for item in inputs:
        interpreter.set_tensor(item["index"], net.inputs[places[item["name"]]].astype(item["dtype"]))
    interpreter.invoke()
    return [interpreter.get_tensor(item["index"]) for item in interpreter.get_output_details()]


def own_conversion(form: str, **wish: Any) -> Way:
    """As `model-inspector convert` writes it. What TensorFlow.js computes only its page can tell."""

    def way(net: Net, path: Path) -> Written:
        from inspector.runners.exporting.converting import convert
        from inspector.runners.exporting.request import Wish
        from inspector.runners.frameworks import adapter_of
        from inspector.runners.options import Options

        keras = "keras3" if net.keras.__name__ == "keras" else "tf_keras"
        side = adapter_of(keras)(str(net.file), Options(trust=True))
        folder = path.with_name(f"{path.name}-written")
        made = convert(side, form, Wish(**wish), str(folder))
        target = Path(f"{path}{Path(made.path).suffix}")
        shutil.rmtree(target, ignore_errors=True)
        Path(made.path).replace(target)
        shutil.rmtree(folder, ignore_errors=True)
        if form != "frozen":
            return Written(b=target, outputs=None, named=True)
        given, wanted = ([named.tensor for named in ports] for ports in (made.inputs, made.outputs))
        return Written(b=target, outputs=lambda: _of_graph(target, dict(zip(given, net.inputs, strict=True)), wanted))

    return way


def _of_graph(file: Path, given: dict[str, np.ndarray], wanted: list[str]) -> Arrays:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(file.read_bytes()), name="")
        return session.run(wanted, given)


FORMS: dict[str, Way] = {
    "frozen": graph_form(lambda graph: graph),
    "frozen, renamed": graph_form(same.renamed),
    "frozen, optimised": graph_form(same.optimised),
    "frozen, with functions": graph_form(lambda graph: graph, functions=True),
    "frozen, itself": graph_form(lambda graph: graph, itself=True),
    "frozen, folded": own_conversion("frozen", fold=True),
    "SavedModel": saved_model,
    "SavedModel, exported": exported,
    "Keras .keras": kept(".keras"),
    "Keras .h5": kept(".h5"),
    "weights only": weights_only,
    "other Keras": of_other_keras,
    "TFLite": lite(),
    "TFLite float16": lite("float16"),
    "TFLite dynamic": lite("dynamic"),
    "TFLite int8": lite("int8"),
    "TF.js layers": own_conversion("tfjs-layers"),
    "TF.js graph": own_conversion("tfjs-graph"),
}
