"""What is looked up: compared key by key, paired by layer, and drawn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector.compare.lookups import unlike
from inspector.domain.computation import Port
from inspector.domain.lookups import Lookup, LookupKind
from inspector.domain.match import Assignment, Match
from inspector.session.drawn import draw
from inspector.session.lookups import pair_lookups, with_lookups
from inspector.session.settings import Settings
from inspector.session.specs import parse


def lookup(keys: list[object], *, kind: LookupKind = "vocabulary", node: str = "table", reaches: str = "") -> Lookup:
    array = np.array([key.encode() if isinstance(key, str) else key for key in keys])
    return Lookup(
        kind=kind,
        node=node,
        inputs=("in",),
        reaches=(reaches,),
        sentences=False,
        closed=False,
        keys=array,
        values=np.arange(2, 2 + len(keys)),
    )


def test_the_order_of_storage_is_no_difference() -> None:
    one, other = lookup(["a", "b", "c"]), lookup(["c", "a", "b"])
    assert unlike(one, replace(other, values=np.array([4, 2, 3]))) is None
    found = unlike(one, other)
    assert found is not None
    assert (found.moved, found.only_a, found.only_b) == (("a", "b", "c"), (), ())
    assert "`a` is 2 in A and 3 in B" in found.detail


def test_other_words_are_named() -> None:
    found = unlike(lookup(["a", "b", "ä"]), lookup(["a", "b", "d"]))
    assert found is not None
    assert (found.moved, found.only_a, found.only_b) == ((), ("ä",), ("d",))


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ([0.1, 30.0, 65.0], [np.float32(0.1), 30.0, 65.0], True),
        ([18.0, 30.0, 65.0], [18.0, 40.0, 65.0], False),
        ([18.0, 30.0], [18.0, 30.0, 65.0], False),
    ],
)
def test_boundaries(a: list[object], b: list[object], *, same: bool) -> None:
    found = unlike(lookup(a, kind="boundaries"), lookup(b, kind="boundaries"))
    assert (found is None) == same
    if found is not None and len(a) == len(b):
        assert found.detail == "30 in A, 40 in B (number 2)"


def match(name: str) -> Match:
    return Match(
        a=name, tensor_a=name, class_name="StringLookup", kind="other", tensor_b=f"b/{name}", layer_b=None, score=1.0
    )


def test_partners_stand_in_the_same_layer_whatever_they_hold() -> None:
    matches = (match("first"), match("second"))
    assignment = Assignment(matches=matches, inputs=(), outputs=(), unmatched_a=(), unmatched_b=())
    a = [lookup(["x", "y"], reaches="first"), lookup(["p", "q"], reaches="second")]
    b = [lookup(["p", "q"], node="t2", reaches="b/first"), lookup(["x", "y"], node="t1", reaches="b/second")]
    found = [(pair.layer_a, pair.layer_b, pair.b.node) for pair in pair_lookups(assignment, a, b)]
    assert found == [("first", "b/first", "t2"), ("second", "b/second", "t1")]


def port(dtype: str, *lookups: Lookup) -> Port:
    return with_lookups(Port(name="in", tensor="in", shape=(None, 40), dtype=dtype), lookups)


def drawn(one: Port, other: Port, settings: Settings | None = None) -> np.ndarray:
    return draw(parse("random:3"), (one, other), settings or Settings(), 4, 0)[0]


def test_words_are_drawn_from_the_vocabulary_and_beyond() -> None:
    words = {b"good", b"bad"}
    found = set(drawn(port("string", lookup(["good", "bad", "", "[UNK]"])), port("string")).ravel().tolist())
    assert words < found
    assert not found & {b"", b"[UNK]"}
    closed = replace(lookup(["good", "bad"]), closed=True)
    assert set(drawn(port("string", closed), port("string")).ravel().tolist()) == words


def test_sentences_are_drawn_where_a_text_is_cut_into_words() -> None:
    one = port("string", replace(lookup(["good", "bad"]), sentences=True))
    found = [text.split() for text in drawn(one, port("string")).ravel().tolist()]
    assert all(2 <= len(words) <= 6 for words in found)
    assert len({tuple(words) for words in found}) > 40
    beyond = [word for words in found for word in words if word not in (b"good", b"bad")]
    assert 0.1 < len(beyond) / sum(map(len, found)) < 0.4


def test_whole_numbers_are_drawn_from_their_vocabulary_and_beyond() -> None:
    found = set(drawn(port("int64", lookup([3, 7, 900])), port("int64")).ravel().tolist())
    assert found == {3, 7, 900, 901}
    closed = replace(lookup([3, 7, 900]), closed=True)
    assert set(drawn(port("int64", closed), port("int64")).ravel().tolist()) == {3, 7, 900}


def test_numbers_for_bins_reach_all_bins_unless_a_range_is_set() -> None:
    one = port("float32", lookup([18.0, 30.0, 66.0], kind="boundaries"))
    found = drawn(one, port("float32"))
    assert 6.0 <= found.min() < 18.0
    assert 66.0 < found.max() <= 78.0
    assert drawn(one, port("float32"), Settings(low=0.0, high=2.0)).max() < 2.0
