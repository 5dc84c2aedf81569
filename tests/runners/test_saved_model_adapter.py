"""SavedModels and checkpoints in the runner: TensorFlow's own numbers, under the reader's names, and its limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow_written import TRUTH, made

from inspector.formats import open_file
from inspector.runners.checkpoint_adapter import CheckpointAdapter
from inspector.runners.graph_adapter import GraphAdapter
from inspector.runners.options import Options
from inspector.runners.saved_model_adapter import SavedModelAdapter
from inspector.runners.server import RequestError

pytestmark = pytest.mark.framework
IDS = {"low": [1, 2], "high": [8, 0]}


def module(signature: str = "") -> SavedModelAdapter:
    return SavedModelAdapter(str(made() / "module"), Options(choices={"signature": signature}))


@pytest.fixture(scope="module")
def served() -> SavedModelAdapter:
    return module()


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    return dict(np.load(made() / TRUTH))


def feeds(truth: dict[str, np.ndarray], ids: str) -> dict[str, np.ndarray]:
    return {"serving_default_image:0": truth["module/image"], "serving_default_ids:0": np.array(IDS[ids], np.int32)}


@pytest.mark.parametrize("ids", list(IDS))
def test_signature_and_flat_graph_give_tensorflows_numbers(served: SavedModelAdapter, truth: Any, ids: str) -> None:
    outputs = [port.tensor for port in served.outputs]
    assert [port.name for port in served.outputs] == ["best", "looped", "rows"]
    plain = served.run(feeds(truth, ids))["outputs"]
    tapped = served.run(feeds(truth, ids), taps=outputs)["taps"]
    for port in served.outputs:
        for found in (plain[port.tensor], tapped[port.tensor]):
            np.testing.assert_allclose(found, truth[f"module/{ids}/{port.name}"], rtol=1e-6, atol=1e-6)


def test_the_runner_has_every_tensor_of_the_readers_computation(served: SavedModelAdapter) -> None:
    computation = open_file(str(made() / "module")).computation()
    wanted = {tensor for layer in computation.layers for tensor in layer.outputs}
    wanted |= {port.tensor for port in (*computation.inputs, *computation.outputs)}
    assert wanted <= set(served.taps)
    assert [(p.name, p.tensor) for p in computation.outputs] == [(p.name, p.tensor) for p in served.outputs]


def test_a_loop_of_tensorflow_1_keeps_its_constants_in_its_frame(tmp_path: Path) -> None:
    """Inlining marks a constant of a loop's body by a NoOp that it waits for."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    lstm = tf.keras.Sequential([tf.keras.Input((5, 3)), tf.keras.layers.LSTM(4)])
    call = tf.function(lambda x: lstm(x, training=False)).get_concrete_function(tf.TensorSpec((None, 5, 3), name="x"))
    definition = convert_variables_to_constants_v2(call).graph.as_graph_def()
    assert any(node.op == "Enter" for node in definition.node)
    v1 = tf.compat.v1
    builder = v1.saved_model.Builder(str(tmp_path / "saved"))
    with tf.Graph().as_default() as graph, v1.Session() as session:
        v1.import_graph_def(definition, name="")
        found = {name: graph.get_tensor_by_name(f"{name}:0") for name in ("x", "Identity")}
        signature = v1.saved_model.predict_signature_def({"x": found["x"]}, {"y": found["Identity"]})
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map={"serving_default": signature})
    builder.save()
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    side = SavedModelAdapter(str(tmp_path / "saved"), Options())
    given, wanted = side.inputs[0].tensor, side.outputs[0].tensor
    tapped = side.run({given: x}, taps=[wanted])["taps"][wanted]
    np.testing.assert_allclose(tapped, np.asarray(lstm(x)), atol=1e-6)


def test_taps_inside_of_functions_can_be_replayed(served: SavedModelAdapter, truth: Any) -> None:
    name = "StatefulPartitionedCall_1/StatefulPartitionedCall/StatefulPartitionedCall/MatMul:0"
    after = "StatefulPartitionedCall_1/StatefulPartitionedCall/concat:0"
    product = served.run(feeds(truth, "low"), taps=[name])["taps"][name]
    again = served.replay({name: product + 1}, [after])[after]
    np.testing.assert_allclose(again, product + 1, rtol=1e-6)


def test_float64_goes_through_loops_and_conditions(served: SavedModelAdapter, truth: Any) -> None:
    looped = served.outputs[1].tensor
    plain = served.run(feeds(truth, "high"))["outputs"]
    found = served.reference(feeds(truth, "high"), [looped], {looped: plain[looped]})[looped]
    assert 0 < found["error"] < 1e-5 * found["scale"]


