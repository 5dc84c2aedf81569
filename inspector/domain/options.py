"""What a person chooses for one side: where it runs, what it may do, which part of the file, and how it is run."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SideOptions:
    """One side's options; every default is what a user of the framework would get.

    `python`: an interpreter, "" for our own. `trust`: the file may run code of its own (Lambda layers).
    `custom`: a Python file with custom layers, trusted by being named. `online`: the runner may use the
    network. `choices`: which part of the file (`signature`, `tags`, `backend`, `architecture`), by name.
    `threads`: intra-op threads, None for the framework's own number. `onednn`: None for the framework's
    default. `optimise`: graph optimisation in the plain run. `batch`: the side runs so many samples at a
    time. `training`: layers behave as in training. `seed`: of the framework's random ops. `twice`: run the
    side again and compare it with itself."""

    python: str = ""
    trust: bool = False
    custom: str = ""
    online: bool = False
    choices: dict[str, str] = field(default_factory=dict)
    threads: int | None = None
    onednn: bool | None = None
    xla: bool = False
    optimise: bool = True
    float64: bool = False
    batch: int | None = None
    training: bool = False
    seed: int | None = None
    twice: bool = False
