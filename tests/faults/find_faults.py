"""`make faults`: faults put into nets, found again by the engine; one table. And pairs that are the same.

find_faults.py [--seeds N] [--first SEED] [--nets a,b] [--causes a,b] [--what TEXT] [--each N] [--together 2]
       [--forms pb,h5] [--same [KINDS]] [--only-same] [--jobs N] [--keep FOLDER] [--out FILE] [--verbose]

A run of everything (`--same` and nothing left out) also writes docs/faults.md. Every pair is a line of
out/faults.jsonl."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench_report import Outcome, page, table, told

from inspector.causes.failures import CODE as CAUSE_FAILED
from inspector.domain.comparison import Comparison, Finding
from inspector.domain.options import SideOptions
from inspector.session.session import Session
from inspector.session.settings import Settings
from inspector.session.store import Store
from inspector.workers import fork_server

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BATCH = 4
FORMS = "pb,pb,pb,h5,saved"
KERAS = "tf_keras,keras"  # even seeds, odd seeds
ALL = "all"  # kinds of pairs that are the same
LISTS = ("nets", "causes", "forms", "same", "keras")
# may be told by a note: the numbers agree once the outputs are paired by value, within float16's noise, in a first run
NOTED = ("output-order", "precision", "state-kept")


def main() -> int:
    asked = arguments()
    with fork_server.held(), tempfile.TemporaryDirectory() as temporary:
        folder = Path(asked.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        rows = made(folder, asked)
        print(f"{len(rows)} pairs made in {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        with ThreadPoolExecutor(asked.jobs) as pool:
            parts = [
                pool.submit(lambda part=rows[at :: asked.jobs]: list(run(folder, part, asked)))
                for at in range(asked.jobs)
            ]
            outcomes = [outcome for part in parts for outcome in part.result()]
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_text("".join(json.dumps(asdict(outcome)) + "\n" for outcome in outcomes))
    print(table(outcomes))
    if asked.same == ALL and asked.together == 1 and not (asked.nets or asked.causes or asked.what or asked.only_same):
        (ROOT / "docs" / "faults.md").write_text(page(outcomes, asked.seeds))
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("seeds", 1), ("first", 0), ("each", 1), ("together", 1), ("jobs", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name, default in (("nets", ""), ("causes", ""), ("what", ""), ("keep", ""), ("forms", FORMS), ("keras", KERAS)):
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--same", nargs="?", const=ALL, default="")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "faults.jsonl")
    for name in ("only-same", "verbose"):
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args()


def made(folder: Path, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """The pairs, written by a process that has TensorFlow."""
    order = {name: [part for part in getattr(asked, name).split(",") if part] for name in LISTS}
    order |= {"seeds": list(range(asked.first, asked.first + asked.seeds))}
    order["same"] = [""] if asked.same == ALL or (asked.only_same and not asked.same) else order["same"]
    order |= {name: getattr(asked, name) for name in ("each", "together", "what", "only_same")}
    done = subprocess.run(
        [sys.executable, str(HERE / "make.py"), str(folder), json.dumps(order)],
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-4000:])
    lines = [line for line in done.stderr.decode().splitlines() if "Error: " in line]
    print("\n".join(lines), file=sys.stderr)
    rows = [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]
    # pairs with the same options one after the other: other options start a runner anew
    return sorted(rows, key=lambda row: json.dumps([row.get("options_a", {}), row.get("options_b", {})]))


def run(folder: Path, rows: list[dict[str, Any]], asked: argparse.Namespace) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as state, Session(store=Store(Path(state))) as session:
        for row in rows:
            outcome = Outcome(id=row["id"], net=row["net"], truth=row["truth"], kind=row.get("what", ""))
            start = time.perf_counter()
            try:
                result = compared(session, folder, row)
                judge(outcome, result)
                outcome.error = "; ".join(warning.text for warning in result.warnings if warning.code == CAUSE_FAILED)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong with one pair is its row, not the end
                outcome.error = f"{type(error).__name__}: {error}"
            outcome.seconds = time.perf_counter() - start
            if asked.verbose or outcome.error:
                print(told(outcome), file=sys.stderr, flush=True)
            yield outcome


def compared(session: Session, folder: Path, row: dict[str, Any]) -> Comparison:
    for side in ("a", "b"):
        session.open(side, folder / row[side], SideOptions(**row.get(f"options_{side}", {})))
    session.settings = Settings(**{"inputs": ("random:11",), "batch": BATCH, **_tuples(row["settings"])})
    return session.compare()


def _tuples(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}


def judge(outcome: Outcome, result: Comparison) -> None:
    notes = any(truth["cause"] in NOTED for truth in outcome.truth)
    findings = [item for item in result.findings if notes or not item.note_only]
    outcome.verdict = result.verdict
    outcome.causes = [item.cause for item in findings]
    outcome.layers = [item.layer_a for item in findings]
    if not outcome.truth or not findings:
        return
    first = findings[0]
    outcome.layer = any(names_it(first, truth) for truth in outcome.truth)
    outcome.cause = any(first.cause in (truth["cause"], *truth["also"]) for truth in outcome.truth)
    outcome.found = sum(
        any(item.cause in (truth["cause"], *truth["also"]) and names_it(item, truth) for item in findings)
        for truth in outcome.truth
    )
    outcome.beside = sum(not any(names_it(item, truth) for truth in outcome.truth) for item in findings)
    outcome.proof = first.proof.gone if first.proof is not None else None


def names_it(finding: Finding, truth: dict[str, Any]) -> bool:
    """The finding's own layer is one of the truth's; where the truth names none any will do."""
    name = finding.layer_a.rpartition("/")[2].partition(":")[0].partition("@")[0]
    return not truth["layers"] or name in truth["layers"]


if __name__ == "__main__":
    sys.exit(main())
