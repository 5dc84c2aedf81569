"""`image-decoding`: the sides got the same picture in slightly other pixels, or turned.

Another JPEG decoder or resize differs by a few grey levels; EXIF, a mirror or a turn moves whole pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np

from inspector.causes.case import Array, Case, InputPair, Suspicion, Trial
from inspector.domain.wording import short

CAUSE = "image-decoding"
GREY_LEVELS = 0.04  # of the range, in the mean: ten of 255
CLEARLY = 0.2  # a turned picture is nearer by this much than the one as it lies
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
    apart = [(pair, told) for pair in case.inputs if (told := told_apart(pair)) is not None]
    if not apart or all(pair.difference.within_noise for pair in case.outputs):
        return
    pair, told = apart[0]
    feeds = {item.b.tensor: item.array_a.astype(item.array_b.dtype) for item, _ in apart}
    yield Suspicion(
        cause=CAUSE,
        title=f"the sides got the picture of `{pair.a.name}` decoded differently: {told.partition(';')[0]}",
        layer_a=pair.a.tensor,
        layer_b=pair.b.tensor,
        layers=tuple(item.a.tensor for item, _ in apart),
        confidence=0.95,
        evidence=f"{told}; SHA-256 of the pixels {_digest(pair.array_a)} in A, {_digest(pair.array_b)} in B",
        mend="decode once and feed both sides these pixels: np.save('x.npy', ImageOps.exif_transpose(image))",
        trial=Trial(text="B fed A's pixels", feeds_b=feeds),
    )


def told_apart(pair: InputPair) -> str | None:
    """What the difference of the pixels is, None where it is no matter of decoding: the same numbers, other
    pipelines, no picture (samples, rows, columns, 1 to 4 channels), or another picture altogether."""
    a, b = np.asarray(pair.array_a), np.asarray(pair.array_b)
    if a.shape != b.shape or a.ndim != 4 or a.shape[-1] > 4 or min(a.shape[1:3]) < 2 or a.dtype.kind not in "fiu":
        return None
    if pair.preprocess_a != pair.preprocess_b or b.dtype.kind not in "fiu" or np.array_equal(a, b):
        return None
    one, other = a.astype(np.float64), b.astype(np.float64)
    span = float(np.ptp(one))
    rounding = max(float(np.finfo(x.dtype).eps) if x.dtype.kind == "f" else 0.0 for x in (a, b))
    apart = np.abs(one - other)
    if not np.isfinite(apart).all() or apart.max() <= 4 * rounding * span or not span or not _is_scene(one):
        return None
    for name, turn in TURNS.items():
        turned = turn(other)
        if turned.shape != one.shape:
            continue
        left = np.abs(turned - one)
        if left.mean() <= min(GREY_LEVELS * span, CLEARLY * apart.mean()):
            return f"B's picture is A's, {name}" + f"; but for {_levels(left, span)}" * bool(left.max() > 1e-6 * span)
    if apart.mean() <= GREY_LEVELS * span and _correlation(one, other) > 0.98:
        return f"pixels differ by {_levels(apart, span)}"
    return None


def _levels(apart: Array, span: float) -> str:
    mean, most = (float(value) / span * 255 for value in (apart.mean(), apart.max()))
    return f"{short(mean)} of 255 grey levels in the mean, {short(most)} at most"


def _is_scene(x: Array) -> bool:
    """Whether neighbouring pixels are alike, as in every picture and in no noise."""
    rows = _correlation(x[:, 1:], x[:, :-1])
    columns = _correlation(x[:, :, 1:], x[:, :, :-1])
    return max(rows, columns) > 0.3


def _correlation(a: Array, b: Array) -> float:
    if not np.ptp(a) or not np.ptp(b):
        return 0.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _digest(array: Array) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:12]
