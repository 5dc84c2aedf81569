"""Scales and offsets around a convolution or a dense layer that a converter worked into its kernel and bias.

Multiplications and additions by constants before a kernel scale its input channels and move its bias; those behind
it scale its output channels: a Rescaling in front, the `0.2 x + 0.5` of a hard sigmoid behind, a batch norm on
either side, the bias of the layer before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Weight
from inspector.domain.match import Match, WeightDifference
from inspector.matching.affine import scale_and_offset
from inspector.matching.contents import Contents, size_of
from inspector.matching.folding import CLOSE, FOLDABLE, coarseness
from inspector.matching.numbers import Gap, numbers
from inspector.matching.steps import IDENTITIES, Step
from inspector.matching.sweep import Sweep

Float64 = NDArray[np.float64]
LARGEST = 1 << 24
MOST = 2  # layers on a side that are folded into one kernel
UNLIKE = ("different", "missing")
UNSTATED = ("lambda", "other")
# what an activation does to its input before it clips it (several ways to write it), and to what it gives in the end
HARD = {
    "hard_sigmoid": ((0.2, 0.5),),
    "hard_sigmoid_3": ((1 / 6, 0.5), (1.0, 3.0)),  # relu6(x + 3) / 6
    "sparse_sigmoid": ((0.5, 0.5), (1.0, 1.0)),
}
GIVES = {"hard_sigmoid_3": 1 / 6, "sparse_sigmoid": 0.5, "squareplus": 0.5}


@dataclass(frozen=True, slots=True)
class Affine:
    """`scale * x + offset` by channels (or one number for all); `layer` is A's, `role` what of it that is."""

    layer: str
    scale: Float64
    offset: Float64


def with_affine(matches: Sequence[Match], sweep: Sweep, contents: Contents) -> list[Match]:
    """The matches with kernels and biases taken for what they are where scales and offsets explain them."""
    by_name = {match.a: match for match in matches}
    for index, step in enumerate(sweep.steps_a):
        match = by_name[step.layer.name]
        placed = sweep.placed.get(index)
        unlike = any(record.relation in UNLIKE and " " not in record.a for record in match.weights)
        if (
            step.kind not in FOLDABLE
            or placed is None
            or not unlike
            or not any("kernel" in w.role for w in step.weights)
        ):
            continue
        layers = [sweep.steps_b[at].layer for at in (*placed.inside, placed.b)]
        weights = [weight for layer in layers for weight in layer.weights]
        found = _Kernel(step, weights, contents).explained(sweep, index, by_name)
        if found is None:
            continue
        records, taken = found
        by_name[match.a] = replace(match, weights=_merged(match.weights, records))
        for name in taken:
            by_name[name] = replace(by_name[name], weights=given_away(by_name[name].weights, step.layer.name))
    return [by_name[match.a] for match in matches]


def _merged(old: Sequence[WeightDifference], new: Mapping[str, WeightDifference]) -> tuple[WeightDifference, ...]:
    return tuple(new.get(record.a, record) for record in old)


def given_away(records: Sequence[WeightDifference], where: str) -> tuple[WeightDifference, ...]:
    """What B's layer has not, since it is in another one's kernel or bias."""
    told = f"worked into the kernel and bias of `{where}`"
    return tuple(replace(r, relation="folded", detail=told) if r.relation == "missing" else r for r in records)


