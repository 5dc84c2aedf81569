"""Background jobs: the one place that starts them and that drops replies nobody waits for any more.

A job has a key and a generation. Starting a job under a key makes every older job of that key stale:
its result, error and progress are dropped when they arrive. All callbacks run on the GUI thread.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from inspector.domain.errors import Cancelled, InspectorError

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
OnError = Callable[[InspectorError], None]


@dataclass(frozen=True, slots=True)
class _Reply:
    number: int
    callback: Callable[..., None] | None
    values: tuple[Any, ...]
    last: bool


@dataclass(frozen=True, slots=True)
class _Job:
    key: str
    generation: int


@dataclass(frozen=True, slots=True)
class _Calls:
    function: Callable[..., Any]
    on_done: Callable[[Any], None] | None
    on_error: OnError | None
    on_progress: Progress | None


class Jobs(QObject):
    """Runs functions on daemon threads. `active_changed` tells how many jobs are under way."""

    active_changed = Signal(int)
    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = itertools.count(1)
        self._jobs: dict[int, _Job] = {}
        self._generations: dict[str, int] = {}
        self._closed = False
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        function: Callable[..., T],
        on_done: Callable[[T], None] | None = None,
        on_error: OnError | None = None,
        on_progress: Progress | None = None,
        *,
        key: str = "",
    ) -> int:
        """Call `function` off the GUI thread and hand its result to `on_done` on the GUI thread.

        With `on_progress` the function is called with one argument, a progress callback
        `(text, done, total)` that raises Cancelled once the job is dropped, else with none. Errors that
        are no InspectorError arrive as one with the code `UNEXPECTED`. Cancelled is dropped silently. An
        empty `key` is superseded by nothing.
        """
        number = next(self._numbers)
        key = key or f"job-{number}"
        self._generations[key] = number
        self._jobs[number] = _Job(key, number)
        self.active_changed.emit(len(self._jobs))
        calls = _Calls(function, on_done, on_error, on_progress)
        threading.Thread(target=self._work, args=(number, calls), daemon=True, name=key).start()
        return number

    def _work(self, number: int, calls: _Calls) -> None:
        try:
            value = calls.function(self._progress(number, calls)) if calls.on_progress else calls.function()
        except Cancelled:
            self._post(_Reply(number, None, (), last=True))
        except InspectorError as error:
            self._post(_Reply(number, calls.on_error, (error,), last=True))
        except Exception as error:  # noqa: BLE001 - the boundary of the thread: everything becomes a message
            self._post(_Reply(number, calls.on_error, (_unexpected(error),), last=True))
        else:
            self._post(_Reply(number, calls.on_done, (value,), last=True))

    def _progress(self, number: int, calls: _Calls) -> Progress:
        """Tells how far a job is, and ends it where it tells so once nobody waits for it.

        Only on the job's own thread: a child's progress comes on the thread that listens to the child."""
        own, key = threading.current_thread(), self._jobs[number].key

        def progress(text: str, done: int, total: int) -> None:
            if threading.current_thread() is own and self._generations.get(key) != number:
                raise Cancelled
            self._post(_Reply(number, calls.on_progress, (text, done, total), last=False))

        return progress

    def drop(self, key: str) -> None:
        """Forget the job under this key: whatever it still sends is dropped."""
        self._generations.pop(key, None)

    def active(self, key: str) -> bool:
        """Whether the newest job of this key is still awaited."""
        generation = self._generations.get(key)
        return generation is not None and generation in self._jobs

    @property
    def busy(self) -> bool:
        """Whether any job is still awaited."""
        return any(self._generations.get(job.key) == job.generation for job in self._jobs.values())

    def close(self) -> None:
        """Deliver nothing any more."""
        self._closed = True
        self._generations.clear()

    def _post(self, reply: _Reply) -> None:
        if not self._closed:
            self._arrived.emit(reply)

    @Slot(object)
    def _deliver(self, reply: _Reply) -> None:
        job = self._jobs.get(reply.number)
        if job is None or self._closed:
            return
        current = self._generations.get(job.key) == job.generation
        if reply.last:
            del self._jobs[reply.number]
            if current:
                del self._generations[job.key]
            self.active_changed.emit(len(self._jobs))
        if current and reply.callback is not None:
            reply.callback(*reply.values)


def _unexpected(error: Exception) -> InspectorError:
    return InspectorError(
        "UNEXPECTED", f"{type(error).__name__}: {error}", todo="Please report it with the text above."
    )
