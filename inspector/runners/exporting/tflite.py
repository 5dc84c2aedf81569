"""TensorFlow Lite models, by TensorFlow's own converter, from a SavedModel in the spill."""

import os
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.lite.python.convert import ConverterError
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from ..adapter import Adapter
from ..messages import short
from ..structure import split_tensor
from ..tracing import arranged
from .assembling import is_keras
from .keras_files import module_of
from .naming import valid
from .ports import wished_names
from .request import Arrays, Named, Wish, Written, cannot, note
from .saved_model import SIGNATURE
from .saved_model import write as write_saved_model

FILE = "model.tflite"
INT8 = "int8"
PARTED = re.compile(r"[^A-Za-z0-9_]")  # a signature's inputs are called as a function's arguments
Notes = List[Dict[str, str]]


class Source(NamedTuple):
    """A SavedModel to convert. `tensors`: the signature's inputs, each with the runner's tensor that it is."""

    path: str
    tensors: Dict[str, str]


def write(side: Adapter, wish: Wish, folder: str, precision: str) -> Written:
    """Write `model.tflite`. Raises CANNOT_CONVERT with what the converter says, NO_RANGES without inputs for int8."""
    if precision == INT8 and not wish.arrays:
        raise cannot("int8 needs representative inputs", "", "Give them (--representative).")
    notes: Notes = []
    content = _converted(side, wish, folder, precision, notes)
    path = os.path.join(folder, FILE)
    with open(path, "wb") as file:
        file.write(content)
    inputs, outputs = _ports(content)
    return Written(path, inputs, outputs, [], notes, {"signature": SIGNATURE})


def _converted(side: Adapter, wish: Wish, folder: str, precision: str, notes: Notes) -> bytes:
    """With the batch that is asked for; where the converter needs one that is fixed, with one sample."""
    try:
        return _tried(side, wish, os.path.join(folder, "source"), precision, notes)
    except _Refused as refused:
        if wish.batch:
            raise refused.told()
        first = refused
    try:
        content = _tried(side, wish._replace(batch="1"), os.path.join(folder, "source_of_one"), precision, notes)
    except _Refused:
        raise first.told()
    notes.append(note("BATCH_OF_ONE", "it takes one sample at a time: the converter refuses an open batch"))
    return content


class _Refused(Exception):
    """What the converter says."""

    def told(self) -> Exception:
        todo = "Convert it to a SavedModel, or leave out the layer."
        return cannot("TensorFlow Lite cannot express the model: " + str(self), "", todo)


def _tried(side: Adapter, wish: Wish, path: str, precision: str, notes: Notes) -> bytes:
    source = _source(side, wish, path)
    whole = precision == INT8
    try:
        return _with(source, wish, precision, whole=whole)
    except _FAILURES as error:
        said = _telling(error)
    if not whole:
        raise _Refused(said)
    try:  # some op has no int8 kernel: it stays in float
        content = _with(source, wish, precision, whole=False)
    except _FAILURES as error:
        raise _Refused(_telling(error))
    notes.append(note("PARTLY_FLOAT", "some operators have no int8 kernel and stay in float: " + said))
    return content


_FAILURES = (ValueError, RuntimeError, TypeError, KeyError, tf.errors.OpError, ConverterError)


def _with(source: Source, wish: Wish, precision: str, *, whole: bool) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(source.path, signature_keys=[SIGNATURE])
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == INT8:
        ranges = _ranges(source, wish.arrays)
        converter.representative_dataset = ranges
        builtins = tf.lite.OpsSet
        kinds = [builtins.TFLITE_BUILTINS_INT8] + ([] if whole else [builtins.TFLITE_BUILTINS])
        converter.target_spec.supported_ops = kinds
        if whole:
            converter.inference_input_type = converter.inference_output_type = tf.int8
        if wish.keep_float:
            return _partly_float(converter, wish.keep_float)
    return bytes(converter.convert())


def _ranges(source: Source, arrays: Arrays) -> Any:
    """Gives the representative inputs to the converter, one sample at a time, by the signature's names."""

    def samples() -> Iterator[Dict[str, np.ndarray]]:
        count = max(array.shape[0] for array in arrays.values())
        for at in range(count):
            yield {name: np.array(arrays[tensor][at : at + 1]) for name, tensor in source.tensors.items()}

    return samples


