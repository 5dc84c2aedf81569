"""Cases about inputs and outputs: two computations in a few words, with the arrays that go in and come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inspector.causes.case import Case, Facts, InputPair, OutputPair, Sample
from inspector.compare.metrics import measure
from inspector.domain.comparison import LayerDifference, OutputDifference
from inspector.domain.computation import Computation, Layer, Port, Weight
from inspector.domain.files import Choice, ModelFile
from inspector.domain.match import WeightDifference

FLOOR = 1e-6


def a_layer(
    name: str, kind: str, *inputs: str, tensor: str = "", aliases: tuple[str, ...] = (), **settings: Any
) -> Layer:
    """`weights`: names of roles; the arrays are the case's."""
    roles = settings.pop("weights", ())
    weights = tuple(Weight(id=f"{name}/{role}", role=role, shape=shape, dtype="float32") for role, shape in roles)
    return Layer(
        name=name,
        kind=kind,
        class_name=settings.pop("class_name", kind),
        settings=settings,
        weights=weights,
        inputs=inputs,
        outputs=(tensor or name,),
        aliases=aliases,
    )


@dataclass
class Ports:
    """Both sides, made step by step. A's tensors are names, B's end in `:0`."""

    format_a: str = "keras_h5"
    format_b: str = "graphdef"
    a: list[Layer] = field(default_factory=list)
    b: list[Layer] = field(default_factory=list)
    rows: list[LayerDifference] = field(default_factory=list)
    samples: dict[str, Sample] = field(default_factory=dict)
    values: dict[str, np.ndarray] = field(default_factory=dict)
    inputs: list[InputPair] = field(default_factory=list)
    outputs: list[OutputPair] = field(default_factory=list)
    feeds: Callable[..., Any] = lambda _side, _pipeline: None
    can: tuple[str, ...] = ("edit",)
    parts: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    choices: tuple[tuple[Choice, ...], tuple[Choice, ...]] = ((), ())
    facts: tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] = ((), ())
    title: tuple[str, str] = ("", "")
    path: tuple[str, str] = ("a", "b")

    def fed(self, name: str, a: np.ndarray, b: np.ndarray | None = None, **more: Any) -> Ports:
        """An input; the same array for both unless B's is given."""
        b = a if b is None else b
        self.a.append(a_layer(name, "input"))
        self.b.append(a_layer(name, "input", tensor=f"{name}:0"))
        self.inputs.append(InputPair(a=_port(name, a), b=_port(f"{name}:0", b), array_a=a, array_b=b, **more))
        return self

    def both(self, a: Layer, b: Layer | None, status: str = "same", relation: str = "exact") -> Ports:
        """A layer of A, and what it is matched with."""
        self.a.append(a)
        if b is not None:
            self.b.append(b)
        weights = tuple(
            WeightDifference(a=w.id, b=w.id, role=w.role, relation=relation, shape_a=w.shape, shape_b=w.shape)
            for w in a.weights
        )
        number = measure(np.zeros(1), np.ones(1)) if status == "different" else measure(np.zeros(1), np.zeros(1))
        self.rows.append(
            LayerDifference(
                index=len(self.rows),
                a=a.name,
                b=b.outputs[0] if b is not None else None,
                class_name=a.class_name,
                kind=a.kind,
                status=status if b is not None else "not-compared",
                introduced=number if b is not None else None,
                noise_floor=FLOOR,
                weights=weights,
            )
        )
        return self

    def numbers(self, name: str, x: np.ndarray, a: np.ndarray, b: np.ndarray) -> Ports:
        self.samples[name] = Sample(inputs=(x,), a=a, b=b, noise_floor=FLOOR)
        return self

    def gives(self, a: str, b: str, array_a: np.ndarray, array_b: np.ndarray, floor: float = FLOOR) -> Ports:
        metrics = measure(array_a, array_b, noise_floor=floor)
        difference = OutputDifference(
            a=a,
            b=b,
            shape=array_a.shape,
            metrics=metrics,
            noise_floor=floor,
            within_noise=metrics.max_abs <= floor,
            identical=metrics.max_abs == 0,
        )
        self.outputs.append(OutputPair(difference=difference, a=array_a, b=array_b))
        return self

    def case(self, *, ran: bool = True) -> Case:
        by_tensor = {tensor: layer for layer in self.b for tensor in (*layer.outputs, *layer.aliases)}
        return Case(
            layers=tuple(self.rows),
            layer_a={layer.name: layer for layer in self.a},
            layer_b=by_tensor,
            values_a=lambda name: self.values[name].ravel(),
            values_b=lambda name: self.values[name].ravel(),
            a=self._facts(0),
            b=self._facts(1),
            sample=self.samples.get,
            feeds=self.feeds,
            outputs=tuple(self.outputs) if ran else (),
            inputs=tuple(self.inputs) if ran else (),
            ran=ran,
        )

    def _facts(self, side: int) -> Facts:
        file = ModelFile(
            path=self.path[side],
            format=(self.format_a, self.format_b)[side],
            title=self.title[side],
            size=0,
            runs_in="graph",
            reason="",
            parts=self.parts[side],
            choices=self.choices[side],
            facts=self.facts[side],
        )
        layers = tuple((self.a, self.b)[side])
        ports = tuple(pair.a if side == 0 else pair.b for pair in self.inputs)
        tensors = [(p.difference.a, p.difference.b)[side] for p in self.outputs]
        named = tuple(Port(name=t.partition(":")[0], tensor=t, shape=None, dtype="float32") for t in tensors)
        return Facts(file=file, computation=Computation(layers=layers, inputs=ports, outputs=named), can=self.can)


def _port(tensor: str, array: np.ndarray) -> Port:
    return Port(name=tensor.partition(":")[0], tensor=tensor, shape=array.shape, dtype=str(array.dtype))
