"""`version-drift`: one file, two versions of Keras or TensorFlow that read it otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Facts, Suspicion, Trial
from inspector.domain.computation import Layer

CAUSE = "version-drift"
# setting, one value, the other: what one word meant before and means now
KNOWN = (
    ("activation", "hard_sigmoid", "hard_sigmoid_3", "hard_sigmoid is clip(x / 5 + 0.5) in Keras 2, then relu6(x+3)/6"),
    ("recurrent_activation", "hard_sigmoid", "hard_sigmoid_3", "hard_sigmoid is another function since Keras 3"),
)  # fmt: skip
PACKAGES = ("tensorflow", "keras", "tf_keras")


def suspect(case: Case) -> Iterator[Suspicion]:
    """Settings whose meaning changed; and any layer that differs when one file runs in two environments."""
    same_file = bool(case.a.file.path) and case.a.file.path == case.b.file.path
    apart = _apart(case.a, case.b)
    for item, a, b in case.suspects():
        told = _known(a, b) if b is not None else ""
        if not told and not (same_file and apart and item.status == "different"):
            continue
        yield Suspicion(
            cause=CAUSE,
            title=f"`{item.a}` means something else in the other version" + (f": {told}" if told else f": {apart}"),
            layer_a=item.a,
            layer_b=item.b or "",
            layers=(item.a,),
            confidence=0.985,
            evidence=(told or f"one file, {apart}") + (f"; {apart}" if told and apart else ""),
            mend="run the file in the environment that made it (--python-b), or write the function out in the model",
            trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
        )


def _known(a: Layer, b: Layer) -> str:
    for setting, one, other, told in KNOWN:
        if {a.settings.get(setting), b.settings.get(setting)} == {one, other}:
            return told
    return ""


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
