"""`version-drift`: one file, or one config, that two versions of Keras or TensorFlow read otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inspector.causes.case import Case, Facts, Suspicion, Trial
from inspector.causes.custom_layer import is_own
from inspector.causes.formulas import refit
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "version-drift"
HARD = "hard_sigmoid is clip(x / 5 + 0.5) in Keras 2 and relu6(x + 3) / 6 since Keras 3"
# setting, what one word meant before and what it means now
KNOWN = (
    ("activation", "hard_sigmoid", "hard_sigmoid_3", HARD),
    ("recurrent_activation", "hard_sigmoid", "hard_sigmoid_3", HARD),
)
PACKAGES = ("tensorflow", "keras", "tf_keras")
CHANGED = ("different", "permuted", "missing")
SURE, LIKELY = 0.985, 0.6


@dataclass(frozen=True, slots=True)
class Told:
    """What the versions read otherwise, and how sure that is."""

    what: str
    confidence: float
    needs_proof: bool = False


def suspect(case: Case) -> Iterator[Suspicion]:
    """Settings whose meaning changed; any layer that differs when one file runs in two environments, or when two
    versions of Keras have the same settings and weights."""
    apart = _apart(case.a, case.b)
    for item, a, b in case.suspects():
        found = _told(case, item, a, b, apart)
        if found is None:
            continue
        yield Suspicion(
            cause=CAUSE,
            title=f"`{item.a}` means something else in the other version: {found.what}",
            layer_a=item.a,
            layer_b=item.b or "",
            layers=(item.a,),
            confidence=found.confidence,
            evidence="; ".join(dict.fromkeys(part for part in (found.what, apart) if part)),
            mend="run the file in the environment that made it (--python-b), or write the function out in the model",
            trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
            needs_proof=found.needs_proof,
        )


def _told(case: Case, item: LayerDifference, a: Layer, b: Layer | None, apart: str) -> Told | None:
    known = (_stated(a, b) if b is not None else "") or _fitted(case, item, a)
    if known:
        return Told(known, SURE)
    if not apart or item.status != "different":
        return None
    if case.a.file.path and case.a.file.path == case.b.file.path:
        return Told(f"one file, {apart}", SURE)
    keras = all("keras" in side.framework.lower() for side in (case.a, case.b))
    if not keras or b is None or is_own(a, case.a) or not _alike(item, a, b):
        return None
    return Told(f"the same settings and weights, {apart}", LIKELY, needs_proof=True)


def _stated(a: Layer, b: Layer) -> str:
    """Both sides say which of the two it is."""
    for setting, one, other, told in KNOWN:
        if {a.settings.get(setting), b.settings.get(setting)} == {one, other}:
            return told
    return ""


def _fitted(case: Case, item: LayerDifference, a: Layer) -> str:
    """A says one of the two, and B's numbers are those of the other."""
    for setting, one, other, told in KNOWN:
        if item.status != "different" or a.settings.get(setting) not in (one, other):
            continue
        fit = refit(case, item, a)
        turned = other if a.settings[setting] == one else one
        if fit is not None and fit.own() and fit.gives(fit.changed(**{setting: turned})):
            return told
    return ""


def _alike(item: LayerDifference, a: Layer, b: Layer) -> bool:
    same = a.class_name == b.class_name and a.settings == b.settings
    return same and not any(weight.relation in CHANGED for weight in item.weights)


def _apart(a: Facts, b: Facts) -> str:
    """Which packages differ between the environments."""
    found = [
        f"{name} {a.versions[name]} in A, {b.versions[name]} in B"
        for name in PACKAGES
        if a.versions.get(name) and b.versions.get(name) and a.versions[name] != b.versions[name]
    ]
    if not found and a.framework != b.framework and a.framework and b.framework:
        found = [f"{a.framework} in A, {b.framework} in B"]
    return ", ".join(found)
