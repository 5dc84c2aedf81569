"""What a cause sees, and what it says: suspicions, each with a trial that mends a copy in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from inspector.domain.comparison import LayerDifference, OutputDifference, Proof
from inspector.domain.computation import Computation, Layer, Port
from inspector.domain.files import ModelFile, Side, Warn
from inspector.domain.lookups import LookupPair
from inspector.domain.options import SideOptions
from inspector.domain.refusal import Refusal

Array = NDArray[Any]
Values = Callable[[str], Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One layer given the same inputs on both sides, from the first pass, everything in A's layout.

    `inputs` are what A's layer reads, in the order of `Layer.inputs`; `a` and `b` its output on each side;
    `noise_floor` in the units of the output."""

    inputs: tuple[Array, ...]
    a: Array
    b: Array
    noise_floor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One side: its file, its computation, what it is run with, and what its runner said of it.

    `repeated` and `alone` are measured on the outputs of plain runs, as a share of the output's largest value:
    how far a second run of the same inputs is from the first, and how far the first sample run by itself is
    from the same sample in its batch. None where it was not tried. `precision` is what it computes in.
    `refusal`: its framework does not take the file as it stands."""

    file: ModelFile
    computation: Computation
    options: SideOptions = field(default_factory=SideOptions)
    precision: str = "float32"
    framework: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    random_ops: tuple[str, ...] = ()
    can: tuple[str, ...] = ()
    repeated: float | None = None
    alone: float | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPair:
    """A compared output: its numbers, and each side's array of the plain run, B's in A's layout."""

    difference: OutputDifference
    a: Array
    b: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPair:
    """A pair of inputs and what each side was fed. `picture`: the raw input is a photo, so that a pipeline
    makes sense of it."""

    a: Port
    b: Port
    array_a: Array
    array_b: Array
    preprocess_a: str = ""
    preprocess_b: str = ""
    picture: bool = False


def _nothing(_name: str) -> None:
    return None


def _no_feeds(_side: Side, _pipeline: str) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that is known when causes are asked.

    `layers` are the compared layers in A's order. `layer_a` finds A's layer by its name, `layer_b` B's by the
    name of a tensor. `values_a`, `values_b` read a stored weight by its id, flat in C order. `sample` gives a
    layer's arrays by A's name, None where they are not known (no replay, not matched). `feeds` gives what a
    side would be fed, by tensor, under another preprocessing pipeline; None where that cannot be said. `lookups` are
    the vocabularies, boundaries and buckets that both sides look up in. `by_value`: the outputs' order and names do
    not count. `ran` is false when nothing was run (`compare --static`): then no layer has numbers, all have the
    status `not-compared`, and only settings and weights can be looked at."""

    layers: tuple[LayerDifference, ...]
    layer_a: Mapping[str, Layer]
    layer_b: Mapping[str, Layer]
    values_a: Values
    values_b: Values
    a: Facts
    b: Facts
    sample: Callable[[str], Sample | None] = _nothing
    feeds: Callable[[Side, str], Mapping[str, Array] | None] = _no_feeds
    outputs: tuple[OutputPair, ...] = ()
    inputs: tuple[InputPair, ...] = ()
    unmatched_a: tuple[str, ...] = ()
    unmatched_b: tuple[str, ...] = ()
    warnings: tuple[Warn, ...] = ()
    lookups: tuple[LookupPair, ...] = ()
    by_value: bool = False
    ran: bool = True

    @property
    def agrees(self) -> bool:
        """Whether the models were run and every output is the same within its noise floor."""
        return bool(self.outputs) and all(pair.difference.within_noise for pair in self.outputs)

    def suspects(self) -> Iterator[tuple[LayerDifference, Layer, Layer | None]]:
        """The layers that introduce a difference, with what is known of them on each side. Without a run: all;
        and those that could not be compared are open to suspicion, too."""
        for item in self.layers:
            a = self.layer_a.get(item.a)
            if a is not None and item.status in ("different", "not-compared"):
                yield item, a, self.layer_b.get(item.b or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConstant:
    """An edit: give a node of B's graph this value (in the node's own shape and dtype)."""

    node: str
    value: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAttribute:
    """An edit: give a node of B's graph another attribute."""

    node: str
    name: str
    value: float | int | str | bool | tuple[float, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTable:
    """An edit: fill a lookup table of B's graph with these keys and values, each of shape (entries,)."""

    node: str
    keys: Array
    values: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Graft:
    """An edit: A's layer takes the place of B's: it reads what B's layer reads, and B goes on from its output.

    Says that the difference comes from this layer and from nothing else in it; for a cause that no single
    number mends (another activation, another padding, another gate order)."""

    layer: str


Edit = SetConstant | SetAttribute | SetTable | Graft


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One experiment. `text` says in a few words what is put right ("epsilon 0.001 put back into `bn`").

    `edits` mend a copy of B. `feeds_a`, `feeds_b` take the place of what a side was fed, by tensor. `pairs` are
    the outputs that are compared instead (A's tensor, B's tensor). `outputs_b` take the place of what B gave, by
    tensor (put in another order, an activation behind them). `options_a`, `options_b` are run options of
    SideOptions under which a side is run instead, by name (`optimise`, `onednn`, `threads`, ...)."""

    text: str
    edits: tuple[Edit, ...] = ()
    feeds_a: Mapping[str, Array] | None = None
    feeds_b: Mapping[str, Array] | None = None
    pairs: tuple[tuple[str, str], ...] | None = None
    outputs_b: Mapping[str, Array] | None = None
    options_a: Mapping[str, Any] | None = None
    options_b: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A cause that may explain a difference, at `layers` (A's names, the first one is the one to look at; empty
    for a cause of the whole model). `confidence` 0..1 is what the evidence alone is worth: 0.95 both sides
    state it, or the layer's own numbers fit it exactly; 0.5 it would explain it; 0.2 a guess.

    `trial`: what mends it, None when nothing can be tried. `needs_proof`: drop it unless its trial removes at
    least half of the outputs' difference. `family`: of all suspicions with the same one, only the one whose
    trial removes most is kept (a search). `note_only`: worth telling though the numbers agree, or no fault of
    the model: it never makes a verdict. `measured`: a proof that needs no trial, since the numbers of the plain
    runs say it; such a suspicion is a fault though every output has its match."""

    cause: str
    title: str
    layer_a: str
    layer_b: str
    confidence: float
    evidence: str
    mend: str
    layers: tuple[str, ...] = ()
    trial: Trial | None = None
    needs_proof: bool = False
    family: str = ""
    note_only: bool = False
    measured: Proof | None = None
