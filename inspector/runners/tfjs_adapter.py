"""Runs a TensorFlow.js model with TensorFlow.js itself, in a browser's engine, on the backend that is asked for."""

import json
import os
import re
import tempfile
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from .adapter import Adapter, Arrays, Port, Stated
from .messages import no_such_tensor, short
from .refusal import refusal
from .server import RequestError
from .structure import split_tensor
from .tfjs_files import ModelFiles, Named, model_files
from .tfjs_library import VERSION, library_files
from .tfjs_upgrading import Variable, Variables, in_readable_words, renamed
from .upgrading import Changes

BACKENDS = ("webgl", "wasm", "cpu")
DTYPES = {"float32": "float32", "int32": "int32", "bool": "bool", "string": "string", "complex64": "complex64"}
RANDOM = re.compile(r"Random(Uniform|StandardNormal|UniformInt)|TruncatedNormal|Multinomial")
# Options that TensorFlow.js has no counterpart for, with what they are by default.
WITHOUT = {"float64": False, "training": False, "xla": False, "optimise": True, "threads": 0, "seed": None}
REMEDY = (
    "Write it for TensorFlow.js anew (model-inspector convert MODEL.h5 OUT --to tfjs-layers), or save the model with "
    "Keras 2 (tf_keras) before tensorflowjs_converter takes it."
)
OUT_OF_MEMORY = re.compile(r"out of memory|allocation failed|Failed to link|CONTEXT_LOST|context lost", re.I)


