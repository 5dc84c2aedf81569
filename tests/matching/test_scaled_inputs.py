"""The scale of a norm in the kernels behind it, as TensorFlow Lite's converter writes it; numpy in float64."""

from __future__ import annotations

import numpy as np
import pytest
from made import Store, assigned, chain, layer, node

RANDOM = np.random.default_rng(6)
SCALE = RANDOM.uniform(0.5, 1.5, 6)
QUERY, KEY = RANDOM.normal(size=(2, 6, 2, 4))


@pytest.mark.parametrize(("changed", "told"), [(0.0, ["folded", "folded"]), (0.01, ["different", "different"])])
def test_the_kernels_of_an_attention_hold_the_scale_of_the_norm_before(changed: float, told: list[str]) -> None:
    one, other = Store(), Store()
    kernels = [one.weight(f"{role}_kernel", f"{role}_kernel", a.astype("f4")) for role, a in (("q", QUERY), ("k", KEY))]
    norm = layer("rms", "other", "x", (one.weight("scale", "variable_0", SCALE.astype("f4")),))
    object.__setattr__(norm, "class_name", "RMSNormalization")
    a = chain(layer("x", "input"), norm, layer("att", "multi_head_attention", "rms", tuple(kernels)))
    scaled = [(SCALE[:, None, None] * kernel).reshape(6, 8) for kernel in (KEY, QUERY)]
    scaled[1][0, 0] += changed
    b = chain(
        node("x", "input"),
        node("rms", "other", "x"),
        node(
            "att",
            "multi_head_attention",
            "rms",
            tuple(other.weight(f"w{at}", "kernel", array.astype("f4")) for at, array in enumerate(scaled)),
        ),
    )
    found = {item.a: [record.relation for record in item.weights] for item in assigned(a, b, one, other).matches}
    assert found["att"] == told
    assert found["rms"] == [{"folded": "folded", "different": "missing"}[told[0]]]
