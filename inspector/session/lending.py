"""A side that cannot run by itself is lent the other side's model; where that cannot be, what is said instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from inspector.causes import weights_changed, weights_not_loaded
from inspector.domain.comparison import Comparison, Finding
from inspector.domain.computation import Computation
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.match import Assignment
from inspector.domain.refusal import Refusal
from inspector.formats.keras_kinds import KINDS
from inspector.matching import Contents, match
from inspector.matching.contents import Values
from inspector.session.other_net import is_other_net, other_net
from inspector.session.passes import both
from inspector.session.reconstruct import stand_in, wanted
from inspector.session.refused import CODES
from inspector.session.side import SideState
from inspector.session.static import compare_static
from inspector.workers.child import Progress

NO_PLACE = "NO_PLACE"
ONE_MODEL = "one model ran on both sides, so no run shows it"
#: What loads layers and weights that can be read without it, with the package that says its version.
FRAMEWORKS: Mapping[str, tuple[str, str]] = {
    "tf_keras": ("legacy Keras", "tf_keras"),
    "keras3": ("Keras", "keras"),
    "tfjs": ("TensorFlow.js", ""),
}
UNPAIRED = ("NOT_COMPARABLE", "INPUT_UNPAIRED", "WRONG_SHAPE", *CODES)
OF_WEIGHTS = (weights_changed.CAUSE, weights_not_loaded.CAUSE, "weight-order")  # a run tells these itself


Current = Callable[[], None]  # raises Cancelled once nobody waits for what is being worked out


def contents(a: SideState, b: SideState, current: Current) -> Contents:
    """Both sides' weights, as matching asks for them."""

    def read(side: SideState) -> Values:
        def values(value_id: str, start: int = 0, stop: int | None = None, /) -> NDArray[Any]:
            current()
            return side.reader.values(value_id, start, stop)

        return values

    return Contents(a.fingerprints(), b.fingerprints(), read(a), read(b))


def lend(
    own: SideState,
    other: SideState,
    refusal: Refusal | None = None,
    stated: tuple[Finding, ...] = (),
    current: Current = lambda: None,
) -> None:
    """Let `other`'s model run with the weights of `own`. Raises NO_PLACE where they do not fit in it."""
    if is_other_net(own.computation(), other.computation()):
        raise InspectorError(NO_PLACE, "the weights belong to another net", where=own.opened().path)
    found = match(own.computation(), other.computation(), contents(own, other, current))
    lender = other.opened(), other.options
    own.stand_in = stand_in(
        own.computation(), other.computation(), found, lender, own.reader.values, refusal=refusal, stated=stated
    )


def lend_to_weights(a: SideState, b: SideState, current: Current) -> None:
    """Of weights alone; where they do not fit, nothing is lent."""
    for own, other in ((a, b), (b, a)):
        if own.stand_in is None and wanted(own.opened(), other.opened()):
            try:
                lend(own, other, current=current)
            except InspectorError as error:
                if error.code != NO_PLACE:
                    raise


def without_a_place(a: SideState, b: SideState) -> bool:
    """Whether a side holds weights alone that do not fit in the other side's model."""
    pairs = ((a, b), (b, a))
    return any(own.stand_in is None and wanted(own.opened(), other.opened()) for own, other in pairs)


def answer_without_a_run(a: SideState, b: SideState, assignment: Assignment) -> Comparison:
    """What the weights alone say: another net, or what differs in them."""
    if is_other_net(a.computation(), b.computation()):
        return other_net(a, b)
    return compare_static(a, b, assignment)


def lend_to_refused(a: SideState, b: SideState, assignment: Assignment, progress: Progress) -> bool:
    """Load both sides; one whose framework refuses it is lent the other's model. Returns whether one was.

    Raises the framework's refusal, with what weights and settings say, where that cannot be."""
    errors = both(lambda: _refused(a, progress), lambda: _refused(b, progress))
    error = errors[0] or errors[1]
    if error is None:
        return False
    static = compare_static(a, b, assignment)
    own, other = (a, b) if errors[0] is not None else (b, a)
    try:
        if None not in errors:
            raise InspectorError(NO_PLACE, "neither side can be run")
        lend(own, other, _refusal(own, error), _stated(static, own.computation()))
        own.load(progress)
    except Cancelled:
        raise
    except InspectorError as why:
        own.stand_in = None
        told = f"{error.todo} Without a run (--static): {static.sentence}".strip()
        raise InspectorError(error.code, error.what, where=error.where, todo=told) from why
    return True


def _refused(side: SideState, progress: Progress) -> InspectorError | None:
    """What the side's framework says against the file, None where it loads."""
    try:
        side.load(progress)
    except InspectorError as error:
        if error.code in CODES and side.stand_in is None and side.opened().runs_in in FRAMEWORKS:
            return error
        raise
    return None


def _refusal(side: SideState, error: InspectorError) -> Refusal:
    name, package = FRAMEWORKS[side.opened().runs_in]
    versions = side.environment().versions
    version = versions.get(package) or versions.get("tensorflow", "")
    return Refusal(framework=name, version=version, said=error.what, todo=error.todo)


def _stated(static: Comparison, own: Computation) -> tuple[Finding, ...]:
    """Settings in which the two files differ by their own words: one model run twice cannot show them. What a class
    of somebody's own means by its settings is not known."""
    strange = {layer.name for layer in own.layers if layer.class_name not in KINDS}
    found = (item for item in static.findings if not item.note_only and item.cause not in OF_WEIGHTS)
    return tuple(replace(item, unproved=ONE_MODEL) for item in found if not strange & {item.layer_a, item.layer_b})


def answer_of_unpaired(a: SideState, b: SideState, error: InspectorError) -> Comparison:
    """The answer where nothing pairs since the sides are different nets. Raises the error where they are not."""
    if error.code in UNPAIRED and is_other_net(a.computation(), b.computation()):
        return other_net(a, b)
    raise error
