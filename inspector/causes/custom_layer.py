"""`custom-layer`: a layer of somebody's own, or a Lambda, that was not saved whole: it came back with defaults."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Facts, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "custom-layer"
CODE = "CONTAINS_CODE"
STATED, SEEN, WEIGHTS = 0.95, 0.93, 0.6


def suspect(case: Case) -> Iterator[Suspicion]:
    """Layers whose code is not Keras's own and that compute otherwise on the other side."""
    for item, a, b in case.suspects():
        keys = _changed(a, b) if b is not None else []
        if (item.status != "different" and not keys) or not (is_own(a, case.a) or (b and is_own(b, case.b))):
            continue
        other = any(weight.relation == "different" for weight in item.weights)
        told = f"its settings differ: {', '.join(keys)}" if keys else "its code or what it captured differs"
        yield Suspicion(
            cause=CAUSE,
            title=f"`{item.a}` ({a.class_name}) has code of its own and was not saved whole",
            layer_a=item.a,
            layer_b=item.b or "",
            layers=(item.a,),
            confidence=STATED if keys else WEIGHTS if other else SEEN,
            evidence=f"{_numbers(item)}{told}",
            mend="return every argument of __init__ from get_config(), register it "
            "(keras.saving.register_keras_serializable), let a Lambda capture no values; then export again",
            trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
        )


def is_own(layer: Layer, side: Facts) -> bool:
    """A Lambda, or a class that the file says no Keras knows."""
    if layer.kind == "lambda" or ">" in layer.class_name:
        return True
    texts = [warn.text for warn in side.file.warnings if warn.code == CODE]
    return layer.kind == "other" and any(layer.class_name in text or " more" in text for text in texts)


def _numbers(item: LayerDifference) -> str:
    if item.introduced is None:
        return ""
    return f"from the same inputs and weights it differs by {short(item.introduced.max_abs)}; "


def _changed(a: Layer, b: Layer) -> list[str]:
    """Settings that both sides state otherwise, or that one side has lost; only between layers of one class."""
    if a.class_name != b.class_name:
        return []
    keys = sorted({*a.settings, *b.settings})
    return [
        f"{key} {a.settings.get(key, 'not said')} in A, {b.settings.get(key, 'not said')} in B"
        for key in keys
        if a.settings.get(key) != b.settings.get(key)
    ]