def test_text_goes_in_and_comes_out() -> None:
    adapter = module("join")
    words = np.array([b"one", "zwölf".encode()])
    found = adapter.run({"join_words:0": words})["outputs"]
    named = {port.name: found[port.tensor] for port in adapter.outputs}
    assert named["joined"].tolist() == b"one-zw\xc3\xb6lf"
    assert named["length"].tolist() == [3, 6]


def test_a_counter_counts_and_is_only_run_as_it_is() -> None:
    adapter = module("add")
    [total] = [port.tensor for port in adapter.outputs]
    assert adapter.can == ()
    assert [warning["code"] for warning in adapter.warnings] == ["MUTABLE_STATE"]
    counted = [int(adapter.run({"add_much:0": np.int32(3)}, taps=[total])["taps"][total]) for _ in range(3)]
    assert counted == [3, 6, 9]
    with pytest.raises(RequestError) as caught:
        adapter.run({"add_much:0": np.zeros(2, np.int32)})
    assert caught.value.fields["code"] == "WRONG_SHAPE"


@pytest.mark.parametrize(("tags", "offset"), [("no tags", 0), ("train", 1)])
def test_tags_of_a_hub_module(tags: str, offset: int) -> None:
    adapter = SavedModelAdapter(str(made() / "tags"), Options(choices={"tags": tags}))
    [found] = adapter.run({"x:0": np.ones((1, 3), np.float32)})["outputs"].values()
    assert found.tolist() == [[1 + offset, 2 + offset, 4 + offset]]


def test_a_choice_that_is_not_there() -> None:
    for choices in ({"tags": "serve"}, {"signature": "other"}):
        with pytest.raises(RequestError) as caught:
            SavedModelAdapter(str(made() / "tags"), Options(choices=choices))
        assert caught.value.fields["code"] == "BAD_CHOICE"


def test_a_checkpoint_computes_what_its_session_did(truth: Any) -> None:
    path = str(made() / "trained" / "net-12.meta")
    adapter, computation = CheckpointAdapter(path, Options()), open_file(path).computation()
    assert [port.tensor for port in adapter.inputs] == [port.tensor for port in computation.inputs] == ["pixels:0"]
    assert [port.tensor for port in adapter.outputs] == [port.tensor for port in computation.outputs] == ["scores:0"]
    assert {tensor for layer in computation.layers for tensor in layer.outputs} <= set(adapter.taps)
    found = adapter.run({"pixels:0": truth["trained/pixels"]})["outputs"]["scores:0"]
    np.testing.assert_allclose(found, truth["trained/scores"], atol=1e-7)


def test_a_text_graph_runs() -> None:
    adapter = GraphAdapter(str(made() / "graph.pbtxt"), Options())
    [found] = adapter.run({"x:0": np.eye(3, dtype=np.float32)})["outputs"].values()
    assert found.tolist() == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize("broken", ["index", "data-00000-of-00001"])
def test_a_missing_file_is_a_clear_error(tmp_path: Path, broken: str) -> None:
    for path in (made() / "trained").iterdir():
        if not path.name.endswith(broken):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(RequestError) as caught:
        CheckpointAdapter(str(tmp_path / "net-12.meta"), Options())
    assert caught.value.fields["code"] == "LOAD_FAILED"
    assert "net-12" in caught.value.fields["what"]


def test_variables_that_the_restoring_op_leaves_out_have_the_values_of_their_objects(tmp_path: Path) -> None:
    """`tf.saved_model.save` of a Keras 3 model names its variables twice, and the loader fills the other ones."""
    import keras
    import tensorflow as tf

    random = np.random.default_rng(7)
    kernel, bias = random.normal(size=(4, 3)).astype("f4"), random.normal(size=3).astype("f4")
    given = keras.Input((4,), name="row")
    model = keras.Model(given, keras.layers.Dense(3, name="scores")(given))
    model.layers[-1].set_weights([kernel, bias])
    tf.saved_model.save(model, str(tmp_path / "saved"))
    side = SavedModelAdapter(str(tmp_path / "saved"), Options())
    x = random.normal(size=(5, 4)).astype("f4")
    wanted = side.outputs[0].tensor
    found = side.run({side.inputs[0].tensor: x}, taps=[wanted])
    exact = x.astype("f8") @ kernel.astype("f8") + bias
    for array in (found["outputs"][wanted], found["taps"][wanted]):
        np.testing.assert_allclose(array, exact, rtol=1e-5, atol=1e-5)
    assert [warning["code"] for warning in side.warnings] == ["VARIABLES_BY_OBJECT"]
