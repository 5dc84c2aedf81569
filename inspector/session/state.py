"""What the session file holds, and how much of a damaged, old or foreign one can still be used."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import msgspec

from inspector.domain.options import SideOptions
from inspector.session.settings import Settings

SCHEMA = 1
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What a person set for one pair of contents. `matches`: A's layer to B's tensor or None.

    `options_a` and `options_b` hold nothing that needs consent (see Store.set_options)."""

    matches: dict[str, str | None] = field(default_factory=dict)
    settings: Settings | None = None
    options_a: SideOptions | None = None
    options_b: SideOptions | None = None
    used: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """A pair of paths and when it was opened (ISO 8601, UTC)."""

    a: str
    b: str
    opened: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The whole file; `pairs` in the order in which they were last used, `environments` the interpreters
    that a person added."""

    pairs: dict[str, Pair] = field(default_factory=dict)
    recent: tuple[Recent, ...] = ()
    pipelines: dict[str, str] = field(default_factory=dict)
    environments: tuple[str, ...] = ()


def written(state: State) -> bytes:
    """The file's bytes, in ASCII. Not msgspec's JSON: a path that is no UTF-8 has lone surrogates."""
    return json.dumps({"schema": SCHEMA, **asdict(state)}, indent=1).encode("ascii")


def read(content: bytes) -> tuple[State, tuple[str, ...]]:
    """The state as far as it is valid, and a line for each thing that was not."""
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        return State(), ("it is not JSON",)
    if not isinstance(raw, dict):
        return State(), ("it is no session file",)
    lost: list[str] = []
    if raw.get("schema") != SCHEMA:
        lost.append(f"its schema is {str(raw.get('schema'))[:20]}, not {SCHEMA}")
    pairs = _mapping(raw, "pairs", lost)
    state = State(
        pairs={key: _pair(value, key, lost) for key, value in pairs.items()},
        recent=_recent(raw, lost),
        pipelines=_all_of(_mapping(raw, "pipelines", lost), str, "pipeline", lost),
        environments=_environments(raw, lost),
    )
    return state, tuple(lost)


def _pair(raw: Any, key: str, lost: list[str]) -> Pair:
    if not isinstance(raw, dict):
        lost.append(f"pair {key[:12]} is no pair")
        return Pair()
    return Pair(
        matches=_all_of(_mapping(raw, "matches", lost), str | None, "match", lost),
        settings=_optional(raw.get("settings"), Settings, f"settings of {key[:12]}", lost),
        options_a=_optional(raw.get("options_a"), SideOptions, f"A's options of {key[:12]}", lost),
        options_b=_optional(raw.get("options_b"), SideOptions, f"B's options of {key[:12]}", lost),
        used=raw["used"] if isinstance(raw.get("used"), str) else "",
    )


def _recent(raw: dict[str, Any], lost: list[str]) -> tuple[Recent, ...]:
    found = (_as(item, Recent, "a recent pair", lost) for item in _list(raw, "recent", lost))
    return tuple(item for item in found if item is not None)


def _environments(raw: dict[str, Any], lost: list[str]) -> tuple[str, ...]:
    found = (_as(item, str, "an environment", lost) for item in _list(raw, "environments", lost))
    return tuple(dict.fromkeys(item for item in found if item))


def _list(raw: dict[str, Any], name: str, lost: list[str]) -> list[Any]:
    found = raw.get(name, [])
    if isinstance(found, list):
        return found
    lost.append(f"`{name}` is no list")
    return []


def _mapping(raw: dict[str, Any], name: str, lost: list[str]) -> dict[str, Any]:
    found = raw.get(name, {})
    if isinstance(found, dict):
        return found
    lost.append(f"`{name}` is no mapping")
    return {}


def _all_of(raw: dict[str, Any], kind: Any, what: str, lost: list[str]) -> dict[str, Any]:
    """The entries whose value is of the kind."""
    valid = {}
    for name, value in raw.items():
        if isinstance(value, kind):
            valid[name] = value
        else:
            lost.append(f"{what} `{name[:40]}` is not understood")
    return valid


def _optional(raw: Any, kind: type[_T], what: str, lost: list[str]) -> _T | None:
    return None if raw is None else _as(raw, kind, what, lost)


def _as(raw: Any, kind: type[_T], what: str, lost: list[str]) -> _T | None:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        lost.append(f"{what}: {error}")
        return None
