"""Outputs of one shape that matching pairs crosswise, and whose places say better."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.causes.output_places import Offered
from inspector.domain.computation import Port
from inspector.domain.match import Assignment
from inspector.session import outputs
from inspector.session.output_pairs import paired_as_stated

ONE, TWO = (np.random.default_rng(seed).normal(size=(4, 3)).astype(np.float32) for seed in (0, 1))
A = Offered("keras_h5", [Port(name=name, tensor=name, shape=(None, 3), dtype="float32") for name in ("gru", "lstm:1")])
B = Offered(
    "graphdef",
    [Port(name=name, tensor=f"{name}:0", shape=(None, 3), dtype="float32") for name in ("Identity", "Identity_1")],
)
CROSSED = (("gru", "Identity_1:0"), ("lstm:1", "Identity:0"))
STRAIGHT = (("gru", "Identity:0"), ("lstm:1", "Identity_1:0"))


@pytest.mark.parametrize(
    ("of_b", "expected"),
    [((ONE, TWO), STRAIGHT), ((TWO, ONE), CROSSED), ((ONE, TWO + 1), CROSSED)],
    ids=["as stated", "really exchanged", "one differs"],
)
def test_outputs_are_paired_by_place_where_all_agree_there(of_b: tuple, expected: tuple) -> None:
    assignment = Assignment(matches=(), inputs=(), outputs=CROSSED, unmatched_a=(), unmatched_b=())
    plain = outputs.Plain([(ONE, of_b[1]), (TWO, of_b[0])], [(None, None), (None, None)])
    found = [
        outputs.difference(pair, *arrays, errors, noise=0.0)
        for pair, arrays, errors in zip(CROSSED, plain.arrays, plain.errors, strict=True)
    ]
    again, taken = paired_as_stated(assignment, plain, found, A, B)
    assert again.outputs == expected
    by_tensor = {"Identity:0": of_b[0], "Identity_1:0": of_b[1]}
    assert all(array is by_tensor[b] for (_, b), (_, array) in zip(expected, taken.arrays, strict=True))
