"""The rows of the table of matches, before a run and after it, and the columns that fit."""

from __future__ import annotations

from dataclasses import replace

from fakes import CULPRIT, assignment, comparison

from inspector.domain.match import Evidence
from inspector.gui.results.cells import Column, hover, shown
from inspector.gui.results.columns import widths
from inspector.gui.results.rows import evidence_text, rows_of


def test_nothing_gives_no_rows() -> None:
    assert rows_of(None, None) == ()


def test_before_a_run_the_assignment_stands_there() -> None:
    rows = rows_of(assignment(), None)
    assert [row.a for row in rows[:3]] == ["conv_0", "bn_0", "relu_0"]
    assert rows[0].status == "matched"
    assert rows[-1].status == "only-in-b"
    assert rows[-1].b == "import/extra:0"
    assert evidence_text(rows[0]) == "weights 1.00, name 0.90"


def test_weights_that_differ_are_told_before_a_run() -> None:
    whole = assignment()
    other = replace(whole.matches[0].weights[0], relation="different", max_abs=0.5)
    changed = replace(whole, matches=(replace(whole.matches[0], weights=(other,)), *whole.matches[1:]))
    assert rows_of(changed, None)[0].status == "weights-differ"
    assert shown(rows_of(changed, None)[0], Column.STATUS) == "≠ weights differ"


def test_after_a_run_the_numbers_stand_there() -> None:
    row = rows_of(assignment(), comparison())[CULPRIT]
    assert row.status == "different"
    assert (row.introduced, row.total, row.noise_floor) == (2.4e-2, 2.4e-2, 4e-7)
    assert shown(row, Column.INTRODUCED) == "0.0240"
    assert hover(row, Column.INTRODUCED) == "Introduced: 0.024"


def test_layers_that_share_a_tensor_say_so() -> None:
    whole = assignment()
    fused = replace(whole.matches[1], tensor_b=whole.matches[0].tensor_b)
    rows = rows_of(replace(whole, matches=(whole.matches[0], fused, *whole.matches[2:])), None)
    assert rows[0].same_as == ""
    assert evidence_text(rows[1]) == "same tensor as conv_0"


def test_an_unmatched_layer_says_why() -> None:
    whole = assignment()
    gone = replace(whole.matches[1], tensor_b=None, note="folded into conv_0")
    row = rows_of(replace(whole, matches=(whole.matches[0], gone, *whole.matches[2:])), None)[1]
    assert row.unmatched
    assert shown(row, Column.STATUS) == "∅ unmatched"
    assert shown(row, Column.B) == "folded into conv_0"


def test_a_match_of_the_user_is_told() -> None:
    whole = assignment()
    mine = replace(whole.matches[0], evidence=(Evidence("user", 1.0, "chosen by you"),))
    assert evidence_text(rows_of(replace(whole, matches=(mine,)), None)[0]) == "your choice"


def test_narrow_windows_keep_what_is_needed_most() -> None:
    narrow = widths(424, compared=True)
    assert list(narrow) == [Column.STATUS, Column.A, Column.B, Column.INTRODUCED]
    assert 420 <= sum(narrow.values()) <= 424
    assert Column.TOTAL in widths(500, compared=True)
    assert Column.EVIDENCE in widths(580, compared=True)
    assert set(widths(1400, compared=True)) == set(Column)
    assert Column.INTRODUCED not in widths(1400, compared=False)
