"""A file that its own framework refuses as it stands, and how it was run all the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`framework` of this `version` refused the file and `said` why, in its own words. `changes`: what was upgraded
    in memory so that it loads; empty where the other side's model was run with the file's weights. `todo` says how
    the file is mended."""

    framework: str
    version: str
    said: str
    changes: tuple[str, ...] = ()
    todo: str = ""
