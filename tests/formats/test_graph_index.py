"""The index of a graph against TensorFlow's own messages."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import graph_writer
import numpy as np
import pytest
from graph_bytes import attribute, constant, dtype, node, number, part, saved
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspector.domain.errors import InspectorError
from inspector.formats import open_file, summary
from inspector.formats.graphdef import OpenedGraph
from inspector.formats.search import Search
from inspector.formats.values import summarise


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph")
    graph_writer.run("write", str(path))
    return path


@pytest.fixture(scope="module")
def written(folder: Path) -> OpenedGraph:
    return opened(str(folder / "graph.pb"))


def opened(path: str) -> OpenedGraph:
    found = open_file(path)
    assert isinstance(found, OpenedGraph)
    return found


def codes(path: str) -> list[str]:
    return [warning.code for warning in summary(open_file(path)).warnings]


def walk(graph: OpenedGraph) -> None:
    """Look at everything, as a person could."""
    waiting = [""]
    while waiting:
        for entry in graph.children(waiting.pop(), 0, 1000):
            graph.details(entry.id)
            if entry.value_id:
                try:
                    summarise(graph, entry.value_id)
                except InspectorError:
                    continue
            if entry.child_count:
                waiting.append(entry.id)
    Search(graph).find("relu")


def test_nodes_stand_in_file_order(written: OpenedGraph) -> None:
    assert list(written.graph.nodes)[: len(graph_writer.NODES)] == graph_writer.NODES


def test_versions_and_functions(written: OpenedGraph) -> None:
    assert written.graph.versions == {"producer": 1882, "min_consumer": 12}
    inner = written.graph.functions["body"]["inner"]
    assert (inner.op, inner.inputs) == ("Relu", ("x:out:0",))


def test_inputs_have_their_index_and_controls_stand_apart(written: OpenedGraph) -> None:
    node = written.graph.nodes["scope/op"]
    assert node.inputs == ("input:0", "scope/split:1")
    assert node.controls == ("words",)
    assert node.device == "/cpu:0"


def test_every_kind_of_attribute(written: OpenedGraph) -> None:
    assert dict(written.graph.nodes["scope/op"].attributes) == {
        "i": -5, "f": 0.25, "b": False, "s": "SAME", "type": "float16", "unknown_rank": None, "ints": [1, -2, 300],
        "floats": [0.5, 2.0], "bools": [True, False], "strings": ["a", "bc"], "types": ["float32", "int64"],
        "func": "func:body", "nothing": None, "_output_shapes": [None, (7,)],
    }  # fmt: skip


def test_shapes_as_they_are_stated(written: OpenedGraph) -> None:
    assert written.graph.shape("input:0") == (None, 224, 3)
    assert written.graph.shape("scope/op:0") is None
    assert written.graph.shape("scope/op:1") == (7,)
    assert written.graph.shape("content/float32:0") == (2, 3, 4)
    assert written.graph.shape("old_scalar:0") == ()
    assert written.graph.shape("nowhere:0") is None


def test_before_version_24_a_scalar_placeholder_is_of_any_shape(tmp_path: Path) -> None:
    shape = attribute("shape", part(7, b""))
    path = saved(tmp_path, node("x", "Placeholder", rest=dtype() + shape), part(4, number(1, 23)))
    assert opened(path).graph.shape("x:0") is None


def test_real_graphs_as_tensorflow_reads_them(shared_models: Path) -> None:
    paths = [path for path in sorted(shared_models.glob("**/*.pb")) if is_graph(path)]
    assert len(paths) >= 20
    for path, nodes in json.loads(graph_writer.run("tell", *map(str, paths))).items():
        found = opened(path).graph
        assert [told(found, truth) for truth in nodes] == nodes, path


def is_graph(path: Path) -> bool:
    try:
        return summary(open_file(str(path))).format == "graphdef"
    except InspectorError:
        return False


def told(graph: Any, truth: dict[str, Any]) -> dict[str, Any]:
    """What our index says of a node, in the form of `graph_writer.told`."""
    node = graph.nodes[truth["name"]]
    data = [text if text in truth["inputs"] else text.removesuffix(":0") for text in node.inputs]
    is_raw = node.op == "Const" and truth["content"] != hashlib.sha256(b"").hexdigest()
    raw = graph.constant(node.name).tobytes() if is_raw else b""
    return {
        "name": node.name, "op": node.op, "device": node.device, "inputs": [*data, *(f"^{c}" for c in node.controls)],
        "attributes": sorted(node.attributes), "content": hashlib.sha256(raw).hexdigest(),
        "shape": list(graph.constant_shape(node.name)[0]) if node.op == "Const" else [],
    }  # fmt: skip


def test_a_graph_may_begin_with_its_versions_and_a_node_with_its_op(tmp_path: Path) -> None:
    turned = part(1, part(2, b"Relu") + part(1, b"y") + part(3, b"x"))
    path = saved(tmp_path, part(4, number(1, 1000)), turned, node("x", "Placeholder"))
    assert list(opened(path).graph.nodes) == ["y", "x"]


@pytest.mark.parametrize("sixteenth", range(1, 16))
def test_cut_at_each_sixteenth(folder: Path, written: OpenedGraph, tmp_path: Path, sixteenth: int) -> None:
    whole = (folder / "graph.pb").read_bytes()
    path = saved(tmp_path, whole[: len(whole) * sixteenth // 16])
    [warning] = [item for item in summary(open_file(path)).warnings if item.code == "TRUNCATED"]
    assert f"{len(whole) * sixteenth // 16} are there" in warning.text
    names = list(opened(path).graph.nodes)
    assert names
    assert names == list(written.graph.nodes)[: len(names)]


def test_cut_within_the_first_node(tmp_path: Path) -> None:
    whole = constant("kernel", (100,), part(4, bytes(400)))
    with pytest.raises(InspectorError) as caught:
        open_file(saved(tmp_path, whole[:60]))
    assert caught.value.code == "TRUNCATED"
    assert f"at least {len(whole)} bytes expected, 60 are there" in caught.value.what


def test_damage_keeps_what_stands_before_it(tmp_path: Path) -> None:
    path = saved(tmp_path, node("x", "Placeholder"), node("y", "Relu", "x"), b"\x0f\x0f")
    assert codes(path) == ["CORRUPT"]
    assert list(opened(path).graph.nodes) == ["x", "y"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_flipped_bytes_end_in_a_tree_or_a_named_error(folder: Path, tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray((folder / "graph.pb").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InspectorError):  # anything else fails the test
        walk(opened(saved(tmp_path, bytes(damaged))))


def test_one_damaged_node_takes_nothing_else_with_it(tmp_path: Path) -> None:
    broken = attribute("T", b"\xff\xff\xff") + part(5, b"\x0f") + attribute("k", number(6, 1))
    path = saved(tmp_path, node("x", "Placeholder", rest=dtype()), node("y", "Relu", "x", rest=broken),
                 constant("odd", (2,), b"", code=77), node("no_value", "Const", rest=dtype()),
                 constant("short", (2,), part(9, b"12345"), code=8))  # fmt: skip
    graph = opened(path)
    rows = graph.children("section:Graph", 0, 10)
    assert [entry.name for entry in rows] == ["x", "y", "odd", "no_value", "short"]
    assert graph.graph.nodes["y"].attributes.get("T") is None
    rows_of_y = dict(graph.details("node:y").rows)
    assert rows_of_y["T"].startswith("damaged: unknown wire type")
    assert rows_of_y["k"] == "float32"
    assert [entry.value_id for entry in rows] == ["", "", "", "", "short"]
    with pytest.raises(InspectorError, match="CORRUPT: its values cannot be decoded"):
        graph.values("short")
    walk(graph)


def test_of_two_nodes_with_one_name_both_are_shown_and_the_first_counts(tmp_path: Path) -> None:
    path = saved(tmp_path, node("x", "Placeholder"), node("y", "Relu", "x"), node("y", "Tanh", "x"))
    graph = opened(path)
    assert graph.graph.nodes["y"].op == "Relu"
    assert [(row.name, row.class_name, row.tensor) for row in graph.children("section:Graph", 0, 9)] == [
        ("x", "Placeholder", "x:0"), ("y", "Relu", "y:0"), ("y", "Tanh", ""),
    ]  # fmt: skip
    assert codes(path) == ["DUPLICATE_NAMES"]


def test_a_missing_input_is_a_ghost(tmp_path: Path) -> None:
    path = saved(tmp_path, node("y", "Add", "gone", "gone:2"))
    assert codes(path) == ["MISSING_INPUTS"]
    assert ("Input 1", "gone:2 (no such node)") in opened(path).details("node:y").rows


def test_a_cycle_is_shown(tmp_path: Path) -> None:
    graph = opened(saved(tmp_path, node("a", "Add", "b"), node("b", "Relu", "a")))
    assert ("Read by", "b") in graph.details("node:a").rows
    walk(graph)


def test_ops_that_reach_out_and_variables_are_warned_of(tmp_path: Path) -> None:
    path = saved(tmp_path, node("v", "VarHandleOp"), node("w", "WriteFile", "v"))
    assert codes(path) == ["NOT_FROZEN", "CONTAINS_CODE"]


def test_a_huge_shape_with_one_number_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, constant("huge", (1 << 20, 1 << 20), part(5, np.float32(1.5).tobytes())))
    graph = opened(path)
    [row] = graph.children("section:Graph", 0, 2)
    assert (row.shape, row.size) == ((1 << 20, 1 << 20), 1 << 42)
    with pytest.raises(InspectorError, match="TOO_LARGE: 4398046511104 bytes of values declared"):
        graph.values("huge", 0, 3)


def test_values_without_a_numeric_view(written: OpenedGraph) -> None:
    with pytest.raises(InspectorError, match="NOT_NUMERIC"):
        written.values("words")
