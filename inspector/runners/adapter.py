"""The template of all runner adapters: checks, limits and messages; an adapter adds only its framework."""

import os
from abc import ABC, abstractmethod
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from .editing import edited_graph
from .engine import Arrays, Engine, Variant
from .failures import no_such_tensor
from .scanning import Search, as_message, groups
from .server import Progress, RequestError
from .structure import random_nodes, split_tensor

SCAN_BYTES = 256 << 20
Described = Dict[str, Any]


class Port(NamedTuple):
    """`name` for a person, `tensor` what is fed or fetched, `graph_tensor` the engine's name for it."""

    name: str
    tensor: str
    graph_tensor: str


class Adapter(ABC):
    """One loaded model. A subclass fills the attributes in `_load` and gives the plain run.

    `taps` maps the names that the app uses to tensors of the engine's graph, in order of computation.
    """

    engine: Engine
    inputs: Sequence[Port]
    outputs: Sequence[Port]
    framework = ""

    def __init__(self, path: str, *, trust: bool) -> None:
        if not os.path.exists(path):
            raise RequestError("NOT_FOUND", "no such file", path, "Open the model again.")
        self.taps: Dict[str, str] = {}
        self.classes: Dict[str, str] = {}
        self.warnings: List[Dict[str, str]] = []
        self._edited: Optional[Engine] = None
        self._load(path, trust=trust)

    @abstractmethod
    def _load(self, path: str, *, trust: bool) -> None:
        """Load the model and fill the attributes."""

    @abstractmethod
    def _plain(self, arrays: Sequence[np.ndarray], outputs: Sequence[str]) -> List[np.ndarray]:
        """The untouched run: inputs in the model's order, graph tensors to fetch."""

    def describe(self) -> Described:
        """The answer to `load`."""
        outputs = [split_tensor(port.graph_tensor)[0] for port in self.outputs]
        return {
            "inputs": [self._port(port) for port in self.inputs],
            "outputs": [self._port(port) for port in self.outputs],
            "taps": [self._tap(name) for name in self.taps],
            "framework": self.framework,
            "warnings": self.warnings,
            "random_ops": random_nodes(self.engine.graph_def, self.engine.structure, outputs),
        }

    def run(
        self, inputs: Arrays, *, taps: Sequence[str] = (), outputs: Sequence[str] = (), edited: bool = False
    ) -> Dict[str, Arrays]:
        """`outputs` and `taps` by name; without taps and edits it is the plain run."""
        self._check_names(inputs)
        wanted = list(outputs) or [port.tensor for port in self.outputs]
        fetches = [self.graph_tensor(name) for name in list(taps) + wanted]
        if edited or taps:
            feeds = {port.graph_tensor: self._input(port, inputs) for port in self.inputs}
            engine = self._edited if edited and self._edited is not None else self.engine
            arrays = engine.run(feeds, fetches, optimised=not taps)
        else:
            arrays = self._plain([self._input(port, inputs) for port in self.inputs], fetches)
        return {"taps": dict(zip(taps, arrays)), "outputs": dict(zip(wanted, arrays[len(taps) :]))}

    def replay(self, feeds: Arrays, fetch: Sequence[str]) -> Arrays:
        """Every consumer of a fed tensor reads the fed array; `fetch` is computed from those."""
        arrays = self.engine.replay(self._graph_feeds(feeds), [self.graph_tensor(name) for name in fetch])
        return dict(zip(fetch, arrays))

    def reference(self, feeds: Arrays, fetch: Sequence[str], against: Arrays) -> Dict[str, Described]:
        """How far `against` is from what the fed arrays give in float64. Raises NO_REFERENCE."""
        fed = self._graph_feeds(feeds)
        tensors = {name: self.graph_tensor(name) for name in fetch}
        variant = self.engine.cut_variant(fed, double=True)
        try:
            arrays = self.engine.fetch(variant, fed, tensors.values())
        except RequestError as error:
            raise RequestError("NO_REFERENCE", "float64 run: " + error.fields["what"], error.fields["where"])
        return {
            name: dict(deviation(against[name], array), exact=is_exact(tensors[name], variant))
            for name, array in zip(fetch, arrays)
        }

    def scan(self, inputs: Arrays, like: Sequence[np.ndarray], limit: int, progress: Progress) -> List[List[Described]]:
        """For each array the tensors that hold its value, best first."""
        self._check_names(inputs)
        feeds = {port.graph_tensor: self._input(port, inputs) for port in self.inputs}
        searches = [Search(array, limit) for array in like]
        sizes = self._scanned(searches, max([1] + [array.shape[0] for array in feeds.values() if array.ndim]))
        for done, names in enumerate(groups(sizes, SCAN_BYTES)):
            progress("looking through the tensors", done * len(names), len(sizes))
            for name, array in zip(names, self.engine.run(feeds, [self.taps[name] for name in names])):
                for search in searches:
                    search.offer(name, array)
        return [[as_message(hit, self._op(hit.name)) for hit in search.hits()] for search in searches]

    def _scanned(self, searches: Sequence[Search], batch: int) -> Dict[str, int]:
        """Float tensors that may fit, with an estimate of their bytes."""
        tensors = {name: self.engine.tensor(graph_tensor) for name, graph_tensor in self.taps.items()}
        fitting = {
            name: static_shape(tensor)
            for name, tensor in tensors.items()
            if tensor.dtype.is_floating and any(search.could_fit(static_shape(tensor)) for search in searches)
        }
        return {
            name: 8 * int(np.prod([size or batch for size in shape])) if shape is not None else SCAN_BYTES // 16
            for name, shape in fitting.items()
        }

    def edit(self, edits: Sequence[Described], arrays: Arrays) -> None:
        """Edit the copy that `run(edited=True)` runs; no edits take all back."""
        if self._edited is not None:
            self._edited.close()
        self._edited = self.engine.edited(edited_graph(self.engine.graph_def, edits, arrays)) if edits else None

    def graph_tensor(self, name: str) -> str:
        """The engine's name of a tap; raises NO_SUCH_TENSOR."""
        found = self.taps.get(name)
        if found is not None:
            return found
        raise no_such_tensor(name, self.taps)

    def _graph_feeds(self, feeds: Arrays) -> Arrays:
        return {self.graph_tensor(name): self._fitted(name, feeds) for name in feeds}

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
        check_shape(port.tensor, arrays[port.tensor], static_shape(self.engine.tensor(port.graph_tensor)))
        return self._fitted(port.tensor, arrays)

    def _fitted(self, name: str, arrays: Arrays) -> np.ndarray:
        return fitted(name, arrays[name], self.engine.tensor(self.graph_tensor(name)))

    def _port(self, port: Port) -> Described:
        return dict(self._stated(port.graph_tensor), name=port.name, tensor=port.tensor)

    def _tap(self, name: str) -> Described:
        return dict(self._stated(self.taps[name]), tensor=name, op=self._op(name))

    def _op(self, name: str) -> str:
        return self.classes.get(name) or str(self.engine.structure.nodes[split_tensor(self.taps[name])[0]].op)

    def _stated(self, graph_tensor: str) -> Described:
        tensor = self.engine.tensor(graph_tensor)
        return {"shape": static_shape(tensor), "dtype": tensor.dtype.base_dtype.name}


