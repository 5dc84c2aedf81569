"""A frozen graph in the runner: runs as TensorFlow runs it, replays, edits; one changed layer is the only one."""

from __future__ import annotations

from pathlib import Path

import nets
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from inspector.runners.graph_adapter import GraphAdapter
from inspector.runners.options import Options
from inspector.runners.server import RequestError
from inspector.runners.structure import data_inputs

pytestmark = pytest.mark.framework
v1 = tf.compat.v1


def written(graph: tf.Graph, folder: Path, name: str = "graph.pb") -> GraphAdapter:
    path = folder / name
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return GraphAdapter(str(path), Options())


@pytest.fixture(scope="module")
def mobilenet(tmp_path_factory: pytest.TempPathFactory) -> tuple[GraphAdapter, dict[str, np.ndarray], np.ndarray]:
    model = tf_keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), classes=10)
    adapter = GraphAdapter(str(nets.frozen(model, tmp_path_factory.mktemp("graph"))), Options())
    image = next(iter(nets.feeds(model, 2).values()))
    return adapter, {adapter.inputs[0].tensor: image}, np.asarray(model(image, training=False))


def test_runs_as_the_model_does(mobilenet) -> None:
    adapter, feeds, truth = mobilenet
    (found,) = adapter.run(feeds)["outputs"].values()
    np.testing.assert_allclose(found, truth, atol=1e-7)


def test_replay_of_own_activations_gives_them_back(mobilenet) -> None:
    adapter, feeds, _ = mobilenet
    taps = adapter.run(feeds, taps=list(adapter.taps))["taps"]
    floats = {name: array for name, array in taps.items() if array.dtype == np.float32}
    again = adapter.replay(floats, list(floats))
    assert max(np.abs(again[name] - floats[name]).max() for name in floats) == pytest.approx(0, abs=1e-6)


def test_one_changed_epsilon_changes_one_layer(mobilenet, tmp_path: Path) -> None:
    adapter, feeds, _ = mobilenet
    graph_def = v1.GraphDef()
    graph_def.CopyFrom(adapter.engine.graph_def)
    norms = [node for node in graph_def.node if node.op == "FusedBatchNormV3"]
    norms[20].attr["epsilon"].f = 0.05
    path = tmp_path / "changed.pb"
    path.write_bytes(graph_def.SerializeToString())
    changed = GraphAdapter(str(path), Options())
    convolutions = ("Conv2D", "DepthwiseConv2dNative", "Relu6", "AddV2", "FusedBatchNormV3", "MatMul", "Softmax")
    layers = [node.name + ":0" for node in graph_def.node if node.op in convolutions]
    taps = adapter.run(feeds, taps=layers)["taps"]
    others = changed.run(feeds, taps=layers)["taps"]
    total = [name for name in layers if not np.allclose(taps[name], others[name], rtol=1e-4, atol=1e-9)]
    replayed = changed.replay({**feeds, **taps}, layers)
    introduced = [name for name in layers if not np.allclose(taps[name], replayed[name], rtol=1e-4, atol=1e-9)]
    assert introduced == [norms[20].name + ":0"]
    assert len(total) > 20


def test_an_edit_of_an_attribute_and_its_taking_back(mobilenet) -> None:
    adapter, feeds, _ = mobilenet
    name = next(node.name for node in adapter.engine.graph_def.node if node.op == "FusedBatchNormV3")
    x, scale, offset, mean, variance = (
        adapter.engine.run({adapter.inputs[0].graph_tensor: feeds[adapter.inputs[0].tensor]}, [text])[0]
        for text in data_inputs(adapter.engine.structure.nodes[name])
    )
    adapter.edit([{"kind": "attribute", "node": name, "name": "epsilon", "value": 0.5}], {})
    edited = adapter.run(feeds, taps=[name + ":0"], edited=True)["taps"][name + ":0"]
    untouched = adapter.run(feeds, taps=[name + ":0"])["taps"][name + ":0"]
    for epsilon, array in ((0.5, edited), (0.001, untouched)):
        truth = (np.float64(x) - mean) * scale / np.sqrt(np.float64(variance) + epsilon) + offset
        np.testing.assert_allclose(array, truth, atol=1e-5)
    adapter.edit([], {})
    np.testing.assert_array_equal(adapter.run(feeds, taps=[name + ":0"], edited=True)["taps"][name + ":0"], untouched)


