"""The first layers that read an input, and the plain arithmetic that stands before them on either side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.causes.case import Array, Case, InputPair
from inspector.causes.formulas import compute, fit_of, fits, linear, roles
from inspector.causes.inputs.affine import IDENTITY, Affine, between, solve
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

FRONT = ("rescaling", "normalization", "scale", "offset")
ARITHMETIC = (*FRONT, "batch_norm")  # in B, where nothing of A is matched with it: a scale and an offset
MOST = 8  # layers between an input and its reader
IDLE = ("dropout", "identity", "flatten", "reshape", "crop", "upsample", "repeat", "permute", "pad", "input")
PASSED = (*IDLE, "pool")
KEPT = ("exact", "transposed", "rounded", "split")
RELATIVE = 1e-5
HYPOTHESES, MOST_WORK = 16, 6e9  # convolutions that the solver needs, multiplications in all
TAKEN_IN = ("fold", "fused with", "does nothing")


@dataclass(frozen=True, slots=True)
class Reader:
    """A compared layer of A that reads an input, if through arithmetic alone. `front` is that arithmetic in A's
    order, `lost` what of it has no tensor in B; `extra` are B's layers before its own that stand for nothing in A.
    `own` where the compared layer is itself such arithmetic (a Rescaling with other numbers); `deep` where layers
    that only move or pick values come before it, so that it reads something else than what was fed."""

    row: LayerDifference
    layer: Layer
    layer_b: Layer | None
    front: tuple[Layer, ...]
    lost: tuple[Layer, ...]
    extra: tuple[Layer, ...]
    own: bool = False
    deep: bool = False

    @property
    def keeps_weights(self) -> bool:
        """Whether both sides hold the same numbers in it, so that what differs is what it reads."""
        return all(weight.relation in KEPT for weight in self.row.weights)

    @property
    def arithmetic(self) -> tuple[Layer, ...]:
        """Of `extra`, what scales and shifts."""
        return tuple(layer for layer in self.extra if layer.kind in ARITHMETIC)


def readers(case: Case, tensor: str) -> list[Reader]:
    """Of A's input `tensor`: the compared layers that read it, in A's order."""
    rows = {item.a: item for item in case.layers}
    found: dict[str, Reader] = {}
    waiting: list[tuple[str, tuple[Layer, ...], bool]] = [(tensor, (), False)]
    for _ in range(MOST * MOST):
        if not waiting:
            break
        here, front, deep = waiting.pop(0)
        for layer in case.a.computation.layers:
            row = rows.get(layer.name)
            if row is None or here not in layer.inputs or len(front) > MOST:
                continue
            arithmetic = layer.kind in FRONT
            passed = layer.kind in PASSED and len(layer.inputs) == 1 and row.status != "different"
            if row.b is not None and not passed and (not arithmetic or row.status == "different"):
                found.setdefault(row.a, _reader(case, row, layer, front, deep))
            if (arithmetic or passed) and layer.outputs:
                waiting.append((layer.outputs[0], (*front, layer) if arithmetic else front, deep or passed))
    order = {item.a: at for at, item in enumerate(case.layers)}
    return sorted(found.values(), key=lambda reader: order[reader.row.a])


def _reader(case: Case, row: LayerDifference, layer: Layer, front: tuple[Layer, ...], deep: bool) -> Reader:  # noqa: FBT001
    rows = {item.a: item for item in case.layers}
    lost = tuple(one for one in front if rows[one.name].b is None and not rows[one.name].note.startswith(TAKEN_IN))
    b = case.layer_b.get(row.b or "")
    return Reader(row, layer, b, front, lost, _extra(case, b), layer.kind in FRONT, deep)


def _extra(case: Case, layer: Layer | None) -> tuple[Layer, ...]:
    """B's layers between this one and the next match or input above it, the nearest to the input first."""
    if layer is None:
        return ()
    makers = {tensor: maker for maker in case.b.computation.layers for tensor in (*maker.outputs, *maker.aliases)}
    matched = {found.name for row in case.layers if (found := case.layer_b.get(row.b or "")) is not None}
    between_them: dict[str, Layer] = {}
    waiting = list(layer.inputs)
    while waiting and len(between_them) < 8:
        maker = makers.get(waiting.pop())
        if maker is None or maker.name in {*between_them, *matched} or maker.kind == "input":
            continue
        between_them[maker.name] = maker
        waiting += maker.inputs
    return tuple(between_them.values())[::-1]


def seen_in_b(case: Case, reader: Reader) -> tuple[Array, Affine] | None:
    """A's array that the layer reads, channels last, and what turns it into what B's layer reads, from both outputs
    in float64.

    None where the layer's formula is not at hand, A's own numbers do not follow it, or no transform fits."""
    fit = fit_of(case.sample(reader.row.a))
    if fit is None or len(fit.inputs) != 1 or fit.inputs[0].ndim < 2 or not reader.keeps_weights:
        return None
    x, a, b = (_channels_last(reader.layer, array) for array in (fit.inputs[0], fit.a, fit.b))
    if reader.layer.kind in IDLE:
        change = _passed_on(x, a, b, fit.tolerance)
    else:
        change = _computed_from(reader.layer, roles(case, reader.layer), (x, a, b), fit.tolerance)
    return None if change is None else (x, change)


