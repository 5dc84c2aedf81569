"""Recurrent layers whose other side is stepped through here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from layer_case import case_of, layer, normal, only

from inspector.causes import recurrent_variant

X = normal(2, 5, 3)
LSTM = {"kernel": normal(3, 16, seed=1), "recurrent_kernel": normal(4, 16, seed=2), "bias": normal(16, seed=3)}
GRU = {"kernel": normal(3, 12, seed=1), "recurrent_kernel": normal(4, 12, seed=2), "bias": normal(2, 12, seed=3)}


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def hard(x: np.ndarray) -> np.ndarray:
    return np.clip(0.2 * x + 0.5, 0, 1)


def lstm(x: np.ndarray, weights: dict, gate=sigmoid, act=np.tanh, clip: float = np.inf) -> np.ndarray:
    h = c = np.zeros((len(x), 4))
    for step in range(x.shape[1]):
        i, f, g, o = np.split(x[:, step] @ weights["kernel"] + h @ weights["recurrent_kernel"] + weights["bias"], 4, -1)
        c = np.clip(gate(f) * c + gate(i) * act(g), -clip, clip)
        h = gate(o) * act(c)
    return h


def gru(x: np.ndarray, weights: dict, *, after: bool) -> np.ndarray:
    h = np.zeros((len(x), 4))
    for step in range(x.shape[1]):
        own = np.split(x[:, step] @ weights["kernel"] + weights["bias"][0], 3, -1)
        inner, late = np.split(weights["recurrent_kernel"], 3, -1), np.split(weights["bias"][1], 3)
        z, r = (sigmoid(own[at] + h @ inner[at] + late[at]) for at in (0, 1))
        new = np.tanh(own[2] + (r * (h @ inner[2] + late[2]) if after else (r * h) @ inner[2] + late[2]))
        h = z * h + (1 - z) * new
    return h


def reordered(weights: dict, order: list[int]) -> dict:
    return {role: np.concatenate([np.split(array, 4, -1)[at] for at in order], -1) for role, array in weights.items()}


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (lstm(X, LSTM, gate=hard), "recurrent_activation='hard_sigmoid' instead of 'sigmoid'"),
        (lstm(X, LSTM, act=lambda x: np.maximum(x, 0)), "activation='relu' instead of 'tanh'"),
        (lstm(X[:, ::-1], LSTM), "go_backwards=True"),
        (lstm(X, LSTM, clip=0.5), "the cell clipped to 0.5"),
        (lstm(X, reordered(LSTM, [0, 2, 1, 3])), "gates stand as input, cell, forget, output"),
        (lstm(X[:, :1], LSTM), "the first state given"),
        (
            lstm(X, LSTM, gate=hard, act=lambda x: np.maximum(x, 0)),
            "'hard_sigmoid' instead of 'sigmoid', and activation",
        ),
        (lstm(X, {**LSTM, "bias": LSTM["bias"] + np.repeat([0, 1, 0, 0], 4)}), "+1 added to the forget gate"),
    ],
)
def test_another_lstm_is_told_by_computing(other: np.ndarray, told: str) -> None:
    case = case_of(layer("lstm", weights=LSTM, class_name="LSTM"), [X], lstm(X, LSTM), other, weights=LSTM)
    found = only(list(recurrent_variant.suspect(case)))
    assert found.cause == "recurrent-variant"
    assert told in found.title
    assert found.confidence > 0.9


def test_another_gru() -> None:
    one, other = gru(X, GRU, after=True), gru(X, GRU, after=False)
    case = case_of(layer("gru", weights=GRU, class_name="GRU", reset_after=True), [X], one, other, weights=GRU)
    found = only(list(recurrent_variant.suspect(case)))
    assert "reset_after=False instead of True" in found.title
    assert "GRU(reset_after=True)" in found.mend


def test_gates_in_another_order_are_told_by_the_weights() -> None:
    other = reordered(LSTM, [0, 2, 1, 3])
    recurrent = layer("lstm", weights=LSTM)
    case = case_of(recurrent, [X], lstm(X, LSTM), lstm(X, other), weights=LSTM, weights_b=other)
    assert "input, cell, forget, output" in only(list(recurrent_variant.suspect(case))).title
    static = replace(case, ran=False, sample=lambda _name: None)
    assert "input, cell, forget, output" in only(list(recurrent_variant.suspect(static))).title


def test_one_half_of_a_bidirectional_layer() -> None:
    weights = {f"{side}_{role}": LSTM[role] for side in ("forward", "backward") for role in LSTM}
    both = layer("bidirectional", weights=weights, layer_kind="lstm", layer="LSTM", class_name="Bidirectional")
    one, turned = lstm(X, LSTM), lstm(X[:, ::-1], LSTM)
    case = case_of(both, [X], np.hstack([one, turned]), np.hstack([one, one]), weights=weights)
    assert "second half reads forwards" in only(list(recurrent_variant.suspect(case))).title
    case = case_of(both, [X], np.hstack([one, turned]), np.hstack([turned, one]), weights=weights)
    assert "the other order" in only(list(recurrent_variant.suspect(case))).title


def test_what_both_files_state() -> None:
    a, b = layer("gru", reset_after=True), layer("gru", reset_after=False)
    case = replace(case_of(a, [X], X, X + 1, b=b), sample=lambda _name: None)
    assert "reset_after is True in A and False in B" in only(list(recurrent_variant.suspect(case))).title


def test_a_right_pair_is_no_suspicion_and_another_training_neither() -> None:
    recurrent, one = layer("lstm", weights=LSTM), lstm(X, LSTM)
    assert not list(recurrent_variant.suspect(case_of(recurrent, [X], one, one.astype(np.float32), weights=LSTM)))
    trained = {role: array + 0.1 for role, array in LSTM.items()}
    case = case_of(recurrent, [X], one, lstm(X, trained), weights=LSTM, weights_b=trained)
    assert not list(recurrent_variant.suspect(case))


FILM = normal(2, 3, 5, 6, 2)
CONVLSTM = {
    "kernel": 0.5 * normal(3, 3, 2, 16, seed=1),
    "recurrent_kernel": 0.5 * normal(3, 3, 4, 16, seed=2),
    "bias": normal(16, seed=3),
}


def slid(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A convolution with the padding `same`, place by place of a 3x3 kernel."""
    framed = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows, columns = x.shape[1:3]
    return sum(framed[:, i : i + rows, j : j + columns] @ kernel[i, j] for i in range(3) for j in range(3))


