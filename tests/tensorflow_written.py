"""Checkpoints, SavedModels and text graphs as TensorFlow writes them, with what TensorFlow computes with them.

Run as a program (`tensorflow_written.py FOLDER`), so that TensorFlow stays out of the process of the readers' tests.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

TRUTH = "truth.npz"


@functools.cache
def made() -> Path:
    """The folder with all of them, made once for a test run."""
    folder = Path(tempfile.mkdtemp(prefix="model-inspector-written-"))
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, str(folder)]
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=240, env=environment)
    return folder


def write(folder: Path) -> None:
    truth: dict[str, np.ndarray] = {}
    _checkpoint(folder / "trained", truth)
    _two_tags(folder / "tags", truth)
    _module(folder / "module", truth)
    _texts(folder)
    np.savez(folder / TRUTH, **truth)


def _checkpoint(folder: Path, truth: dict[str, np.ndarray]) -> None:
    """A net in the middle of its training: a partitioned kernel, labels, a loss, an optimizer, moving averages."""
    import tensorflow as tf

    v1 = tf.compat.v1
    folder.mkdir()
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(7)
        x = v1.placeholder(tf.float32, (None, 10), "pixels")
        label = v1.placeholder(tf.int32, (None,), "truth")
        parts = v1.fixed_size_partitioner(3)
        kernel = v1.get_variable("hidden/kernel", (10, 6), partitioner=parts, use_resource=False)
        bias = v1.get_variable("hidden/bias", (6,), use_resource=True, initializer=v1.random_normal_initializer())
        hidden = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, tf.convert_to_tensor(kernel)), bias), name="hidden/relu")
        last = v1.get_variable("last/kernel", (6, 4), use_resource=True)
        logits = tf.matmul(hidden, last, name="last/logits")
        scores = tf.nn.softmax(logits, name="scores")
        hits = tf.equal(label, tf.cast(tf.argmax(scores, 1), tf.int32))
        v1.summary.scalar("hits", tf.reduce_mean(tf.cast(hits, tf.float32)))
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=logits)
        penalty = tf.add_n([tf.nn.l2_loss(last), tf.nn.l2_loss(bias)])
        step = v1.train.AdamOptimizer().minimize(tf.reduce_mean(losses) + 0.1 * penalty)
        average = tf.train.ExponentialMovingAverage(0.9).apply([last])
        session.run(v1.global_variables_initializer())
        pixels = np.random.default_rng(1).normal(size=(5, 10)).astype(np.float32)
        session.run([step, average], {x: pixels, label: np.arange(5) % 4})
        v1.train.Saver().save(session, str(folder / "net"), global_step=12)
        truth["trained/pixels"], truth["trained/scores"] = pixels, session.run(scores, {x: pixels})
        truth["trained/kernel"] = session.run(tf.convert_to_tensor(kernel))
        truth["trained/last"] = session.run(last)


def _two_tags(folder: Path, truth: dict[str, np.ndarray]) -> None:
    """As a TensorFlow 1 Hub module: one meta graph without tags, one for training, a signature `default` each."""
    import tensorflow as tf

    v1 = tf.compat.v1
    builder = v1.saved_model.builder.SavedModelBuilder(str(folder))
    for number, tags in enumerate(([], ["train"])):
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, (None, 3), "x")
            scale = v1.get_variable("scale", (3,), initializer=v1.constant_initializer([1.0, 2.0, 4.0]))
            y = tf.multiply(x, scale, name="y") + float(number)
            session.run(v1.global_variables_initializer())
            signature = v1.saved_model.signature_def_utils.predict_signature_def({"features": x}, {"default": y})
            if number:
                builder.add_meta_graph(tags, {"default": signature})
            else:
                builder.add_meta_graph_and_variables(session, tags, {"default": signature})
    builder.save()
    (folder / "tfhub_module.pb").write_bytes(b"\x08\x03")
    truth["tags/scale"] = np.array([1, 2, 4], np.float32)


def _module(folder: Path, truth: dict[str, np.ndarray]) -> None:
    """Functions in functions, outputs with names, a loop and a condition that read variables, text, and state."""
    import tensorflow as tf

    class Net(tf.Module):
        def __init__(self) -> None:
            rng = np.random.default_rng(3)
            self.first = tf.Variable(rng.normal(size=(4, 4)).astype(np.float32), name="v")
            self.second = tf.Variable(rng.normal(size=(4, 4)).astype(np.float32), name="v")  # the same name
            self.table = tf.Variable(rng.normal(size=(9, 4)).astype(np.float32), name="table")
            self.count = tf.Variable(0, name="count")

        @tf.function
        def inner(self, x: Any) -> Any:
            mean, variance = tf.nn.moments(x, [0, 1, 2])
            normal, *_ = tf.raw_ops.FusedBatchNormV3(
                x=x, scale=tf.ones(4), offset=tf.zeros(4), mean=mean, variance=variance, is_training=False
            )
            left, right = tf.split(tf.matmul(tf.reshape(normal, (-1, 4)), self.first), 2, axis=1)
            return left, right, tf.math.top_k(tf.concat([right, left], 1), 2).indices

        @tf.function(
            input_signature=[tf.TensorSpec((None, 2, 2, 4), tf.float32, "image"), tf.TensorSpec((2,), tf.int32)]
        )
        def serve(self, image: Any, ids: Any) -> Any:
            left, right, best = self.inner(image)
            value = tf.concat([left, right], 1)
            _, looped = tf.while_loop(
                lambda i, _: i < 3, lambda i, v: (i + 1, tf.tanh(tf.matmul(v, self.second))), (0, value)
            )
            chosen = tf.cond(tf.reduce_sum(ids) > 3, lambda: looped @ self.second, lambda: looped - self.first[0])
            return {"looped": chosen, "best": best, "rows": tf.gather(self.table, ids)}

        @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
        def join(self, words: Any) -> Any:
            return {"joined": tf.strings.reduce_join(words, separator="-"), "length": tf.strings.length(words)}

        @tf.function(input_signature=[tf.TensorSpec((), tf.int32)])
        def add(self, much: Any) -> Any:
            return {"total": self.count.assign_add(much)}

    net = Net()
    signatures = {"serving_default": net.serve, "join": net.join, "add": net.add}
    tf.saved_model.save(net, str(folder), signatures=signatures)
    image = np.random.default_rng(5).normal(size=(3, 2, 2, 4)).astype(np.float32)
    for name, ids in (("low", [1, 2]), ("high", [8, 0])):
        found = net.serve(image, tf.constant(ids, tf.int32))
        truth.update({f"module/{name}/{key}": value.numpy() for key, value in found.items()})
    truth |= {"module/image": image, "module/first": net.first.numpy(), "module/second": net.second.numpy()}


def _texts(folder: Path) -> None:
    """The same messages in binary and in text, as protobuf writes it."""
    import tensorflow as tf
    from google.protobuf import text_format
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "module" / "saved_model.pb").read_bytes())
    (folder / "module.pbtxt").write_text(text_format.MessageToString(saved))
    meta = meta_graph_pb2.MetaGraphDef()
    meta.ParseFromString((folder / "trained" / "net-12.meta").read_bytes())
    (folder / "trained.pbtxt").write_text(text_format.MessageToString(meta))
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 3), "x")
        odd = np.array([np.inf, -np.inf, np.nan, 1e-45, -0.0, 3.4e38], np.float32).reshape(2, 3)
        tf.constant(odd, name="odd")
        tf.constant([b"a\x00\xff\"'\\\n", "grüße".encode()], name="text")
        tf.constant(np.arange(-3, 3, dtype=np.int64), name="whole")
        tf.constant(np.array([1.5, -2], np.float16), name="half")
        tf.identity(tf.matmul(x, tf.constant(np.arange(6, dtype=np.float32).reshape(3, 2)), name="product"), name="y")
    definition = graph.as_graph_def()
    (folder / "graph.pb").write_bytes(definition.SerializeToString())
    (folder / "graph.pbtxt").write_text(text_format.MessageToString(definition))
    (folder / "one_line.pbtxt").write_text(text_format.MessageToString(definition, as_one_line=True))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
