"""`image-decoding`: the sides got the same picture in slightly other pixels, or turned.

Another JPEG decoder differs by a few grey levels; EXIF, a mirror or a turn moves whole pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from inspector.causes.case import Array, Case, InputPair, Suspicion, Trial

CAUSE = "image-decoding"
GREY_LEVELS = 0.04  # of the range: ten of 255
TURNS: dict[str, Callable[[Array], Array]] = {
    "turned by 90 degrees": lambda x: x.transpose(0, 2, 1, 3)[:, ::-1],
    "turned by 180 degrees": lambda x: x[:, ::-1, ::-1],
    "turned by 270 degrees": lambda x: x.transpose(0, 2, 1, 3)[:, :, ::-1],
    "mirrored": lambda x: x[:, :, ::-1],
    "upside down": lambda x: x[:, ::-1],
    "transposed": lambda x: x.transpose(0, 2, 1, 3),
}


def suspect(case: Case) -> Iterator[Suspicion]:
    """Arrays of one shape, both pictures, nearly the same or the same after a turn."""
    for pair in case.inputs:
        told = told_apart(pair)
        if told is None:
            continue
        yield Suspicion(
            cause=CAUSE,
            title=f"the sides got the picture of `{pair.a.name}` decoded differently",
            layer_a=pair.a.tensor,
            layer_b=pair.b.tensor,
            layers=(pair.a.tensor,),
            confidence=0.95,
            evidence=told,
            mend="decode once, save the pixels (.npy) and feed both sides with them; ImageOps.exif_transpose(image)",
            trial=Trial(text="B fed A's pixels", feeds_b={pair.b.tensor: pair.array_a.astype(pair.array_b.dtype)}),
        )


def told_apart(pair: InputPair) -> str | None:
    """What the difference of the pixels is, None where it is no matter of decoding."""
    a, b = np.asarray(pair.array_a), np.asarray(pair.array_b)
    if a.shape != b.shape or a.ndim != 4 or a.dtype.kind not in "fiu" or np.array_equal(a, b):
        return None
    if pair.preprocess_a != pair.preprocess_b:
        return None
    one, other = a.astype(np.float64), b.astype(np.float64)
    span = float(np.ptp(one)) or 1.0
    for name, turn in TURNS.items():
        turned = turn(other)
        if turned.shape == one.shape and np.abs(turned - one).max() <= 1e-6 * span:
            return f"B's picture is A's, {name}"
    apart = np.abs(one - other)
    if apart.mean() <= GREY_LEVELS * span and _correlated(one, other):
        return (
            f"pixels differ by {apart.mean() / span * 255:.2g} of 255 grey levels in the mean, "
            f"{apart.max() / span * 255:.3g} at most"
        )
    return None


def _correlated(a: Array, b: Array) -> bool:
    if not np.ptp(a) or not np.ptp(b):
        return False
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) > 0.98
