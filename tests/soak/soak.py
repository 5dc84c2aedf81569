"""`make soak`: fresh processes compared and windows opened, run and closed in a row; no crash may come of it.

soak.py [--comparisons 1000] [--windows 300] [--real 20] [--jobs 2] [--load 2] [--limit 300] [--keep FOLDER]

One in `--real` is a pair of models, for which TensorFlow is imported twice; the others are pairs of recordings and
(of comparisons) weights and settings alone. `--jobs` run at a time beside `--load` processes that only count. Each
process has faulthandler on and may write its memory; one that takes longer than `--limit` seconds is told to say
where it is, and counts as hung."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import inspector

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DEMO = ROOT / "resources" / "demo"
COMMAND = (sys.executable, "-X", "faulthandler", "-m", "inspector.cli", "compare")
WINDOW = (sys.executable, "-X", "faulthandler", str(HERE / "one_window.py"))
FATAL = "Fatal Python error"
GOOD = (0, 1)  # the same, different
GRACE = 20.0  # seconds for a hung process to say where it is
LAST = 60  # lines of a crash that are printed
CORE = 1 << 30


@dataclass(frozen=True, slots=True)
class Task:
    """One process: what kind of work it does, its words, and the exit states that are right."""

    kind: str
    words: tuple[str, ...]
    good: tuple[int, ...] = GOOD


@dataclass(frozen=True, slots=True)
class Ended:
    """How one ended. `status` below zero: the signal; `said` is its standard error."""

    kind: str
    status: int
    right: bool
    seconds: float
    hung: bool
    said: str

    @property
    def crashed(self) -> bool:
        """Whether it died of a signal or faulthandler spoke; also a hung one, which was told to."""
        return self.status < 0 or FATAL in self.said


def main() -> int:
    """Print what failed and the table; 1 where anything was not as it should be."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(asked.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        tasks = [*comparisons(folder, asked.comparisons, asked.real), *windows(folder, asked.windows, asked.real)]
        start = time.perf_counter()
        with loaded(asked.load):
            ended = run(tasks, folder, asked.jobs, asked.limit)
        cores = [path.name for path in folder.rglob("core*") if path.is_file()]
        print(table(ended, cores, time.perf_counter() - start))
        return int(bool(cores) or any(item.crashed or not item.right for item in ended))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    defaults = {"comparisons": 1000, "windows": 300, "real": 20, "jobs": 2, "load": 2}
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--limit", type=float, default=300.0)
    parser.add_argument("--keep", default="")
    return parser.parse_args()


def comparisons(folder: Path, count: int, real: int) -> Iterator[Task]:
    """Recordings and weights alone in turn, and one real pair in `real`: the demo's faithful and its faulty graph."""
    one, other = recordings(folder)
    h5, pb, faulty = (str(DEMO / name) for name in ("digits.h5", "digits.pb", "digits_faulty.pb"))
    for number in range(count):
        if number % real == real - 1:
            a, b, good = (h5, pb, (0,)) if number // real % 2 else (h5, faulty, (1,))
            yield Task("comparison of models", (*COMMAND, a, b, "--input", "random:0"), good)
        elif number % 2:
            yield Task("comparison of weights", (*COMMAND, h5, pb, "--static"), (0,))
        else:
            yield Task("comparison of recordings", (*COMMAND, one, other), (1,))


def windows(folder: Path, count: int, real: int) -> Iterator[Task]:
    """Windows on recordings, and one in `real` on models."""
    one, other = recordings(folder)
    h5, faulty = str(DEMO / "digits.h5"), str(DEMO / "digits_faulty.pb")
    for number in range(count):
        if number % real == real - 1:
            yield Task("window on models", (*WINDOW, h5, faulty, "random:0"), (0,))
        else:
            yield Task("window on recordings", (*WINDOW, one, other, "random:0"), (0,))


def recordings(folder: Path) -> tuple[str, str]:
    """Two recordings of one small net in numpy; in the second its last layer has another bias."""
    paths = folder / "one.npz", folder / "other.npz"
    if not all(path.exists() for path in paths):
        random = np.random.default_rng(0)
        x = random.normal(size=(8, 16)).astype(np.float32)
        matrices = [random.normal(size=(16, 16)).astype(np.float32) for _ in range(12)]
        for path, bias in zip(paths, (0.0, 0.1), strict=True):
            values = layers(x, matrices, bias)
            inspector.record(lambda _x, found=values: found[f"layer_{len(matrices)}"], x, path, activations=values)
    return str(paths[0]), str(paths[1])


