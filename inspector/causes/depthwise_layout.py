"""`depthwise-layout`: a depthwise kernel with the same numbers at other places, or multipliers counted otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Case, Suspicion
from inspector.causes.formulas import refit
from inspector.causes.formulas.convolutions import rank_of
from inspector.causes.moved import Moved, moved_kernel, moved_numbers, suspicion
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "depthwise-layout"
ROLE = "depthwise_kernel"


def suspect(case: Case) -> Iterator[Suspicion]:
    """Depthwise and separable layers: by the kernels themselves, or by computing the layer with the kernel turned."""
    for item, a, b in case.suspects():
        if not a.kind.startswith(("depthwise", "separable")):
            continue
        found = (
            moved_kernel(case, item, a, b, ROLE) or moved_numbers(case, item, a, ROLE) or _multipliers(case, item, a)
        )
        if found is not None:
            yield suspicion(CAUSE, item, found, _mend(a))


def _mend(layer: Layer) -> str:
    return (
        f"write `{layer.name}`'s kernel as (rows, columns, channels, multiplier): "
        "np.transpose(kernel, (2, 3, 0, 1)) of (channels, multiplier, rows, columns); never reshape across axes"
    )


def _multipliers(case: Case, item: LayerDifference, layer: Layer) -> Moved | None:
    """The right products in another order: channel by channel in A, multiplier by multiplier in B."""
    fit = refit(case, item, layer)
    if fit is None or fit.behind or not layer.kind.startswith("depthwise") or ROLE not in fit.weights:
        return None
    times = fit.weights[ROLE].shape[-1]
    channels = fit.weights[ROLE].shape[rank_of(layer)]
    if times < 2 or channels < 2 or fit.a.shape[-1] != times * channels:
        return None
    index = np.arange(times * channels)
    for order in (index.reshape(channels, times).T.ravel(), index.reshape(times, channels).T.ravel()):
        far = float(np.abs(fit.a[..., order] - fit.b).max(initial=0.0))
        if fit.near(far):
            told = f"gives its {channels} channels times {times} multipliers in the other order in B"
            return Moved(told, f"in that order B's output is A's to {short(far)}; as they stand {short(fit.gap)} apart")
    return None
