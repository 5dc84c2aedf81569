"""`hub-module`: two parts of a TF Hub module: tags for training and for serving, or another signature.

A module may hold a graph for training beside the one for serving, and signatures that give other things
(`image_classification`, `image_feature_vector`)."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Facts, InputPair, Suspicion, Trial
from inspector.causes.inputs import in_words, uniform
from inspector.domain.wording import short

CAUSE = "hub-module"
PARTS = ("tags", "signature")
TRAIN = "train"
LARGE = 2.0  # images for Hub's modules lie in 0..1, by its common signatures for images


def suspect(case: Case) -> Iterator[Suspicion]:
    """The sides are parts of Hub modules or SavedModels, and not the same parts; or one is fed 0..255."""
    for part in PARTS:
        a, b = _chosen(case.a, part), _chosen(case.b, part)
        if not a or not b or a == b or (part == "signature" and case.a.file.path != case.b.file.path):
            continue  # names of signatures are free, and mean something only in one and the same file
        yield _other_part(case.b, part, a, b)
    for name, side, other in (("A", case.a, case.b), ("B", case.b, case.a)):
        if _trains(side) and not _trains(other) and not (_chosen(side, "tags") and _chosen(other, "tags")):
            yield _training(name)
    yield from _range(case)


def _other_part(side: Facts, part: str, a: str, b: str) -> Suspicion:
    trains = any(TRAIN in text.split(",") for text in (a, b))
    values = next((choice.values for choice in side.file.choices if choice.name == part), ())
    other = {"choices": {**side.options.choices, part: a}}
    return Suspicion(
        cause=CAUSE,
        title=f"A runs the {part} `{a}`, B the {part} `{b}`",
        layer_a="",
        layer_b="",
        confidence=0.97 if trains else 0.93 if part == "signature" else 0.45,
        evidence=f"{part}: {a} in A, {b} in B" + "; with `train`, dropout and batch norm are active" * trains,
        mend=f"choose the same {part} on both sides: --set-b {part}={a}",
        trial=Trial(text=f"B run with the {part} `{a}`", options_b=other) if a in values else None,
    )


def _training(name: str) -> Suspicion:
    return Suspicion(
        cause=CAUSE,
        title=f"{name} is the module's graph for training",
        layer_a="",
        layer_b="",
        confidence=0.7,
        evidence=f"the tags of {name} are `{TRAIN}`: its dropout is active, and batch norm uses the batch's statistics",
        mend="load the module with tags=[] (TensorFlow 1: hub.Module(url)), or the tags `serve`",
    )


def _range(case: Case) -> Iterator[Suspicion]:
    """A Hub module on one side, fed 0..255 as the other side is."""
    sides = [name for name, side in (("a", case.a), ("b", case.b)) if _is_module(side)]
    if len(sides) != 1 or all(pair.difference.within_noise for pair in case.outputs):
        return
    for pair in case.inputs:
        array = pair.array_a if sides == ["a"] else pair.array_b
        if array.dtype.kind == "f" and array.ndim == 4 and array.size and float(array.max()) > LARGE:
            yield _too_large(pair, sides[0], float(array.max()))


def _too_large(pair: InputPair, side: str, largest: float) -> Suspicion:
    name, tensor, array = (
        side.upper(),
        *((pair.a.tensor, pair.array_a) if side == "a" else (pair.b.tensor, pair.array_b)),
    )
    fed = {tensor: uniform(1 / 255)(array).astype(array.dtype)}
    return Suspicion(
        cause=CAUSE,
        title=f"the Hub module {name} is fed values up to {short(largest)}; Hub's images lie in 0..1",
        layer_a=pair.a.tensor,
        layer_b=pair.b.tensor,
        confidence=0.45,
        evidence=f"`{tensor}` of {name} gets up to {short(largest)}; with {in_words(uniform(1 / 255))} the sides agree",
        mend=f'--preprocess-{side} "scale 1/255"',
        trial=Trial(
            text=f"the module fed {in_words(uniform(1 / 255))}",
            feeds_a=fed if side == "a" else None,
            feeds_b=fed if side == "b" else None,
        ),
        needs_proof=True,
        family="preprocess",
    )


def _chosen(side: Facts, part: str) -> str:
    """What part is in force: chosen among several, or the only one that there is."""
    found = next((choice.chosen for choice in side.file.choices if choice.name == part), "")
    return found or side.options.choices.get(part, "")


def _trains(side: Facts) -> bool:
    """By the choice, or by the tags that the file's facts state."""
    tags = _chosen(side, "tags") or next((value for label, value in side.file.facts if label == "Tags"), "")
    return TRAIN in tags.replace(" ", "").split(",")


def _is_module(side: Facts) -> bool:
    told = f"{side.file.title} {' '.join(value for _, value in side.file.facts)}"
    return "TF Hub" in told or any(part.endswith("tfhub_module.pb") for part in side.file.parts)
