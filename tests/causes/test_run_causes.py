"""Causes that a run tells: training mode, dropout, state, NaN, missing layers, kernels, versions; against numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from two_sides import Net, norm, trained

from inspector.causes import (
    backend_kernel,
    batchnorm_training_mode,
    custom_layer,
    dropout_active,
    missing_layer,
    nan_or_infinity,
    state_kept,
    version_drift,
)
from inspector.causes.case import Case, OutputPair
from inspector.compare.metrics import measure
from inspector.domain.comparison import OutputDifference
from inspector.domain.computation import Layer
from inspector.domain.files import Warn

X = np.random.default_rng(1).normal(0.3, 1.4, (6, 5, 5, 8)).astype(np.float32)


def stored(x: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    return (x - w["moving_mean"]) / np.sqrt(w["moving_variance"] + 1e-3) * w["gamma"] + w["beta"]


def of_batch(x: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    return (x - mean) / np.sqrt(variance + 1e-3) * w["gamma"] + w["beta"]


def bn(b: np.ndarray, *, status: str = "different") -> Case:
    w = norm(3)
    net = Net().add("bn", w, w, kind="batch_norm", status=status, epsilon=1e-3, axis=-1)
    return net.sample("bn", X, stored(X, w), b).case()


def test_the_statistics_of_the_batch_are_told_from_the_stored_ones() -> None:
    (found,) = batchnorm_training_mode.suspect(bn(of_batch(X, norm(3))))
    assert (found.cause, found.layers) == ("batchnorm-training-mode", ("bn",))
    assert "B uses the statistics of the batch" in found.title


@pytest.mark.parametrize("b", [stored(X, norm(3)), stored(X, norm(3)) * 1.1, stored(X, norm(4))])
def test_other_numbers_are_no_training_mode(b: np.ndarray) -> None:
    assert list(batchnorm_training_mode.suspect(bn(b))) == []


def repeating(case: Case, ops: tuple[str, ...], repeated: float | None = 0.1) -> Case:
    return replace(case, b=replace(case.b, random_ops=ops, repeated=repeated))


def dense(*, before: str = "dense", class_name: str = "Dense") -> Case:
    w = {"kernel": trained(1, 8, 8)}
    net = Net().add("before", {}, {}, kind=before, status="same").add("dense", w, w, status="different")
    net.a[0] = replace(net.a[0], class_name=class_name)
    return net.case()


def test_a_dropout_before_the_layer_is_named() -> None:
    case = repeating(dense(before="dropout", class_name="Dropout"), ("before/dropout/random_uniform/RandomUniform",))
    (found,) = dropout_active.suspect(case)
    assert (found.cause, found.layer_a, found.layers) == ("dropout-active", "before", ("before", "dense"))


@pytest.mark.parametrize(
    ("before", "class_name", "op"),
    [
        ("dropout", "GaussianNoise", "before/random_normal/RandomStandardNormal"),
        ("dropout", "Dropout", "jitter/random_normal/RandomStandardNormal"),
        ("dense", "Dense", "jitter/random_normal/RandomStandardNormal"),
    ],
)
def test_noise_is_another_random_op(before: str, class_name: str, op: str) -> None:
    (found,) = dropout_active.suspect(repeating(dense(before=before, class_name=class_name), (op,)))
    assert found.cause == "random-op"
    assert found.layer_a == ("before" if class_name == "GaussianNoise" else "dense")


def test_a_run_that_repeats_is_neither_random_nor_has_it_a_state() -> None:
    case = repeating(dense(before="dropout"), ("x/RandomUniform",), 0.0)
    assert list(dropout_active.suspect(case)) == list(state_kept.suspect(case)) == []


def test_a_second_run_that_differs_without_random_ops_keeps_a_state() -> None:
    case = repeating(dense(), ())
    (found,) = state_kept.suspect(case)
    assert (found.cause, found.layer_a, found.note_only) == ("state-kept", "dense", False)
    assert list(dropout_active.suspect(case)) == []


def test_the_layer_that_keeps_it_is_told_by_its_variable() -> None:
    w = {"kernel": trained(1, 8, 8)}
    net = Net().add("lstm", w, w, kind="lstm", status="same").add("gru", w, w, kind="gru", status="same")
    said = Warn("MUTABLE_STATE", "this signature changes variables (Call/recurrent/gru/AssignVariableOp): a second run")
    case = net.case()
    (found,) = state_kept.suspect(replace(case, b=replace(case.b, repeated=0.2), warnings=(said,)))
    assert found.layers == ("gru",)


def test_a_state_is_a_note_where_the_first_runs_agree() -> None:
    case = repeating(dense(), ())
    same = OutputDifference(
        a="dense", b="dense:0", shape=(2,), metrics=measure(X, X), noise_floor=1e-6, within_noise=True, identical=True
    )
    (found,) = state_kept.suspect(replace(case, outputs=(OutputPair(difference=same, a=X, b=X),)))
    assert (found.cause, found.note_only) == ("state-kept", True)


def test_the_first_layer_with_nan_is_named_with_its_weight() -> None:
    kernel = trained(1, 8, 8)
    broken = kernel.copy()
    broken[2, 3] = np.nan
    x = X[:, 0, 0]
    net = Net().add("dense", {"kernel": kernel}, {"kernel": broken}).sample("dense", x, x @ kernel, x @ broken)
    case = net.case()
    metrics = measure(x @ kernel, x @ broken)
    case = replace(case, layers=(replace(case.layers[0], introduced=metrics),))
    (found,) = nan_or_infinity.suspect(case)
    assert (found.cause, found.layer_a) == ("nan-or-infinity", "dense")
    assert "6 NaN values in B" in found.title
    assert "1 of 64 numbers of its kernel" in found.evidence
    finite = replace(case, layers=(replace(case.layers[0], introduced=measure(x @ kernel, x @ kernel + 1)),))
    assert list(nan_or_infinity.suspect(replace(finite, values_b=lambda _: kernel.ravel()))) == []


def with_row(net: Net, at: int, **changes: Any) -> None:
    net.rows[at] = replace(net.rows[at], **changes)


def test_a_skip_connection_that_is_lost() -> None:
    w = {"kernel": trained(2, 8, 4)}
    net = (
        Net().add("one", {}, {}, kind="activation", status="same").add("add", {}, {}, kind="add", status="not-compared")
    )
    net.add("dense", w, w, status="different")
    with_row(net, 1, b=None, note="no tensor of B does this layer's work: fused into another, or missing")
    x, skipped = X[:, 0, 0], X[:, 1, 1]
    net.sample("one", X, x, x).sample("dense", x + skipped, (x + skipped) @ w["kernel"], x @ w["kernel"], 1e-5)
    (found,) = missing_layer.suspect(net.case())
    assert (found.cause, found.layer_a, found.layers) == ("missing-layer", "add", ("add", "dense"))
    assert "computes from what comes before it" in found.evidence


@pytest.mark.parametrize("changes", [{"note": "folded with bn into conv:0"}, {"kind": "dropout"}])
def test_folded_and_idle_layers_are_not_missing(changes: dict[str, str]) -> None:
    w = {"kernel": trained(2, 8, 4)}
    net = Net().add("mid", {}, {}, kind=changes.get("kind", "batch_norm"), status="not-compared")
    net.add("dense", w, w, status="different")
    with_row(net, 0, b=None, note=changes.get("note", ""))
    assert list(missing_layer.suspect(net.case())) == []


def test_a_layer_of_ones_own_is_suspected_only_where_it_differs() -> None:
    net = Net().add("scale", {}, {}, kind="lambda", status="different", factor=2)
    net.b[0] = replace(net.b[0], settings={"factor": 1})
    (found,) = custom_layer.suspect(net.case())
    assert (found.cause, found.layer_a) == ("custom-layer", "scale")
    assert "factor 2 in A, 1 in B" in found.evidence
    assert list(custom_layer.suspect(Net().add("scale", {}, {}, kind="lambda", status="same").case())) == []


def output(apart: float, floor: float) -> OutputPair:
    a = np.ones((2, 3), np.float32)
    difference = OutputDifference(
        a="y", b="y:0", shape=(2, 3), metrics=measure(a, a + apart), noise_floor=floor, within_noise=apart <= floor,
        identical=False,
    )  # fmt: skip
    return OutputPair(difference=difference, a=a, b=a + np.float32(apart))


def test_outputs_that_no_layer_explains_are_run_with_other_options() -> None:
    case = replace(Net().add("dense", {}, {}, status="same").case(), outputs=(output(0.5, 1e-6),))
    found = list(backend_kernel.suspect(case))
    assert {item.family for item in found} == {"backend"}
    assert {tuple((item.trial.options_b or {}).items()) for item in found if item.trial} >= {(("optimise", False),)}
    assert list(backend_kernel.suspect(replace(case, outputs=(output(0.0, 1e-6),)))) == []


def test_a_run_that_changes_when_it_is_watched() -> None:
    case = replace(
        Net().add("dense", {}, {}, status="same").case(),
        warnings=(Warn("WATCHING_CHANGES", "output y:0 of side B is 1e-4 from float64 in the plain run"),),
    )
    (found,) = backend_kernel.suspect(case)
    assert found.trial is not None
    assert found.trial.options_b == {"optimise": False}


def lstm(activation: str) -> Layer:
    return Layer(name="lstm", kind="lstm", class_name="LSTM", settings={"recurrent_activation": activation})


@pytest.mark.parametrize(("other", "count"), [("hard_sigmoid_3", 1), ("hard_sigmoid", 0), ("sigmoid", 0)])
def test_one_word_with_two_meanings(other: str, count: int) -> None:
    net = Net().add("lstm", {}, {}, kind="lstm", status="different")
    case = replace(
        net.case(), layer_a={"lstm": lstm("hard_sigmoid")}, layer_b={"lstm:0": lstm(other)}, b=replace(net.case().b)
    )
    case = replace(case, b=replace(case.b, file=replace(case.b.file, path="another")))
    assert len(list(version_drift.suspect(case))) == count


def test_one_file_in_two_environments() -> None:
    case = Net().add("dense", {}, {}, status="different").case()
    case = replace(
        case, a=replace(case.a, versions={"tensorflow": "2.21.0"}), b=replace(case.b, versions={"tensorflow": "1.15.5"})
    )
    (found,) = version_drift.suspect(case)
    assert "tensorflow 2.21.0 in A, 1.15.5 in B" in found.evidence
