"""`custom-layer`: a layer of somebody's own, or a Lambda, that was not saved whole: it came back with defaults."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Suspicion, Trial
from inspector.domain.computation import Layer

CAUSE = "custom-layer"


def suspect(case: Case) -> Iterator[Suspicion]:
    """Layers whose code is not Keras's own and that compute otherwise on the other side."""
    for item, a, b in case.suspects():
        if item.status != "different" and not (b is not None and _changed(a, b)):
            continue
        if not is_own(a):
            continue
        keys = _changed(a, b) if b is not None else []
        told = f"its settings differ: {', '.join(keys)}" if keys else "its code or what it captured differs"
        yield Suspicion(
            cause=CAUSE,
            title=f"`{item.a}` is a {a.class_name} of your own, and {told}",
            layer_a=item.a,
            layer_b=item.b or "",
            layers=(item.a,),
            confidence=0.93 if keys else 0.9,
            evidence=f"`{item.a}` ({a.class_name}) gives other numbers from the same inputs; {told}",
            mend="return every argument of __init__ from get_config(); register_keras_serializable; no values captured "
            "by a Lambda",
            trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
        )


def is_own(layer: Layer) -> bool:
    """A Lambda, or a class that no Keras knows."""
    return layer.kind in ("lambda", "custom") or bool(layer.settings.get("custom"))


def _changed(a: Layer, b: Layer) -> list[str]:
    """Settings that both sides state otherwise; only between layers of one class."""
    if a.class_name != b.class_name:
        return []
    keys = sorted({*a.settings, *b.settings})
    return [f"{key} {a.settings.get(key)} in A, {b.settings.get(key)} in B" for key in keys if _unlike(a, b, key)]


def _unlike(a: Layer, b: Layer, key: str) -> bool:
    return bool(a.settings.get(key) != b.settings.get(key))
