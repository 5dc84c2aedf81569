"""Which module writes which form."""

import importlib
import os
from typing import Any, Dict

from ..adapter import Adapter
from ..server import RequestError
from .request import Wish, Written

# the module and, of several forms in one, which one
FORMS: Dict[str, Any] = {
    "frozen": ("frozen", ()),
    "saved_model": ("saved_model", ()),
    "keras": ("keras_files", ("keras",)),
    "h5": ("keras_files", ("h5",)),
    "tflite": ("tflite", ("float32",)),
    "tflite-float16": ("tflite", ("float16",)),
    "tflite-dynamic": ("tflite", ("dynamic",)),
    "tflite-int8": ("tflite", ("int8",)),
    "tfjs-layers": ("tfjs_layers", ()),
    "tfjs-graph": ("tfjs_graph", ()),
}


def convert(side: Adapter, form: str, wish: Wish, folder: str) -> Written:
    """Write the loaded model in another form into a folder of the spill.

    Raises CANNOT_CONVERT and what the form's module raises; NO_SPACE when the disk is full."""
    if form not in FORMS:
        raise RequestError("UNKNOWN_FORM", "no model is written as {}".format(form), form, ", ".join(FORMS))
    module, words = FORMS[form]
    os.makedirs(folder, exist_ok=True)
    try:
        write = importlib.import_module("." + module, __package__).write
        return write(side, wish, folder, *words)
    except OSError as error:
        raise RequestError("CANNOT_WRITE", "{}".format(error.strerror or error), folder, "Make room for it.")
