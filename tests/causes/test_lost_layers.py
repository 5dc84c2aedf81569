"""Layers and connections that B has not: told by numbers, by names and by weights. Against numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from two_sides import Net, trained

from inspector.causes import missing_layer
from inspector.causes.case import Case, OutputPair, Sample
from inspector.causes.lost import lost
from inspector.compare.metrics import measure
from inspector.domain.comparison import OutputDifference
from inspector.domain.computation import Layer

ABSENT = "no tensor of B does this layer's work: fused into another, or missing"
X = np.random.default_rng(5).normal(size=(4, 6)).astype(np.float32)
Y = np.random.default_rng(6).normal(size=(4, 6)).astype(np.float32)
KERNEL = trained(7, 6, 6)


class Graph:
    """A's layers by what they read; B's tensors as the rows say."""

    def __init__(self) -> None:
        self.net = Net()
        self.net.add("x", {}, {}, kind="input", status="not-compared")

    def layer(
        self,
        name: str,
        *inputs: str,
        kind: str = "dense",
        b: str | None = "",
        status: str = "same",
        weights: dict[str, np.ndarray] | None = None,
        weights_b: dict[str, np.ndarray] | None = None,
        **settings: Any,
    ) -> Graph:
        """`b`: the tensor of B, empty for the layer's own, None for none."""
        held = weights or {}
        self.net.add(name, held, held if weights_b is None else weights_b, kind=kind, status=status, **settings)
        self.net.a[-1] = replace(self.net.a[-1], inputs=inputs)
        tensor = f"{name}:0" if b == "" else b
        self.net.rows[-1] = replace(self.net.rows[-1], b=tensor, note=ABSENT if tensor is None else "")
        return self

    def sample(self, name: str, inputs: tuple[np.ndarray, ...], a: np.ndarray, b: np.ndarray) -> Graph:
        self.net.samples[name] = Sample(inputs=inputs, a=a, b=b, noise_floor=1e-6)
        return self

    def case(self) -> Case:
        return self.net.case()


def told(case: Case) -> list[tuple[str, tuple[str, ...]]]:
    return [(found.layer_a, found.layers) for found in missing_layer.suspect(case)]


def test_a_merge_that_gives_one_of_its_inputs_is_a_lost_connection() -> None:
    graph = Graph().layer("narrow", "x").layer("add", "x", "narrow", kind="add", b="narrow:0", status="different")
    (found,) = missing_layer.suspect(graph.sample("add", (X, Y), X + Y, Y).case())
    assert (found.layer_a, found.layers) == ("add", ("add",))
    assert "the connection at `add`" in found.title
    assert "passes on what it reads" in found.evidence
    assert found.confidence > 0.97


def test_a_layer_that_b_passes_over_is_missing() -> None:
    weights = {"kernel": KERNEL}
    graph = Graph().layer("relu", "x", kind="activation", activation="relu")
    graph.layer("dense", "relu", b="relu:0", status="different", weights=weights, weights_b={})
    case = graph.sample("dense", (X,), X @ KERNEL, X).case()
    assert told(case) == [("dense", ("dense",))]


def test_a_layer_that_does_nothing_to_these_numbers_is_not_missing() -> None:
    """A relu behind a relu, which an optimiser takes away; the layer behind it has another fault."""
    graph = Graph().layer("one", "x", kind="activation", activation="relu")
    graph.layer("two", "one", kind="activation", activation="relu", b="one:0")
    graph.layer("dense", "two", weights={"kernel": KERNEL}, status="different")
    positive = np.abs(X)
    graph.sample("two", (positive,), positive, positive)
    graph.sample("dense", (positive,), positive @ KERNEL, positive @ KERNEL + 1)
    assert told(graph.case()) == []


def block() -> Graph:
    """x -> relu -> a_conv -> a_act -> a_add(+relu) -> b_conv -> b_act -> b_add(+a_add) -> end; B has only block b,
    and its tensors were paired with block a."""
    a, b = {"kernel": trained(1, 6, 6)}, {"kernel": trained(2, 6, 6)}
    graph = Graph().layer("relu", "x", kind="activation", activation="relu")
    graph.layer("a_conv", "relu", b="net/b_conv/MatMul:0", status="different", weights=a, weights_b=b)
    graph.layer("a_act", "a_conv", kind="activation", activation="tanh", b="net/b_act/Tanh:0", status="different")
    graph.layer("a_add", "relu", "a_act", kind="add", b="relu:0", status="different")
    graph.layer("b_conv", "a_add", b="net/b_conv/MatMul:0", weights=b)
    graph.layer("b_act", "b_conv", kind="activation", activation="tanh", b=None, status="not-compared")
    graph.layer("b_add", "a_add", "b_act", kind="add", status="different")
    return graph.layer("end", "b_add", weights={"kernel": KERNEL})


