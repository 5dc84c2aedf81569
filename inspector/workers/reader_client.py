"""The app's end of a reader process: typed questions about one file. Imports neither formats nor h5py."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from concurrent.futures import TimeoutError as TooLate
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Computation, Fingerprint
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Details, Entry, Found, ModelFile, ValueSummary
from inspector.workers.child import Answer, Child, quiet_environment, started

T = TypeVar("T")
OPEN_LIMIT = 60.0  # seconds
ASK_LIMIT = 120.0
LONG_LIMIT = 1800.0  # for what reads the whole file: fingerprints, digest
PART = 1 << 24  # elements in one answer


class Reader:
    """One reader process. Methods block and may be called from any thread.

    Raises InspectorError with the formats' codes, TIMEOUT when a file keeps the reader busy for too long
    (a malformed HDF5 file can hang its library; the process is killed then), and WORKER_CRASHED."""

    def __init__(self, name: str) -> None:
        environment = quiet_environment(HDF5_PLUGIN_PRELOAD="::", OPENBLAS_NUM_THREADS="1")
        self._path = ""
        self._child = Child(started([sys.executable, "-m", "inspector.workers.reader"], environment), name=name)

    @property
    def alive(self) -> bool:
        return self._child.alive

    @property
    def pid(self) -> int:
        return self._child.pid

    def open(self, path: str, choices: Mapping[str, str] | None = None, *, limit: float = OPEN_LIMIT) -> ModelFile:
        """Open a file; `choices` as in SideOptions, `limit` seconds at most."""
        self._path = path
        args = {"path": path, "choices": dict(choices or {})}
        return msgspec.convert(self._request("open", args, limit)[0], ModelFile)

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        """A page of an entry's children; the root's id is empty."""
        return self._ask(list[Entry], "children", id=entry_id, start=start, stop=stop)

    def search(self, query: str, limit: int = 200) -> list[Found]:
        """The best entries for a query, best first."""
        return self._ask(list[Found], "search", query=query, limit=limit)

    def details(self, entry_id: str) -> Details:
        return self._ask(Details, "details", id=entry_id)

    def summary(self, value_id: str) -> ValueSummary:
        """Statistics, histogram and picture of an array."""
        return self._ask(ValueSummary, "summary", value_id=value_id)

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Elements of an array in C order, flat; bfloat16 as float32."""
        part, count = self._part(value_id, start, stop)
        end = count if stop is None else min(stop, count)
        if start + part.size >= end:
            return part
        whole = np.empty(end - start, part.dtype)
        filled = 0
        while part.size and filled < whole.size:
            whole[filled : filled + part.size] = part
            filled += part.size
            if filled < whole.size:
                part, _ = self._part(value_id, start + filled, end)
        return whole[:filled]

    def computation(self) -> Computation:
        return self._ask(Computation, "computation", LONG_LIMIT)

    def fingerprints(self, ids: list[str]) -> list[Fingerprint]:
        return self._ask(list[Fingerprint], "fingerprints", LONG_LIMIT, ids=ids)

    def sha256(self) -> str:
        return self._ask(str, "sha256", LONG_LIMIT)

    def kill(self) -> None:
        """End the process at once."""
        self._child.kill()

    def close(self) -> None:
        self._child.close()

    def _ask(self, kind: type[T], method: str, limit: float = ASK_LIMIT, /, **args: Any) -> T:
        return msgspec.convert(self._request(method, args, limit)[0], kind, strict=False)

    def _part(self, value_id: str, start: int, stop: int | None) -> tuple[NDArray[Any], int]:
        """At most PART values from `start` on, and how many the array has in all."""
        end = start + PART if stop is None else min(stop, start + PART)
        count, array = self._request("values", {"value_id": value_id, "start": start, "stop": end}, ASK_LIMIT)
        if array is None:
            raise InspectorError("NO_SUCH_VALUE", f"no values came for {value_id}", where=value_id)
        return array, int(count)

    def _request(self, method: str, args: dict[str, Any], limit: float) -> Answer:
        try:
            future = self._child.submit(method, args)
        except ValueError:  # its pipe is closed: it was stopped before it was asked
            raise Cancelled("the reader was stopped") from None
        try:
            return future.result(timeout=limit)
        except TooLate:
            self._child.kill()
            raise InspectorError(
                "TIMEOUT",
                f"the reader did not finish `{method}` within {limit:g} s",
                where=self._path,
                todo="The file is probably damaged; export it again.",
            ) from None
        except InspectorError as error:
            if error.code == "WORKER_CRASHED" and "SIGBUS" in error.what:
                # What is mapped and cut short by somebody else cannot be read any more, and that is how it shows.
                raise InspectorError(
                    "SOURCE_CHANGED",
                    "the file was cut short while it was open",
                    where=self._path,
                    todo="Open it again.",
                ) from error
            raise
