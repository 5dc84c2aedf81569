"""`make bench`: times and memory against the targets, one table. Nothing here is judged in `make test`.

Makes a frozen VGG16 (about 550 MB) and a MobileNetV2 pair with random weights in a temporary folder first.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "session"))

from applications import make, opened

from inspector.session.session import Session
from inspector.session.store import Store
from inspector.workers.reader_client import Reader

GAP = Path(__file__).with_name("longest_gap.py")
RUNS = 5


def main() -> int:
    """Print one row for each figure: what, measured (median), target."""
    print("what | measured | target", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        vgg = make("keras", "VGG16", 1, _made(place / "vgg")).folder / "model.pb"
        times, memory = zip(*(structure(vgg) for _ in range(RUNS)), strict=True)
        row(
            f"structure of a frozen VGG16 ({vgg.stat().st_size >> 20} MB), reader start to first rows",
            f"{statistics.median(times):.2f} s",
            "1 s",
        )
        row("memory of that reader at its highest", f"{statistics.median(memory):.0f} MB", "200 MB")
        compared(place)
        row("longest time in which the window did not answer, opening and comparing the demo", longest_gap(), "100 ms")
    return 0


def structure(path: Path) -> tuple[float, float]:
    """Seconds from the reader's start until the sections and the first scopes are there; peak memory in MB."""
    start = time.perf_counter()
    reader = Reader("reader")
    try:
        reader.open(str(path))
        for entry in reader.children("", 0, 100):
            reader.children(entry.id, 0, 100)
        return time.perf_counter() - start, peak_memory(reader.pid)
    finally:
        reader.close()


def peak_memory(pid: int) -> float:
    """VmHWM, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def compared(place: Path) -> None:
    """A comparison of MobileNetV2 whose models are loaded, against the plain run alone."""
    pair = make("tf_keras", "MobileNetV2", 1, _made(place / "mobilenet"))
    with Session(store=Store(place)) as session:
        opened(session, pair, "model.pb").compare()
        whole = median(session.compare)
        runner, _ = session._sides["b"].load()
        fed = {item.used.name_b + ":0": item.array_b for item in session.preview()}
        plain = median(lambda: runner.run(fed))
    row("MobileNetV2 compared, everything loaded", f"{whole:.2f} s", "")
    row("the same against a plain run of B", f"{whole / plain:.0f} times", "")


def longest_gap() -> str:
    """From a window of its own process, off screen."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, str(GAP)], env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    return f"{lines[-1]} ms" if done.returncode == 0 and lines else f"failed: {done.stderr.strip()[-200:]}"


def median(work: Callable[[], object]) -> float:
    """Median seconds of several runs."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def row(what: str, measured: str, target: str) -> None:
    print(f"{what} | {measured} | {target}", flush=True)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    raise SystemExit(main())
