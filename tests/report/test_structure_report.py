"""Trees and maps as JSON, from a reader that is asked page by page."""

import json

import pytest

from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry, ModelFile
from inspector.domain.match import Assignment
from inspector.report.structure_report import PAGE, map_json, tree_json, walk

FILE = ModelFile(path="/m.h5", format="Keras .h5", title="m", size=9, runs_in="keras3", reason="written by Keras 3")


class Rows:
    """`wide` children under the root, of which the first has two of its own; counts what it is asked."""

    def __init__(self, wide):
        self.wide, self.asked = wide, []

    def __call__(self, parent, start, stop):
        self.asked.append((parent, start, stop))
        if parent == "":
            made = [Entry(id=f"r{i}", name=f"r{i}", kind="group", child_count=2 * (i == 0)) for i in range(self.wide)]
        else:
            made = [Entry(id=f"{parent}/{i}", name=str(i), kind="dataset", shape=(i, None)) for i in range(2)]
        return made[start:stop]


def test_parents_come_before_children_and_pages_are_asked_in_turn():
    rows = Rows(PAGE + 1)
    order = [(depth, entry.id) for depth, entry in walk(rows)]
    assert order[:4] == [(0, "r0"), (1, "r0/0"), (1, "r0/1"), (0, "r1")]
    assert len(order) == PAGE + 3
    assert rows.asked == [("", 0, PAGE), ("r0", 0, PAGE), ("", PAGE, 2 * PAGE)]


def test_the_tree_is_nested():
    tree = json.loads(tree_json(FILE, Rows(2)))
    assert tree["format"] == "Keras .h5"
    assert [child["id"] for child in tree["children"]] == ["r0", "r1"]
    assert [child["shape"] for child in tree["children"][0]["children"]] == [[0, None], [1, None]]


def test_a_tree_too_deep_for_json_is_refused():
    def deep(parent, start, stop):
        depth = int(parent or 0) + 1
        return [Entry(id=str(depth), name="g", kind="group", child_count=int(depth < 30_000))]

    with pytest.raises(InspectorError) as refused:
        tree_json(FILE, deep)
    assert str(refused.value) == (
        "TOO_DEEP: the structure is nested too deeply for JSON [/m.h5]. Use `tree` without --json."
    )


def test_the_map_has_a_schema_number():
    empty = Assignment(matches=(), inputs=(("x", "x:0"),), outputs=(), unmatched_a=("bn",), unmatched_b=())
    assert json.loads(map_json(empty)) == {
        "schema": 1,
        "matches": [],
        "inputs": [["x", "x:0"]],
        "outputs": [],
        "unmatched_a": ["bn"],
        "unmatched_b": [],
    }
