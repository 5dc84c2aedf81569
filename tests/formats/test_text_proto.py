"""Text format: the same messages as protobuf's own parser gives, and bounded on anything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tensorflow_written import made

from inspector.domain.errors import InspectorError
from inspector.formats import open_file
from inspector.formats.graph_index import GraphIndex
from inspector.formats.text_proto import is_text, kind_of_text, to_binary


def graph(text: str) -> tuple[GraphIndex, list[str]]:
    data, problems = to_binary(memoryview(text.encode()), "GraphDef", "here")
    return GraphIndex.read(data), problems


@pytest.mark.framework
@pytest.mark.parametrize("name", ["graph.pbtxt", "one_line.pbtxt"])
def test_a_text_graph_is_the_binary_one(name: str) -> None:
    binary = GraphIndex.read(memoryview((made() / "graph.pb").read_bytes()))
    text, problems = graph((made() / name).read_text())
    assert problems == []
    assert list(text.nodes) == list(binary.nodes)
    for node, other in zip(text.nodes.values(), binary.nodes.values(), strict=True):
        assert (node.op, node.inputs, dict(node.attributes)) == (other.op, other.inputs, dict(other.attributes))
    for constant in ("odd", "whole", "half", "Const"):
        np.testing.assert_array_equal(text.constant(constant), binary.constant(constant))


def test_spellings_of_one_field() -> None:
    text = """# a comment
    node: < name: 'a' "b", op: "Const";
      attr { key: "value" value { tensor { dtype: 1 tensor_shape { dim { size: 0x2 } } float_val: [1.5f, -inf] } } }
      attr { key: "s" value { s: "\\x41\\102\\n\\u00e9" } } attr { key: "i" value { i: -010 } }
      attr { key: "b" value { b: t } } attr { key: "t" value { type: DT_HALF } } >
    library {} versions { producer: 21 bad_consumers: [1, 2] }"""
    found, problems = graph(text)
    attributes = found.nodes["ab"].attributes
    assert problems == []
    assert found.constant("ab").tolist() == [1.5, -np.inf]
    assert (attributes["s"], attributes["i"], attributes["b"], attributes["t"]) == ("AB\né", -8, True, "float16")
    assert found.versions["producer"] == 21


def test_unknown_fields_are_passed_over_and_told() -> None:
    found, problems = graph('node { name: "a" op: "B" [some.ext/x] { y: [1, {z: 2}] } newer: "v" "w" input: "c" }')
    assert found.nodes["a"].inputs == ("c:0",)
    assert problems == [
        "the field [some.ext/x] of NodeDef is not known here and was left out",
        "the field newer of NodeDef is not known here and was left out",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('node { name: "a" op: "B" }\nnode { name: "b', "something that is no text format in line 2"),
        ('node { name: "a" op: "B" }\nnode { name: "b" op: "C"', "it ends within a message, in line 2"),
        ('node { name: "a" op: "B" } }', "'}' is no field in line 1"),
        ('node { name: "a" op: "B" } node { name: 7 }', "'7' is no value of type string in line 1"),
        ('node { name: "a" op: "B" } versions { producer: x }', "'x' is no value of type int in line 1"),
    ],
)
def test_what_stands_before_a_break_is_kept(text: str, problem: str) -> None:
    found, problems = graph(text)
    assert found.nodes["a"].op == "B"
    assert problems == [f"the text breaks off: {problem}"]


def test_nesting_is_bounded() -> None:
    deep = (
        'node { name: "a" op: "B" } library { function { node_def { attr { value { ' + "func { attr { value { " * 5000
    )
    found, problems = graph(deep)
    assert list(found.nodes) == ["a"]
    assert "nested more than 100 deep" in problems[0]
    assert graph('node { name: "a" op: "B" } x ' + "{" * 100_000)[1] != []


def test_what_is_text_and_which() -> None:
    assert is_text(b"\xef\xbb\xbf# note\n\nnode {")
    assert not is_text(b"node_modules {")
    assert not is_text(b'{"node": 1}')
    assert [kind_of_text(text) for text in (b"versions {", b"meta_info_def {", b"saved_model_schema_version: 1")] == [
        "GraphDef", "MetaGraphDef", "SavedModel"
    ]  # fmt: skip


def test_a_real_text_graph_named_pb(shared_models: Path) -> None:
    opened = open_file(str(shared_models / "singles" / "pb" / "train_iris.pb"))
    assert (opened.file.format, opened.file.runs_in) == ("text_graph", "")
    assert "dense/kernel has no value" in opened.file.reason
    assert {"NOT_FROZEN", "CONTAINS_CODE", "TRAINING_GRAPH"} == {warning.code for warning in opened.file.warnings}
    assert len(opened.computation().layers) > 1


def test_an_unfrozen_graph_beside_its_checkpoint_names_it(tmp_path: Path) -> None:
    text = 'node { name: "v" op: "VariableV2" } node { name: "y" op: "Identity" input: "v" }'
    (tmp_path / "net.pbtxt").write_text(text)
    (tmp_path / "net-3.meta").write_bytes(b"\n")
    file = open_file(str(tmp_path / "net.pbtxt")).file
    assert (file.runs_in, file.reason) == (
        "", "the variable v has no value in this file: open net-3.meta beside it, a checkpoint with values"
    )  # fmt: skip


def test_a_text_without_nodes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pbtxt").write_text("versions { producer: 3 }")
    with pytest.raises(InspectorError) as caught:
        open_file(str(tmp_path / "empty.pbtxt"))
    assert caught.value.code == "CORRUPT"
