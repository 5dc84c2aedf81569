"""The template of all runner adapters: checks, limits and messages; an adapter adds only its framework."""

import os
from abc import ABC, abstractmethod
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from .messages import no_such_tensor
from .options import Options
from .scanning import Search, as_message, groups
from .server import Progress, RequestError

SCAN_BYTES = 256 << 20
Arrays = Dict[str, np.ndarray]
Described = Dict[str, Any]
Shape = Optional[List[Optional[int]]]


class Stated(NamedTuple):
    """What is known of a tensor before a run: `shape` None for an unknown rank; `dtype` as numpy says it.

    A quantized tensor is handed out as float32; `scale` is its quantization step (0: not quantized),
    `zero_point` its zero, `stored` the dtype that it is kept in. One number stands for a scale per channel:
    the largest."""

    shape: Shape
    dtype: str
    op: str = ""
    scale: float = 0.0
    zero_point: int = 0
    stored: str = ""


class Port(NamedTuple):
    """`name` for a person, `tensor` what is fed or fetched, `graph_tensor` the framework's name for it."""

    name: str
    tensor: str
    graph_tensor: str


class Adapter(ABC):
    """One loaded model. A subclass fills the attributes in `_load`, states its tensors, and runs.

    `taps` maps the names that the app uses to the framework's tensors, in order of computation. `can` says
    which of `replay`, `reference` and `edit` there are; what is not there raises. `precision` is what the
    numbers are computed in (`float32`, `float16`, `int8`, ...). `clipped` is, of the quantized tensors of the
    last run, the share of values at an end of their range. `config` is a Keras model's config as JSON, where
    nothing but running its architecture's code tells it. `refusal` is what the framework said of the file as it
    stands (`refusal.refusal`), None where it takes it."""

    inputs: Sequence[Port]
    outputs: Sequence[Port]
    framework = ""
    can: Sequence[str] = ()
    precision = "float32"
    config = ""
    refusal: Optional[Described] = None

    def __init__(self, path: str, options: Options) -> None:
        if not os.path.exists(path):
            raise RequestError("NOT_FOUND", "no such file", path, "Open the model again.")
        self.taps: Dict[str, Any] = {}
        self.clipped: Dict[str, float] = {}
        self.classes: Dict[str, str] = {}
        self.warnings: List[Dict[str, str]] = []
        self.options = options
        self._load(path)

    @abstractmethod
    def _load(self, path: str) -> None:
        """Load the model and fill the attributes."""

    @abstractmethod
    def stated(self, tap: str) -> Stated:
        """What is known of a tap, an input or an output, by the name that the app uses."""

    @abstractmethod
    def _plain(self, inputs: Arrays, outputs: Sequence[str]) -> Arrays:
        """The untouched run."""

    @abstractmethod
    def _tapped(self, inputs: Arrays, names: Sequence[str]) -> Arrays:
        """The values of taps (and of outputs, by name) in one run."""

    def describe(self) -> Described:
        """The answer to `load`."""
        return {
            "inputs": [self._port(port) for port in self.inputs],
            "outputs": [self._port(port) for port in self.outputs],
            "taps": [dict(self.stated(name)._asdict(), tensor=name) for name in self.taps],
            "framework": self.framework,
            "warnings": self.warnings,
            "random_ops": self.random_ops(),
            "can": list(self.can),
            "precision": self.precision,
            "config": self.config,
            "refusal": self.refusal,
        }

    def lookups(self) -> List[Any]:
        """What is looked up, as `lookups.Lookup`s, where the framework shows it."""
        return []

    def random_ops(self) -> List[str]:
        """Ops whose value changes from run to run."""
        return []

    def run(
        self, inputs: Arrays, *, taps: Sequence[str] = (), outputs: Sequence[str] = (), edited: bool = False
    ) -> Dict[str, Arrays]:
        """`outputs` and `taps` by name; without taps and edits it is the plain run."""
        self._check_names(inputs)
        wanted = list(outputs) or [port.tensor for port in self.outputs]
        fed = {port.tensor: self._input(port, inputs) for port in self.inputs}
        found = self._in_batches(fed, list(taps), wanted, edited=edited)
        return {"taps": {name: found[name] for name in taps}, "outputs": {name: found[name] for name in wanted}}

    def _in_batches(self, fed: Arrays, taps: List[str], wanted: List[str], *, edited: bool) -> Arrays:
        """All samples at once, or as many at a time as was asked for: joined along the first axis again."""
        count, size = samples(fed), self.options.batch
        if not size or count <= size:
            return self._once(fed, taps, wanted, edited=edited)
        parts = [
            self._once({name: array[at : at + size] for name, array in fed.items()}, taps, wanted, edited=edited)
            for at in range(0, count, size)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _once(self, fed: Arrays, taps: List[str], wanted: List[str], *, edited: bool) -> Arrays:
        if edited:
            return self._run_edited(fed, wanted + taps, optimised=not taps)
        return self._tapped(fed, taps + wanted) if taps else self._plain(fed, wanted)

    def replay(self, feeds: Arrays, fetch: Sequence[str], *, edited: bool = False) -> Arrays:
        """Every consumer of a fed tensor reads the fed array; `fetch` is computed from those."""
        raise RequestError("NO_REPLAY", "{} cannot be fed in the middle".format(self.framework))

    def reference(self, feeds: Arrays, fetch: Sequence[str], against: Arrays) -> Dict[str, Described]:
        """How far `against` is from what the fed arrays give in float64. Raises NO_REFERENCE."""
        raise RequestError("NO_REFERENCE", "{} does not compute in float64".format(self.framework))

    def set_constants(self, arrays: Arrays) -> None:
        """Give constants other values, by node name, for everything that is run from now on."""
        raise RequestError("NO_EDIT", "{} cannot be edited".format(self.framework))

    def export(self, names: Sequence[str], path: str) -> Dict[str, str]:
        """Write what runs as one frozen GraphDef; the tensors of the taps `names` in it. Raises NO_EDIT."""
        raise RequestError("NO_EDIT", "{} is no graph".format(self.framework))

    def edit(self, edits: Sequence[Described], arrays: Arrays) -> None:
        """Edit the copy that runs and replays with `edited=True` use; no edits take all back."""
        if edits:
            raise RequestError("NO_EDIT", "{} cannot be edited".format(self.framework))

    def _run_edited(self, inputs: Arrays, names: Sequence[str], *, optimised: bool) -> Arrays:
        return self._tapped(inputs, names)

    def scan(self, inputs: Arrays, like: Sequence[np.ndarray], limit: int, progress: Progress) -> List[List[Described]]:
        """For each array the tensors that hold its value, best first."""
        self._check_names(inputs)
        fed = {port.tensor: self._input(port, inputs) for port in self.inputs}
        searches = [Search(array, limit) for array in like]
        sizes = self._scanned(searches, max([1] + [array.shape[0] for array in fed.values() if array.ndim]))
        for done, names in enumerate(groups(sizes, SCAN_BYTES)):
            progress("looking through the tensors", done * len(names), len(sizes))
            for name, array in self._tapped(fed, names).items():
                for search in searches:
                    search.offer(name, array)
        return [[as_message(hit, self.stated(hit.name).op) for hit in search.hits()] for search in searches]

    def _scanned(self, searches: Sequence[Search], batch: int) -> Dict[str, int]:
        """Float tensors that may fit, with an estimate of their bytes."""
        known = {name: self.stated(name) for name in self.taps}
        fitting = {
            name: stated.shape
            for name, stated in known.items()
            if "float" in stated.dtype and any(search.could_fit(stated.shape) for search in searches)
        }
        return {
            name: 8 * int(np.prod([size or batch for size in shape])) if shape is not None else SCAN_BYTES // 16
            for name, shape in fitting.items()
        }

    def known(self, name: str) -> Any:
        """The framework's tensor of a tap; raises NO_SUCH_TENSOR."""
        found = self.taps.get(name)
        if found is not None:
            return found
        raise no_such_tensor(name, self.taps)

    def _check_names(self, inputs: Arrays) -> None:
        known = [port.tensor for port in self.inputs]
        for name in inputs:
            if name not in known:
                raise no_such_tensor(name, known)
        missing = [name for name in known if name not in inputs]
        if missing:
            raise RequestError(
                "INPUT_MISSING",
                "nothing was given for {}".format(", ".join(missing)),
                missing[0],
                "Give every input of the model an array.",
            )

    def _input(self, port: Port, arrays: Arrays) -> np.ndarray:
        """A model's input is never reshaped: a wrong shape is a mistake to be told."""
        stated = self.stated(port.tensor)
        check_shape(port.tensor, arrays[port.tensor], stated.shape)
        return cast(port.tensor, arrays[port.tensor], stated.dtype)

    def _port(self, port: Port) -> Described:
        stated = self.stated(port.tensor)
        return {"name": port.name, "tensor": port.tensor, "shape": stated.shape, "dtype": stated.dtype}


def check_shape(name: str, array: np.ndarray, wanted: Shape) -> None:
    """Raises WRONG_SHAPE with what is expected and what came; `wanted` None: any rank."""
    if wanted is None or fits(array.shape, wanted):
        return
    text = "x".join("?" if size is None else str(size) for size in wanted) or "a single number"
    came = "x".join(map(str, array.shape)) or "a single number"
    raise RequestError(
        "WRONG_SHAPE",
        "{} takes {}, not {}".format(name, text, came),
        name,
        "Change the input or its preprocessing.",
    )


def samples(arrays: Arrays) -> int:
    """How many samples all arrays hold along their first axis; 0 when they do not agree or have none."""
    counts = {array.shape[0] if array.ndim else 0 for array in arrays.values()}
    return counts.pop() if len(counts) == 1 else 0


def fits(shape: Sequence[int], wanted: Sequence[Optional[int]]) -> bool:
    """Whether every known size is met."""
    return len(shape) == len(wanted) and all(size in (None, have) for have, size in zip(shape, wanted))


def cast(name: str, array: np.ndarray, dtype: str, target: Any = None) -> np.ndarray:
    """Floats and integers as the tensor takes them (`target`: numpy's dtype where its name is not known
    to numpy). Raises WRONG_DTYPE, which says what is expected and what came."""
    wanted = np.dtype(target or (np.object_ if dtype == "string" else dtype))
    if array.dtype == wanted or dtype == "string":
        return array
    is_float = "float" in dtype
    lossless = array.dtype.kind in "biu" and (is_float or wanted.kind in "iu")
    if lossless or (array.dtype.kind == "f" and (is_float or wanted.kind == "c")):
        return array.astype(wanted)
    raise RequestError(
        "WRONG_DTYPE",
        "{} takes {}, not {}".format(name, dtype, array.dtype),
        name,
        "Choose the dtype in the preprocessing.",
    )
