"""The runner's methods: arguments in, one adapter at work, arrays to the spill, JSON out."""

import os
import platform
from typing import Any, Dict, Optional, Sequence

import numpy as np

from .adapter import Adapter
from .server import Progress, Reply, RequestError, Server, claim_stdout

Args = Dict[str, Any]


class Handlers:
    """Holds the one model that this process runs."""

    def __init__(self) -> None:
        self._model = None  # type: Optional[Adapter]

    def table(self) -> Dict[str, Any]:
        methods = (self.start, self.load, self.run, self.replay)
        return {method.__name__: method for method in methods}

    def start(self, args: Args, _array: Any, progress: Progress) -> Reply:
        progress("importing TensorFlow")
        from .frameworks import import_framework

        versions = import_framework(args.get("framework", "graph"))
        return {"python": platform.python_version(), "versions": versions, "confinement": "none"}, None

    def load(self, args: Args, _array: Any, progress: Progress) -> Reply:
        from .frameworks import adapter_of

        progress("loading " + os.path.basename(args["path"]))
        self._model = adapter_of(args["framework"])(args["path"], bool(args.get("trust")))
        return self._model.describe(), None

    def run(self, args: Args, _array: Any, progress: Progress) -> Reply:
        progress("running")
        model = self._loaded()
        results = model.run(arrays_at(args["inputs"]), args.get("taps") or [], bool(args.get("edited")),
                            args.get("outputs") or [])
        return {"outputs": saved(results["outputs"], args["out"], "output"),
                "taps": saved(results["taps"], args["out"], "tap")}, None

    def replay(self, args: Args, _array: Any, progress: Progress) -> Reply:
        progress("replaying")
        results = self._loaded().replay(arrays_at(args["feeds"]), args["fetch"])
        return saved(results, args["out"], "replay"), None

    def _loaded(self) -> Adapter:
        if self._model is None:
            raise RequestError("NOT_LOADED", "no model is loaded in this runner", "", "Load one first.")
        return self._model


def arrays_at(paths: Dict[str, str]) -> Dict[str, np.ndarray]:
    """The `.npy` files, memory-mapped. Raises NOT_FOUND and BAD_ARRAY."""
    return {name: array_at(path) for name, path in paths.items()}


def array_at(path: str) -> np.ndarray:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except FileNotFoundError:
        raise RequestError("NOT_FOUND", "the array is gone from the spill", path, "Run again.")
    except (ValueError, OSError) as error:
        raise RequestError("BAD_ARRAY", "no .npy array: {}".format(error), path, "Save it with numpy.save.")


def saved(arrays: Dict[str, np.ndarray], folder: str, prefix: str) -> Dict[str, str]:
    """Write each array as one `.npy`; bfloat16 as float32, text as bytes. Returns the paths by name."""
    os.makedirs(folder, exist_ok=True)
    paths = {}
    for number, (name, array) in enumerate(arrays.items()):
        paths[name] = os.path.join(folder, "{}-{:05d}.npy".format(prefix, number))
        np.save(paths[name], plain_dtype(array), allow_pickle=False)
    return paths


def plain_dtype(array: Any) -> np.ndarray:
    values = np.asarray(array)
    if values.dtype == object:
        return values.astype(np.bytes_)
    return values.astype(np.float32) if values.dtype.kind == "V" or values.dtype.name == "bfloat16" else values


def main(_arguments: Sequence[str] = ()) -> None:
    out = claim_stdout()
    Server(Handlers().table(), out).serve()