def test_a_lost_block_is_one_group_although_its_tensors_are_paired_with_anothers() -> None:
    (group,) = lost(block().case())
    assert [layer.name for layer in group.layers] == ["a_conv", "a_act", "a_add"]
    assert [row.a for row in group.readers] == ["b_add"]
    assert group.paired
    ((first, layers),) = told(block().case())
    assert (first, set(layers)) == ("a_add", {"a_conv", "a_act", "a_add", "b_add"})


def test_a_layer_whose_node_is_there_unmatched_is_not_missing() -> None:
    graph = Graph().layer("norm", "x", kind="layer_norm", b=None, status="not-compared")
    graph.layer("dense", "norm", weights={"kernel": KERNEL}, status="different")
    assert told(graph.case()) == [("norm", ("norm", "dense"))]
    assert told(replace(graph.case(), unmatched_b=("net/norm/add_1",))) == []


def test_an_activation_that_b_computes_inside_what_follows_is_not_missing() -> None:
    graph = Graph().layer("act", "x", kind="activation", activation="relu", b=None, status="not-compared")
    graph.layer("dense", "act", weights={"kernel": KERNEL}, status="different")
    case = graph.case()
    written = Layer(
        name="r",
        kind="activation",
        class_name="Relu",
        inputs=("x:0",),
        outputs=("r:0",),
        settings={"activation": "relu"},
    )
    layers = tuple(
        replace(layer, inputs=("r:0",)) if layer.name == "dense" else layer for layer in case.b.computation.layers
    )
    computation = replace(case.b.computation, layers=(written, *layers))
    assert told(case) == [("act", ("act", "dense"))]
    assert told(replace(case, b=replace(case.b, computation=computation))) == []


def test_of_several_layers_without_a_tensor_the_numbers_say_which_one_is_lost() -> None:
    """`fused` has no tensor of its own and is computed all the same; `lost` is not."""
    graph = Graph().layer("fused", "x", kind="activation", activation="tanh", b=None, status="not-compared")
    graph.layer("lost", "fused", kind="activation", activation="relu", b=None, status="not-compared")
    graph.layer("dense", "lost", weights={"kernel": KERNEL}, status="different")
    before = np.tanh(X)
    graph.sample("fused", (X,), before, before)
    relu = np.maximum(before, 0)
    graph.sample("dense", (relu,), relu @ KERNEL, before @ KERNEL)
    assert told(graph.case()) == [("lost", ("lost", "dense"))]


def output(a: str, b: str) -> OutputPair:
    difference = OutputDifference(
        a=a, b=b, shape=X.shape, metrics=measure(X, Y), noise_floor=1e-6, within_noise=False, identical=False
    )
    return OutputPair(difference=difference, a=X, b=Y)


def test_what_b_adds_behind_the_last_layer() -> None:
    case = Graph().layer("scores", "x", weights={"kernel": KERNEL}).case()
    added = Layer(name="more", kind="activation", class_name="Softmax", inputs=("scores:0",), outputs=("more:0",))
    computation = replace(case.b.computation, layers=(*case.b.computation.layers, added))
    behind = {**case.layer_b, "more:0": added}
    case = replace(
        case, b=replace(case.b, computation=computation), layer_b=behind, outputs=(output("scores", "more:0"),)
    )
    (found,) = missing_layer.suspect(case)
    assert (found.layer_a, found.layer_b) == ("scores", "more")
    assert found.trial is not None
    assert found.trial.pairs == (("scores", "scores:0"),)
    same = {**case.layer_b, "more:0": case.layer_b["scores:0"]}  # an Identity behind it
    assert list(missing_layer.suspect(replace(case, layer_b=same))) == []


@pytest.mark.parametrize("status", ["same", "within-noise"])
def test_nothing_is_missing_where_nothing_differs(status: str) -> None:
    graph = Graph().layer("act", "x", kind="activation", activation="relu", b=None, status="not-compared")
    graph.layer("dense", "act", weights={"kernel": KERNEL}, status=status)
    assert told(graph.case()) == []


def test_scores_that_are_logits_are_left_to_another_cause() -> None:
    graph = Graph().layer("logits", "x", weights={"kernel": KERNEL})
    graph.layer("scores", "logits", kind="softmax", b="logits:0", status="different")
    (found,) = missing_layer.suspect(graph.sample("scores", (X,), Y, X).case())
    assert found.confidence == 0.5
