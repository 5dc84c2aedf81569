"""The loop of a child process: read requests, answer them one at a time, die with the parent.

The same loop serves the reader and the runners. Standard output belongs to the frames; whatever a
library prints goes to standard error.
"""

import os
import queue
import sys
import threading
import traceback
from typing import Any, BinaryIO, Callable, Dict, Optional, Tuple

import numpy as np

from .wire import WireError, read_frame, write_frame

Reply = Tuple[Any, Optional[np.ndarray]]
Progress = Callable[..., None]
Handler = Callable[[Dict[str, Any], Optional[np.ndarray], Progress], Reply]


class RequestError(Exception):
    """An error with a stable code for the person at the other end."""

    def __init__(self, code: str, what: str, where: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.fields = {"code": code, "what": what, "where": where, "todo": todo}


def claim_stdout() -> BinaryIO:
    """Keep the real standard output for frames and send everything else that prints to stderr."""
    frames = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return frames


class Server:
    """Answers `{"job", "method", "args"}` with `{"job", "type": "result"|"error"|"progress", ...}`."""

    def __init__(self, handlers: Dict[str, Handler], out: BinaryIO) -> None:
        self._handlers = handlers
        self._out = out
        self._lock = threading.Lock()
        self._jobs: queue.Queue[Tuple[Dict[str, Any], Optional[np.ndarray]]] = queue.Queue()

    def serve(self) -> None:
        """Answer until the parent closes standard input, and then end at once, whatever is running."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            message, array = self._jobs.get()
            self._answer(message, array)

    def send(self, message: Dict[str, Any], array: Optional[np.ndarray] = None) -> None:
        with self._lock:
            write_frame(self._out, message, array)

    def _listen(self) -> None:
        stdin = os.fdopen(os.dup(0), "rb")
        try:
            frame = read_frame(stdin)
            while frame is not None:
                self._jobs.put(frame)
                frame = read_frame(stdin)
        except WireError as error:
            sys.stderr.write("bad frame: {}\n".format(error))
        os._exit(0)

    def _answer(self, message: Dict[str, Any], array: Optional[np.ndarray]) -> None:
        job = message.get("job")
        try:
            handler = self._handlers[message["method"]]
            result, values = handler(message.get("args") or {}, array, self._progress(job))
            self.send({"job": job, "type": "result", "result": result}, values)
        except RequestError as error:
            self.send({"job": job, "type": "error", "error": error.fields})
        except MemoryError:
            fields = {
                "code": "OUT_OF_MEMORY",
                "what": "not enough memory",
                "where": str(message.get("method")),
                "todo": "Use a smaller batch.",
            }
            self.send({"job": job, "type": "error", "error": fields})
        except Exception as error:  # the boundary of the process: everything becomes a message
            traceback.print_exc()
            fields = {
                "code": "WORKER_ERROR",
                "what": "{}: {}".format(type(error).__name__, error)[:4000],
                "where": str(message.get("method")),
                "todo": "",
            }
            self.send({"job": job, "type": "error", "error": fields})

    def _progress(self, job: Any) -> Progress:
        def progress(text: str, done: int = 0, total: int = 0) -> None:
            self.send({"job": job, "type": "progress", "text": text, "done": done, "total": total})

        return progress
