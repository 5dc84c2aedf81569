"""The app's end of fork servers: runners whose framework is imported already, on Linux and for our own Python.

There is one server for each of the two Kerases that `tf.keras` can be; a runner that needs no Keras takes whichever
is there. They live as long as somebody holds them (a session does)."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from inspector.runners.frameworks import FRAMEWORKS

RUNNERS = Path(__file__).resolve().parents[1] / "runners"
POSSIBLE = sys.platform == "linux"
MESSAGE = 1 << 12
GONE = -signal.SIGKILL  # what is told of a process whose server ended before it could say how it ended
NOWHERE = os.devnull  # a home in which no library can make a folder
KERAS = {True: "tf_keras", False: "keras"}


class ForkedProcess:
    """A process that a fork server makes: what `Child` needs of subprocess.Popen.

    It may not be born yet: what is written to its standard input waits for it."""

    def __init__(self, server: socket.socket, environment: Mapping[str, str]) -> None:
        """Raises OSError when the server is gone."""
        (in_r, in_w), (out_r, out_w), (err_r, err_w) = os.pipe(), os.pipe(), os.pipe()
        self._status, status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._status.setblocking(False)  # `recv_fds` takes no heed of its flags
        self.stdin: IO[bytes] = os.fdopen(in_w, "wb")
        self.stdout: IO[bytes] = os.fdopen(out_r, "rb")
        self.stderr: IO[bytes] = os.fdopen(err_r, "rb")
        self.returncode: int | None = None
        self._pid = 0
        self._pidfd = -1
        self._lock = threading.RLock()
        theirs = [in_r, out_w, err_w, status.fileno()]
        message = json.dumps({"environment": dict(environment)}).encode()
        try:
            socket.send_fds(server, [message], theirs)
        except OSError:
            for ours in (self.stdin, self.stdout, self.stderr, self._status):
                ours.close()
            raise
        finally:
            for descriptor in theirs[:3]:
                os.close(descriptor)
            status.close()

    @property
    def pid(self) -> int:
        """Waits until the process is born; 0 where it never is."""
        while self.poll() is None and not self._pid:
            self._look(None)
        return self._pid

    def poll(self) -> int | None:
        """How it ended (as in subprocess: negative for a signal), or None while it runs or is not born yet."""
        while self._look(0):
            pass
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (ended := self.poll()) is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("forked runner", timeout or 0)
            self._look(left)
        return ended

    def kill(self) -> None:
        """End it at once; one that is not born yet ends as soon as it is."""
        with self._lock:
            if self.returncode is not None:
                return
            if self._pidfd < 0:
                self._take()
            if self._pidfd >= 0:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            else:
                self._end(GONE)

    def _look(self, timeout: float | None) -> bool:
        """Take one message of the server, waiting for it at most `timeout` seconds. Whether there was one."""
        if self.returncode is not None:
            return False
        poll = select.poll()
        with contextlib.suppress(ValueError, OSError):  # another thread has just closed it
            poll.register(self._status, select.POLLIN)
            poll.poll(None if timeout is None else timeout * 1000)
        with self._lock:
            return self._take()

    def _take(self) -> bool:
        if self.returncode is not None:
            return False
        try:
            message, descriptors, _, _ = socket.recv_fds(self._status, MESSAGE, 1)
        except BlockingIOError:
            return False
        except OSError:
            message, descriptors = b"", []
        if message and descriptors:
            self._pid, self._pidfd = int(message), descriptors[0]
            os.set_inheritable(self._pidfd, False)
        else:
            self._end(os.waitstatus_to_exitcode(int(message)) if message else GONE)
        return True

    def _end(self, returncode: int) -> None:
        self.returncode = returncode
        self._status.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


class ForkServer:
    """One process with TensorFlow and one of the Kerases imported."""

    def __init__(self, *, legacy: bool) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, str(RUNNERS), "--fork-server", str(theirs.fileno()), "tensorflow", KERAS[legacy]]
        environment = {
            **os.environ,
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "KERAS_BACKEND": "tensorflow",
            "TF_USE_LEGACY_KERAS": str(int(legacy)),
            "OPENBLAS_NUM_THREADS": "1",
            "HOME": NOWHERE,
            "KERAS_HOME": NOWHERE,
        }
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and package
                command,
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def fork(self, environment: Mapping[str, str]) -> ForkedProcess:
        """Raises OSError when the server is gone."""
        return ForkedProcess(self._socket, environment)

    def close(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


class _Servers:
    """The servers of this process, by whether `tf.keras` is legacy Keras there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[bool, ForkServer] = {}
        self._holders = 0

    def hold(self) -> None:
        with self._lock:
            self._holders += 1

    def release(self) -> None:
        with self._lock:
            self._holders -= 1
            left = [] if self._holders else list(self._servers.values())
            if left:
                self._servers.clear()
        for server in left:
            server.close()

    def of(self, framework: str) -> ForkServer | None:
        """The server for a framework, started where there is none; None where it needs none or nobody holds them."""
        imports = FRAMEWORKS[framework].imports if framework in FRAMEWORKS else ()
        with self._lock:
            if not POSSIBLE or not self._holders or "tensorflow" not in imports:
                return None
            self._servers = {legacy: server for legacy, server in self._servers.items() if server.alive}
            wanted = [legacy for legacy, keras in KERAS.items() if keras in imports]
            for legacy in wanted or self._servers:
                if legacy in self._servers:
                    return self._servers[legacy]
            legacy = wanted[0] if wanted else True
            return self._servers.setdefault(legacy, ForkServer(legacy=legacy))


_SERVERS = _Servers()
hold, release = _SERVERS.hold, _SERVERS.release


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Fork servers stay while this is open, so that sessions one after the other share them."""
    hold()
    try:
        yield
    finally:
        release()


def start(framework: str) -> bool:
    """Begin to import what the framework needs, so that a runner for it can be forked later. False where this
    system, or the framework, has no server."""
    return _SERVERS.of(framework) is not None


def forked(framework: str, environment: Mapping[str, str]) -> ForkedProcess | None:
    """A runner's process from a server; None where this system, or the framework, has none."""
    server = _SERVERS.of(framework)
    if server is None:
        return None
    try:
        return server.fork(environment)
    except OSError:
        return None
