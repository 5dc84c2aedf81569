"""A conversion as values: what is asked for, what would be lost, what was proved, what was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn
from inspector.workers.runner_client import Written

Form = Literal[
    "frozen",
    "saved_model",
    "keras",
    "h5",
    "tflite",
    "tflite-float16",
    "tflite-dynamic",
    "tflite-int8",
    "tfjs-layers",
    "tfjs-graph",
]
FORMS: tuple[Form, ...] = get_args(Form)
FOLDERS: tuple[Form, ...] = ("saved_model", "tfjs-layers", "tfjs-graph")
KERAS: tuple[Form, ...] = ("keras", "h5", "tfjs-layers")
BY_SUFFIX: dict[str, Form] = {
    ".pb": "frozen",
    ".keras": "keras",
    ".h5": "h5",
    ".hdf5": "h5",
    ".tflite": "tflite",
    "": "saved_model",
}
#: Signal to noise at the outputs that a form is to keep, in dB: about what its rounding leaves in a sound model.
SQNR: dict[Form, float] = {"tflite-float16": 45.0, "tflite-dynamic": 20.0, "tflite-int8": 10.0}
WORST = "worst:"
TEXT = ".txt"
REPORTS = (".report", ".report-random")  # of the inputs that were given, and of random ones as well
BESIDE = (TEXT, *(f"{report}{ending}" for report in REPORTS for ending in (".html", ".json")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be written. `inputs`, `outputs`: other names for the ports, by their names in the model. `batch`:
    a number of samples, `open` for any, "" as in the model. `fold`: batch norm into convolution and dense layers.
    `signature`: a SavedModel's. `preprocess`: a pipeline that is put inside. `representative`: specs of the inputs
    whose ranges int8 takes. `keep_float`: layers that int8 leaves alone, or `worst:N`. `tolerance`: the largest
    difference of an output that is allowed, `sqnr` the least signal to noise in dB; None for the form's own."""

    out: Path
    form: Form
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    batch: str = ""
    fold: bool = False
    signature: str = ""
    preprocess: str = ""
    representative: tuple[str, ...] = ()
    keep_float: tuple[str, ...] = ()
    tolerance: float | None = None
    sqnr: float | None = None
    overwrite: bool = False

    @property
    def beside(self) -> tuple[Path, ...]:
        """What may be written beside `out`: the text, and the reports of the proofs."""
        return tuple(self.out.with_name(self.out.name + ending) for ending in BESIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a conversion will do, before anything is written. `losses`: what the model has and the new form not."""

    target: Target
    title: str
    losses: tuple[Warn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The new file against its origin on one set of inputs. `inputs`: the specs. `good`: within the precision that
    was asked for; `text` says so in one sentence. `sqnr_db` and `max_abs` are of the worst output."""

    inputs: tuple[str, ...]
    comparison: Comparison
    good: bool
    text: str
    max_abs: float
    sqnr_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What was written where, with its proofs. `kept_float`: layers that int8 left alone."""

    plan: Plan
    written: Written
    proofs: tuple[Proof, ...]
    files: tuple[Path, ...]
    kept_float: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether every proof holds."""
        return all(proof.good for proof in self.proofs)


def form_of(out: Path, wanted: str = "") -> Form:
    """The form that is asked for, else the one that the name's ending says. Raises InspectorError UNKNOWN_FORM."""
    found = next((form for form in FORMS if form == wanted), None)
    if found is None and not wanted:
        found = BY_SUFFIX.get(out.suffix.lower())
    if found is None:
        what = (
            f"no model is written as {wanted}" if wanted else f"the name {out.name} does not say what is to be written"
        )
        raise InspectorError("UNKNOWN_FORM", what, where=wanted or str(out), todo=f"--to takes {', '.join(FORMS)}.")
    return found


def worst_count(keep_float: tuple[str, ...]) -> int:
    """N of `worst:N`, 0 where it is not asked for. Raises InspectorError BAD_USAGE."""
    words = [word.removeprefix(WORST) for word in keep_float if word.startswith(WORST)]
    if any(not word.isdecimal() or int(word) < 1 for word in words):
        raise InspectorError("BAD_USAGE", "worst:N takes a number from 1 on", where=f"{WORST}{words[0]}")
    return max((int(word) for word in words), default=0)


def refuse_options(target: Target) -> None:
    """What a form has no place for is said before anything is done. Raises InspectorError BAD_USAGE."""
    graphs: tuple[Form, ...] = ("frozen", "saved_model", "tfjs-graph")
    wrong = [
        ("--preprocess", target.preprocess and target.form != "saved_model"),
        ("--signature", target.signature and target.form != "saved_model"),
        ("--fold", target.fold and target.form not in graphs),
        ("--keep-float", target.keep_float and target.form != "tflite-int8"),
        ("--batch", target.batch and target.form in KERAS),
        ("--name-input", target.inputs and target.form in KERAS),
        ("--name-output", target.outputs and target.form in KERAS),
        ("--representative", target.representative and target.form != "tflite-int8"),
    ]
    named = [option for option, is_wrong in wrong if is_wrong]
    if named:
        what = f"{' and '.join(named)} cannot be had in the form {target.form}"
        raise InspectorError("BAD_USAGE", what, where=str(target.out), todo="Leave it out, or choose another form.")
