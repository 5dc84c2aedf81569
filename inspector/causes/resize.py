"""`resize`: another method, other corners: align_corners, half-pixel centres, antialias."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Edit, SetAttribute, Suspicion, Trial
from inspector.causes.formulas import Refit, isolated, refit
from inspector.causes.formulas.places import CONVENTIONS, METHODS
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "resize"
GUESS = 0.4
WORDS = {
    "half_pixel": "half-pixel centres",
    "corners_aligned": "align_corners",
    "legacy": "corners over each other (half_pixel_centers=False)",
}
OPS = {"ResizeNearestNeighbor": "nearest", "ResizeBilinear": "bilinear", "ResizeBicubic": "bicubic"}
Way = tuple[str, str, bool]  # method, convention, antialias


def suspect(case: Case) -> Iterator[Suspicion]:
    """UpSampling and Resizing layers whose B is A's input resized otherwise."""
    for item, a, b in case.suspects():
        if a.kind != "upsample":
            continue
        fit = refit(case, item, a, samples=1)
        own = _way(fit, of_a=True) if fit is not None else None
        other = _way(fit, of_a=False) if fit is not None and own is not None else None
        if fit is not None and own is not None and other is not None and own != other:
            fits = f"computed so from the same input it is B's output to the noise floor of {short(fit.noise)}"
            apart = f"{fits}; A's is {short(fit.gap)} away"
            yield _suspicion(item, a, (_told(own), _told(other)), apart, 0.96, _edits(b, own, other))
        elif stated := _by_settings(a, b):
            yield _suspicion(item, a, stated, "both files state it", 0.95)
        elif item.status == "different" and isolated(case, a):
            known = str(a.settings.get("interpolation", "its own interpolation"))
            size = short(item.introduced.max_abs) if item.introduced is not None else "something"
            yield _suspicion(item, a, (known, "something else"), f"from the same inputs it introduces {size}", GUESS)


def _suspicion(
    item: LayerDifference,
    layer: Layer,
    told: tuple[str, str],
    evidence: str,
    confidence: float,
    edits: tuple[Edit, ...] = (),
) -> Suspicion:
    method = layer.settings.get("interpolation", "nearest")
    return Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` is resized otherwise: {told[0]} in A and {told[1]} in B",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=confidence,
        evidence=evidence,
        mend=f"export again with interpolation={method!r} for `{item.a}`; an op of one's own: "
        "tf.image.resize(x, size, method), which takes half-pixel centres and no antialias",
        trial=Trial(text=f"A's way of resizing put back into `{item.a}`", edits=edits),
    )


def _told(way: Way) -> str:
    method, convention, antialias = way
    return f"{method} with {WORDS[convention]}" + (" and antialias" if antialias else "")


def _way(fit: Refit, *, of_a: bool) -> Way | None:
    """How A's (or B's) output was made of the input: the layer's own method first, in Keras's convention."""
    own = str(fit.layer.settings.get("interpolation", "nearest"))
    target = fit.shape[1:-1]
    for method in (own, *(name for name in METHODS if name != own)):
        for convention in CONVENTIONS:
            for antialias in (False, True):
                layer = fit.changed(interpolation=method, convention=convention, antialias=antialias, target=target)
                if fit.own(layer) if of_a else fit.gives(layer):
                    return method, convention, antialias
    return None


def _by_settings(a: Layer, b: Layer | None) -> tuple[str, str] | None:
    if b is None or b.kind != a.kind:
        return None
    one = str(a.settings.get("interpolation", ""))
    other = str(b.settings.get("interpolation") or OPS.get(b.class_name, ""))
    return (one, other) if one and other and one != other else None


def _edits(b: Layer | None, own: Way, other: Way) -> tuple[Edit, ...]:
    """Of B's resizing op the two attributes that say which points lie over each other."""
    if b is None or OPS.get(b.class_name) != own[0] or own[0] != other[0] or own[2] or other[2] or len(b.nodes) != 1:
        return ()
    return (
        SetAttribute(node=b.nodes[0], name="align_corners", value=own[1] == "corners_aligned"),
        SetAttribute(node=b.nodes[0], name="half_pixel_centers", value=own[1] == "half_pixel"),
    )
