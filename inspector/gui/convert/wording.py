"""The forms in words, and where a converted file lies when nobody says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from inspector.domain.errors import InspectorError
from inspector.domain.files import Side
from inspector.gui.words import in_window
from inspector.session.conversion import FORMS, KERAS, Converted, Form, Target
from inspector.session.settings import Settings

TITLES: dict[Form, str] = {
    "frozen": "Frozen graph (.pb)",
    "saved_model": "SavedModel (folder)",
    "keras": "Keras (.keras)",
    "h5": "Keras HDF5 (.h5)",
    "tflite": "TensorFlow Lite (.tflite)",
    "tflite-float16": "TensorFlow Lite, weights in float16",
    "tflite-dynamic": "TensorFlow Lite, weights in int8",
    "tflite-int8": "TensorFlow Lite, all in int8",
    "tfjs-layers": "TensorFlow.js layers model (folder)",
    "tfjs-graph": "TensorFlow.js graph model (folder)",
}
ENDINGS: dict[Form, str] = {
    "frozen": ".pb",
    "saved_model": "_saved_model",
    "keras": ".keras",
    "h5": ".h5",
    "tflite": ".tflite",
    "tflite-float16": "_float16.tflite",
    "tflite-dynamic": "_dynamic.tflite",
    "tflite-int8": "_int8.tflite",
    "tfjs-layers": "_tfjs_layers",
    "tfjs-graph": "_tfjs_graph",
}
MODEL_FILES = frozenset({".h5", ".hdf5", ".keras", ".pb", ".pbtxt", ".meta", ".index", ".tflite", ".lite", ".json"})
#: What a form heeds, by the row of the panel.
HEEDED: dict[str, tuple[Form, ...]] = {
    "names": tuple(form for form in FORMS if form not in KERAS),
    "batch": tuple(form for form in FORMS if form not in KERAS),
    "fold": ("frozen", "saved_model", "tfjs-graph"),
    "preprocess": ("saved_model",),
    "signature": ("saved_model",),
    "representative": ("tflite-int8",),
    "keep_float": ("tflite-int8",),
}


def beside(path: str, form: Form) -> Path:
    """A name beside the model file that no file has yet."""
    origin = Path(path)
    stem = origin.name.removesuffix(origin.suffix) if origin.suffix.lower() in MODEL_FILES else origin.name
    for number in range(1, 1000):
        found = origin.with_name(f"{stem}{f'_{number}' if number > 1 else ''}{ENDINGS[form]}")
        if not found.exists():
            return found
    return origin.with_name(f"{stem}{ENDINGS[form]}")


def renamed(text: str, what: str) -> dict[str, str]:
    """`old=new, old=new` as a dictionary. Raises InspectorError BAD_USAGE."""
    found = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        old, _, new = word.rpartition("=")
        if not old.strip() or not new.strip():
            todo = "Write old=new, with commas between several."
            raise InspectorError("BAD_USAGE", f"{what} are given as old=new", where=word, todo=todo)
        found[old.strip()] = new.strip()
    return found


def of_proof(settings: Settings, side: Side, target: Target) -> Settings:
    """The inputs that the window has, for the origin and what is made of it: both through the side's pipeline, unless
    it is put inside."""
    pipeline = settings.preprocess_a if side == "a" else settings.preprocess_b
    return replace(settings, preprocess_a=pipeline, preprocess_b="" if target.preprocess else pipeline)


def told(converted: Converted) -> Iterator[str]:
    """The result in lines: each proof, what was noted, what int8 left in float."""
    for proof in converted.proofs:
        yield f"{'✓' if proof.good else '✕'}  {' '.join(proof.inputs)}: {proof.text}"
    yield from (f"!  {in_window(note.text)}" for note in converted.written.notes)
    if converted.kept_float:
        yield f"Kept in float: {', '.join(converted.kept_float)}"
