"""The session file: changed matches and settings of each pair, recent files, saved pipelines.

It lies in the person's state folder and is written whole under a temporary name and renamed, so that it
is never half a file. What cannot be understood in it costs only itself: the rest is kept, the file as it
was is copied aside, and a warning says so."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import platformdirs

from inspector.domain.files import Side, Warn
from inspector.domain.options import SideOptions
from inspector.session import preprocess
from inspector.session.settings import Settings
from inspector.session.state import Pair, Recent, State, read, written

FILE = "session.json"
VARIABLE = "MODEL_INSPECTOR_STATE"
MAX_RECENT = 20
MAX_LOST = 3  # named in a warning
MAX_PAIRS = 200
MAX_ENVIRONMENTS = 40
CODE = re.compile(r"\.py:\w*$")  # FILE.py:function
_T = TypeVar("_T")


def state_folder(folder: Path | None = None) -> Path:
    """The folder given, else that of the environment variable MODEL_INSPECTOR_STATE, else the system's."""
    if folder is not None:
        return folder
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(platformdirs.user_state_dir("model-inspector", appauthor=False))


def pair_key(sha256_a: str, sha256_b: str) -> str:
    """What a pair is remembered by: the contents of both files, wherever they lie."""
    return f"{sha256_a}+{sha256_b}"