def conv_lstm(film: np.ndarray, gate=sigmoid, act=np.tanh) -> np.ndarray:
    h = c = np.zeros((*film.shape[:1], *film.shape[2:4], 4))
    for step in range(film.shape[1]):
        total = slid(film[:, step], CONVLSTM["kernel"]) + slid(h, CONVLSTM["recurrent_kernel"]) + CONVLSTM["bias"]
        i, f, g, o = np.split(total, 4, -1)
        c = gate(f) * c + gate(i) * act(g)
        h = gate(o) * act(c)
    return h


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (conv_lstm(FILM, gate=hard), "recurrent_activation='hard_sigmoid' instead of 'sigmoid'"),
        (conv_lstm(FILM, act=lambda x: np.maximum(x, 0)), "activation='relu' instead of 'tanh'"),
        (conv_lstm(FILM[:, ::-1]), "go_backwards=True"),
    ],
)
def test_another_convolutional_lstm(other: np.ndarray, told: str) -> None:
    a = layer("conv_lstm2d", weights=CONVLSTM, class_name="ConvLSTM2D", padding="same", strides=(1, 1))
    found = only(list(recurrent_variant.suspect(case_of(a, [FILM], conv_lstm(FILM), other, weights=CONVLSTM))))
    assert told in found.title
    assert found.confidence > 0.9


def test_a_convolutional_lstm_of_which_nothing_fits_raises_nothing() -> None:
    a = layer("conv_lstm2d", weights=CONVLSTM, class_name="ConvLSTM2D", padding="same")
    one = conv_lstm(FILM)
    found = list(recurrent_variant.suspect(case_of(a, [FILM], one, one + normal(*one.shape, seed=9), weights=CONVLSTM)))
    assert all(item.confidence < 0.5 for item in found)
