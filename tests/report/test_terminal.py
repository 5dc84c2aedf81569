"""What the command prints, as a pipe gets it."""

import io
from dataclasses import replace

import pytest
import samples

from inspector.domain.comparison import ShapePair
from inspector.domain.files import Entry, Found
from inspector.domain.match import Assignment, Evidence, Match, ValueHit
from inspector.report.html_report import html_text
from inspector.report.reasons import reasons
from inspector.report.terminal import (
    console,
    entry_line,
    print_comparison,
    print_found,
    print_hits,
    print_map,
)


def printed(show, value):
    stream = io.StringIO()
    show(value, console(stream))
    return stream.getvalue()


def test_the_sentence_comes_first_then_what_differs():
    lines = printed(print_comparison, samples.one_culprit()).splitlines()
    assert lines[0] == (
        "≠ B differs from `block_2_expand_BN` on: this layer alone introduces 2.4e-2;"
        " 29 others introduce nothing beyond rounding."
    )
    assert lines[1:5] == [
        "  cause: Batch norm's epsilon differs (batchnorm-epsilon)",
        "  seen:  epsilon is 0.001 in A and 1e-05 in B; all four weights are exactly equal",
        (
            "  proof: import/model/block_2_expand_BN/out:0: epsilon 1e-05 -> 0.001: 0.211 becomes 4.20e-7,"
            " >99.9% of the output's difference is gone"
        ),
        '  mend:  model.get_layer("block_2_expand_BN").epsilon = 1e-05  # then freeze again',
    ]
    text = "\n".join(lines)
    assert "first 281 in A, 282 in B; 4 of 5 shared" in text
    rows = [line.split() for line in lines if "block_2_expand_BN" in line]
    assert rows[-1] == [
        "13",
        "block_2_expand_BN",
        "import/model/block_2_expand_BN/out:0",
        "0.0242",
        "0.0242",
        "5.17e-7",
    ]
    assert "block_0_expand" not in text  # what does not differ is not in the table
    assert lines[-1].startswith("! With taps")


def test_sides_that_are_the_same_give_their_reasons_and_no_table():
    lines = printed(print_comparison, samples.within_noise()).splitlines()
    assert lines[0] == "≈ A and B compute the same: nothing beyond rounding, 4.2e-7 at most."
    assert lines[1] == "  Output probability differs by 4.20e-7 at most, within its noise floor of 5.00e-7."
    assert lines[1:] == [f"  {reason.text}" for reason in reasons(samples.within_noise())]


def test_findings_in_their_order_then_notes():
    lines = printed(print_comparison, samples.three_findings()).splitlines()
    causes = [line for line in lines if line.startswith("  cause:")]
    assert causes == [
        "  cause: Batch norm's epsilon differs (batchnorm-epsilon, 3 layers)",
        "  cause: `block_4_relu` is a ReLU6 in A and a ReLU in B (activation)",
        "  cause: no known cause fits (unexplained)",
    ]
    assert lines.count("  proof: none: side B cannot be edited") == 1
    assert [line for line in lines if line.startswith("  note:")] == [
        "  note:  labels are in another order (label-order)"
    ]
    [tried] = [line for line in lines if "block_4_relu` put" in line]
    assert tried.endswith("0.0400 becomes 0.0100, 75% of the output's difference is gone")


def test_many_findings_are_told_in_a_line_each():
    whole = samples.one_culprit()
    lines = printed(print_comparison, replace(whole, findings=whole.findings * 100)).splitlines()
    assert sum(line.startswith("  cause:") for line in lines) == 20
    assert sum(line.startswith("  mend:") for line in lines) == 5
    assert "  and 80 more; --html and --json have all of them" in lines


def test_hostile_names_neither_steer_the_terminal_nor_break_lines():
    text = printed(print_comparison, samples.hostile())
    assert not {"\x1b", "\u202e", "\r"} & set(text)
    assert "[bold]" not in text
    assert "<script>alert(1)</script>" in text


def test_a_pipe_gets_whole_names():
    name = "scope/" * 60 + "[red]kernel"
    hits = [ValueHit(name, "Conv2D", (1, 8, 8, 3), 0.99999, 2.4e-7, "the same layout")]
    assert name in printed(print_hits, hits)


def test_the_map_lists_matches_and_what_is_left_over():
    match = Match(
        a="bn1",
        tensor_a="bn1",
        class_name="BatchNormalization",
        kind="batch_norm",
        tensor_b=None,
        layer_b=None,
        score=0.5,
        evidence=(Evidence("weights", 1.0, "folded"), Evidence("structure", 0.9, "next")),
        note="folded into conv1",
    )
    lines = printed(
        print_map, Assignment(matches=(match,), inputs=(), outputs=(), unmatched_a=("bn1",), unmatched_b=())
    ).splitlines()
    assert lines[1].split() == ["bn1", "50%", "weights,", "structure", "folded", "into", "conv1"]
    assert lines[2] == "unmatched in A: bn1"


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (Entry(id="/a", name="conv1", kind="layer", class_name="Conv2D"), "    conv1  Conv2D"),
        (
            Entry(id="k", name="kernel:0", kind="dataset", shape=(3, 3, None), dtype="float32", note="gzip"),
            "    kernel:0  3x3x?  float32  gzip",
        ),
    ],
)
def test_a_line_of_the_tree(entry, line):
    assert entry_line(entry, 2) == line


def test_found_entries_show_their_tensor():
    entry = Entry(id="7", name="relu", kind="node", class_name="Relu", shape=(1, 4), dtype="float32", tensor="a/relu:0")
    assert printed(print_found, [Found(entry, (), 90.0)]).splitlines()[1].split() == [
        "a/relu:0",
        "Relu",
        "1x4",
        "float32",
    ]


def test_the_shapes_of_two_nets_stand_side_by_side() -> None:
    pairs = (
        ShapePair(a="first/kernel", shape_a=(8, 6), b="x1/kernel", shape_b=(5, 7), fits=False),
        ShapePair(a="first/bias", shape_a=(6,), b="x1/bias", shape_b=(6,), fits=True),
        ShapePair(a="bn/gamma", shape_a=(6,), b="", shape_b=None, fits=False),
    )
    out = io.StringIO()
    print_comparison(replace(samples.one_culprit(), shapes=pairs), console(out))
    rows = [line.split() for line in out.getvalue().splitlines()]
    assert ["first/kernel", "8x6", "≠", "5x7", "x1/kernel"] in rows
    assert ["first/bias", "6", "=", "6", "x1/bias"] in rows
    assert ["bn/gamma", "6", "≠"] in rows
    page = html_text(replace(samples.one_culprit(), shapes=pairs))
    assert "Shapes of all weights" in page
    assert "Shapes of all weights" not in html_text(samples.one_culprit())
