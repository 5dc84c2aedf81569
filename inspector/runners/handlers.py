"""The runner's methods: arguments in, one adapter at work, arrays to the spill, JSON out."""

import os
import platform
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

import numpy as np

from .confine import confine_reads, confine_writes, move_home
from .options import options_of
from .server import Progress, Reply, RequestError, Server, claim_stdout

if TYPE_CHECKING:
    from .adapter import Adapter

Args = Dict[str, Any]
NO_LANDLOCK = "the browser engine's own sandbox, no network"
NO_SANDBOX = "no network; a browser engine has no sandbox for root"


CONTENT = ("keys", "values")  # of a lookup


class Handlers:
    """Holds the one model that this process runs."""

    def __init__(self) -> None:
        self._model: Optional[Adapter] = None
        self._spill = ""
        self._confinement = ""
        self._readable: Optional[List[str]] = None
        self._free = False

    def table(self) -> Dict[str, Any]:
        methods = (self.start, self.load, self.run, self.replay, self.reference, self.scan, self.edit, self.export)
        return {method.__name__: method for method in (*methods, self.convert)}

    def start(self, args: Args, _array: Any, progress: Progress) -> Reply:
        """Confine what can be confined before the model is known, then import the framework."""
        spill = args["write"]
        move_home(spill)
        from .frameworks import framework_of, import_framework

        name = args.get("framework", "graph")
        self._free = framework_of(name).starts_programs
        self._confinement = _of_browser() if self._free else confine_writes(spill)
        self._spill = spill
        progress("importing the framework")
        versions = import_framework(name)
        python = platform.python_version()
        return {"python": python, "versions": versions, "confinement": self._confinement}, None

    def load(self, args: Args, _array: Any, progress: Progress) -> Reply:
        """The first load narrows what may be read; another model needs another process."""
        from .frameworks import adapter_of, framework_of

        if not self._spill:
            raise RequestError("NOT_STARTED", "the runner has no spill yet", "", "Start it first.")
        path = args["path"]
        make = adapter_of(args["framework"])
        if self._readable is None:
            self._confine_reads([path, self._spill] + list(args.get("read") or []))
        if not _is_below(path, self._readable or []):
            raise RequestError("CONFINED", "this runner may read another model only", path, "Start it anew.")
        options = options_of(args.get("options") or {})
        if "tensorflow" in framework_of(args["framework"]).imports:
            from .tensorflow_options import apply

            apply(options)
        progress("loading " + os.path.basename(path))
        self._model = make(path, options)
        if args.get("constants"):
            self._model.set_constants(arrays_at(args["constants"]))
        looked_up = self._looked_up(self._model.lookups())
        return dict(self._model.describe(), confinement=self._confinement, lookups=looked_up), None

    def _looked_up(self, found: Sequence[Any]) -> List[Dict[str, Any]]:
        """As messages: keys and values are arrays in the spill."""
        folder = os.path.join(self._spill, "lookups")
        arrays = {"{} {}".format(at, name): getattr(item, name) for at, item in enumerate(found) for name in CONTENT}
        paths = saved(arrays, folder, "lookup") if arrays else {}
        return [
            dict(item._asdict(), **{name: paths["{} {}".format(at, name)] for name in CONTENT})
            for at, item in enumerate(found)
        ]

    def _confine_reads(self, paths: List[str]) -> None:
        self._readable = [os.path.abspath(path) for path in paths]
        if self._free:
            return
        self._confinement += ", " + confine_reads(self._readable)

    def run(self, args: Args, _array: Any, progress: Progress) -> Reply:
        progress("running")
        model = self._loaded()
        results = model.run(
            arrays_at(args["inputs"]),
            taps=args.get("taps") or [],
            outputs=args.get("outputs") or [],
            edited=bool(args.get("edited")),
        )
        return {
            "outputs": saved(results["outputs"], args["out"], "output"),
            "taps": saved(results["taps"], args["out"], "tap"),
            "clipped": self._loaded().clipped,
        }, None

    def replay(self, args: Args, _array: Any, progress: Progress) -> Reply:
        progress("replaying")
        results = self._loaded().replay(arrays_at(args["feeds"]), args["fetch"], edited=bool(args.get("edited")))
        return saved(results, args["out"], "replay"), None

    def reference(self, args: Args, _array: Any, progress: Progress) -> Reply:
        progress("computing in float64")
        feeds, against = arrays_at(args["feeds"]), arrays_at(args["against"])
        return self._loaded().reference(feeds, args["fetch"], against), None

    def scan(self, args: Args, _array: Any, progress: Progress) -> Reply:
        like = [array_at(path) for path in args["like"]]
        return self._loaded().scan(arrays_at(args["inputs"]), like, args.get("limit", 10), progress), None

    def edit(self, args: Args, _array: Any, _progress: Progress) -> Reply:
        constants = {edit["node"]: edit["value"] for edit in args["edits"] if edit["kind"] == "constant"}
        for edit in args["edits"]:
            if edit["kind"] == "table":
                constants.update({edit["node"] + " " + name: edit[name] for name in CONTENT})
        self._loaded().edit(args["edits"], arrays_at(constants))
        return None, None

    def export(self, args: Args, _array: Any, progress: Progress) -> Reply:
        progress("writing the graph")
        return self._loaded().export(args["names"], args["path"]), None

    def convert(self, args: Args, _array: Any, progress: Progress) -> Reply:
        """Write the model in another form into a folder of the spill."""
        from .exporting.converting import convert
        from .exporting.request import wish_of

        progress("converting to " + args["form"])
        wish = wish_of(args["wish"], arrays_at(args.get("arrays") or {}))
        return convert(self._loaded(), args["form"], wish, args["folder"]).as_message(), None

    def _loaded(self) -> "Adapter":
        if self._model is None:
            raise RequestError("NOT_LOADED", "no model is loaded in this runner", "", "Load one first.")
        return self._model


def _of_browser() -> str:
    return NO_SANDBOX if hasattr(os, "geteuid") and os.geteuid() == 0 else NO_LANDLOCK


def _is_below(path: str, folders: Sequence[str]) -> bool:
    path = os.path.abspath(path)
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


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
