"""Matches in small computations whose right answer is plain."""

from __future__ import annotations

import numpy as np
import pytest
from made import Store, assigned, chain, layer, node, tensors

RANDOM = np.random.default_rng(0)


def kernel(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def two_dense(names: tuple[str, str] = ("one", "two")) -> tuple:
    """A: two dense layers with a dropout between them; B: the same under the given names."""
    store_a, store_b = Store(), Store()
    kernels = [kernel(4, 4), kernel(4, 4)]
    a = chain(
        layer("x", "input"),
        layer("one", "dense", "x", (store_a.weight("one/k", "kernel", kernels[0]),), activation="relu"),
        layer("drop", "dropout", "one"),
        layer("two", "dense", "drop", (store_a.weight("two/k", "kernel", kernels[1]),)),
    )
    first, second = names
    b = chain(
        node("x", "input"),
        node(f"{first}/MatMul", "dense", "x", (store_b.weight("k1", "kernel", kernels[0]),)),
        node(f"{first}/Relu", "activation", f"{first}/MatMul", activation="relu"),
        node(f"{second}/MatMul", "dense", f"{first}/Relu", (store_b.weight("k2", "kernel", kernels[1]),)),
    )
    return a, b, store_a, store_b


@pytest.mark.parametrize("names", [("one", "two"), ("model/one", "model/two"), ("one_1", "two_1"), ("n1", "n2")])
def test_names_with_and_without_the_exporters_suffix(names: tuple[str, str]) -> None:
    assignment = assigned(*two_dense(names))
    first, second = names
    relu = f"{first}/Relu:0"
    assert tensors(assignment) == {"x": "x:0", "one": relu, "drop": relu, "two": f"{second}/MatMul:0"}
    assert "does nothing" in assignment.matches[2].note
    assert assignment.outputs == (("two", f"{second}/MatMul:0"),)


def test_weights_win_over_names_that_were_swapped() -> None:
    a, b, store_a, store_b = two_dense(("two", "one"))
    found = tensors(assigned(a, b, store_a, store_b))
    assert (found["one"], found["two"]) == ("two/Relu:0", "one/MatMul:0")


def test_evidence_is_exact_and_readable() -> None:
    one = assigned(*two_dense()).matches[1]
    assert {item.kind: item.detail for item in one.evidence} == {
        "name": "`one` is part of the tensor's name",
        "weights": "kernel exact",
        "structure": "`Activation` reads what the layer's inputs became",
    }
    assert one.score > 0.99


def test_a_choice_wins_and_leads_what_follows() -> None:
    a, b, store_a, store_b = two_dense()
    assignment = assigned(a, b, store_a, store_b, forced={"one": "one/MatMul:0", "two": None})
    assert tensors(assignment)["one"] == "one/MatMul:0"
    assert tensors(assignment)["two"] is None
    assert assignment.matches[1].evidence[0].kind == "user"
    assert assignment.unmatched_a == ("two",)


def test_arrays_that_are_alike_everywhere_count_half() -> None:
    """Batch norms as they are initialised cannot be told from each other by their vectors."""
    store_a, store_b = Store(), Store()
    ones = np.ones(4, np.float32)
    role = "moving_variance"
    a = chain(layer("x", "input"), layer("bn", "batch_norm", "x", (store_a.weight("g", role, ones),)))
    b = chain(node("x", "input"), node("n1", "batch_norm", "x", (store_b.weight("n0", role, ones),)))
    (evidence,) = [item for item in assigned(a, b, store_a, store_b).matches[1].evidence if item.kind == "weights"]
    assert evidence.score == 0.5
    assert evidence.detail == "moving_variance exact, but each of them is one value throughout"


def test_default_batch_norms_of_parallel_heads_follow_their_convolutions() -> None:
    store_a, store_b = Store(), Store()
    kernels = [kernel(1, 1, 3, 2) for _ in range(4)]
    ones = np.ones(2, np.float32)
    heads_a, heads_b = [], []
    for i, array in enumerate(kernels):
        heads_a += [
            layer(f"c{i}", "conv2d", "x", (store_a.weight(f"c{i}k", "kernel", array),)),
            layer(f"b{i}", "batch_norm", f"c{i}", (store_a.weight(f"b{i}g", "gamma", ones),)),
        ]
    for j, i in enumerate((2, 0, 3, 1)):
        heads_b += [
            node(f"n{j}c", "conv2d", "x", (store_b.weight(f"n{j}k", "kernel", kernels[i]),)),
            node(f"n{j}b", "batch_norm", f"n{j}c", (store_b.weight(f"n{j}g", "gamma", ones),)),
        ]
    a = chain(layer("x", "input"), *heads_a, layer("all", "concat", "b0 b1 b2 b3"))
    b = chain(node("x", "input"), *heads_b, node("end", "concat", "n0b n1b n2b n3b"))
    found = tensors(assigned(a, b, store_a, store_b))
    assert [found[f"b{i}"] for i in range(4)] == ["n1b:0", "n3b:0", "n0b:0", "n2b:0"]


def test_two_layers_in_one_op_are_said_as_such() -> None:
    """A fused op gives the activation's output; the convolution alone has no tensor."""
    store_a, store_b = Store(), Store()
    array = kernel(3, 3, 2, 4)
    a = chain(
        layer("x", "input"),
        layer("conv", "conv2d", "x", (store_a.weight("k", "kernel", array),)),
        layer("relu", "activation", "conv", activation="relu"),
    )
    b = chain(
        node("x", "input"), node("n1", "conv2d", "x", (store_b.weight("n0", "kernel", array),), activation="relu")
    )
    assignment = assigned(a, b, store_a, store_b)
    assert tensors(assignment) == {"x": "x:0", "conv": None, "relu": "n1:0"}
    assert assignment.matches[1].note == "fused with what follows it into n1"
    assert assignment.matches[1].weights[0].relation == "exact"


def test_a_layer_that_only_b_has() -> None:
    a = chain(layer("x", "input"), layer("relu", "activation", "x", activation="relu"))
    b = chain(
        node("x", "input"),
        node("relu/Relu", "activation", "x", activation="relu"),
        node("more", "activation", "relu/Relu", activation="tanh"),
    )
    assignment = assigned(a, b)
    assert tensors(assignment)["relu"] == "relu/Relu:0"
    assert assignment.unmatched_b == ("more",)


def test_an_activation_that_b_does_otherwise_is_still_matched() -> None:
    """The fault that people meet: a slope that was lost. The layers must be compared, not left out."""
    a = chain(
        layer("x", "input"),
        layer("leaky", "leaky_relu", "x", activation="leaky_relu", slope=0.3),
        layer("mean", "global_pool", "leaky"),
    )
    b = chain(node("x", "input"), node("n1", "activation", "x", activation="relu"), node("n2", "global_pool", "n1"))
    assert tensors(assigned(a, b)) == {"x": "x:0", "leaky": "n1:0", "mean": "n2:0"}


def test_inputs_in_another_order() -> None:
    a = chain(layer("p", "input"), layer("q", "input"), layer("less", "subtract", "p q"))
    b = chain(node("q", "input"), node("p", "input"), node("less/sub", "subtract", "p q"))
    ports = [(c.inputs[0], c.layers[1]) for c in (a, b)]
    both = [
        type(c)(
            layers=c.layers,
            outputs=c.outputs,
            inputs=(port, type(port)(name=other.name, tensor=other.outputs[0], shape=None, dtype="float32")),
        )
        for c, (port, other) in zip((a, b), ports, strict=True)
    ]
    assert dict(assigned(*both).inputs) == {"p": "p:0", "q": "q:0"}


def test_an_attention_of_another_training_ends_where_its_name_does() -> None:
    """No weight is A's: of the steps in its scope the last is its end, and what follows is matched, too."""
    store_a, store_b = Store(), Store()
    roles = ("query_kernel", "key_kernel", "value_kernel", "attention_output_kernel")
    held = tuple(store_a.weight(f"mha/{role}", role, kernel(4, 4)) for role in roles)
    a = chain(
        layer("x", "input"),
        layer("mha", "multi_head_attention", "x", held),
        layer("end", "dense", "mha", (store_a.weight("end/k", "kernel", kernel(4, 2)),)),
    )
    parts = [
        node(f"mha_1/{name}/MatMul", "dense", "x", (store_b.weight(name, "kernel", kernel(4, 4)),))
        for name in ("query", "key", "value")
    ]
    b = chain(
        node("x", "input"),
        *parts,
        node("mha_1/einsum/Einsum", "other", "mha_1/query/MatMul mha_1/key/MatMul"),
        node("mha_1/einsum_1/Einsum", "other", "mha_1/einsum/Einsum mha_1/value/MatMul"),
        node(
            "mha_1/attention_output/MatMul",
            "dense",
            "mha_1/einsum_1/Einsum",
            (store_b.weight("o", "kernel", kernel(4, 4)),),
        ),
        node("end_1/MatMul", "dense", "mha_1/attention_output/MatMul", (store_b.weight("e", "kernel", kernel(4, 2)),)),
    )
    found = tensors(assigned(a, b, store_a, store_b))
    assert found == {"x": "x:0", "mha": "mha_1/attention_output/MatMul:0", "end": "end_1/MatMul:0"}
