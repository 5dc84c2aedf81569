"""The reader process: opens one model file, answers about its structure and values; writes nothing."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import resource
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.domain.files import ModelFile
from inspector.runners.server import Progress, Reply, RequestError, Server, claim_stdout

MEMORY = 8 << 30
Args = dict[str, Any]


class Handlers:
    """Holds the one file that this process has open. Formats are imported at the first open."""

    def __init__(self) -> None:
        self._opened: Any = None
        self._search: Any = None

    def table(self) -> dict[str, Any]:
        """Method names to handlers, each turning domain errors into replies."""
        methods = (
            self.open,
            self.children,
            self.search,
            self.details,
            self.summary,
            self.values,
            self.computation,
            self.fingerprints,
            self.sha256,
        )
        return {method.__name__: _guarded(method) for method in methods}

    def open(self, args: Args) -> Reply:
        from inspector.formats import open_file, summary

        opened = open_file(args["path"], args.get("choices") or {})
        if self._opened is not None:
            self._opened.close()
        self._opened, self._search = opened, None
        return summary(opened), None

    def children(self, args: Args) -> Reply:
        return self._file().children(args["id"], args["start"], args["stop"]), None

    def search(self, args: Args) -> Reply:
        from inspector.formats.search import Search

        if self._search is None:
            self._search = Search(self._file())
        return self._search.find(args["query"], args["limit"]), None

    def details(self, args: Args) -> Reply:
        return self._file().details(args["id"]), None

    def summary(self, args: Args) -> Reply:
        from inspector.formats.values import summarise

        return summarise(self._file(), args["value_id"]), None

    def values(self, args: Args) -> Reply:
        """The values, and how many there are in all: a long array is asked for in parts."""
        count = math.prod(self._file().value_shape(args["value_id"])[0])
        found: NDArray[Any] = self._file().values(args["value_id"], args["start"], args["stop"])
        return count, found if found.dtype.kind in "biufc" else found.astype(np.float32)

    def computation(self, _args: Args) -> Reply:
        return self._file().computation(), None

    def fingerprints(self, args: Args) -> Reply:
        from inspector.formats.values import fingerprints

        return fingerprints(self._file(), args["ids"]), None

    def sha256(self, _args: Args) -> Reply:
        opened = self._file().file
        _same_bytes(opened, strict=True)
        return _digest(opened), None

    def _file(self) -> Any:
        if self._opened is None:
            raise InspectorError("NO_FILE", "no file is open in this reader", todo="Open one first.")
        _same_bytes(self._opened.file, strict=False)
        return self._opened


def _digest(opened: ModelFile) -> str:
    """Of one file its SHA-256; of a model of several files that of the digests of its parts, in order."""
    paths = [path for path in (opened.path, *opened.parts) if Path(path).is_file()]
    digests = []
    for path in dict.fromkeys(paths):
        with Path(path).open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256"))
    if len(digests) == 1:
        return digests[0].hexdigest()
    return hashlib.sha256(b"".join(digest.digest() for digest in digests)).hexdigest()


def _same_bytes(file: ModelFile, *, strict: bool) -> None:
    """A file written anew in place is no longer what was indexed: SOURCE_CHANGED. One that was deleted or
    replaced can still be read to the end through what is open, unless the path itself is needed (`strict`)."""
    try:
        found = Path(file.path).stat()
    except OSError as error:
        if not strict:
            return
        raise InspectorError("SOURCE_GONE", "the file is gone", where=file.path, todo="Open it again.") from error
    # The size of a model of several files is that of all of them together.
    whole = bool(file.parts) or found.st_size == file.size
    same = whole and found.st_mtime_ns == file.modified_ns
    if (found.st_ino == file.inode and not same) or (found.st_ino != file.inode and strict):
        raise InspectorError(
            "SOURCE_CHANGED", "the file was changed while it was open", where=file.path, todo="Open it again."
        )


def _guarded(method: Any) -> Any:
    def answer(args: Args, _array: NDArray[Any] | None, _progress: Progress) -> Reply:
        try:
            result, array = method(args)
        except InspectorError as error:
            raise RequestError(error.code, error.what, error.where, error.todo) from error
        except OSError as error:
            raise RequestError("UNREADABLE", str(error), str(args.get("path", "")), "Open the file again.") from error
        return msgspec.to_builtins(result), array

    return answer


def main() -> None:
    out = claim_stdout()
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"  # no filter plug-ins: they are foreign code
    with contextlib.suppress(ValueError, OSError):  # a system without this limit goes on without it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Server(Handlers().table(), out).serve()


if __name__ == "__main__":
    main()
