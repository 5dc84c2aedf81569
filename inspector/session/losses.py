"""What a model has that a form has no room for, told from its file before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.domain.files import Entry, ModelFile, Warn
from inspector.domain.options import SideOptions
from inspector.session.conversion import Form, Target
from inspector.workers.reader_client import Reader

KERAS_FORMS: tuple[Form, ...] = ("keras", "h5")
NOT_COMPILED = "not compiled"
KINDS = ("ragged", "sparse")
SECTIONS, INPUTS = 50, 10_000  # how many entries are looked at


def losses(file: ModelFile, reader: Reader, options: SideOptions, target: Target) -> tuple[Warn, ...]:
    """Warnings in the order in which they matter."""
    return (*_training(file), *_code(file, options, target), *_inputs(reader, target), *_ranges(target))


def _training(file: ModelFile) -> Iterator[Warn]:
    facts = dict(file.facts)
    if facts.get("Optimizer"):
        yield Warn("LOSES_OPTIMIZER", f"the optimizer ({facts['Optimizer']}) and its state are left out")
    compiled = facts.get("Compile state", NOT_COMPILED)
    if compiled != NOT_COMPILED:
        yield Warn("LOSES_COMPILE_STATE", f"loss and metrics are left out ({compiled})")


def _code(file: ModelFile, options: SideOptions, target: Target) -> Iterator[Warn]:
    own = [warning.text for warning in file.warnings if warning.code == "CONTAINS_CODE"]
    if not own and not options.custom:
        return
    said = "; ".join(own) or "custom layers"
    if target.form in KERAS_FORMS:
        yield Warn("NEEDS_CODE", f"the new file needs the same code to be loaded: {said}")
    elif target.form == "tfjs-layers":
        yield Warn("NEEDS_CODE", f"TensorFlow.js needs these classes in JavaScript: {said}")
    else:
        yield Warn("LOSES_CODE", f"only what the code computes is kept, as plain ops: {said}")


def _ranges(target: Target) -> Iterator[Warn]:
    if target.form == "tflite-int8" and not target.representative:
        text = "ranges are taken from the inputs of the proof: give representative ones (--representative)"
        yield Warn("NO_REPRESENTATIVE", text)


def _inputs(reader: Reader, target: Target) -> Iterator[Warn]:
    if target.form in KERAS_FORMS:
        return
    for entry in _input_layers(reader):
        for label, value in reader.details(entry.id).rows:
            if label in KINDS and value in ("True", "true"):
                yield Warn("LOSES_INPUT_KIND", f"input {entry.name} is {label}, and the new one is dense")


def _input_layers(reader: Reader) -> Iterator[Entry]:
    """Of a Keras file, in its outermost model."""
    sections = [entry.id for entry in reader.children("", 0, SECTIONS) if entry.name == "Layers"]
    for section in sections:
        yield from (entry for entry in reader.children(section, 0, INPUTS) if entry.class_name == "InputLayer")
