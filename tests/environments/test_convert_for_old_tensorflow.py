"""A frozen graph that is written here runs in TensorFlow 1.15 with nothing but `import_graph_def`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tf_keras
from nets import NETS, feeds, saved

from inspector.runners.exporting.converting import convert
from inspector.runners.exporting.request import Wish
from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.options import Options

pytestmark = [pytest.mark.framework, pytest.mark.timeout(1500)]  # the first run makes the environments
ADAPTERS = {"legacy": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}
NEAR = 1e-5
SCRIPT = """
import sys
import numpy as np
import tensorflow as tf
graph_def = tf.compat.v1.GraphDef()
with open(sys.argv[1], "rb") as file:
    graph_def.ParseFromString(file.read())
with tf.Graph().as_default() as graph:
    tf.compat.v1.import_graph_def(graph_def, name="")
fed = dict(np.load(sys.argv[2]))
with tf.compat.v1.Session(graph=graph) as session:
    np.save(sys.argv[3], session.run(sys.argv[4], feed_dict=fed))
"""


@pytest.mark.parametrize("name", ["tensorflow-1.15", "tensorflow-2.12"])
@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("which", ADAPTERS)
def test_it_runs_by_the_names_that_are_told(
    which: str, net: str, name: str, environment: Callable[[str], str], tmp_path: Path
) -> None:
    python = environment(name)
    model = NETS[net](ADAPTERS[which][0])
    side = ADAPTERS[which][1](str(saved(model, tmp_path)), Options())
    written = convert(side, "frozen", Wish(), str(tmp_path / "out"))
    fed = feeds(model, 2)
    np.savez(tmp_path / "fed.npz", **{named.tensor: fed[named.layer] for named in written.inputs})
    words = [written.path, tmp_path / "fed.npz", tmp_path / "found.npy", written.outputs[0].tensor]
    quiet = {k: v for k, v in os.environ.items() if k != "TF2_BEHAVIOR"} | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [python, "-c", SCRIPT, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    arrays = list(fed.values())
    truth = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    truth = truth[0] if isinstance(truth, list | tuple) else truth
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), np.asarray(truth), atol=NEAR)
