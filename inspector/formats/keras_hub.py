"""Where TensorFlow Hub keeps the modules that `hub.KerasLayer`s in a config name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspector.formats.hub_handle import cached_copy


def cached_modules(config: Any) -> tuple[str, ...]:
    """The folders that are there: a handle that is a folder itself, or the cached copy of one."""
    found = []
    for handle in handles(config):
        copy = cached_copy(handle)
        found += [str(path.resolve()) for path in (Path(handle), copy) if _is_folder(path)]
    return tuple(dict.fromkeys(found))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # longer than a path may be, or with a NUL in it
        return False


def handles(config: Any) -> Iterator[str]:
    """The handles of all hub.KerasLayers, nested models included."""
    waiting = [config]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting += here
        if not isinstance(here, dict):
            continue
        own = here.get("config")
        if here.get("class_name") == "KerasLayer" and isinstance(own, dict) and isinstance(own.get("handle"), str):
            yield own["handle"]
        waiting += here.values()