def _computed_from(
    layer: Layer, weights: dict[str, Array], arrays: tuple[Array, Array, Array], tolerance: float
) -> Affine | None:
    """Of a layer that multiplies and adds: the transform of its input under which it gives B's output."""
    x, a, b = arrays
    kernel = weights.get("kernel", weights.get("depthwise_kernel"))
    if kernel is None or b.shape != a.shape:
        return None
    if a[:1].size * kernel.size / kernel.shape[-1] * HYPOTHESES > MOST_WORK:
        return None
    if a.size * kernel.size / kernel.shape[-1] * HYPOTHESES > MOST_WORK:
        x, a, b = x[:1], a[:1], b[:1]
    if not fits(compute(layer, [x], weights), a, tolerance):
        return None
    seen = _below(layer, b, tolerance)
    resting = linear(layer, np.zeros_like(x), weights)
    if seen is None or resting is None or resting.shape != b.shape:
        return None

    def pure(field: Array) -> Array | None:
        given = linear(layer, field, weights)
        return None if given is None else given - resting

    return solve(pure, x, b - resting, tolerance, seen)


def _below(layer: Layer, b: Array, tolerance: float) -> Array | None:
    """Where the output tells the value before the activation; None for an activation that bends everywhere."""
    name, most = str(layer.settings.get("activation") or "linear"), layer.settings.get("max_value")
    if name == "linear":
        return np.ones(b.shape, bool)
    limit = 6.0 if name == "relu6" else most if isinstance(most, int | float) else np.inf
    return (b > tolerance) & (b < limit - tolerance) if name in ("relu", "relu6") else None


def _channels_last(layer: Layer, array: Array) -> Array:
    first = layer.settings.get("data_format") == "channels_first" and array.ndim > 2
    return np.moveaxis(array, 1, -1) if first else array


def _passed_on(x: Array, a: Array, b: Array, tolerance: float) -> Affine | None:
    """Of a layer that moves or repeats values: the transform is seen in its outputs, channel by channel."""
    channels = x.shape[-1]
    if a.shape[-1] != channels:
        if a.ndim != 2 or a.shape[-1] % channels or not np.array_equal(a.reshape(x.shape), x):
            return None
        a, b = a.reshape(x.shape), b.reshape(x.shape)
    inside = np.any(a != 0, axis=-1) | np.any(b != 0, axis=-1)  # not what a padding has put there
    return between(a[inside], b[inside], tolerance) if inside.any() else None


@dataclass(frozen=True, slots=True)
class Numbers:
    """What A's and what B's layer reads, each as a transform of what its own side was fed; `fed` turns what B was
    fed into what A was. Of a layer further in, as a transform of what A's reads there; then `fed` is None."""

    a: Affine
    b: Affine
    fed: Affine | None

    @property
    def differ(self) -> bool:
        """Whether the files do different things to what they are fed."""
        return not self.a.is_near(self.b)

    @property
    def wanted(self) -> Affine | None:
        """What B's input lacks: with it, B's layer reads what A's does. None where that cannot be undone."""
        back = self.b.inverse()
        return None if back is None or self.fed is None else back.after(self.a).after(self.fed)


def numbers_of(case: Case, pair: InputPair, reader: Reader) -> Numbers | None:
    """Solved for from the reader's own numbers on both sides; None where no transform fits them."""
    if reader.own:
        fit = fit_of(case.sample(reader.row.a))
        if fit is None or len(fit.inputs) != 1 or fit.inputs[0].shape != fit.b.shape or fit.b.ndim < 2:
            return None
        x = fit.inputs[0]
        one, other = between(x, fit.a, fit.tolerance), between(x, fit.b, fit.tolerance)
        return None if one is None or other is None else _of_fed(pair, x, one, other, deep=reader.deep)
    found = seen_in_b(case, reader)
    return None if found is None else _of_fed(pair, found[0], IDENTITY, found[1], deep=reader.deep)


def _of_fed(pair: InputPair, x: Array, one: Affine, other: Affine, *, deep: bool) -> Numbers | None:
    """`one` and `other` are of what A's layer reads, `x`; from there back to what was fed."""
    if deep:
        return Numbers(one, other, None)
    a, b = (as_laid_out(array[: len(x)], x.shape) for array in (pair.array_a, pair.array_b))
    if a is None or b is None or a.dtype.kind not in "fiu" or b.dtype.kind not in "fiu":
        return None
    front = between(a, x, RELATIVE * float(np.abs(x).max(initial=0.0)))
    fed = between(b, a, RELATIVE * float(np.abs(np.asarray(a, np.float64)).max(initial=0.0)))
    if front is None or fed is None:
        return None
    return Numbers(one.after(front), other.after(front).after(fed), fed)


def as_laid_out(array: Array, shape: tuple[int, ...]) -> Array | None:
    """The same numbers in a shape: channels brought to the front or to the back, else laid out anew."""
    rank = len(shape)
    turns: tuple[tuple[int, ...], ...] = ((0, *range(2, rank), 1), (0, rank - 1, *range(1, rank - 1)))
    if array.shape == shape:
        return array
    if rank > 2 and array.ndim == rank:
        for axes in turns:
            if tuple(array.shape[at] for at in axes) == shape:
                return np.ascontiguousarray(array.transpose(axes))
    return array.reshape(shape) if array.size == int(np.prod(shape)) else None
