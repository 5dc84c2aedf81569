"""One side of the session: its file, its reader, its runner, and what was worked out of them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from inspector.domain.computation import Computation, Fingerprint
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import ModelFile, Side
from inspector.domain.options import SideOptions
from inspector.session.reconstruct import StandIn
from inspector.workers import fork_server
from inspector.workers.child import Progress
from inspector.workers.reader_client import Reader
from inspector.workers.runner_client import DEFAULTS, Loaded, Runner, Started

LIKELY = "tf_keras"  # the framework of most files that people open first


class SideState:
    """Holds a reader from the start and a runner from `warm` on. A process that ended is started anew."""

    def __init__(self, side: Side, spill: Path, options: SideOptions = DEFAULTS) -> None:
        self.side = side
        self.options = options
        self.file: ModelFile | None = None
        self.spill = spill
        self._lock = threading.RLock()
        self._loading = threading.Lock()
        self._reader: Reader | None = Reader(f"reader {side.upper()}")
        self._runner: Runner | None = None
        self._other: Runner | None = None
        self._loaded: tuple[Runner, tuple[str, int, int, int], Loaded] | None = None
        self._computation: Computation | None = None
        self._prints: tuple[Fingerprint, ...] | None = None
        self._sha256 = ""
        self.started: Started | None = None
        self._stand_in: StandIn | None = None
        self._runs = 0
        self._closed = False

    @property
    def stand_in(self) -> StandIn | None:
        """What runs in place of the file, with the other side's options; None where it runs by itself."""
        return self._stand_in

    @stand_in.setter
    def stand_in(self, found: StandIn | None) -> None:
        before, self._stand_in = self._in_force(), found
        if self._in_force() != before:
            self.stop()

    def _in_force(self) -> SideOptions:
        return self.options if self._stand_in is None else self._stand_in.options

    @property
    def reader(self) -> Reader:
        """The side's reader with its file open; a new process when the last one ended."""
        with self._lock:
            self._refuse_when_closed()
            if self._reader is None or not self._reader.alive:
                if self._reader is not None:
                    self._reader.close()
                self._reader = Reader(f"reader {self.side.upper()}")
                if self.file is not None:
                    self._reader.open(self.file.path, self.options.choices)
            return self._reader

    def open(self, path: str, options: SideOptions | None = None) -> ModelFile:
        """Open a file, with other options if they are given; what was known of the one before is forgotten
        only when this one opens."""
        options = self.options if options is None else options
        reader = Reader(f"reader {self.side.upper()}") if self.file is not None else self.reader
        try:
            file = reader.open(path, options.choices)
        except InspectorError:
            if self.file is not None or not reader.alive:
                reader.close()
            raise
        with self._lock:
            if self._reader is not reader and self._reader is not None:
                self._reader.close()
            self._reader, self.file = reader, file
            self._forget()
        self._start_anew(options)
        return file

    def _start_anew(self, options: SideOptions) -> None:
        """A runner has the options that it was started with: with others, another one is started."""
        if options != self.options:
            self.options = options
            warmed = self._runner is not None
            self.stop()
            if warmed:
                self.warm()

    def close_file(self) -> None:
        with self._lock:
            self.file = None
            self._forget()

    def set_options(self, options: SideOptions) -> None:
        """Take other options: the runner is started anew, and the file opened anew where its structure may
        depend on them. Raises what opening raises; the old options stay then."""
        with self._lock:
            if options == self.options:
                return
            old, self.options = self.options, options
            if self.file is not None and options.choices != old.choices:
                try:
                    self.file = self.reader.open(self.file.path, options.choices)
                except InspectorError:
                    self.options = old
                    raise
                self._forget()
        warmed = self._runner is not None
        self.stop()
        if warmed:
            self.warm()

    def opened(self) -> ModelFile:
        """The open file. Raises NO_FILE."""
        if self.file is None:
            name = self.side.upper()
            raise InspectorError("NO_FILE", f"no file is open on side {name}", todo=f"Open one on side {name}.")
        return self.file

    def computation(self) -> Computation:
        with self._lock:
            self.opened()
            if self.stand_in is not None:
                return self.stand_in.computation
            if self._computation is None:
                self._computation = self.reader.computation()
            found = self._computation
        return found if found.inputs or not self._is_built_by_code() else self._computation_as_built()

    def _is_built_by_code(self) -> bool:
        """Whether the person's architecture is an application or code, which only the runner can make."""
        return bool(self.opened().runs_in and self.options.choices.get("architecture"))

    def _computation_as_built(self) -> Computation:
        """Open the file with the config that the runner built. The lock is not held while it is built."""
        config = self.load()[1].config
        with self._lock:
            if config:
                path = self.spill / f"architecture-{self.side}.json"
                path.write_text(config, encoding="utf-8")
                self.reader.open(self.opened().path, {**self.options.choices, "architecture": str(path)})
                self._prints = None
            self._computation = self.reader.computation()
            return self._computation

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Of every weight that a layer of the computation uses."""
        with self._lock:
            if self._prints is None:
                ids = dict.fromkeys(w.id for layer in self.computation().layers for w in layer.weights)
                self._prints = tuple(self.reader.fingerprints(list(ids)))
            return self._prints

    def sha256(self) -> str:
        with self._lock:
            if not self._sha256:
                self._sha256 = self.reader.sha256()
            return self._sha256

    def warm(self) -> None:
        """Import the framework while the person looks at the trees: most files need TensorFlow."""
        if self.file is not None or self.options != DEFAULTS or not fork_server.start(LIKELY):
            self._living_runner()

    def preload(self) -> None:
        """Load the model in the background, so that it is there when the person runs it."""
        threading.Thread(target=self._load_quietly, daemon=True, name=f"preload-{self.side}").start()

    def _load_quietly(self) -> None:
        with contextlib.suppress(InspectorError):  # told when the person runs it
            self.load()

    def load(self, progress: Progress | None = None) -> tuple[Runner, Loaded]:
        """The runner with the model loaded in it. Raises CANNOT_RUN when the format has no runner."""
        with self._loading:
            return self._load(progress)

    def _load(self, progress: Progress | None) -> tuple[Runner, Loaded]:
        file = self.opened() if self.stand_in is None else self.stand_in.file
        if not file.runs_in:
            raise InspectorError(
                "CANNOT_RUN",
                f"this file cannot be run: {file.reason}",
                where=file.path,
                todo="Its structure and weights can still be compared with `map`.",
            )
        runner = self._living_runner()
        known = self._loaded
        identity = (*_identity(file), self._stands_in())
        if known is None or known[:2] != (runner, identity):
            constants = self.stand_in.constants if self.stand_in is not None else {}
            self._loaded = None  # what the runner held is gone, also where this one does not load
            loaded = runner.load(
                Path(file.path), file.runs_in, parts=file.parts, constants=constants, progress=progress
            )
            known = self._loaded = (runner, identity, loaded)
        return runner, known[2]

    def _stands_in(self) -> int:
        return 0 if self.stand_in is None else id(self.stand_in)

    @contextlib.contextmanager
    def another(self, options: SideOptions) -> Iterator[Runner]:
        """The side's model in a runner of its own, with other options, for one experiment; `stop` ends it, too."""
        file = self.opened() if self.stand_in is None else self.stand_in.file
        with self._lock:
            self._refuse_when_closed()
            self._runs += 1
            folder = self.spill / f"runner-{self.side}-{self._runs}"
            runner = self._other = Runner(f"runner {self.side.upper()} again", spill=folder, options=options)
        try:
            constants = self.stand_in.constants if self.stand_in is not None else {}
            runner.load(Path(file.path), file.runs_in, parts=file.parts, constants=constants)
            yield runner
        finally:
            runner.close()
            self._other = None

    def stop(self) -> None:
        """Kill the runner, whatever it does; the next run starts another."""
        with self._lock:
            runner, self._runner, self._loaded = self._runner, None, None
            other = self._other
        for each in (runner, other):
            if each is not None:
                each.kill()

    def close(self) -> None:
        """End both processes; what still asks for them gets Cancelled."""
        with self._lock:
            self._closed = True
            reader, self._reader = self._reader, None
        self.stop()
        if reader is not None:
            reader.close()

    def environment(self) -> Started:
        """What the runner says of itself; waits until its framework is imported."""
        if self.started is None:
            self.started = self._living_runner().environment()
        return self.started

    def _living_runner(self) -> Runner:
        with self._lock:
            self._refuse_when_closed()
            if self._runner is None or not self._runner.alive:
                if self._runner is not None:
                    self._runner.close()
                self._runs += 1
                folder = self.spill / f"runner-{self.side}-{self._runs}"
                self._runner = Runner(f"runner {self.side.upper()}", spill=folder, options=self._in_force())
                self._loaded, self.started = None, None
                file = self.file if self._stand_in is None else self._stand_in.file
                self._runner.start(file.runs_in if file is not None and file.runs_in else "graph")
            return self._runner

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Cancelled("the session is closed")

    def _forget(self) -> None:
        self._computation, self._prints, self._sha256, self.stand_in = None, None, "", None


def _identity(file: ModelFile) -> tuple[str, int, int]:
    """The same path, inode and time: the same bytes, which are not loaded twice."""
    return file.path, file.inode, file.modified_ns
