"""A side's options in words, and which of them a framework has. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from inspector.domain.files import Choice, ModelFile, Side
from inspector.domain.options import SideOptions
from inspector.gui.words import in_window
from inspector.session.environments import Environment

FRAMEWORKS = {
    "tf_keras": "Legacy Keras",
    "keras3": "Keras 3",
    "graph": "TensorFlow",
    "saved_model": "TensorFlow",
    "checkpoint": "TensorFlow",
    "tflite": "TensorFlow Lite",
    "tfjs": "TensorFlow.js",
    "recording": "Recording",
}
#: What each framework can be told for a run; a file that cannot run alone may run as the other side's graph.
WHOLE = ("threads", "onednn", "xla", "optimise", "float64", "batch", "training", "seed", "twice")
RUN_OPTIONS: dict[str, tuple[str, ...]] = {
    "tflite": ("threads", "optimise", "batch", "twice"),
    "tfjs": ("batch", "twice"),
    "recording": (),
}
WITHOUT_PYTHON = ("tfjs", "recording")  # no TensorFlow of any Python runs these
WITH_CODE = ("keras3", "tf_keras")
FROM_OTHER = "graph"  # the architecture that is made from the other side
PACKAGES = (("keras", "Keras"), ("tf_keras", "tf_keras"))


@dataclass(frozen=True, slots=True)
class Chip:
    """One option that is not as usual: two or three words, and a sentence on hover."""

    text: str
    meaning: str


def other(side: Side) -> str:
    """The letter of the other side."""
    return "B" if side == "a" else "A"


def run_options(file: ModelFile) -> tuple[str, ...]:
    """The fields of SideOptions that the file's framework heeds."""
    return RUN_OPTIONS.get(file.runs_in, WHOLE)


def runs_in_text(file: ModelFile, side: Side, *, stands_in: bool = False) -> str:
    """Where the file runs and why, or why it cannot. `stands_in`: the other side's graph runs with its weights."""
    if stands_in:
        return f"Runs as the graph of {other(side)} with the weights of this file"
    reason = in_window(file.reason)
    if not file.runs_in:
        return f"Cannot run: {reason}"
    if file.runs_in == "recording":
        return f"A recording: {reason}"
    return f"Runs in {FRAMEWORKS.get(file.runs_in, file.runs_in).replace('Legacy', 'legacy')}: {reason}"


def python_text(path: str, environment: Environment | None = None) -> str:
    """An interpreter in a few words: `Our Python`, `Python 3.7.16 · TensorFlow 1.15.5`."""
    if not path:
        return "Our Python"
    return PurePath(path).name if environment is None else versions_text(environment)


def versions_text(environment: Environment) -> str:
    """`Python 3.7.16 · TensorFlow 1.15.5`."""
    tensorflow = environment.versions.get("tensorflow", "")
    return f"Python {environment.python}" + (f" · TensorFlow {tensorflow}" if tensorflow else "")


def also_text(environment: Environment) -> str:
    """What else an interpreter has: `Keras 2.2.4`."""
    found = [f"{title} {environment.versions[name]}" for name, title in PACKAGES if environment.versions.get(name)]
    return " · ".join(found)


def choice_text(choice: Choice, side: Side, *, stands_in: bool = False) -> str:
    """What is in force of one choice."""
    if choice.name == "architecture":
        if stands_in or choice.chosen == FROM_OTHER:
            return f"architecture of {other(side)}"
        return short_path(choice.chosen) if choice.chosen else "no architecture"
    return choice.chosen


def short_path(text: str) -> str:
    """A path without its folder, a function in a file with the file's name alone."""
    if text.startswith(("keras.applications", "tf_keras.applications")):
        return text.rpartition(":")[2]
    return PurePath(text).name or text


def summary(file: ModelFile, side: Side, python: str, *, stands_in: bool = False) -> str:
    """What is in force, in words, for the button; `python` as `python_text` says it."""
    parts = [] if file.runs_in in WITHOUT_PYTHON else [python]
    parts += [choice_text(choice, side, stands_in=stands_in) for choice in file.choices]
    return " · ".join(part for part in parts if part) or FRAMEWORKS.get(file.runs_in, "Options")


def chips(options: SideOptions) -> tuple[Chip, ...]:
    """Everything that is not as usual, but for what the button says already."""
    return tuple(_chips(options))


def _chips(options: SideOptions) -> Iterable[Chip]:
    if options.trust:
        yield Chip("trusted", "The code that this file carries is run")
    if options.custom:
        yield Chip("custom layers", f"The code of {options.custom} is run")
    if options.online:
        yield Chip("network", "This side may use the network")
    if options.threads is not None:
        yield Chip(f"{options.threads} thread{'s' if options.threads != 1 else ''}", "Threads within one operation")
    if options.onednn is not None:
        yield Chip(f"oneDNN {'on' if options.onednn else 'off'}", "Intel's faster kernels, which round otherwise")
    for name, usual, text, meaning in SWITCHES:
        if getattr(options, name) != usual:
            yield Chip(text, meaning)
    if options.batch is not None:
        yield Chip(f"{options.batch} at a time", "The side runs so many samples at a time")
    if options.seed is not None:
        yield Chip(f"seed {options.seed}", "The seed of its random operations")


#: Field, its usual value, the chip that says it is otherwise, and what that means.
SWITCHES = (
    ("xla", False, "XLA", "Compiled by XLA, which fuses operations and rounds otherwise"),
    ("optimise", True, "not optimised", "The graph runs as it is written, operation by operation"),
    ("float64", False, "float64", "Computed in 64-bit floats"),
    ("training", False, "training mode", "Layers behave as in training: batch norm uses the batch, dropout drops"),
    ("twice", False, "run twice", "Run again and compared with itself"),
)