def layers(x: np.ndarray, matrices: Sequence[np.ndarray], bias: float) -> dict[str, np.ndarray]:
    """The activations (8, 16) of a chain of dense layers with tanh, by name."""
    found: dict[str, np.ndarray] = {}
    for number, matrix in enumerate(matrices, 1):
        x = np.tanh(x @ matrix + np.float32(bias if number == len(matrices) else 0.0))
        found[f"layer_{number}"] = x
    return found


class loaded:
    """So many processes that do nothing but count, and let the others go first where they can."""

    def __init__(self, count: int) -> None:
        self._processes = [multiprocessing.Process(target=_count, daemon=True) for _ in range(count)]

    def __enter__(self) -> None:
        for process in self._processes:
            process.start()

    def __exit__(self, *_error: object) -> None:
        for process in self._processes:
            process.terminate()
            process.join()


def _count() -> None:
    os.nice(5)
    number = 0
    while True:
        number += 1


def run(tasks: Sequence[Task], folder: Path, jobs: int, limit: float) -> list[Ended]:
    """Every task, `jobs` at a time; what goes wrong is printed when it does, and how far it is now and then."""
    ended: list[Ended] = []
    with ThreadPoolExecutor(jobs) as pool:
        for item in pool.map(lambda task: one(task, folder, limit), tasks):
            ended.append(item)
            if item.crashed or not item.right:
                last = "\n".join(item.said.splitlines()[-LAST:])
                print(f"{item.kind}, {state(item)}:\n{last}\n", file=sys.stderr, flush=True)
            if len(ended) % 20 == 0:
                print(f"{len(ended)} of {len(tasks)}", file=sys.stderr, flush=True)
    return ended


def one(task: Task, folder: Path, limit: float) -> Ended:
    """Run a task in a folder of its own, where its memory would be written, with a state of its own."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="state-") as memory:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONFAULTHANDLER": "1",
            "MODEL_INSPECTOR_STATE": memory,
            "XDG_CONFIG_HOME": memory,
        }
        process = subprocess.Popen(
            task.words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace", start_new_session=True, preexec_fn=_may_write_memory,  # noqa: PLW1509 - one call
        )  # fmt: skip
        said, hung = _wait(process, limit)
    right = process.returncode in task.good and not hung
    return Ended(task.kind, process.returncode, right, time.perf_counter() - start, hung, said)


def _wait(process: subprocess.Popen[str], limit: float) -> tuple[str, bool]:
    """What it said, and whether it was hung: then SIGABRT makes faulthandler say where every thread is."""
    try:
        return process.communicate(timeout=limit)[1], False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
    try:
        said = process.communicate(timeout=GRACE)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said = process.communicate()[1]
    return said, True


def _may_write_memory() -> None:
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (CORE if hard == resource.RLIM_INFINITY else min(CORE, hard), hard))


def state(item: Ended) -> str:
    """`exit 1`, `SIGSEGV`, `hung`."""
    if item.hung:
        return "hung"
    return f"exit {item.status}" if item.status >= 0 else signal.Signals(-item.status).name


def table(ended: Sequence[Ended], cores: Sequence[str], seconds: float) -> str:
    """One row for each kind: how many, how they ended, how many not as they should, the longest and the mean."""
    heads = ("what", "count", "ended", "wrong", "faulthandler", "longest s", "mean s")
    rows = [heads]
    for kind in dict.fromkeys(item.kind for item in ended):
        own = [item for item in ended if item.kind == kind]
        states = [state(item) for item in own]
        counted = ", ".join(f"{states.count(name)} {name}" for name in sorted(set(states)))
        wrong, fatal = sum(not item.right for item in own), sum(FATAL in item.said for item in own)
        times = [item.seconds for item in own]
        rows.append((kind, str(len(own)), counted, str(wrong), str(fatal), f"{max(times):.1f}",
                     f"{sum(times) / len(times):.1f}"))  # fmt: skip
    widths = [max(len(row[at]) for row in rows) for at in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    crashed = sum(item.crashed for item in ended)
    last = f"{len(ended)} processes in {seconds:.0f} s: {crashed} crashed or hung, {len(cores)} core dumps"
    return "\n".join([*lines, last])


if __name__ == "__main__":
    sys.exit(main())
