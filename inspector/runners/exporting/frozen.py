"""A frozen graph: one file that `import_graph_def` loads, in TensorFlow 1.15 as today."""

import os
from typing import Any

from ..adapter import Adapter
from ..messages import short
from ..server import RequestError
from .assembling import assembled
from .request import Wish, Written

FILE = "model.pb"


def write(side: Adapter, wish: Wish, folder: str) -> Written:
    """Write `model.pb`. Raises CANNOT_CONVERT, TOO_LARGE."""
    made = assembled(side, wish)
    path = os.path.join(folder, FILE)
    with open(path, "wb") as file:
        file.write(serialized(made.graph_def))
    facts = {"nodes": str(len(made.graph_def.node)), "folded": ", ".join(made.folded)}
    return Written(path, made.inputs, made.outputs, made.layers, made.notes, facts)


def serialized(message: Any) -> bytes:
    """The same message always gives the same bytes. Raises TOO_LARGE beyond protobuf's 2 GB."""
    try:
        return bytes(message.SerializeToString(deterministic=True))
    except ValueError as error:
        todo = "Convert it to .keras or .h5, which have no such limit."
        raise RequestError("TOO_LARGE", "a graph ends at 2 GB: " + short(error), "", todo)
