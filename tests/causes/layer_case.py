"""A case of one layer, made by hand: what it reads, what each side gives, and what the files say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inspector.causes.case import Case, Facts, OutputPair, Sample, Suspicion
from inspector.compare.metrics import measure
from inspector.domain.comparison import LayerDifference, OutputDifference
from inspector.domain.computation import Computation, Layer, Weight
from inspector.domain.files import ModelFile
from inspector.domain.match import WeightDifference

Arrays = Mapping[str, np.ndarray]
FLOOR = 1e-6


def layer(kind: str, name: str = "layer", weights: Arrays | None = None, **more: Any) -> Layer:
    """`settings` by keyword; `reads`, `class_name`, `nodes` and `shape` are the layer's own."""
    own = {key: more.pop(key) for key in ("class_name", "nodes", "shape") if key in more}
    return Layer(
        name=name,
        kind=kind,
        class_name=own.pop("class_name", kind),
        inputs=tuple(more.pop("reads", ("before",))),
        outputs=(name,),
        weights=tuple(
            Weight(id=f"{name}/{role}", role=role, shape=array.shape, dtype="float32")
            for role, array in (weights or {}).items()
        ),
        settings=more,
        **own,
    )


def case_of(
    a: Layer,
    inputs: Sequence[np.ndarray],
    one: np.ndarray,
    other: np.ndarray,
    *,
    b: Layer | None = None,
    weights: Arrays | None = None,
    weights_b: Arrays | None = None,
    before: Sequence[Layer] = (),
) -> Case:
    """`one` and `other` are what A and B give from the same inputs. `weights_b` are stored in B as `b/<role>`."""
    rows = [row(item.name, "same") for item in before]
    relations = tuple(related(role, weights or {}, array) for role, array in (weights_b or {}).items())
    apart = float(np.abs(one - other).max()) if one.shape == other.shape else np.inf
    rows.append(row(a.name, "different" if apart > FLOOR else "same", (one, other), relations))
    sample = Sample(inputs=tuple(inputs), a=one, b=other, noise_floor=FLOOR)
    values = {f"{a.name}/{role}": array.ravel() for role, array in (weights or {}).items()}
    values |= {f"b/{role}": array.ravel() for role, array in (weights_b or {}).items()}
    return Case(
        layers=tuple(rows),
        layer_a={item.name: item for item in (*before, a)},
        layer_b={f"{a.name}:0": b} if b is not None else {},
        values_a=lambda name: values[name],
        values_b=lambda name: values[name],
        a=facts((*before, a)),
        b=facts((b,) if b is not None else ()),
        sample=lambda name: sample if name == a.name else None,
    )


def row(
    name: str, status: str, pair: tuple[np.ndarray, np.ndarray] | None = None, weights: Sequence[WeightDifference] = ()
) -> LayerDifference:
    introduced = measure(*pair) if pair is not None and pair[0].shape == pair[1].shape else None
    return LayerDifference(
        index=0,
        a=name,
        b=None if status == "not-compared" else f"{name}:0",
        class_name="Any",
        kind="any",
        status=status,
        introduced=introduced,
        noise_floor=FLOOR,
        weights=tuple(weights),
    )


def related(role: str, weights: Arrays, other: np.ndarray) -> WeightDifference:
    own = weights[role]
    equal = own.shape == other.shape and np.array_equal(own, other)
    return WeightDifference(
        a=f"layer/{role}",
        b=f"b/{role}",
        role=role,
        relation="exact" if equal else "permuted" if sorted(own.ravel()) == sorted(other.ravel()) else "different",
        shape_a=own.shape,
        shape_b=other.shape,
    )


def facts(layers: Sequence[Layer]) -> Facts:
    file = ModelFile(path="x", format="any", title="any", size=0, runs_in="graph", reason="")
    return Facts(file=file, computation=Computation(layers=tuple(layers), inputs=(), outputs=()))


def output(a: Layer, one: np.ndarray, other: np.ndarray) -> OutputPair:
    """The model's output, which this layer gives."""
    difference = OutputDifference(
        a=a.outputs[0],
        b="out:0",
        shape=one.shape,
        metrics=measure(one, other),
        noise_floor=FLOOR,
        within_noise=False,
        identical=False,
    )
    return OutputPair(difference=difference, a=one, b=other)


def only(found: Sequence[Suspicion]) -> Suspicion:
    assert len(found) == 1, [item.title for item in found]
    return found[0]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
