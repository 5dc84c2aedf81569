"""Input specs: `random[:seed]`, `zeros`, `ones`, `text:WORDS`, a path, `file.h5#/path`; `name=` for one of several."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError

Kind = Literal["random", "zeros", "ones", "text", "file", "dataset"]
DRAWN: tuple[Kind, ...] = ("random", "zeros", "ones")
_DRAWN = re.compile(r"(random|zeros|ones)(?:(?<=random):(\d*))?(?:\[([\dx, ]*)\])?")
TEXT = "text:"
BETWEEN_TEXTS = "|"
FORMS = "random[:seed], zeros, ones, text:WORDS, an image, a folder of images, .npy, .npz, .csv or file.h5#/path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One parsed spec. `name` is the input it is for, empty when it goes by order. `path` is set for
    files and datasets, `dataset` is the path inside an HDF5 file, `seed` belongs to `random`. `shape` is what is drawn
    where the model does not say (`ones[]` is a single number), None for the model's own. `texts` are those that
    were typed, `text:one sample|another`."""

    text: str
    kind: Kind
    name: str = ""
    seed: int = 0
    path: Path = Path()
    dataset: str = ""
    shape: tuple[int, ...] | None = None
    texts: tuple[str, ...] = ()


def parse(text: str, names: tuple[str, ...] = ()) -> Spec:
    """Parses one spec. `name=` is taken for an input's name when it is one of `names`, or when no file
    of the whole text exists. Raises InspectorError BAD_INPUT, INPUT_UNKNOWN, NOT_FOUND."""
    name, equals, rest = text.partition("=")
    if equals and not text.startswith(TEXT) and (name in names or not Path(text.partition("#")[0]).exists()):
        if name not in names:
            raise _unknown(name, names)
        return _parse_value(rest, text, name)
    return _parse_value(text, text, "")


def assign(texts: tuple[str, ...], ports: tuple[tuple[Port, Port], ...]) -> tuple[Spec, ...]:
    """One spec for each pair of ports, in their order: by name first, the rest by order.

    A single unnamed `random`, `zeros`, `ones` or `.npz` serves all inputs that have no spec of their
    own. Raises InspectorError INPUT_MISSING, INPUT_UNKNOWN, INPUT_TWICE, BAD_INPUT, NOT_FOUND."""
    names = tuple(name for pair in ports for name in names_of(pair))
    specs = [parse(text, names) for text in texts or ("random:0",)]
    by_order = [spec for spec in specs if not spec.name]
    named = [_named(pair, specs) for pair in ports]
    left = named.count(None)
    if len(by_order) == 1 and (by_order[0].kind in DRAWN or by_order[0].path.suffix.lower() == ".npz"):
        by_order *= left
    if len(by_order) != left:
        raise _wrong_count(len(by_order), [pair for pair, spec in zip(ports, named, strict=True) if not spec])
    waiting = iter(by_order)
    return tuple(spec or next(waiting) for spec in named)


def names_of(pair: tuple[Port, Port]) -> tuple[str, ...]:
    """Everything that a person may call this input: A's and B's names and tensors, with and without `:0`."""
    plain = [text for port in pair for text in (port.name, port.tensor) if text]
    return tuple(dict.fromkeys([*plain, *(text.removesuffix(":0") for text in plain)]))


def _parse_value(value: str, text: str, name: str) -> Spec:
    drawn = _DRAWN.fullmatch(value)
    if drawn is not None:
        kind, seed, sizes = drawn.groups()
        shape = None if sizes is None else tuple(int(size) for size in re.findall(r"\d+", sizes))
        return Spec(text=text, kind=kind, name=name, seed=int(seed or 0), shape=shape)  # type: ignore[arg-type]
    if value.startswith(TEXT):
        typed = tuple(part.strip() for part in value.removeprefix(TEXT).split(BETWEEN_TEXTS))
        return Spec(text=text, kind="text", name=name, texts=typed)
    path, hash_, dataset = value.rpartition("#")
    if hash_ and path and not Path(value).exists():
        return Spec(text=text, kind="dataset", name=name, path=Path(path), dataset=dataset)
    return _file(value, text, name)


def _file(value: str, text: str, name: str) -> Spec:
    if not value or value.startswith("random"):
        raise InspectorError(
            "BAD_INPUT", f"`{text}` is not an input", todo=f"An input is {FORMS}, e.g. random:0."
        )  # fmt: skip
    path = Path(value).expanduser()
    try:
        path.stat()
    except OSError as error:
        what = f"there is no input `{value}`"
        if isinstance(error, PermissionError):
            raise InspectorError("NO_PERMISSION", f"`{value}` may not be read", where=value) from error
        raise InspectorError("NOT_FOUND", what, where=str(path), todo=f"An input is {FORMS}.") from error
    return Spec(text=text, kind="file", name=name, path=path)


def _named(pair: tuple[Port, Port], specs: list[Spec]) -> Spec | None:
    found = [spec for spec in specs if spec.name in names_of(pair)]
    if len(found) > 1:
        raise InspectorError(
            "INPUT_TWICE", f"`{found[0].text}` and `{found[1].text}` are for the same input",
            where=pair[0].name, todo="Give one of them.",
        )  # fmt: skip
    return found[0] if found else None


def _unknown(name: str, names: tuple[str, ...]) -> InspectorError:
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    listed = ", ".join(dict.fromkeys(known.removesuffix(":0") for known in names)) or "none"
    return InspectorError(
        "INPUT_UNKNOWN", f"no input is called `{name}`", todo=f"The inputs are {listed}.{hint}"
    )  # fmt: skip


def _wrong_count(given: int, waiting: list[tuple[Port, Port]]) -> InspectorError:
    listed = ", ".join(pair[0].name for pair in waiting) or "no input is left"
    return InspectorError(
        "INPUT_MISSING", f"{given} unnamed input(s) given for {len(waiting)}: {listed}",
        todo="Give one for each, by name: name=SPEC.",
    )  # fmt: skip