def _partly_float(converter: Any, layers: Sequence[str]) -> bytes:
    """Quantized but for these layers, by TensorFlow's quantization debugger. Raises CANNOT_CONVERT for a layer that
    is in no tensor's name."""
    from tensorflow.lite.python import convert as lite_convert

    converter._experimental_calibrate_only = True  # noqa: SLF001 - as the quantization debugger does
    calibrated = converter.convert()
    converter._experimental_calibrate_only = False  # noqa: SLF001
    names = _tensor_names(calibrated)
    chosen = {layer: [name for name in names if is_of_layer(name, layer)] for layer in layers}
    lost = [layer for layer, found in chosen.items() if not found]
    if lost:
        raise cannot("no operator of the TensorFlow Lite model is called after the layer", lost[0], "Choose another.")
    nodes = sorted({name for found in chosen.values() for name in found})
    return bytes(
        lite_convert.mlir_quantize(
            calibrated,
            input_data_type=converter.inference_input_type,
            output_data_type=converter.inference_output_type,
            enable_numeric_verify=False,
            denylisted_nodes=nodes,
        )
    )


def is_of_layer(tensor: str, layer: str) -> bool:
    """Whether a part of the tensor's name is the layer's: the converter joins names of fused operators with `;`."""
    wanted = [part.partition("@")[0] for part in layer.split("/")]
    for name in tensor.split(";"):
        parts = name.split("/")
        if any(parts[at : at + len(wanted)] == wanted for at in range(len(parts))):
            return True
    return False


def _tensor_names(content: bytes) -> List[str]:
    details = tf.lite.Interpreter(model_content=bytes(content)).get_tensor_details()
    return [str(detail["name"]) for detail in details]


def _source(side: Adapter, wish: Wish, path: str) -> Source:
    """A SavedModel: of a Keras model by TensorFlow's exporter, so that the converter finds its recurrent layers; of
    any other graph our own."""
    names = [PARTED.sub("_", name) for name in wished_names(side.inputs, wish.inputs)]
    tensors = {name: port.tensor for name, port in zip(names, side.inputs)}
    if is_keras(side):
        outputs = [valid(name) for name in wished_names(side.outputs, wish.outputs)]
        _export(side, wish, path, names, outputs)
        return Source(path, tensors)
    wished = dict(zip([port.name for port in side.inputs], names))
    written = write_saved_model(side, wish._replace(inputs=wished, signature="", preprocess=()), path)
    return Source(written.path, tensors)


def _export(side: Any, wish: Wish, path: str, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    model = side.model

    def serve(*tensors: Any) -> Dict[str, Any]:
        return dict(zip(outputs, tf.nest.flatten(model(arranged(model, tensors), training=False))))

    specs = []
    for name, tensor in zip(inputs, model.inputs):
        shape = list(tensor.shape)
        if wish.batch and shape:
            shape[0] = wish.size
        specs.append(tf.TensorSpec(shape, tf.as_dtype(getattr(tensor.dtype, "name", tensor.dtype)), name))
    module = tf.Module()
    module.model = model  # its variables are saved with what is tracked
    function = tf.function(serve, autograph=False).get_concrete_function(*specs)
    if module_of(side) == "keras":
        function = _without_variables(function, specs, outputs)
    tf.saved_model.save(module, path, signatures={SIGNATURE: function})


def _without_variables(function: Any, specs: Sequence[Any], outputs: Sequence[str]) -> Any:
    """With constants: the converter takes Keras 3's variables for state, which nobody sets before a run."""
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False)
    order = [tensor.name for tensor in frozen.inputs]
    places = [order.index("{}:0".format(spec.name)) for spec in specs]

    def serve(*tensors: Any) -> Dict[str, Any]:
        found = frozen(*[tensors[places.index(at)] for at in range(len(places))])
        return dict(zip(sorted(outputs), tf.nest.flatten(found)))  # a dictionary's values are flattened by their keys

    return tf.function(serve, autograph=False).get_concrete_function(*specs)


def _ports(content: bytes) -> Any:
    """The tensors of the signature, as the file states them."""
    interpreter = tf.lite.Interpreter(model_content=content)
    signature = interpreter.get_signature_list().get(SIGNATURE, {"inputs": [], "outputs": []})
    runner = interpreter.get_signature_runner(SIGNATURE)
    return (
        [_named(name, runner.get_input_details()[name]) for name in signature["inputs"]],
        [_named(name, runner.get_output_details()[name]) for name in signature["outputs"]],
    )


def _named(name: str, detail: Dict[str, Any]) -> Named:
    stated = detail.get("shape_signature", detail["shape"])
    shape = [None if size < 0 else int(size) for size in (stated if len(stated) else detail["shape"])]
    return Named(name, str(detail["name"]), shape, str(np.dtype(detail["dtype"]).name), split_tensor(name)[0])


def _telling(error: Exception) -> str:
    """The converter's own reason: its messages begin with traces of where an op was made."""
    lines = [line.strip() for line in str(error).splitlines()]
    found = [line for line in lines if "error:" in line or "Flex ops:" in line or "Custom ops:" in line]
    return short(found[-1].split("error:", 1)[-1].strip()) if found else short(error)