def test_an_edit_of_a_constant(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        tf.multiply(x, tf.constant([2.0, 3.0], name="factor"), name="y")
    adapter = written(graph, tmp_path)
    feeds = {"x:0": np.float32([[1, 1]])}
    adapter.edit([{"kind": "constant", "node": "factor"}], {"factor": np.array([5.0, 7.0])})
    np.testing.assert_array_equal(adapter.run(feeds, edited=True)["outputs"]["y:0"], [[5, 7]])
    np.testing.assert_array_equal(adapter.run(feeds)["outputs"]["y:0"], [[2, 3]])
    with pytest.raises(RequestError, match=r"the constant is \[2\], not \[3\]"):
        adapter.edit([{"kind": "constant", "node": "factor"}], {"factor": np.zeros(3)})
    with pytest.raises(RequestError, match="Mul has no attribute epsilon"):
        adapter.edit([{"kind": "attribute", "node": "y", "name": "epsilon", "value": 1}], {})
    with pytest.raises(RequestError, match="no tensor is called why"):
        adapter.edit([{"kind": "attribute", "node": "why", "name": "T", "value": "float32"}], {})


def test_replay_reshapes_what_has_as_many_numbers(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 1, 1, 3], name="x")
        tf.identity(tf.negative(x, name="middle"), name="y")
    adapter = written(graph, tmp_path)
    fed = np.arange(6, dtype=np.float32).reshape(2, 3)
    found = adapter.replay({"middle:0": fed}, ["y:0"])["y:0"]
    np.testing.assert_array_equal(found, fed.reshape(2, 1, 1, 3))
    with pytest.raises(RequestError, match=r"x:0 takes \?x1x1x3, not 2x3"):
        adapter.run({"x:0": fed})


def test_learning_phase_is_fed_false_and_loops_and_branches_are_no_taps(tmp_path: Path) -> None:
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [None], name="x")
            phase = v1.placeholder_with_default(tf.constant(value=True), [], name="keras_learning_phase")
            noisy = v1.cond(phase, lambda: x + v1.random_uniform([]), lambda: x)
            _, y = v1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, 2 * y), (0, noisy))
            tf.identity(y, name="y")
    finally:
        v1.enable_control_flow_v2()
    adapter = written(graph, tmp_path)
    described = adapter.describe()
    assert [port["tensor"] for port in described["inputs"]] == ["x:0"]
    assert [warning["code"] for warning in described["warnings"]] == ["LEARNING_PHASE"]
    assert described["random_ops"] == []
    taps = [tap["tensor"] for tap in described["taps"]]
    assert not [name for name in taps if "Enter" in name or "random_uniform" in name]
    found = adapter.run({"x:0": np.float32([1, 2])}, taps=taps)
    np.testing.assert_array_equal(found["outputs"]["y:0"], [8, 16])
    reference = adapter.reference({"x:0": np.float32([1, 2])}, ["y:0"], found["outputs"])["y:0"]
    assert reference == {"error": 0.0, "scale": 16.0, "exact": True}


def test_random_ops_that_inference_reaches_are_named(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [2], name="x")
        tf.add(x, v1.random_uniform([2], name="noise"), name="y")
    assert written(graph, tmp_path).describe()["random_ops"] == ["noise/RandomUniform"]


def test_what_cannot_be_loaded_is_said(tmp_path: Path, shared_models: Path) -> None:
    unknown = v1.GraphDef()
    unknown.node.add(name="x", op="MadeUpOp")
    (tmp_path / "unknown.pb").write_bytes(unknown.SerializeToString())
    with tf.Graph().as_default() as graph:
        tf.identity(v1.get_variable("weights", [2]), name="y")
    (tmp_path / "variables.pb").write_bytes(graph.as_graph_def().SerializeToString())
    (tmp_path / "empty.pb").write_bytes(b"")
    cases = {
        tmp_path / "unknown.pb": "OP_NOT_REGISTERED",
        tmp_path / "variables.pb": "NOT_FROZEN",
        tmp_path / "empty.pb": "LOAD_FAILED",
        tmp_path / "missing.pb": "NOT_FOUND",
        shared_models / "pairs/misnamed/model.pb": "LOAD_FAILED",
    }
    for path, code in cases.items():
        with pytest.raises(RequestError) as failed:
            GraphAdapter(str(path), Options())
        assert failed.value.fields["code"] == code, path


def test_a_failing_run_is_told_in_a_line(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, name="x")
        tf.reshape(x, [3, 3], name="y")
    with pytest.raises(RequestError) as failed:
        written(graph, tmp_path).run({"x:0": np.zeros(4, np.float32)})
    assert failed.value.fields["code"] == "RUN_FAILED"
    assert failed.value.fields["what"] == "Input to reshape is a tensor with 4 values, but the requested shape has 9"
    assert failed.value.fields["where"] == "y"
