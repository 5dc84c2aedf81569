"""A part of one graph at work in another: against numpy, with loops, other layouts and several outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from inspector.runners.graph_adapter import GraphAdapter
from inspector.runners.options import Options
from inspector.runners.server import RequestError

pytestmark = pytest.mark.framework
v1 = tf.compat.v1
X = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]], np.float32)


def written(graph: tf.Graph, path: Path) -> GraphAdapter:
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return GraphAdapter(str(path), Options())


def joint(donor: str, host: str, axes: list[int] | None = None, shapes: tuple = ((), ())) -> dict[str, Any]:
    return {"donor": donor, "host": host, "axes": axes, "donor_shape": shapes[0], "host_shape": shapes[1]}


def put_in(donor: GraphAdapter, host: GraphAdapter, folder: Path, joints: list[dict], target: dict) -> None:
    path = str(folder / "donor.pb")
    names = donor.export([item["donor"] for item in (*joints, target)], path)
    told = [dict(item, donor=names[item["donor"]]) for item in (*joints, target)]
    host.edit([{"kind": "graft", "graph": path, "joints": told[:-1], "target": told[-1]}], {})


def host_of(folder: Path) -> GraphAdapter:
    """y = 10 * relu(x + 1), z = y + relu(x + 1)."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 3], "x")
        middle = tf.nn.relu(tf.add(x, 1.0, name="sum"), name="middle")
        tf.add(tf.multiply(middle, 10.0, name="y"), middle, name="z")
    return written(graph, folder / "host.pb")


def test_a_layer_takes_the_place_of_a_tensor_and_everything_behind_reads_it(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        given = v1.placeholder(tf.float32, [None, 3], "given")
        inner = tf.multiply(given, 2.0, name="inner")  # cut here: reads the host's `sum`
        tf.nn.leaky_relu(inner, 0.25, name="leaky")
    donor, host = written(graph, tmp_path / "a.pb"), host_of(tmp_path)
    put_in(donor, host, tmp_path, [joint("inner:0", "sum:0")], joint("leaky:0", "middle:0"))

    found = host.run({"x:0": X}, taps=["middle:0"], edited=True)
    leaky = np.where(X + 1 > 0, X + 1, 0.25 * (X + 1))
    np.testing.assert_allclose(found["taps"]["middle:0"], leaky, rtol=1e-6)
    np.testing.assert_allclose(found["outputs"]["z:0"], 11 * leaky, rtol=1e-6)
    replayed = host.replay({"sum:0": X, "middle:0": X}, ["middle:0", "y:0"], edited=True)
    np.testing.assert_allclose(replayed["middle:0"], np.where(X > 0, X, 0.25 * X), rtol=1e-6)
    np.testing.assert_allclose(replayed["y:0"], 10 * X, rtol=1e-6)
    plain = host.run({"x:0": X})["outputs"]["z:0"]
    np.testing.assert_allclose(plain, 11 * np.maximum(X + 1, 0), rtol=1e-6)


def test_a_loop_comes_with_its_functions(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        given = v1.placeholder(tf.float32, [None, 3], "given")

        def three_times(start: Any) -> Any:
            turns = tf.while_loop(lambda i, _: i < 3, lambda i, value: (i + 1, value * 2.0), (0, start))
            return turns[1]

        v1.enable_control_flow_v2()
        tf.identity(three_times(given), name="looped")
    assert graph.as_graph_def().library.function
    donor, host = written(graph, tmp_path / "a.pb"), host_of(tmp_path)
    put_in(donor, host, tmp_path, [joint("given:0", "sum:0")], joint("looped:0", "middle:0"))
    found = host.run({"x:0": X}, edited=True)["outputs"]["z:0"]
    np.testing.assert_allclose(found, 11 * 8 * (X + 1), rtol=1e-6)


def test_layouts_are_turned_both_ways_and_other_outputs_stay(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        given = v1.placeholder(tf.float32, [None, 3, 2], "given")
        tf.add(given, tf.constant([[1.0, 2.0]] * 3), name="moved")
    donor = written(graph, tmp_path / "a.pb")
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 2, 3], "x")
        first, second = tf.split(tf.concat([x, -x], 0, name="both"), 2, name="split")
        tf.concat([first, second], 0, name="y")
    host = written(graph, tmp_path / "b.pb")
    turned, shapes = [0, 2, 1], ((4, 3, 2), (4, 2, 3))
    put_in(
        donor, host, tmp_path, [joint("given:0", "x:0", turned, shapes)], joint("moved:0", "split:0", turned, shapes)
    )
    x = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    found = host.run({"x:0": x}, edited=True)["outputs"]["y:0"]
    np.testing.assert_allclose(found, np.concatenate([x + np.array([[1.0], [2.0]], np.float32), -x]))


def test_a_part_that_needs_more_than_the_joints_give_is_told(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        one, two = v1.placeholder(tf.float32, [None, 3], "one"), v1.placeholder(tf.float32, [None, 3], "two")
        tf.add(one, two, name="sum_of_two")
    donor, host = written(graph, tmp_path / "a.pb"), host_of(tmp_path)
    put_in(donor, host, tmp_path, [joint("one:0", "sum:0")], joint("sum_of_two:0", "middle:0"))
    with pytest.raises(RequestError, match="must feed a value"):
        host.run({"x:0": X}, edited=True)


def test_two_layers_at_once_each_from_its_own_joints(tmp_path: Path) -> None:
    """The second one's part goes on behind the first one's joint, which is none of its own."""
    with tf.Graph().as_default() as graph:
        given = v1.placeholder(tf.float32, [None, 3], "given")
        first = tf.nn.elu(tf.multiply(given, 2.0, name="inner"), name="first")
        tf.multiply(tf.nn.tanh(first, name="second"), 3.0, name="third")
    donor, host = written(graph, tmp_path / "a.pb"), host_of(tmp_path)
    path = str(tmp_path / "donor.pb")
    names = donor.export(["inner:0", "first:0", "second:0", "third:0"], path)

    def graft(target: dict, *joints: dict) -> dict:
        told = [dict(item, donor=names[item["donor"]]) for item in (*joints, target)]
        return {"kind": "graft", "graph": path, "joints": told[:-1], "target": told[-1]}

    host.edit(
        [
            graft(joint("first:0", "middle:0"), joint("inner:0", "sum:0")),
            graft(joint("third:0", "y:0"), joint("inner:0", "sum:0")),
        ],
        {},
    )
    found = host.run({"x:0": X}, taps=["middle:0", "y:0"], edited=True)["taps"]
    elu = np.where(X + 1 > 0, X + 1, np.expm1(X + 1))
    np.testing.assert_allclose(found["middle:0"], elu, rtol=1e-6)
    np.testing.assert_allclose(found["y:0"], 3 * np.tanh(elu), rtol=1e-6)
    host.edit(
        [
            graft(joint("first:0", "middle:0"), joint("inner:0", "sum:0")),
            graft(joint("third:0", "y:0"), joint("first:0", "middle:0")),
        ],
        {},
    )
    replayed = host.replay({"sum:0": X, "middle:0": X}, ["middle:0", "y:0"], edited=True)
    np.testing.assert_allclose(replayed["middle:0"], np.where(X > 0, X, np.expm1(X)), rtol=1e-6)
    np.testing.assert_allclose(replayed["y:0"], 3 * np.tanh(X), rtol=1e-6)
