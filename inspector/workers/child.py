"""One child process: start it, ask it, watch it, kill it. The only place that drops stale replies."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO, Any, Protocol

from numpy.typing import NDArray

from inspector.domain.errors import Cancelled, InspectorError
from inspector.runners.wire import WireError, read_frame, write_frame

Progress = Callable[[str, int, int], None]
Answer = tuple[Any, NDArray[Any] | None]
LOG_LINES = 200
LOG_LINE = 2000


class Process(Protocol):
    """What a child needs of its process: subprocess.Popen has it, and a forked runner's."""

    @property
    def stdin(self) -> IO[bytes] | None: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    @property
    def stderr(self) -> IO[bytes] | None: ...
    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...


def started(command: Sequence[str], env: Mapping[str, str]) -> Process:
    """A process of its own with three pipes. Raises OSError."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    )


@dataclass
class _Job:
    future: Future[Answer]
    progress: Progress | None


class Child:
    """A child process that speaks frames. `request` may be called from any thread and blocks.

    Raises InspectorError with `WORKER_CRASHED` or `WORKER_KILLED` (signal, end of its log) for every
    request under way when the process ends, and Cancelled after `kill()`.
    """

    def __init__(self, process: Process, *, name: str) -> None:
        self.name = name
        self._jobs: dict[int, _Job] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._stopped = False
        self._process = process
        self._threads = [
            threading.Thread(target=work, daemon=True, name=f"{name}-{work.__name__}")
            for work in (self._read_log, self._listen)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def log(self) -> str:
        """The last lines that the process printed."""
        return "\n".join(self._log)

    def request(
        self,
        method: str,
        args: dict[str, Any] | None = None,
        *,
        array: NDArray[Any] | None = None,
        progress: Progress | None = None,
    ) -> Answer:
        """Ask and wait for the answer: its JSON result and its array, if it has one."""
        return self.submit(method, args, array=array, progress=progress).result()

    def submit(
        self,
        method: str,
        args: dict[str, Any] | None = None,
        *,
        array: NDArray[Any] | None = None,
        progress: Progress | None = None,
    ) -> Future[Answer]:
        """Ask without waiting."""
        future: Future[Answer] = Future()
        with self._lock:
            number = next(self._numbers)
            self._jobs[number] = _Job(future, progress)
            try:
                stdin = self._pipe(self._process.stdin)
                write_frame(stdin, {"job": number, "method": method, "args": args or {}}, array)  # type: ignore[arg-type]
            except (OSError, ValueError):  # the pipe is broken, or closed already
                self._jobs.pop(number)
                future.set_exception(self._ended())
        return future

    def kill(self) -> None:
        """End the process at once; requests under way raise Cancelled. Safe to call twice."""
        self._stopped = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self.close()

    def close(self) -> None:
        """End the process (its end of the pipe closes) and wait until nothing of it is left."""
        self._stopped = True
        self._close_stdin()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=2)

    @staticmethod
    def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
        assert stream is not None  # noqa: S101 - all three are pipes by construction
        return stream

    def _listen(self) -> None:
        stdout = self._pipe(self._process.stdout)
        try:
            frame = read_frame(stdout)  # type: ignore[arg-type]
            while frame is not None:
                self._dispatch(*frame)
                frame = read_frame(stdout)  # type: ignore[arg-type]
        except (WireError, OSError, ValueError) as error:
            self._log.append(f"bad frame: {error}")
            self._process.kill()
        self._process.wait()
        self._threads[0].join(timeout=1)  # the end of the log belongs to the error
        self._fail_all()
        stdout.close()
        self._close_stdin()

    def _close_stdin(self) -> None:
        with contextlib.suppress(OSError):  # what was still to be written to a process that is gone
            self._pipe(self._process.stdin).close()

    def _dispatch(self, message: dict[str, Any], array: NDArray[Any] | None) -> None:
        number = message.get("job", 0)
        with self._lock:
            job = self._jobs.get(number)
            if job is None:
                return  # a late reply to a job that nobody waits for
            if message["type"] != "progress":
                del self._jobs[number]
        match message["type"]:
            case "progress":
                if job.progress is not None:
                    job.progress(message["text"], message["done"], message["total"])
            case "result":
                job.future.set_result((message["result"], array))
            case _:
                fields = message["error"]
                job.future.set_exception(
                    InspectorError(fields["code"], fields["what"], where=fields["where"], todo=fields["todo"])
                )

    def _fail_all(self) -> None:
        with self._lock:
            jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job.future.set_exception(self._ended())

    def _ended(self) -> InspectorError:
        if self._stopped:
            return Cancelled(f"{self.name} was stopped")
        code = self._process.wait()
        tail = " | ".join(list(self._log)[-3:])
        if code < 0:
            cause = signal.Signals(-code).name
            kind = "WORKER_KILLED" if -code in (signal.SIGKILL, signal.SIGTERM) else "WORKER_CRASHED"
        else:
            cause, kind = f"exit status {code}", "WORKER_CRASHED"
        what = f"the {self.name} ended ({cause})" + (f": {tail}" if tail else "")
        return InspectorError(kind, what, where=f"process {self.pid}", todo="Run again: it is started anew.")

    def _read_log(self) -> None:
        stderr = self._pipe(self._process.stderr)
        while line := stderr.readline(LOG_LINE):
            self._log.append(line.decode("utf-8", "replace").rstrip())
        stderr.close()


def quiet_environment(**more: str) -> dict[str, str]:
    """The environment of a child: ours, with Python's buffering off and no stray bytecode."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", **more}
