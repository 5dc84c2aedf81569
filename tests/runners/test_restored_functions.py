"""A layer that calls a function restored from a SavedModel, as hub.KerasLayer does: its variables become constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from inspector.runners.engine import Engine
from inspector.runners.options import Options
from inspector.runners.tracing import trace_model

pytestmark = pytest.mark.framework
KERNEL = np.random.default_rng(0).random((4, 3)).astype(np.float32)


class Module(tf.Module):
    """Multiplies by a variable."""

    def __init__(self) -> None:
        self.kernel = tf.Variable(KERNEL)

    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])
    def __call__(self, x: Any) -> Any:
        return tf.matmul(x, self.kernel)


class Restored(tf_keras.layers.Layer):  # type: ignore[misc]
    """Calls what is in a folder."""

    def __init__(self, folder: Path, **stated: Any) -> None:
        super().__init__(**stated)
        self.function = tf.saved_model.load(str(folder))

    def call(self, x: Any) -> Any:
        return self.function(x)


def test_it_is_traced_to_a_graph_without_variables(tmp_path: Path) -> None:
    tf.saved_model.save(Module(), str(tmp_path))
    inputs = tf_keras.Input((4,), name="x")
    features = Restored(tmp_path, name="features")(inputs)
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(2, bias_initializer="ones", name="out")(features))
    layer = next(kind for kind in tf_keras.layers.Dense.__mro__ if kind.__name__ == "Layer")
    trace = trace_model(model, [layer], ["x"])
    assert not [node.name for node in trace.graph_def.node if "Variable" in node.op or "Call" in node.op]
    x = np.random.default_rng(1).random((3, 4)).astype(np.float32)
    engine = Engine(trace.graph_def, {}, Options())
    found, out = engine.run({trace.taps["x"]: x}, [trace.taps["features"], trace.taps["out"]])
    truth = np.float64(x) @ np.float64(KERNEL)
    np.testing.assert_allclose(found, truth, rtol=1e-5)
    kernel, bias = (np.float64(weight) for weight in model.get_layer("out").get_weights())
    np.testing.assert_allclose(out, truth @ kernel + bias, rtol=1e-5)
    (replayed,) = engine.replay({trace.taps["features"]: found + 1}, [trace.taps["out"]])
    np.testing.assert_allclose(replayed, (truth + 1) @ kernel + bias, rtol=1e-5)