def is_exact(graph_tensor: str, variant: Variant) -> bool:
    """Whether only float64 kernels had a part in the tensor."""
    return split_tensor(variant.fetches.get(graph_tensor, graph_tensor))[0] not in variant.inexact


def deviation(array: np.ndarray, reference: np.ndarray) -> Dict[str, Any]:
    """Largest absolute error of `array` and largest absolute reference, where both are finite."""
    if array.size != reference.size:
        raise RequestError("WRONG_SHAPE", "array {} against reference {}".format(array.shape, reference.shape))
    exact = np.asarray(reference, np.float64).reshape(-1)
    error = np.abs(np.asarray(array, np.float64).reshape(-1) - exact)
    finite = np.isfinite(error)
    if not finite.any():
        return {"error": 0.0, "scale": 0.0}
    return {"error": float(error[finite].max()), "scale": float(np.abs(exact[finite]).max())}


def static_shape(tensor: Any) -> Optional[List[Optional[int]]]:
    """None when not even the rank is known."""
    return None if tensor.shape.rank is None else tensor.shape.as_list()


def fitted(name: str, array: np.ndarray, tensor: Any) -> np.ndarray:
    """The array as the tensor takes it: same count of elements reshaped, floats and integers cast.

    Raises WRONG_SHAPE and WRONG_DTYPE, which say what is expected and what came.
    """
    wanted = static_shape(tensor)
    return _cast(name, _reshaped(name, array, wanted), tensor.dtype.base_dtype)


def _reshaped(name: str, array: np.ndarray, wanted: Optional[List[Optional[int]]]) -> np.ndarray:
    if wanted is None or _fits(array.shape, wanted):
        return array
    known = int(np.prod([size for size in wanted if size is not None]))
    unknown = wanted.count(None)
    if (unknown == 0 and array.size == known) or (unknown == 1 and known and array.size % known == 0):
        return array.reshape([-1 if size is None else size for size in wanted])
    check_shape(name, array, wanted)
    return array


def check_shape(name: str, array: np.ndarray, wanted: Optional[List[Optional[int]]]) -> None:
    """Raises WRONG_SHAPE with what is expected and what came; `wanted` None: any rank."""
    if wanted is None or _fits(array.shape, wanted):
        return
    text = "x".join("?" if size is None else str(size) for size in wanted) or "a single number"
    came = "x".join(map(str, array.shape)) or "a single number"
    raise RequestError(
        "WRONG_SHAPE",
        "{} takes {}, not {}".format(name, text, came),
        name,
        "Change the input or its preprocessing.",
    )


def _fits(shape: Sequence[int], wanted: Sequence[Optional[int]]) -> bool:
    return len(shape) == len(wanted) and all(size in (None, have) for have, size in zip(shape, wanted))


def _cast(name: str, array: np.ndarray, dtype: Any) -> np.ndarray:
    target = dtype.as_numpy_dtype
    if array.dtype == target or dtype.name == "string":
        return array
    lossless = array.dtype.kind in "biu" and (dtype.is_integer or dtype.is_floating)
    if lossless or (array.dtype.kind == "f" and (dtype.is_floating or dtype.is_complex)):
        return array.astype(target)
    raise RequestError(
        "WRONG_DTYPE",
        "{} takes {}, not {}".format(name, dtype.name, array.dtype),
        name,
        "Choose the dtype in the preprocessing.",
    )
