"""The app's end of a runner process: typed methods, arrays through the spill, never the framework."""

from __future__ import annotations

import itertools
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from inspector.domain.computation import Port
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Shape, Warn
from inspector.domain.match import ValueHit
from inspector.domain.options import SideOptions
from inspector.domain.refusal import Refusal
from inspector.workers import fork_server
from inspector.workers.child import Child, Progress, quiet_environment, started
from inspector.workers.edits import Edit, message
from inspector.workers.environments import inspect_python
from inspector.workers.lookups import LookedUp
from inspector.workers.spill import opened, save

Array = NDArray[Any]
BROWSER = "tfjs"
DEFAULTS = SideOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What runs: Python and package versions, and which confinement is in force, in words."""

    python: str
    versions: dict[str, str]
    confinement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """A tensor that a run can keep. `op` is a graph op or a Keras class; `shape` None: rank unknown.

    A quantized tensor is handed out as float32: `scale` is its quantization step (0: not quantized), of
    several the largest, `zero_point` its zero, `stored` the dtype that it is kept in."""

    tensor: str
    shape: Shape | None
    dtype: str
    op: str
    scale: float = 0.0
    zero_point: int = 0
    stored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model that is ready to run. `random_ops` are nodes whose value changes from run to run;
    `confinement` says in words what the process that runs it may do. `can` holds `replay`, `reference`
    and `edit` where the framework can; `precision` is what it computes in (`float32`, `int8`, ...).
    `config` is a Keras model's config as JSON, where only its architecture's code tells it. `refusal`: the framework
    does not take the file as it stands."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    taps: tuple[Tap, ...]
    framework: str
    warnings: tuple[Warn, ...] = ()
    random_ops: tuple[str, ...] = ()
    confinement: str = ""
    can: tuple[str, ...] = ()
    precision: str = "float32"
    config: str = ""
    lookups: tuple[LookedUp, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Arrays by tensor name, memory-mapped from the spill. `clipped`: of quantized tensors the share of
    values at an end of their range."""

    outputs: dict[str, Array] = field(default_factory=dict)
    taps: dict[str, Array] = field(default_factory=dict)
    clipped: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A tensor of a model that was written: the name that a caller uses, the tensor, and what it is in the model
    that it was made from."""

    name: str
    tensor: str
    shape: Shape | None
    dtype: str
    layer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A model in another form, in the spill: a file or a folder. `layers` are tensors of the model's layers, as far
    as the form tells them; `facts` are words for a person by name."""

    path: str
    inputs: tuple[Named, ...]
    outputs: tuple[Named, ...]
    layers: tuple[Named, ...] = ()
    notes: tuple[Warn, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceError64:
    """How far an array is from float64: largest absolute error, largest absolute reference value.
    `exact` is false when a kernel without float64 lies between the fed tensors and this one."""

    error: float
    scale: float
    exact: bool


class Runner:
    """One runner process. Methods block and may be called from any thread; `start` does not block.

    `spill` is this runner's own folder for arrays; `options` what holds for all that it runs.
    Raises InspectorError with the runner's codes (LOAD_FAILED, WRONG_SHAPE, RUN_FAILED, ...), and
    Cancelled after `kill()`.
    """

    def __init__(self, name: str, *, spill: Path, options: SideOptions = DEFAULTS) -> None:
        self.name = name
        self.spill = spill
        self.options = options
        self._numbers = itertools.count(1)
        self._started: Future[Started] | None = None
        self._model: Path | None = None
        self._framework = ""
        self._changing = threading.Lock()
        self._ended = False
        spill.mkdir(parents=True, exist_ok=True)
        self._process: Child | None = None

    @property
    def _child(self) -> Child:
        """The process; started for the framework at hand where there is none yet."""
        if self._process is None:
            self._process = self._spawn()
        return self._process

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    def start(self, framework: str = "graph", *, progress: Progress | None = None) -> Future[Started]:
        """Import the framework (4 to 12 s for TensorFlow) without waiting for it."""
        args = {"framework": framework, "write": str(self.spill.resolve())}
        self._framework = framework
        future: Future[Started] = Future()
        answer = self._child.submit("start", args, progress=progress)
        answer.add_done_callback(lambda done: _pass_on(done, future, self.options.python))
        self._started = future
        return future

    def load(
        self,
        path: Path,
        framework: str,
        *,
        parts: Sequence[str] = (),
        constants: Mapping[str, Array] | None = None,
        progress: Progress | None = None,
    ) -> Loaded:
        """Load a model; `framework` and `parts` are ModelFile's runs_in and parts. `constants` take the place
        of the values of a graph's constants, by node name.

        Waits for the start. A process may read one model only, so another one gets another process."""
        resolved = path.resolve()
        if not resolved.exists():
            raise InspectorError("NOT_FOUND", "no such file", where=str(path), todo="Open the model again.")
        with self._changing:
            if self._ended:
                raise Cancelled(f"{self.name} was stopped")
            if self._model not in (None, resolved) or self._confined_otherwise(framework) or not self.alive:
                if self._process is not None:
                    self._process.close()
                self._process, self._started = None, None
        self._model = resolved
        (self._started or self.start(framework, progress=progress)).result()
        args = {
            "path": str(resolved),
            "framework": framework,
            "read": [str(Path(part).resolve()) for part in (*parts, *self._chosen_files())],
            "options": msgspec.to_builtins(self.options),
            "constants": save(constants, self._folder("constants")) if constants else {},
        }
        return msgspec.convert(self._ask("load", args, progress), Loaded)

    def run(
        self,
        inputs: Mapping[str, Array],
        *,
        taps: Sequence[str] = (),
        outputs: Sequence[str] = (),
        edited: bool = False,
        progress: Progress | None = None,
    ) -> Run:
        """Run with arrays for every input. Without taps it is the plain, untouched run; `outputs` empty
        means the model's own."""
        folder = self._folder("run")
        args = {
            "inputs": save(inputs, folder / "in"),
            "taps": list(taps),
            "outputs": list(outputs),
            "edited": edited,
            "out": str(folder),
        }
        answer = self._ask("run", args, progress)
        return Run(opened(answer["outputs"]), opened(answer["taps"]), answer["clipped"])

    def replay(
        self,
        feeds: Mapping[str, Array],
        fetch: Sequence[str],
        *,
        edited: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Array]:
        """Feed tensors in the middle of the graph; fetch tensors as they are computed from the fed ones."""
        folder = self._folder("replay")
        args = {"feeds": save(feeds, folder / "in"), "fetch": list(fetch), "edited": edited, "out": str(folder)}
        return opened(self._ask("replay", args, progress))

    def reference(
        self,
        feeds: Mapping[str, Array],
        against: Mapping[str, Array],
        *,
        progress: Progress | None = None,
    ) -> dict[str, ReferenceError64]:
        """Compute the tensors of `against` in float64 from the fed ones; how far off is each array?

        Raises InspectorError NO_REFERENCE when the graph cannot be computed in float64."""
        folder = self._folder("reference")
        args = {
            "feeds": save(feeds, folder / "in"),
            "fetch": list(against),
            "against": save(against, folder / "against"),
        }
        return msgspec.convert(self._ask("reference", args, progress), dict[str, ReferenceError64])

    def scan(
        self,
        inputs: Mapping[str, Array],
        like: Sequence[Array],
        *,
        limit: int = 10,
        progress: Progress | None = None,
    ) -> list[list[ValueHit]]:
        """For each array of `like` the tensors of this side that hold its value, best first."""
        folder = self._folder("scan")
        wanted = save({str(index): array for index, array in enumerate(like)}, folder / "like")
        args = {"inputs": save(inputs, folder / "in"), "like": list(wanted.values()), "limit": limit}
        return msgspec.convert(self._ask("scan", args, progress), list[list[ValueHit]])

    def export(self, names: Sequence[str]) -> tuple[Path, dict[str, str]]:
        """What runs as one frozen GraphDef in the spill, and the tensors of the taps `names` in it.

        Raises InspectorError NO_EDIT where the framework has no graph."""
        path = self._folder("export") / "graph.pb"
        return path, self._ask("export", {"names": list(names), "path": str(path)}, None)

    def convert(
        self,
        form: str,
        wish: Mapping[str, Any],
        *,
        arrays: Mapping[str, Array] | None = None,
        progress: Progress | None = None,
    ) -> Written:
        """The model in another form, in the spill. `wish`: what runners/exporting/request.py says; `arrays`:
        representative inputs by tensor.

        Raises InspectorError CANNOT_CONVERT, BAD_NAME, TOO_LARGE, CANNOT_WRITE, ..."""
        folder = self._folder("convert")
        args = {
            "form": form,
            "wish": dict(wish),
            "arrays": save(arrays, folder / "arrays") if arrays else {},
            "folder": str(folder / "out"),
        }
        return msgspec.convert(self._ask("convert", args, progress), Written)

    def edit(self, edits: Sequence[Edit]) -> None:
        """Edit the copy in memory that runs and replays with `edited=True` use; an empty list takes all back."""
        folder = self._folder("edit")
        self._ask("edit", {"edits": [message(edit, folder / str(place)) for place, edit in enumerate(edits)]}, None)

    def forget(self) -> None:
        """Delete what this runner left in the spill; arrays that are still open stay readable.

        The folder itself stays: the process is confined to it."""
        for folder in self.spill.glob("*-[0-9]*"):
            shutil.rmtree(folder, ignore_errors=True)

    def kill(self) -> None:
        """End the process at once and for good; what waits for it raises Cancelled."""
        with self._changing:
            self._ended = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process for good."""
        with self._changing:
            self._ended = True
            if self._process is not None:
                self._process.close()

    def log(self) -> str:
        """The last lines that the process printed."""
        return self._child.log()

    def environment(self) -> Started:
        """What the process says of itself; waits until its framework is imported."""
        return (self._started or self.start()).result()

    def _confined_otherwise(self, framework: str) -> bool:
        """A browser starts programs, which a process that was started for another framework may not do."""
        return bool(self._framework) and (self._framework == BROWSER) != (framework == BROWSER)

    def _chosen_files(self) -> list[str]:
        """Files beside the model that the person named: custom layers, an architecture."""
        named = [self.options.custom, self.options.choices.get("architecture", "")]
        paths = [text.rpartition(":")[0] if ".py:" in text else text for text in named]
        return [path for path in paths if path and Path(path).exists()]

    def _spawn(self) -> Child:
        environment = quiet_environment(
            TF_CPP_MIN_LOG_LEVEL="2",
            KERAS_BACKEND="tensorflow",
            HDF5_PLUGIN_PRELOAD="::",
            OPENBLAS_NUM_THREADS="1",
        )
        if self.options.onednn is not None:
            environment["TF_ENABLE_ONEDNN_OPTS"] = str(int(self.options.onednn))
        if self.options == replace(self.options, python="", onednn=None):
            forked = fork_server.forked(self._framework, environment)
            if forked is not None:
                return Child(forked, name=self.name)
        try:
            command = [self.options.python or sys.executable, str(fork_server.RUNNERS)]
            return Child(started(command, environment), name=self.name)
        except OSError as error:
            raise _no_python(self.options.python, error) from error

    def _ask(self, method: str, args: dict[str, Any], progress: Progress | None) -> Any:
        return self._child.request(method, args, progress=progress)[0]

    def _folder(self, purpose: str) -> Path:
        folder = self.spill / f"{purpose}-{next(self._numbers):04d}"
        folder.mkdir(parents=True)
        return folder


def _pass_on(done: Future[Any], started: Future[Started], python: str) -> None:
    error = done.exception()
    if error is not None:
        started.set_exception(_no_python(python, error))
    else:
        started.set_result(msgspec.convert(done.result()[0], Started))


def _no_python(python: str, error: BaseException) -> BaseException:
    """A chosen interpreter that does not even start says what it is, rather than that a process ended."""
    if python and not (isinstance(error, InspectorError) and not error.code.startswith("WORKER_")):
        try:
            inspect_python(python)
        except InspectorError as better:
            return better
    return error
