"""Message types described for the first time in many threads at once, over and over: run in a process of its own,
since a library that is not sound here ends it (msgspec 0.22 reads the type of a field that another thread has yet to
fill in)."""

from __future__ import annotations

import faulthandler
import sys
import threading
from dataclasses import field, make_dataclass

import msgspec

THREADS = 8
RAW = {
    "path": "p",
    "facts": [["a", "b"]],
    "warnings": [{"code": "c", "text": "t"}],
    "named": {"k": {"code": "c", "text": "t"}},
}


def message_type() -> type:
    """A new type as `ModelFile` is one: frozen, slots, with another one in a tuple and in a mapping."""
    inner = make_dataclass("Inner", [("code", str), ("text", str), ("n", int, 0)], frozen=True, slots=True)
    return make_dataclass(
        "Outer",
        [
            ("path", str),
            ("facts", tuple[tuple[str, str], ...]),
            ("warnings", tuple[inner, ...]),  # type: ignore[valid-type]
            ("named", dict[str, inner], field(default_factory=dict)),  # type: ignore[valid-type]
        ],
        frozen=True,
        slots=True,
    )


def described_at_once() -> list[object]:
    """What eight threads that wait for each other make of the message with a type that nobody has used yet."""
    kind, gate, found = message_type(), threading.Barrier(THREADS), []

    def convert() -> None:
        gate.wait()
        try:
            found.append(msgspec.convert(RAW, kind))
        except Exception as error:  # noqa: BLE001 - a KeyError or a TypeError is as wrong as a crash
            found.append(error)

    threads = [threading.Thread(target=convert) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = [item for item in found if not isinstance(item, kind)]
    return wrong if len(found) == THREADS else [*wrong, f"{len(found)} answers"]


if __name__ == "__main__":
    faulthandler.enable()
    sys.setswitchinterval(1e-6)
    for _ in range(int(sys.argv[1])):
        for wrong in described_at_once():
            sys.exit(f"wrong: {wrong!r}")
