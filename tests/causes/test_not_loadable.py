"""A side that its framework refuses is a finding by itself, whatever the numbers say."""

from __future__ import annotations

from types import SimpleNamespace

from inspector.causes.not_loadable import suspect
from inspector.domain.refusal import Refusal

UPGRADED = Refusal(framework="TensorFlow.js", version="4.22.0", said="No.", changes=("x read as y",), todo="Convert.")
LENT = Refusal(framework="Keras", version="3.15", said="Unknown layer", todo="Give its code.")


def test_one_finding_for_each_refused_side() -> None:
    found = list(suspect(SimpleNamespace(a=SimpleNamespace(refusal=LENT), b=SimpleNamespace(refusal=UPGRADED))))
    titles = ["Keras 3.15 refuses A as it stands", "TensorFlow.js 4.22.0 refuses B as it stands"]
    assert [item.title for item in found] == titles
    assert "run as B's model with A's weights" in found[0].evidence
    assert "it says: No.; it runs with its config upgraded: x read as y" in found[1].evidence
    assert [item.mend for item in found] == ["Give its code.", "Convert."]
    assert not any(item.note_only for item in found)


def test_sides_that_load_give_none() -> None:
    assert not list(suspect(SimpleNamespace(a=SimpleNamespace(refusal=None), b=SimpleNamespace(refusal=None))))
