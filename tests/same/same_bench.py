"""`make same`: pairs that are the same, in every form: none may give a finding, none may fail.

same_bench.py [--only TEXT,TEXT] [--form TEXT] [--seed N] [--jobs 2] [--keep FOLDER] [--again] [--out FILE]

With --keep the pairs stay, and a second run takes them as they are; `--again` compares pairs that were compared
already. A run of everything writes docs/same.md. Every pair is a line of out/same.jsonl as soon as it is done."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from same_report import Outcome, page, table, told

KERAS = ("tf_keras", "keras")
PATIENCE = 600  # seconds for one pair; twice what the largest took with both cores loaded


def main() -> int:
    asked = arguments()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(asked.keep or temporary).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        rows = made(folder, asked)
        print(f"{len(rows)} pairs, written in {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        outcomes = run_all(folder, rows, asked)
        left_out = [row for keras in KERAS for row in read_lines(folder / f"{keras}-out.jsonl")]
    print(table(outcomes, left_out))
    if not (asked.only or asked.form):
        (ROOT / "docs" / "same.md").write_text(page(outcomes, left_out, asked.seed))
    return int(not all(outcome.right for outcome in outcomes))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("only", "form", "keep"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "same.jsonl")
    return parser.parse_args()


def made(folder: Path, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """The pairs, each Keras's written by a process of its own; not anew where they lie there already."""
    order = {"seed": asked.seed, "only": asked.only}
    stamp = folder / "order.json"
    if not stamp.exists() or json.loads(stamp.read_text()) not in (order, {**order, "only": ""}):
        if any(process.wait() for process in [_maker(folder, keras, json.dumps(order)) for keras in KERAS]):
            raise SystemExit("the pairs could not be written: see above")
        stamp.write_text(json.dumps(order))
    rows = [row for keras in KERAS for row in read_lines(folder / f"{keras}.jsonl")]
    return [
        row for row in rows if any(text in row["id"] for text in asked.only.split(",")) and asked.form in row["form"]
    ]


def _maker(folder: Path, keras: str, order: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": str(int(keras == "tf_keras"))}
    command = [sys.executable, str(HERE / "make_same.py"), str(folder), keras, order]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run_all(folder: Path, rows: list[dict[str, Any]], asked: argparse.Namespace) -> list[Outcome]:
    """Every pair's outcome, in the order of `rows`; each is written down as soon as it is there."""
    asked.out.parent.mkdir(exist_ok=True)
    done = {} if asked.again else {row["id"]: Outcome(**row) for row in read_lines(asked.out)}
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    # a run that is cut short has seen some of everything
    for row in sorted(rows, key=lambda row: hashlib.sha256(row["id"].encode()).digest()):
        if row["id"] not in done:
            waiting.put(row)
    lock = threading.Lock()
    with asked.out.open("w") as log:
        log.writelines(json.dumps(asdict(outcome)) + "\n" for outcome in done.values())
        log.flush()

        def note(outcome: Outcome) -> None:
            with lock:
                done[outcome.id] = outcome
                log.write(json.dumps(asdict(outcome)) + "\n")
                log.flush()
                print(told(outcome), file=sys.stderr, flush=True)

        threads = [threading.Thread(target=_work, args=(folder, waiting, note)) for _ in range(asked.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [done[row["id"]] for row in rows]


def _work(folder: Path, waiting: queue.SimpleQueue[dict[str, Any]], note: Any) -> None:
    """One job: a process that shares a Session, started anew where it ended."""
    worker: subprocess.Popen[str] | None = None
    while True:
        try:
            row = waiting.get_nowait()
        except queue.Empty:
            break
        if worker is None or worker.poll() is not None:
            worker = subprocess.Popen(
                [sys.executable, str(HERE / "compare_same.py"), str(folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        note(_asked(worker, row))
    if worker is not None and worker.poll() is None:
        assert worker.stdin is not None
        worker.stdin.close()
        worker.wait(60)


def _asked(worker: subprocess.Popen[str], row: dict[str, Any]) -> Outcome:
    assert worker.stdin is not None
    assert worker.stdout is not None
    start = time.perf_counter()
    timer = threading.Timer(PATIENCE, worker.kill)
    timer.start()
    try:
        worker.stdin.write(json.dumps(row) + "\n")
        worker.stdin.flush()
        line = worker.stdout.readline()
    finally:
        timer.cancel()
    if line:
        return Outcome(**json.loads(line))
    ended = f"the process ended with {worker.wait()}"
    known = {key: row[key] for key in ("id", "net", "keras", "kind", "form", "batch")}
    return Outcome(**known, error=ended, seconds=time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
