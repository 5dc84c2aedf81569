"""`hub-module`: two parts of a TF Hub module: tags for training and for serving, or another signature."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Facts, Suspicion

CAUSE = "hub-module"
PARTS = ("tags", "signature")


def suspect(case: Case) -> Iterator[Suspicion]:
    """The sides are parts of Hub modules or SavedModels, and not the same parts."""
    for part in PARTS:
        a, b = _chosen(case.a, part), _chosen(case.b, part)
        if not a or not b or a == b:
            continue
        trains = "train" in a.split(",") or "train" in b.split(",")
        if part == "signature" and case.a.file.path != case.b.file.path:
            continue  # names of signatures are free
        yield Suspicion(
            cause=CAUSE,
            title=f"A runs the {part} `{a}`, B the {part} `{b}`",
            layer_a="",
            layer_b="",
            confidence=0.9 if trains or part == "signature" else 0.5,
            evidence=f"{part}: {a} in A, {b} in B"
            + ("; with `train`, dropout and batch norm are active" if trains else ""),
            mend=f"choose the same {part} on both sides: --set-b {part}={a}",
        )


def _chosen(side: Facts, part: str) -> str:
    return next((choice.chosen for choice in side.file.choices if choice.name == part), "")
