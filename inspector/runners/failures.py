"""TensorFlow's exceptions put into short errors with stable codes."""

import contextlib
from typing import Iterator

import tensorflow as tf

from .messages import short
from .server import RequestError


@contextlib.contextmanager
def running(where: str) -> Iterator[None]:
    """Turn whatever a run raises into RUN_FAILED or OUT_OF_MEMORY."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise RequestError("OUT_OF_MEMORY", short(error.message), where, "Use a smaller batch.")
    except tf.errors.OpError as error:
        node = error.op.name if error.op is not None else ""
        raise RequestError("RUN_FAILED", short(error.message), node or where, "Check the inputs' shapes and values.")
    except (ValueError, TypeError) as error:
        raise RequestError("RUN_FAILED", short(error), where, "Check the inputs' shapes and values.")