class _Kernel:
    """One of A's kernels with its bias, and B's weights that stand for them."""

    def __init__(self, step: Step, weights_b: Sequence[Weight], contents: Contents) -> None:
        self._step, self._contents = step, contents
        self._kernel, self._bias = (_of_role(step.weights, role) for role in ("kernel", "bias"))
        self._kernel_b = _of_role(weights_b, "kernel")
        self._bias_b = _of_role(weights_b, "bias") or _of_role(weights_b, "offset")

    def explained(
        self, sweep: Sweep, index: int, matches: Mapping[str, Match]
    ) -> tuple[dict[str, WeightDifference], list[str]] | None:
        """Records by the ids of A's weights, and the layers whose scale or offset is in them."""
        kernel, kernel_b = self._kernel, self._kernel_b
        if kernel is None or kernel_b is None or not size_of(kernel) == size_of(kernel_b) <= LARGEST:
            return None
        before = list(_before(sweep, index, matches, self._contents))
        behind = list(_behind(sweep, index, self._contents)) or self._unknown(sweep, index)
        choices = product(_starts(before), _starts(behind))
        for ahead, after in sorted(choices, key=lambda pair: len(pair[0]) + len(pair[1])):
            records = self._records(ahead, after) if ahead or after else None
            if records is not None:
                return records, [item.layer for item in (*ahead, *after)]
        return None

    def _unknown(self, sweep: Sweep, index: int) -> list[list[Affine]]:
        """Of a function that nobody states (a Lambda) and that B has in the same step: the scale and the offset of it
        that B's kernel and bias show, each one number. Whether they are its own a run tells."""
        readers = [at for at, step in enumerate(sweep.steps_a) if self._step.output in step.inputs]
        if len(readers) != 1 or sweep.steps_a[readers[0]].kind not in UNSTATED:
            return []
        placed = sweep.placed.get(readers[0])
        kernel, bias = self._both(self._kernel, self._kernel_b), self._both(self._bias, self._bias_b)
        if (placed is not None and placed.b != sweep.placed[index].b) or kernel is None or bias is None:
            return []
        sizes = [float(np.linalg.norm(array)) for array in kernel]
        if not all(sizes):
            return []
        name, scale = sweep.steps_a[readers[0]].layer.name, sizes[1] / sizes[0]
        return [
            [Affine(name, np.full(1, one), np.full(1, np.mean(bias[1] - one * bias[0]))) for one in (scale, -scale)]
        ]

    def _both(self, a: Weight | None, b: Weight | None) -> tuple[Float64, Float64] | None:
        """The values of two weights of one size, flat."""
        if a is None or b is None or size_of(a) != size_of(b):
            return None
        one, other = self._contents.values("a", a), self._contents.values("b", b)
        return one.astype(np.float64).ravel(), other.astype(np.float64).ravel()

    def _records(self, before: Sequence[Affine], behind: Sequence[Affine]) -> dict[str, WeightDifference] | None:
        kernel, kernel_b = self._kernel, self._kernel_b
        assert kernel is not None  # noqa: S101 - asked before
        assert kernel_b is not None  # noqa: S101 - asked before
        a = self._contents.values("a", kernel).astype(np.float64)
        b = self._contents.values("b", kernel_b).astype(np.float64)
        made = _expected(a, self._step.kind, before, behind)
        if made is None:
            return None
        expected, offset, scale = made
        gap = Gap()
        gap.add(expected.ravel(), b.ravel())
        if gap.largest > CLOSE * gap.scale + coarseness(kernel_b, gap.scale):
            return None
        told = ", ".join(f"`{item.layer}`" for item in (*before, *behind))
        found = {kernel.id: _record(gap, "kernel", kernel, kernel_b, f"A's with the scale of {told}")}
        if self._bias is None or self._bias_b is None:
            return found
        own = self._contents.values("a", self._bias).astype(np.float64).ravel()
        wanted = own * scale + offset
        gap = Gap()
        gap.add(
            np.broadcast_to(wanted, own.shape).ravel(), self._contents.values("b", self._bias_b).ravel().astype(float)
        )
        if gap.largest > CLOSE * max(gap.scale, 1.0) + coarseness(self._bias_b, gap.scale):
            return None
        return {
            **found,
            self._bias.id: _record(gap, "bias", self._bias, self._bias_b, f"A's with the offset of {told}"),
        }


def _record(gap: Gap, role: str, a: Weight, b: Weight, what: str) -> WeightDifference:
    detail = f"B's {role} is {what}, to {gap.largest:.1e}"
    return numbers(gap, "folded", detail, a=a.id, b=b.id, role=role, shape_a=a.shape, shape_b=b.shape)


def _expected(
    kernel: Float64, kind: str, before: Sequence[Affine], behind: Sequence[Affine]
) -> tuple[Float64, Float64, Float64] | None:
    """The kernel (in A's shape), what is added to the scaled bias, and that scale; None where sizes do not fit.

    Kernels are HWIO, HWIM for depthwise, HWOI transposed, IO dense."""
    ones, zeros = np.ones(1), np.zeros(1)
    scale_in, offset_in = ones, zeros
    for item in before:
        scale_in, offset_in = scale_in * item.scale, offset_in + scale_in * item.offset
    scale, offset = ones, zeros
    for item in behind:
        scale, offset = scale * item.scale, offset * item.scale + item.offset
    depthwise, turned = kind.startswith("depthwise"), kind.endswith("transpose")
    inputs, outputs = (-2, (-2, -1)) if depthwise else (-1, (-2,)) if turned else (-2, (-1,))
    channels = int(np.prod([kernel.shape[axis] for axis in outputs]))
    if {scale_in.size, offset_in.size} - {1, kernel.shape[inputs]} or {scale.size, offset.size} - {1, channels}:
        return None
    over_in, over_offset = (
        [size if axis == inputs % kernel.ndim else 1 for axis in range(kernel.ndim)]
        for size in (scale_in.size, offset_in.size)
    )
    over_out = [
        kernel.shape[axis] if scale.size > 1 and axis - kernel.ndim in outputs else 1 for axis in range(kernel.ndim)
    ]
    kept = tuple(axis % kernel.ndim for axis in outputs)
    summed = tuple(axis for axis in range(kernel.ndim) if axis not in kept)
    added = (kernel * offset_in.reshape(over_offset)).sum(summed).ravel()
    return kernel * scale_in.reshape(over_in) * scale.reshape(over_out), added * scale + offset, scale


