"""What the causes are told: the case of one comparison, and what a second run of each side says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.causes import Case
from inspector.causes.case import Facts, InputPair, OutputPair, Sample
from inspector.compare.metrics import measure
from inspector.domain.comparison import Comparison, LayerDifference
from inspector.domain.computation import Computation, Layer, Port
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Side
from inspector.domain.lookups import LookupPair
from inspector.domain.match import Assignment
from inspector.session.inputs import Prepared
from inspector.session.laboratory import Laboratory
from inspector.session.layout import to_a
from inspector.session.passes import Gathered
from inspector.session.refused import refusal_of
from inspector.session.side import SideState
from inspector.session.strings import as_numbers, is_text
from inspector.workers.runner_client import Loaded, Runner

Array = NDArray[Any]
Arrays = Mapping[str, Array]
Feeds = Callable[[Side, str], Mapping[str, Array] | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """A comparison before its findings: `arrays` are the plain outputs by pair, A's and B's."""

    result: Comparison
    assignment: Assignment
    gathered: Gathered
    prepared: tuple[Prepared, ...]
    arrays: list[tuple[Array, Array]]
    lookups: tuple[LookupPair, ...] = ()

    def outputs(self) -> tuple[OutputPair, ...]:
        """The pairs as numbers, B's in A's layout."""
        found = []
        for difference, (a, b) in zip(self.result.outputs, map(numbers_of, self.arrays), strict=True):
            turned = to_a(b, a.shape, difference.axes)
            found.append(OutputPair(difference=difference, a=a, b=b if turned is None else turned))
        return tuple(found)


def facts_of(state: SideState, runner: Runner, loaded: Loaded, inputs: Arrays, plain: Arrays, *, tried: bool) -> Facts:
    """One side's facts; `tried`: run it once more, and its first sample alone."""
    return Facts(
        file=state.opened(),
        computation=state.computation(),
        options=state.options,
        precision=loaded.precision,
        framework=loaded.framework,
        versions=state.environment().versions,
        random_ops=loaded.random_ops,
        can=loaded.can,
        repeated=_again(runner, inputs, plain) if tried else None,
        alone=_alone(runner, inputs, plain) if tried else None,
        refusal=refusal_of(state, loaded),
    )


def facts_of_file(state: SideState) -> Facts:
    """What is known without a run."""
    return Facts(file=state.opened(), computation=state.computation(), options=state.options)


def case_of(
    measured: Measured,
    a: tuple[SideState, Facts],
    b: tuple[SideState, Facts],
    laboratory: Laboratory,
    feeds: Feeds,
    *,
    by_value: bool,
) -> Case:
    """Everything that is known when causes are asked."""
    by_name = by_names(a[1].computation)

    def sample(name: str) -> Sample | None:
        layer = by_name.get(name)
        return None if layer is None else laboratory.sample(name, layer.inputs)

    result = measured.result
    return Case(
        layers=result.layers,
        layer_a=by_name,
        layer_b=by_tensors(b[1].computation),
        values_a=a[0].reader.values,
        values_b=b[0].reader.values,
        a=a[1],
        b=b[1],
        sample=sample,
        feeds=feeds,
        outputs=measured.outputs(),
        inputs=tuple(
            _input(item, a[1].computation, b[1].computation) for item in measured.prepared if not is_text(item.array_a)
        ),
        unmatched_a=result.unmatched_a,
        unmatched_b=result.unmatched_b,
        warnings=result.warnings,
        lookups=measured.lookups,
        by_value=by_value,
    )


def weights_case(
    layers: tuple[LayerDifference, ...],
    a: tuple[SideState, Loaded],
    b: tuple[SideState, Loaded],
    laboratory: Laboratory,
) -> Case:
    """What there is before the outputs are judged: layers, their arrays, both sides' weights."""
    facts = [
        Facts(file=state.opened(), computation=state.computation(), options=state.options, precision=loaded.precision)
        for state, loaded in (a, b)
    ]
    by_name = by_names(facts[0].computation)

    def sample(name: str) -> Sample | None:
        layer = by_name.get(name)
        return None if layer is None else laboratory.sample(name, layer.inputs)

    return Case(
        layers=layers,
        layer_a=by_name,
        layer_b=by_tensors(facts[1].computation),
        values_a=a[0].reader.values,
        values_b=b[0].reader.values,
        a=facts[0],
        b=facts[1],
        sample=sample,
    )


def numbers_of(pair: tuple[Array, Array]) -> tuple[Array, Array]:
    """Two arrays of text as numbers, others as they are."""
    return as_numbers(*pair) if any(map(is_text, pair)) else pair


def by_names(computation: Computation) -> dict[str, Layer]:
    return {layer.name: layer for layer in computation.layers}


def by_tensors(computation: Computation) -> dict[str, Layer]:
    return {tensor: layer for layer in computation.layers for tensor in (*layer.outputs, *layer.aliases)}


def _input(item: Prepared, a: Computation, b: Computation) -> InputPair:
    return InputPair(
        a=_port(a, item.tensor_a, item.array_a),
        b=_port(b, item.tensor_b, item.array_b),
        array_a=item.array_a,
        array_b=item.array_b,
        preprocess_a=item.used.preprocess_a,
        preprocess_b=item.used.preprocess_b,
        picture=item.raw.dtype == np.uint8 and item.raw.ndim == 4,
    )


def _port(computation: Computation, tensor: str, array: Array) -> Port:
    found = next((port for port in computation.inputs if port.tensor == tensor), None)
    return found or Port(name=tensor, tensor=tensor, shape=array.shape, dtype=str(array.dtype))


def _again(runner: Runner, inputs: Arrays, plain: Arrays) -> float | None:
    return _apart(plain, _run(runner, inputs, plain), slice(None))


def _alone(runner: Runner, inputs: Arrays, plain: Arrays) -> float | None:
    """The first sample by itself against the same sample in a batch; one sample gets the others made of it."""
    counts = {array.shape[0] if array.ndim else 0 for array in inputs.values()}
    if len(counts) != 1 or counts <= {0}:
        return None
    if counts == {1}:
        mixed = {name: np.concatenate([array, _unlike(array)]) for name, array in inputs.items()}
        return _apart(plain, _run(runner, mixed, plain), slice(0, 1))
    one = {name: np.ascontiguousarray(array[:1]) for name, array in inputs.items()}
    return _apart(plain, _run(runner, one, plain), slice(0, 1))


def _unlike(array: Array) -> Array:
    """Another sample of the same kind: the same numbers the other way round, floats at half their size."""
    turned = array.reshape(1, -1)[:, ::-1].reshape(array.shape)
    return (turned * array.dtype.type(0.5)).astype(array.dtype) if array.dtype.kind == "f" else turned


def _run(runner: Runner, inputs: Arrays, plain: Arrays) -> dict[str, Array]:
    try:
        return runner.run(inputs, outputs=list(plain)).outputs
    except Cancelled:
        raise
    except InspectorError:  # a fixed batch, a graph that takes no such shape
        return {}


def _apart(plain: Arrays, again: Arrays, part: slice) -> float | None:
    """The largest distance as a share of the output's largest value."""
    shares = []
    for name, array in plain.items():
        other = again.get(name)
        if other is None or is_text(array) or not array.ndim:
            continue
        one, two = array[part], other[part]
        if one.shape != two.shape:
            continue
        finite = np.abs(one[np.isfinite(one)].astype(np.float64))
        shares.append(measure(one, two).max_abs / (float(finite.max(initial=0.0)) or 1.0))
    return max(shares, default=None)
