"""Files that appear whole or not at all: written into a hidden folder beside their place, and renamed.

Whatever ends the process, a guard takes the hidden folder away: a small process of its own that waits for the end of
a pipe, which the system closes when the writer is gone, even when it was killed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from inspector.domain.errors import InspectorError

CHUNK = 1 << 22
GUARD = (
    "import shutil, signal, sys\n"
    "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "sys.stdin.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)\n"
)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


class Draft:
    """What will be `out` and the files beside it. Everything in `folder` is gone at the end but what `commit` moved.

    Raises InspectorError: NO_FOLDER, EXISTS, NO_PERMISSION, DISK_FULL, CANNOT_WRITE."""

    def __init__(self, out: Path, beside: Iterable[Path] = (), *, overwrite: bool = False) -> None:
        self.out = out
        self._beside = tuple(beside)
        self._overwrite = overwrite
        require_free(out, self._beside, overwrite=overwrite)
        with telling(out):
            self.folder = Path(tempfile.mkdtemp(prefix=f".{out.name[:80]}.", suffix=".part", dir=out.absolute().parent))
        self._guard = subprocess.Popen(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-S", "-E", "-c", GUARD, str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._guard.stdin is not None:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        self._guard.wait()

    def take(self, source: Path) -> Path:
        """Copy a file or a folder into the draft, under the name of `out`; its bytes reach the disk."""
        target = self.folder / self.out.name
        with telling(self.out):
            if target.exists():
                remove(target)
            if source.is_dir():
                for path in sorted(source.rglob("*")):
                    if path.is_dir():
                        (target / path.relative_to(source)).mkdir(parents=True, exist_ok=True)
                target.mkdir(exist_ok=True)
                for path in sorted(source.rglob("*")):
                    if path.is_file():
                        copy(path, target / path.relative_to(source))
            else:
                copy(source, target)
        return target

    def path(self, name: str) -> Path:
        """Where a file beside `out` is written first."""
        return self.folder / name

    def commit(self) -> tuple[Path, ...]:
        """Move everything to its place, `out` first; an old one stays until the new one is there.

        Raises InspectorError EXISTS when something else took the place meanwhile."""
        parent = self.out.absolute().parent
        names = sorted((path.name for path in self.folder.iterdir()), key=lambda name: (name != self.out.name, name))
        done: list[Path] = []
        try:
            with telling(self.out):
                for name in names:
                    self._move(self.folder / name, parent / name)
                    done.append(parent / name)
                for path in self._beside:
                    if path.name not in names:
                        remove(path)  # of what was there before
                flush(parent)
        except BaseException:
            if not self._overwrite:
                for path in done:
                    remove(path)
            raise
        return tuple(self.out.with_name(name) for name in names)

    def _move(self, source: Path, target: Path) -> None:
        if not self._overwrite:
            if os.path.lexists(target):
                raise exists(target)
            source.rename(target)
            return
        if target.is_dir() and not target.is_symlink():
            target.rename(self.folder / f"{target.name}.before")
        source.replace(target)


def require_free(out: Path, beside: Iterable[Path] = (), *, overwrite: bool) -> None:
    """What a conversion must not begin without. Raises InspectorError NO_FOLDER, EXISTS, NO_PERMISSION."""
    parent = out.absolute().parent
    if not parent.is_dir():
        raise InspectorError("NO_FOLDER", "there is no such folder", where=str(parent), todo="Make it first.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise denied(parent)
    for path in (out, *beside):
        if os.path.lexists(path) and not overwrite:
            raise exists(path)


def exists(path: Path) -> InspectorError:
    todo = "Choose another name, or say --overwrite."
    return InspectorError("EXISTS", "there is something already, and it is not replaced", where=str(path), todo=todo)


def denied(path: Path) -> InspectorError:
    return InspectorError(
        "NO_PERMISSION", "nothing may be written here", where=str(path), todo="Choose another folder."
    )


@contextlib.contextmanager
def telling(where: Path) -> Iterator[None]:
    """What the system refuses, as an error that a person can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            todo = "Make room, or choose another place. Nothing was left behind."
            raise InspectorError("DISK_FULL", "the disk is full", where=str(where), todo=todo) from error
        if error.errno in DENIED:
            raise denied(where) from error
        what = error.strerror or str(error)
        raise InspectorError("CANNOT_WRITE", what, where=str(where), todo="Check the path.") from error


def copy(source: Path, target: Path) -> None:
    """Copy a file's bytes and see them to the disk."""
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(CHUNK):
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())


def flush(folder: Path) -> None:
    """See a folder's entries to the disk, where the system lets one."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