def _starts(layers: Sequence[Sequence[Affine]]) -> list[tuple[Affine, ...]]:
    """Of layers, each with the ways in which it is written: none of them, the first, the first two, ..."""
    return [chosen for count in range(len(layers) + 1) for chosen in product(*layers[:count])]


def _before(sweep: Sweep, index: int, matches: Mapping[str, Match], contents: Contents) -> Iterator[list[Affine]]:
    """The scales and offsets that a step reads its input through, and that B does not have, nearest first."""
    makers = {step.output: at for at, step in enumerate(sweep.steps_a)}
    tensors = sweep.steps_a[index].inputs
    for _ in range(MOST):
        maker = through(sweep, makers, tensors)
        if maker is None:
            return
        step = sweep.steps_a[maker]
        match = matches[step.layer.name]
        lost = [record.role for record in match.weights if record.relation == "missing"]
        if step.kind in FOLDABLE and "bias" in lost:
            bias = _of_role(step.weights, "bias")
            if bias is not None:
                yield [Affine(step.layer.name, np.ones(1), contents.values("a", bias).astype(np.float64).ravel())]
            return
        given = _given(step)
        if given is not None:
            yield [given]
            return
        affine = _affine(step, contents) if maker not in sweep.placed else []
        if not affine:
            return
        yield affine
        tensors = step.inputs


def _given(step: Step) -> Affine | None:
    """The factor with which a layer ends."""
    factor = 1 / len(step.inputs) if step.kind == "average" else GIVES.get(step.activation, 1.0)
    return None if factor == 1.0 else Affine(step.layer.name, np.full(1, factor), np.zeros(1))


def _behind(sweep: Sweep, index: int, contents: Contents) -> Iterator[list[Affine]]:
    """The scales and offsets that alone read a step, in order."""
    tensor = sweep.steps_a[index].output
    for _ in range(MOST):
        readers = [step for step in sweep.steps_a if tensor in step.inputs]
        if len(readers) != 1:
            return
        affine = _affine(readers[0], contents)
        if not affine:
            return
        yield affine
        tensor = readers[0].output


def through(sweep: Sweep, makers: Mapping[str, int], tensors: Sequence[str]) -> int | None:
    """Who makes a step's one input; behind layers that do nothing in inference, who makes theirs."""
    while len(tensors) == 1 and tensors[0] in makers:
        maker = makers[tensors[0]]
        if sweep.steps_a[maker].kind not in IDENTITIES:
            return maker
        tensors = sweep.steps_a[maker].inputs
    return None


def _affine(step: Step, contents: Contents) -> list[Affine]:
    """What a step multiplies and adds, in each way in which it is written; none for one that does something else."""
    name, settings = step.layer.name, step.layer.settings
    if step.kind == "batch_norm":
        return [Affine(name, *scale_and_offset(step.layer, lambda weight: contents.values("a", weight)))]
    if step.kind == "normalization":
        return _normalizing(step, contents)
    if step.kind == "rescaling":
        scale, offset = (_vector(settings.get(key), default) for key, default in (("scale", 1.0), ("offset", 0.0)))
        return [] if scale is None or offset is None else [Affine(name, scale, offset)]
    if step.kind == "activation":
        return [Affine(name, np.full(1, scale), np.full(1, offset)) for scale, offset in HARD.get(step.activation, ())]
    return []


def _normalizing(step: Step, contents: Contents) -> list[Affine]:
    """`(x - mean) / max(sqrt(variance), 1e-7)`, inverted `mean + x * max(sqrt(variance), 1e-7)`, as
    keras/src/layers/preprocessing/normalization.py has it."""
    mean, variance = (_of_role(step.weights, role) for role in ("mean", "variance"))
    if mean is None or variance is None:
        return []
    middle, spread = (contents.values("a", weight).astype(np.float64).ravel() for weight in (mean, variance))
    deviation = np.maximum(np.sqrt(spread), 1e-7)
    if step.layer.settings.get("invert"):
        return [Affine(step.layer.name, deviation, middle)]
    return [Affine(step.layer.name, 1 / deviation, -middle / deviation)]


def _vector(value: object, default: float) -> Float64 | None:
    try:
        return np.atleast_1d(np.asarray(default if value is None else value, np.float64)).ravel()
    except (TypeError, ValueError):
        return None


def _of_role(weights: Sequence[Weight], role: str) -> Weight | None:
    return next((weight for weight in weights if role in weight.role), None)
