"""Put a side's run options into TensorFlow before the model is loaded."""

import sys
from typing import Any

import tensorflow as tf

from .options import Options
from .structure import RANDOM_PREFIXES


def apply(options: Options) -> None:
    """Threads, graph optimisation and the seed, for eager functions as for sessions (`configured`)."""
    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)
        tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    if not options.optimise:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    if options.seed is not None:
        tf.random.set_seed(options.seed)


def configured(options: Options) -> Any:
    """The ConfigProto of a session."""
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    config.intra_op_parallelism_threads = options.threads
    config.inter_op_parallelism_threads = options.threads
    return config


def seed_ops(graph_def: Any, seed: int) -> None:
    """Give every random op of a graph and of its functions a seed of its own, where it has none."""
    bodies = [graph_def.node] + [function.node_def for function in graph_def.library.function]
    random = [node for nodes in bodies for node in nodes if node.op.startswith(RANDOM_PREFIXES)]
    for number, node in enumerate(random):
        if "seed2" in node.attr and not (node.attr["seed"].i or node.attr["seed2"].i):
            node.attr["seed"].i, node.attr["seed2"].i = seed % sys.maxsize, number + 1