class TFJSAdapter(Adapter):
    """One page with one model. An input's tap is what was fed."""

    can: Sequence[str] = ()

    def _load(self, path: str) -> None:
        self.backend = self.options.choices.get("backend") or BACKENDS[0]
        if self.backend not in BACKENDS:
            what = "there is no backend {}".format(self.backend)
            raise RequestError("BAD_CHOICE", what, path, "Choose {}.".format(", ".join(BACKENDS)))
        files = model_files(path)
        self._page = _page(files)
        self._choose_backend()
        if self.precision == "float32":
            self.precision = files.weights
        self._take(self._described(files, path), files)
        ignored = [name for name, value in WITHOUT.items() if getattr(self.options, name) != value]
        if ignored:
            text = "TensorFlow.js has no such option, so it runs without: {}".format(", ".join(ignored))
            self.warnings.append({"code": "OPTION_IGNORED", "text": text})

    def _described(self, files: ModelFiles, path: str) -> Dict[str, Any]:
        """What the page says of the model; one that it refuses is loaded once more with an upgraded model.json."""
        args = {"kind": files.kind, "shards": len(files.shards)}
        try:
            return dict(self._asked("LOAD_FAILED", "load", args, path))
        except RequestError as error:
            if error.fields["code"] != "LOAD_FAILED" or files.kind != "layers":
                raise
            changes = Changes()
            described = self._upgraded(files, args, changes)
            if described is None:
                raise
            self.refusal = refusal("TensorFlow.js", VERSION, short(error.fields["what"]), changes, REMEDY)
            self.warnings += changes.warnings("TFJS_UPGRADED")
            return described

    def _upgraded(self, files: ModelFiles, args: Dict[str, Any], changes: Changes) -> Optional[Dict[str, Any]]:
        """None where TensorFlow.js refuses the upgraded model, too."""
        try:
            with open(files.json, "rb") as file:
                stated = json.loads(file.read().decode("utf-8-sig"))
            stated = in_readable_words(stated, changes)
            self._serve(stated)
            layers = self._asked("LOAD_FAILED", "variables", {}, files.json)
            made = [Variables(name, [Variable(own, tuple(shape)) for own, shape in held]) for name, held in layers]
            found = renamed(stated, made, changes)
            if found is None:
                return None
            self._serve(found)
            return dict(self._asked("LOAD_FAILED", "load", args, files.json))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            return None  # a config that is nobody's
        except RequestError as error:
            if error.fields["code"] != "LOAD_FAILED":
                raise
            return None

    def _serve(self, stated: Dict[str, Any]) -> None:
        """Let the page read this model.json in place of the file's."""
        path = os.path.join(tempfile.mkdtemp(), "model.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(stated, file)
        self._page.serve("/model/model.json", path)

    def _choose_backend(self) -> None:
        """Raises BACKEND_MISSING when the page computes on another one, or on none."""
        found = self._asked("BACKEND_MISSING", "backend", {"name": self.backend}, self.backend)
        if found["backend"] != self.backend:
            said = self._page.said()
            what = "the page has no backend {}".format(self.backend) + (": " + said if said else "")
            todo = "Choose another backend, or see to the machine's graphics (libegl1, libgl1)."
            raise RequestError("BACKEND_MISSING", what, self.backend, todo)
        self.precision = found["precision"]
        where = " ({})".format(found["renderer"]) if found["renderer"] else ""
        self.framework = "TensorFlow.js {} on {}{}".format(found["version"], self.backend, where)
        if self.precision == "float16":
            flags = ", ".join("{} {}".format(name, str(value).lower()) for name, value in found["flags"].items())
            text = "this graphics device computes in float16 ({})".format(flags)
            self.warnings.append({"code": "FLOAT16_TEXTURES", "text": text})

    def _take(self, described: Dict[str, Any], files: ModelFiles) -> None:
        """Names, shapes and dtypes; a graph's inputs and outputs are named by its signature."""
        fed = [item["tensor"] for item in described["inputs"]]
        inputs = files.inputs if files.inputs is not None else [Named(_bare(name), name) for name in fed]
        outputs = files.outputs if files.outputs is not None else [Named(_bare(n), n) for n in described["outputs"]]
        self.inputs = [Port(name, tensor, tensor) for name, tensor in inputs]
        self.outputs = [Port(name, tensor, tensor) for name, tensor in outputs]
        kept = [item for item in described["taps"] if split_tensor(item["tensor"])[0] not in files.unkept]
        self._stated = {item["tensor"]: _stated(item) for item in kept}
        self._stated.update((item["tensor"], _stated(dict(item, op="InputLayer"))) for item in described["inputs"])
        for port in self.outputs:
            self._stated.setdefault(port.tensor, Stated(None, "float32"))
        self.taps = {name: name for name in fed}
        self.taps.update((item["tensor"], item["tensor"]) for item in kept)
        self.classes = {name: stated.op for name, stated in self._stated.items()}

    def stated(self, tap: str) -> Stated:
        if tap not in self._stated:
            raise no_such_tensor(tap, self._stated)
        return self._stated[tap]

    def random_ops(self) -> List[str]:
        return [name for name, op in self.classes.items() if RANDOM.match(op)]

    def _plain(self, inputs: Arrays, outputs: Sequence[str]) -> Arrays:
        missing = [name for name in outputs if name not in [port.tensor for port in self.outputs]]
        if missing:
            raise RequestError("NO_SUCH_TENSOR", "is no output of the model", missing[0], "Tap it instead.")
        return self._run(inputs, outputs, plain=True)

    def _tapped(self, inputs: Arrays, names: Sequence[str]) -> Arrays:
        found = {name: inputs[name] for name in names if name in inputs}
        wanted = [name for name in dict.fromkeys(names) if name not in inputs]
        for name in wanted:
            self.stated(name)
        found.update(self._run(inputs, wanted, plain=False) if wanted else {})
        return found

    def _run(self, inputs: Arrays, names: Sequence[str], *, plain: bool) -> Arrays:
        fed: List[Dict[str, Any]] = []
        blobs: List[bytes] = []
        for port in self.inputs:
            array, dtype = inputs[port.tensor], self.stated(port.tensor).dtype
            said: Dict[str, Any] = {"tensor": port.tensor, "dtype": dtype, "shape": list(array.shape)}
            if dtype == "string":
                said["values"] = [_text(value) for value in array.ravel()]
            else:
                said["blob"] = len(blobs)
                blobs.append(np.ascontiguousarray(array).tobytes())
            fed.append(said)
        args = {"inputs": fed, "names": list(names), "plain": plain}
        answer = self._called("RUN_FAILED", "run", args, "the model", blobs)
        return {name: _array(said, answer.blobs) for name, said in zip(names, answer.result)}

    def _asked(self, code: str, method: str, args: Dict[str, Any], where: str) -> Any:
        return self._called(code, method, args, where).result

    def _called(self, code: str, method: str, args: Dict[str, Any], where: str, blobs: Sequence[bytes] = ()) -> Any:
        """What the page throws becomes an error with a code."""
        try:
            return self._page.call(method, args, blobs)
        except RequestError as error:
            if error.fields["code"] != "PAGE_ERROR":
                raise
            what = error.fields["what"]
            if OUT_OF_MEMORY.search(what + error.fields["todo"]):
                raise RequestError("OUT_OF_MEMORY", what, where, "Use a smaller batch, or the backend cpu.")
            raise RequestError(code, what, where, self._todo(what))

    def _todo(self, what: str) -> str:
        """A backend that lacks a kernel says so itself."""
        others = " or ".join(name for name in BACKENDS if name != self.backend)
        return "Choose the backend {}.".format(others) if "not registered for" in what else ""


def _page(files: ModelFiles) -> Any:
    """Raises FRAMEWORK_MISSING when TensorFlow.js or the browser's engine is not installed."""
    served = library_files()
    served["/model/model.json"] = files.json
    served.update(("/model/{}".format(number), path) for number, path in enumerate(files.shards))
    try:
        from .browser_page import BrowserPage
    except ImportError as error:
        todo = "pip install PySide6, and Debian's libnss3 libasound2 libxcomposite1 libxdamage1 libxrandr2 libxtst6."
        raise RequestError("FRAMEWORK_MISSING", "Qt WebEngine cannot be imported: {}".format(error), "PySide6", todo)
    return BrowserPage(served, "/page.html")


def _bare(tensor: str) -> str:
    return tensor[:-2] if tensor.endswith(":0") else tensor


def _stated(item: Dict[str, Any]) -> Stated:
    dtype = item.get("dtype") or "float32"
    return Stated(item["shape"], DTYPES.get(dtype, "float32"), item.get("op", ""))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _array(said: Dict[str, Any], blobs: Dict[int, np.ndarray]) -> np.ndarray:
    if said["dtype"] == "string":
        encoded = [value.encode("utf-8") for value in said["values"]]
        return np.array(encoded, np.bytes_).reshape(said["shape"])
    kind = np.dtype(said["dtype"]) if said["dtype"] != "bool" else np.dtype(np.uint8)
    array = blobs.get(said["blob"], np.zeros(0, np.uint8)).view(kind)
    if array.size != int(np.prod(said["shape"], dtype=np.int64)):
        # A kernel of TensorFlow.js has told another shape than it filled (seen in masks that are broadcast): there
        # are no numbers at most places, and what looks tensors up by value passes this one over.
        return np.full(said["shape"], np.nan, np.float32)
    array = array.reshape(said["shape"])
    return array.astype(np.bool_) if said["dtype"] == "bool" else array
