"""Numbers in three digits and names as plain text."""

import math

import pytest

from inspector.domain.wording import capital, elided, full, paragraph, percent, shape_text, short, visible


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0240123, "0.0240"),
        (12.345, "12.3"),
        (999.4, "999"),
        (999.6, "1.00e3"),
        (0.00100, "0.00100"),
        (0.000999, "9.99e-4"),
        (6e-8, "6.00e-8"),
        (-0.5, "-0.500"),
        (0.0, "0"),
        (-0.0, "0"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (None, "–"),
        (5e-324, "4.94e-324"),
    ],
)
def test_three_significant_digits(value, shown):
    assert short(value) == shown


def test_full_precision_reads_back_exactly():
    assert float(full(0.1 + 0.2)) == 0.1 + 0.2
    assert full(None) == ""


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0%"), (1.0, "100%"), (0.44, "44%"), (0.999998, ">99.9%"), (1e-9, "<0.1%"), (None, "–")],
)
def test_a_share_is_never_rounded_to_nothing_or_all(share, shown):
    assert percent(share) == shown


def test_shapes():
    assert shape_text((1, None, 3)) == "1x?x3"
    assert shape_text(()) == "scalar"


def test_what_steers_a_terminal_or_turns_a_line_is_written_as_an_escape():
    assert visible("a\x1b[31m\u202eb\n\ud800") == "a\\x1b[31m\\u202eb\\n\\ud800"
    assert visible("שכבה 卷积 é") == "שכבה 卷积 é"
    assert paragraph("one\ntwo\x07") == "one\ntwo\\x07"


def test_a_long_name_loses_its_middle_and_keeps_both_ends():
    name = "block_1/" + "x" * 5_000_000 + "/kernel"
    assert elided(name, 21) == "block_1/xx…xxx/kernel"
    assert len(elided("\x00" * 500, 21)) == 21
    assert elided("short", 21) == "short"


def test_a_sentence_gets_a_capital_and_a_quoted_name_keeps_its_letter():
    assert capital("the weights of `fc1` differ") == "The weights of `fc1` differ"
    assert capital("`bn2` uses epsilon 0.001 in A") == "`bn2` uses epsilon 0.001 in A"
    assert capital("") == ""
