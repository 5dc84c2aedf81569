"""The float64 reference against numpy in float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from inspector.runners.graph_adapter import GraphAdapter
from inspector.runners.options import Options

pytestmark = pytest.mark.framework
v1 = tf.compat.v1
RANDOM = np.random.default_rng(7)


def adapter_of(graph: tf.Graph, folder: Path) -> GraphAdapter:
    path = folder / "graph.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return GraphAdapter(str(path), Options())


def deviation(adapter: GraphAdapter, feeds: dict[str, np.ndarray], name: str, truth: np.ndarray) -> dict:
    """The runner's reference compared with the truth: `error` is how far the reference itself is off."""
    return adapter.reference(feeds, [name], {name: truth})[name]


def normalised(x: np.ndarray, parts: list[np.ndarray], epsilon: float) -> np.ndarray:
    scale, offset, mean, variance = (np.float64(part) for part in parts)
    return (np.float64(x) - mean) / np.sqrt(variance + np.float64(np.float32(epsilon))) * scale + offset


@pytest.mark.parametrize("version", ["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm(version: str, layout: str, training: bool, tmp_path: Path) -> None:
    x = RANDOM.normal(3, 2, (2, 5, 4, 3)).astype(np.float32)
    parts = [RANDOM.uniform(0.5, 2, 3).astype(np.float32) for _ in range(4)]
    with tf.Graph().as_default() as graph:
        fed = v1.placeholder(tf.float32, [None, None, None, None], name="x")
        given = [tf.constant([], tf.float32)] * 2 if training else [tf.constant(part) for part in parts[2:]]
        getattr(tf.raw_ops, version)(
            x=fed,
            scale=parts[0],
            offset=parts[1],
            mean=given[0],
            variance=given[1],
            epsilon=0.01,
            data_format=layout,
            is_training=training,
            name="bn",
        )
    if training:
        parts[2:] = [np.float64(x).mean((0, 1, 2)), np.float64(x).var((0, 1, 2))]
    truth = normalised(x, parts, 0.01)
    axes = (0, 3, 1, 2) if layout == "NCHW" else (0, 1, 2, 3)
    found = deviation(adapter_of(graph, tmp_path), {"x:0": x.transpose(axes)}, "bn:0", truth.transpose(axes))
    assert found["exact"]
    assert found["error"] < 1e-14
    assert found["scale"] == pytest.approx(np.abs(truth).max(), rel=1e-12)


def test_channels_first(tmp_path: Path) -> None:
    """A strided, padded convolution and a pool with the channels first, which the CPU cannot do in float64."""
    x = RANDOM.normal(size=(2, 3, 7, 6)).astype(np.float32)
    kernel = RANDOM.normal(size=(2, 2, 3, 4)).astype(np.float32)
    with tf.Graph().as_default() as graph:
        fed = v1.placeholder(tf.float32, [None, 3, 7, 6], name="x")
        padding = [[0, 0], [0, 0], [1, 0], [0, 2]]
        y = tf.nn.conv2d(fed, kernel, [1, 1, 2, 1], padding, data_format="NCHW", name="convolution")
        tf.nn.max_pool2d(y, 2, [1, 1, 1, 2], "VALID", data_format="NCHW", name="pool")
    padded = np.pad(np.float64(x), [(0, 0), (0, 0), (1, 0), (0, 2)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2, 2), (2, 3))[:, :, ::2]
    convolved = np.einsum("bchwij,ijco->bohw", windows, np.float64(kernel))
    pooled = np.lib.stride_tricks.sliding_window_view(convolved, (2, 2), (2, 3))[:, :, :, ::2].max((4, 5))
    adapter = adapter_of(graph, tmp_path)
    for name, truth in (("convolution:0", convolved), ("pool:0", pooled)):
        found = deviation(adapter, {"x:0": x}, name, truth)
        assert found["exact"]
        assert found["error"] < 1e-13


def test_a_kernel_without_float64_is_said(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 4, 4, 3], name="x")
        exact = tf.square(x, name="before")
        tf.exp(tf.raw_ops.LRN(input=exact, name="lrn"), name="after")
    adapter = adapter_of(graph, tmp_path)
    feeds = {"x:0": RANDOM.normal(size=(1, 4, 4, 3)).astype(np.float32)}
    taps = adapter.run(feeds, taps=["before:0", "lrn:0", "after:0"])["taps"]
    through = adapter.reference(feeds, list(taps), taps)
    assert [through[name]["exact"] for name in taps] == [True, False, False]
    cut = adapter.reference({**feeds, **taps}, list(taps), taps)
    assert [cut[name]["exact"] for name in taps] == [True, False, True]


def test_loops_conditions_and_tensor_arrays(tmp_path: Path) -> None:
    """A v1 while loop with TensorArrays, as old recurrent layers are written: a running sum of squares."""
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [5, None], name="x")
            y = v1.scan(lambda state, row: state * 0.1 + row * row, x)
            tf.identity(y, name="y")
    finally:
        v1.enable_control_flow_v2()
    array = RANDOM.normal(size=(5, 3)).astype(np.float32)
    truth = np.float64(array)
    for step in range(1, 5):
        truth[step] = truth[step - 1] * np.float64(np.float32(0.1)) + truth[step] ** 2
    adapter = adapter_of(graph, tmp_path)
    assert "TensorArrayV3" in {node.op for node in adapter.engine.graph_def.node}
    found = deviation(adapter, {"x:0": array}, "y:0", truth)
    assert found == {"error": pytest.approx(0, abs=1e-15), "scale": pytest.approx(np.abs(truth).max()), "exact": True}


def test_functions_and_mixed_precision(tmp_path: Path) -> None:
    """A function that is called, and float16 on the way: both become float64."""

    @tf.function
    def cubed(x: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.cast(x, tf.float16) * tf.constant(3, tf.float16), tf.float32) + 0.1

    with tf.Graph().as_default() as graph:
        tf.identity(cubed(v1.placeholder(tf.float32, [None], name="x")), name="y")
    array = RANDOM.normal(size=4).astype(np.float32)
    truth = 3 * np.float64(array) + np.float64(np.float32(0.1))
    assert len(graph.as_graph_def().library.function)
    found = deviation(adapter_of(graph, tmp_path), {"x:0": array}, "y:0", truth)
    assert found["error"] < 1e-15
    assert found["exact"]


def test_one_layer_of_float32_is_measured(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 64], name="x")
        weights = RANDOM.normal(size=(64, 8)).astype(np.float32)
        tf.matmul(x, tf.constant(weights), name="y")
    adapter = adapter_of(graph, tmp_path)
    array = RANDOM.normal(size=(3, 64)).astype(np.float32)
    found = adapter.run({"x:0": array})["outputs"]
    error = np.abs(found["y:0"] - np.float64(array) @ np.float64(weights)).max()
    assert deviation(adapter, {"x:0": array}, "y:0", found["y:0"])["error"] == pytest.approx(error, abs=1e-14)
    assert error > 1e-8
