"""Byte mutants of the demo's files through the reader process (`make fuzz`): one table of what came of them.

A mutant has to end in a tree or in a named error. A crash or a hang of the reader is a message by design and
is counted with the seed that makes the mutant again. An error without a name of ours fails the run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from mutants import mutant
from rich.console import Console
from rich.table import Table

from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Entry
from inspector.domain.resources import resource
from inspector.workers.reader_client import Reader

OUTCOMES = ("tree", "named error", "crash", "hang", "unnamed error")
ENTRIES = 200
SUMMARIES = 5


class Fuzz:
    """One reader process after the other; a new one only after a crash or a hang."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._reader: Reader | None = None

    def outcome(self, data: bytes, suffix: str) -> tuple[str, str]:
        """What comes of one mutant: one of OUTCOMES, and the error's code and text."""
        path = self._folder / f"mutant{suffix}"
        path.write_bytes(data)
        reader = self._reader = self._reader or Reader("fuzz reader")
        guard = threading.Timer(self._seconds, reader.kill)
        guard.start()
        try:
            look_at_everything(reader, str(path))
        except Cancelled:
            self._reader = None
            return "hang", f"over {self._seconds:g} s"
        except InspectorError as error:
            return self._failed(error)
        finally:
            guard.cancel()
        return "tree", ""

    def _failed(self, error: InspectorError) -> tuple[str, str]:
        match error.code:
            case "WORKER_CRASHED" | "WORKER_KILLED":
                self.close()
                return "crash", error.what.split(":")[0]
            case "WORKER_ERROR":
                return "unnamed error", error.what
            case code:
                return "named error", code

    def close(self) -> None:
        if self._reader is not None:
            self._reader.kill()
            self._reader = None


def look_at_everything(reader: Reader, path: str) -> None:
    """What a person would do: open, unfold, read the details, look at values, and map."""
    reader.open(path)
    entries = list(walk(reader))
    for entry in entries:
        reader.details(entry.id)
    for entry in [entry for entry in entries if entry.value_id][:SUMMARIES]:
        reader.summary(entry.value_id)
    reader.search("bn", 20)
    reader.computation()


def walk(reader: Reader) -> Iterator[Entry]:
    """Up to ENTRIES entries, breadth first."""
    waiting, count = [""], 0
    while waiting and count < ENTRIES:
        for entry in reader.children(waiting.pop(0), 0, ENTRIES - count):
            yield entry
            count += 1
            if entry.child_count:
                waiting.append(entry.id)


def fuzz_file(fuzz: Fuzz, path: Path, seeds: range) -> tuple[Counter[str], dict[str, list[int]]]:
    """Counts of the outcomes, and for each crash, hang and unnamed error the seeds that lead to it."""
    original = path.read_bytes()
    counts: Counter[str] = Counter()
    seen: dict[str, list[int]] = defaultdict(list)
    for seed in seeds:
        outcome, text = fuzz.outcome(mutant(original, seed), path.suffix)
        counts[outcome] += 1
        if outcome != "tree":
            seen[f"{outcome}: {text[:160]}"].append(seed)
    return counts, seen


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="mutants of each file")
    parser.add_argument("--seed", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--seconds", type=float, default=10, help="after which a mutant counts as a hang")
    return parser.parse_args()


def main() -> int:
    """Fuzz both files of the demo; 1 when an error had no name."""
    wanted = arguments()
    seeds = range(wanted.seed, wanted.seed + wanted.count)
    table = Table("file", "mutants", *OUTCOMES, "seconds", title=f"mutants {seeds.start} to {seeds.stop - 1}")
    notes: dict[str, dict[str, list[int]]] = {}
    unnamed = 0
    with tempfile.TemporaryDirectory() as folder:
        fuzz = Fuzz(Path(folder), wanted.seconds)
        for path in (resource("demo", "digits.h5"), resource("demo", "digits.pb")):
            start = time.monotonic()
            counts, notes[path.name] = fuzz_file(fuzz, path, seeds)
            numbers = [str(counts[outcome]) for outcome in OUTCOMES]
            table.add_row(path.name, str(len(seeds)), *numbers, f"{time.monotonic() - start:.0f}")
            unnamed += counts["unnamed error"]
        fuzz.close()
    console = Console()
    console.print(table)
    for name, seen in notes.items():
        for text, found in sorted(seen.items()):
            line = f"{name}: {text}: {len(found)} times, first {found[:3]}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 1 if unnamed else 0


if __name__ == "__main__":
    sys.exit(main())
