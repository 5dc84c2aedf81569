"""What a model file is, as its reader tells it: a summary, a tree of entries, and details of one entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")
Shape = tuple[int | None, ...]
EntryKind = Literal["section", "group", "dataset", "layer", "weight", "scope", "node", "function", "tensor", "link"]


@dataclass(frozen=True, slots=True)
class Warn:
    """Something to know that stops nothing. `code` is stable, upper case with underscores."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which part of a file is looked at and run: a SavedModel's signature, TensorFlow.js's backend, ...

    `name` is its key in SideOptions.choices, `values` what can be chosen (empty: any text), `chosen` what
    is in force, `title` its label. `at_open`: the structure depends on it, so the file is opened anew."""

    name: str
    title: str
    values: tuple[str, ...] = ()
    chosen: str = ""
    at_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """What was opened. `runs_in` is the runner's framework (`keras3`, `tf_keras`, `graph`, `tflite`, ...)
    or empty when it cannot run; `reason` says in one sentence why that framework. `facts` are label and
    value rows for a person (producer, versions, counts). `inode` and `modified_ns` identify the bytes.
    `parts` are the other files that belong to it (shards, variables, assets), absolute paths: they count
    in its digest, and its runner may read them. `choices` are what a person can choose in it."""

    path: str
    format: str
    title: str
    size: int
    runs_in: str
    reason: str
    facts: tuple[tuple[str, str], ...] = ()
    warnings: tuple[Warn, ...] = ()
    inode: int = 0
    modified_ns: int = 0
    parts: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the tree. `id` is the reader's handle, unique in the file. `class_name` is a Keras
    class or a graph op. `tensor` is the name that a run can tap or feed, empty when there is none.
    `size` is bytes of values (0 when it has none). `value_id` names its values, empty when none."""

    id: str
    name: str
    kind: EntryKind
    class_name: str = ""
    shape: Shape | None = None
    dtype: str = ""
    size: int = 0
    child_count: int = 0
    tensor: str = ""
    value_id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One search hit: the entry, the ids of its ancestors from the root down, and a score 0..100."""

    entry: Entry
    ancestors: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Details:
    """Everything textual about one entry: attributes, config, links; label and value rows, plain text."""

    entry: Entry
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSummary:
    """Numbers about one array, over its finite values. `edges` has one more number than `counts`.

    `picture` is a 2-D view for the eye (rows of floats, at most 256x256, NaN where nothing stands)
    and `picture_note` says how it was made (which slice, reshaped how)."""

    shape: tuple[int, ...]
    dtype: str
    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    zeros: int
    nan: int
    infinite: int
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    picture: tuple[tuple[float, ...], ...] = ()
    picture_note: str = ""
