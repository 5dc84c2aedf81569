"""What is to be written, and what was written: the two messages of a conversion."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ..server import RequestError

OPEN = "open"
Arrays = Dict[str, np.ndarray]


class Wish(NamedTuple):
    """How a model is to be written. `inputs`, `outputs`: other names for its ports, by the port's name. `batch`: a
    number of samples, `open` for any number, "" as the model has it. `fold`: batch norm into convolution and dense
    layers. `signature`: of a SavedModel. `preprocess`: steps that are put in front, in the order of docs/inputs.md.
    `keep_float`: layers that are not quantized. `arrays`: representative inputs by tensor, as (samples, ...)."""

    inputs: Dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    outputs: Dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    batch: str = ""
    fold: bool = False
    signature: str = ""
    preprocess: Sequence[Sequence[Any]] = ()
    keep_float: Sequence[str] = ()
    arrays: Arrays = {}  # noqa: RUF012 - nobody changes it

    @property
    def size(self) -> Optional[int]:
        """The fixed number of samples, None for any number; only where `batch` is set."""
        return None if self.batch == OPEN else int(self.batch)


class Named(NamedTuple):
    """A tensor of what was written, with what a caller has to know of it. `layer` is what it is in the model that
    it was made from."""

    name: str
    tensor: str
    shape: Optional[List[Optional[int]]]
    dtype: str
    layer: str


class Written(NamedTuple):
    """`path`: the file or folder in the spill. `layers`: the tensors of the model's layers, in order. `notes`:
    warnings with a code."""

    path: str
    inputs: List[Named]
    outputs: List[Named]
    layers: List[Named]
    notes: List[Dict[str, str]]
    facts: Dict[str, str]

    def as_message(self) -> Dict[str, Any]:
        message = self._asdict()
        for key in ("inputs", "outputs", "layers"):
            message[key] = [dict(named._asdict()) for named in message[key]]
        return dict(message)


def wish_of(message: Dict[str, Any], arrays: Arrays) -> Wish:
    """Unknown fields (of a newer app) are left out."""
    known = {name: value for name, value in message.items() if name in Wish._fields and value is not None}
    return Wish(**dict(known, arrays=arrays))


def note(code: str, text: str) -> Dict[str, str]:
    return {"code": code, "text": text}


def cannot(what: str, where: str = "", todo: str = "") -> RequestError:
    """The model has no such form."""
    return RequestError("CANNOT_CONVERT", what, where, todo)
