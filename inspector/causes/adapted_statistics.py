"""`weights-not-loaded` of a Normalization: the loader read its statistics and computes with mean 0 and variance 1.

Keras 3 finalizes the state of a model's own layers after it has read an HDF5 file, not of those inside nested models
and wrappers (keras/src/legacy/saving/legacy_h5_format.py, _set_weights)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspector.causes.case import Case, Facts, Suspicion, Trial
from inspector.domain.comparison import LayerDifference

CAUSE = "weights-not-loaded"
CERTAIN = 0.98  # the loaded layer was asked


def suspect(case: Case) -> Iterator[Suspicion]:
    """Every layer that one side's loader left so and the other's did not."""
    for name, side, other in (("A", case.a, case.b), ("B", case.b, case.a)):
        for path in side.unfinished:
            item = next((item for item in case.layers if _is_at(item, name, path)), None)
            if item is not None and path not in other.unfinished:
                yield _suspicion(item, name, path, side)


def _is_at(item: LayerDifference, side: str, path: str) -> bool:
    own = item.a if side == "A" else item.b or ""
    return bool(own) and (path == own or path.startswith(own + "/"))


def _suspicion(item: LayerDifference, name: str, path: str, side: Facts) -> Suspicion:
    return Suspicion(
        cause=CAUSE,
        title=f"{name}'s loader leaves `{path}` with mean 0 and variance 1",
        layer_a=item.a,
        layer_b=item.b or "",
        layers=(item.a,),
        confidence=CERTAIN,
        evidence=f"{side.framework} read the adapted statistics of `{path}` from {Path(side.file.path).name} and does "
        "not compute with them: its loader of HDF5 files finalizes no layer inside a nested model or wrapper",
        mend="save it as .keras, or call finalize_state() of that layer once the file is loaded",
        trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
    )
