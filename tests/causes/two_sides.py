"""Cases made of arrays: what a comparison knows of layers whose weights are these in A and those in B."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from inspector.causes.case import Case, Facts, Sample, SetConstant, Suspicion
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Computation, Layer, Weight
from inspector.domain.files import ModelFile
from inspector.domain.match import WeightDifference
from inspector.matching.numbers import Gap

Arrays = Mapping[str, np.ndarray]


def facts(layers: list[Layer], precision: str = "float32") -> Facts:
    file = ModelFile(path="net", format="", title="", size=0, runs_in="graph", reason="")
    computation = Computation(layers=tuple(layers), inputs=(), outputs=())
    return Facts(file=file, computation=computation, precision=precision)


class Net:
    """Layers one behind the other; each with its arrays by role on both sides."""

    def __init__(self) -> None:
        self.a: list[Layer] = []
        self.b: list[Layer] = []
        self.rows: list[LayerDifference] = []
        self.values: dict[str, np.ndarray] = {}
        self.samples: dict[str, Sample] = {}

    def add(
        self,
        name: str,
        a: Arrays,
        b: Arrays,
        *,
        kind: str = "dense",
        status: str | None = None,
        roles_b: Mapping[str, str] | None = None,
        records: tuple[WeightDifference, ...] | None = None,
        **settings: Any,
    ) -> Net:
        """`roles_b`: the role that B's layer gives the array that stands for A's role. `status`: different where
        a weight is, unless it is said."""
        own = self._layer(name, f"a/{name}", a, kind, settings)
        other = self._layer(name, f"b/{name}", b, kind, settings, roles_b)
        self.a.append(own)
        self.b.append(other)
        found = records if records is not None else tuple(self._record(name, role, a[role], b.get(role)) for role in a)
        wrong = any(item.relation not in ("exact", "folded") for item in found)
        self.rows.append(
            LayerDifference(
                index=len(self.rows),
                a=name,
                b=f"{name}:0",
                class_name=kind,
                kind=kind,
                status=status or ("different" if wrong else "same"),
                weights=found,
            )
        )
        return self

    def _layer(
        self, name: str, prefix: str, arrays: Arrays, kind: str, settings: Any, roles: Mapping[str, str] | None = None
    ) -> Layer:
        weights = []
        for role, array in arrays.items():
            self.values[f"{prefix}/{role}"] = array
            weights.append(
                Weight(id=f"{prefix}/{role}", role=(roles or {}).get(role, role), shape=array.shape, dtype="float32")
            )
        last = self.a[-1].outputs if self.a and prefix.startswith("a/") else ("x",)
        output = name if prefix.startswith("a/") else f"{name}:0"
        return Layer(
            name=name,
            kind=kind,
            class_name=kind,
            settings=settings,
            weights=tuple(weights),
            inputs=last,
            outputs=(output,),
        )

    @staticmethod
    def _record(name: str, role: str, a: np.ndarray, b: np.ndarray | None) -> WeightDifference:
        if b is None or a.size != b.size:
            return WeightDifference(
                a=f"a/{name}/{role}", b="", role=role, relation="missing", shape_a=a.shape, shape_b=()
            )
        gap = Gap()
        gap.add(a.astype(np.float64).ravel(), b.astype(np.float64).ravel())
        relation, detail = gap.relation()
        if relation == "different" and np.array_equal(np.sort(a, None), np.sort(b, None)):
            relation = "permuted"
        return WeightDifference(
            a=f"a/{name}/{role}",
            b=f"b/{name}/{role}",
            role=role,
            relation=relation,
            shape_a=a.shape,
            shape_b=b.shape,
            max_abs=gap.largest,
            max_rel=gap.largest / (gap.scale or 1.0),
            worst_index=tuple(int(i) for i in np.unravel_index(gap.worst, a.shape)),
            detail=detail,
        )

    def sample(self, name: str, x: np.ndarray, a: np.ndarray, b: np.ndarray, floor: float = 1e-6) -> Net:
        self.samples[name] = Sample(inputs=(x,), a=a, b=b, noise_floor=floor)
        return self

    def case(self, *, ran: bool = True, precision_b: str = "float32") -> Case:
        return Case(
            layers=tuple(self.rows),
            layer_a={layer.name: layer for layer in self.a},
            layer_b={layer.outputs[0]: layer for layer in self.b},
            values_a=lambda name: self.values[name].ravel(),
            values_b=lambda name: self.values[name].ravel(),
            a=facts(self.a),
            b=facts(self.b, precision_b),
            sample=self.samples.get,
            ran=ran,
        )


def trained(seed: int, *shape: int) -> np.ndarray:
    """Numbers as training leaves them: of no initializer's distribution, heavier at the ends."""
    return (np.random.default_rng(seed).standard_t(4, shape) * 0.11 + 0.02).astype(np.float32)


def glorot(seed: int, *shape: int) -> np.ndarray:
    """Uniform within sqrt(6 / (in + out)), in and out counted with the receptive field (Glorot and Bengio 2010)."""
    field = int(np.prod(shape[:-2]))
    bound = np.sqrt(6.0 / (field * shape[-2] + field * shape[-1]))
    return np.random.default_rng(seed).uniform(-bound, bound, shape).astype(np.float32)


def norm(seed: int, width: int = 8) -> dict[str, np.ndarray]:
    """A batch norm's vectors after training."""
    random = np.random.default_rng(seed)
    return {
        "gamma": random.uniform(0.5, 1.5, width).astype(np.float32),
        "beta": random.normal(0, 0.5, width).astype(np.float32),
        "moving_mean": random.normal(0, 1, width).astype(np.float32),
        "moving_variance": random.uniform(0.2, 3, width).astype(np.float32),
    }


def put(found: Suspicion) -> dict[str, np.ndarray]:
    """What its trial sets, by B's node."""
    assert found.trial is not None
    return {edit.node: edit.value for edit in found.trial.edits if isinstance(edit, SetConstant)}