class Store:
    """The session file, read at the start and again before each change; safe to use from several threads.

    Each change is made to what the file holds at that moment, so that two windows do not undo each
    other's. Nothing here raises for the file's sake: what went wrong is in `warnings`, and a change that
    could not be written holds in memory all the same."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = state_folder(folder) / FILE
        self._lock = threading.Lock()
        self._damaged: bytes | None = None
        self._frozen = False  # the original could neither be read nor copied aside: it must not be lost
        self._warnings: dict[str, Warn] = {}
        self._state = self._load()

    @property
    def path(self) -> Path:
        """The session file."""
        return self._path

    @property
    def warnings(self) -> tuple[Warn, ...]:
        """STATE_DAMAGED (what was not understood), STATE_NOT_READ, STATE_NOT_SAVED (the last change)."""
        return tuple(self._warnings.values())

    def matches(self, key: str) -> dict[str, str | None]:
        """The matches a person changed: A's layer to B's tensor, or to None for no match."""
        return dict(self._pair(key).matches)

    def set_match(self, key: str, layer_a: str, tensor_b: str | None) -> None:
        """Remembers a changed match."""
        self._change_pair(key, lambda pair: replace(pair, matches={**pair.matches, layer_a: tensor_b}))

    def forget_match(self, key: str, layer_a: str) -> None:
        """Takes a change back: the match is found by evidence again."""
        self._change_pair(key, lambda pair: replace(pair, matches=_without(pair.matches, layer_a)))

    def settings(self, key: str) -> Settings | None:
        """The settings that were used with this pair, None when it is new."""
        return self._pair(key).settings

    def set_settings(self, key: str, settings: Settings) -> None:
        """Remembers the settings of a pair."""
        self._change_pair(key, lambda pair: replace(pair, settings=settings))

    def options(self, key: str, side: Side) -> SideOptions | None:
        """The options that a side of this pair was used with, None when it is new."""
        pair = self._pair(key)
        return pair.options_a if side == "a" else pair.options_b

    def set_options(self, key: str, side: Side, options: SideOptions) -> None:
        """Remembers a side's options, but for what needs consent each time: trust, the network, and code that
        would be run (custom layers, an architecture that a function makes)."""
        choices = {name: value for name, value in options.choices.items() if not CODE.search(value)}
        kept = replace(options, trust=False, custom="", online=False, choices=choices)
        if side == "a":
            self._change_pair(key, lambda pair: replace(pair, options_a=kept))
        else:
            self._change_pair(key, lambda pair: replace(pair, options_b=kept))

    def environments(self) -> tuple[str, ...]:
        """Paths of the Python interpreters that were added, in that order."""
        return self._state.environments

    def add_environment(self, path: str) -> None:
        """Remembers an interpreter, once; of too many the oldest goes."""

        def change(state: State) -> State:
            rest = [other for other in state.environments if other != path]
            return replace(state, environments=(*rest, path)[-MAX_ENVIRONMENTS:])

        self._change(change)

    def forget_environment(self, path: str) -> None:
        """Takes an interpreter off the list."""
        self._change(
            lambda state: replace(state, environments=tuple(other for other in state.environments if other != path))
        )

    def recent(self) -> tuple[Recent, ...]:
        """The pairs of paths opened last, the latest first."""
        return self._state.recent

    def add_recent(self, path_a: str, path_b: str) -> None:
        """Puts a pair of paths on top of the recent ones."""

        def change(state: State) -> State:
            rest = [pair for pair in state.recent if (pair.a, pair.b) != (path_a, path_b)]
            latest = Recent(a=path_a, b=path_b, opened=_now())
            return replace(state, recent=(latest, *rest)[:MAX_RECENT])

        self._change(change)

    def pipelines(self) -> dict[str, str]:
        """Saved pipelines by name, sorted."""
        return dict(sorted(self._state.pipelines.items()))

    def save_pipeline(self, name: str, text: str) -> None:
        """Saves a pipeline under a name, in its short form. Raises InspectorError BAD_PIPELINE."""
        line = str(preprocess.parse(text))
        self._change(lambda state: replace(state, pipelines={**state.pipelines, name: line}))

    def forget_pipeline(self, name: str) -> None:
        """Takes a saved pipeline away."""
        self._change(lambda state: replace(state, pipelines=_without(state.pipelines, name)))

    def _pair(self, key: str) -> Pair:
        return self._state.pairs.get(key, Pair())

    def _change_pair(self, key: str, change: Callable[[Pair], Pair]) -> None:
        def changed(state: State) -> State:
            pair = replace(change(state.pairs.get(key, Pair())), used=_now())
            # In the order of use, so that the longest unused go first.
            rest = list(_without(state.pairs, key).items())[-(MAX_PAIRS - 1) :]
            return replace(state, pairs={**dict(rest), key: pair})

        self._change(changed)

    def _change(self, change: Callable[[State], State]) -> None:
        with self._lock:
            if self._frozen:
                self._state = change(self._state)
                self._not_saved("the file as it was could not be kept aside")
                return
            self._state = change(self._latest())
            self._write()

    def _latest(self) -> State:
        """What the file holds now; what is known here when the file is gone or damaged."""
        try:
            found = self._path.read_bytes()
        except OSError:
            return self._state
        state, lost = read(found)
        if lost and found != self._damaged:
            self._set_aside(found, lost)
        return self._state if lost else state

    def _load(self) -> State:
        try:
            found = self._path.read_bytes()
        except FileNotFoundError:
            return State()
        except OSError as error:
            self._frozen = True
            self._warn("STATE_NOT_READ", f"{self._path} cannot be read: {error.strerror}")
            return State()
        state, lost = read(found)
        if lost:
            self._set_aside(found, lost)
        return state

    def _set_aside(self, content: bytes, lost: tuple[str, ...]) -> None:
        """Keeps the file's bytes under the first free name beside it."""
        self._damaged = content
        names = (self._path.with_suffix(f".kept-{number}.json") for number in itertools.count(1))
        target = next(name for name in names if not name.exists())
        try:
            target.write_bytes(content)
        except OSError:
            self._frozen = True
        what = "; ".join(lost[:MAX_LOST]) + (f"; and {len(lost) - MAX_LOST} more" if lost[MAX_LOST:] else "")
        kept = "nothing will be saved" if self._frozen else f"the file as it was is {target.name}"
        self._warn("STATE_DAMAGED", f"{self._path}: {what}. The rest is used, {kept}.")

    def _write(self) -> None:
        temporary = Path()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{FILE}.", dir=self._path.parent)
            temporary = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(written(self._state))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            self._not_saved(error.strerror or str(error))
            return
        self._warnings.pop("STATE_NOT_SAVED", None)

    def _not_saved(self, why: str) -> None:
        self._warn("STATE_NOT_SAVED", f"{self._path} was not written: {why}")

    def _warn(self, code: str, text: str) -> None:
        self._warnings[code] = Warn(code, text)


def _without(known: dict[str, _T], name: str) -> dict[str, _T]:
    return {other: value for other, value in known.items() if other != name}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
