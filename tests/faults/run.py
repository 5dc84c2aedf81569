"""`make faults`: faults put into nets, found again by the engine; one table. And pairs that are the same.

run.py [--seeds N] [--first SEED] [--nets a,b] [--causes a,b] [--together 2] [--each N] [--same] [--keep FOLDER]"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions
from inspector.session.session import Session
from inspector.session.settings import Settings
from inspector.session.store import Store

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "out" / "faults.jsonl"
BATCH = 4
PROVED = 0.5


@dataclass
class Outcome:
    """One pair: `found` of its `faults` with the right layer and cause anywhere, `layer` and `cause` of the first."""

    id: str
    net: str
    truth: list[dict[str, Any]]
    causes: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    layer: bool = False
    cause: bool = False
    found: int = 0
    proof: float | None = None
    seconds: float = 0.0
    error: str = ""
    verdict: str = ""


def main() -> int:
    asked = arguments()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(asked.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = made(folder, asked)
        outcomes = list(run(folder, rows, verbose=asked.verbose))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("".join(json.dumps(asdict(outcome)) + "\n" for outcome in outcomes))
    print(table(outcomes))
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--nets", default="")
    parser.add_argument("--causes", default="")
    parser.add_argument("--each", type=int, default=1)
    parser.add_argument("--together", type=int, default=1)
    parser.add_argument("--same", action="store_true")
    parser.add_argument("--keep", default="")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def made(folder: Path, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """The pairs, written by a process that has TensorFlow."""
    order = {
        "seeds": list(range(asked.first, asked.first + asked.seeds)),
        "nets": [name for name in asked.nets.split(",") if name],
        "causes": [name for name in asked.causes.split(",") if name],
        "each": asked.each,
        "together": asked.together,
        "same": asked.same,
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "make.py"), str(folder), json.dumps(order)], stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-4000:])
    lines = [line for line in done.stderr.decode().splitlines() if "Error" in line]
    print("\n".join(lines), file=sys.stderr)
    return [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]


def run(folder: Path, rows: list[dict[str, Any]], *, verbose: bool = False) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as state, Session(store=Store(Path(state))) as session:
        for row in rows:
            outcome = Outcome(id=row["id"], net=row["net"], truth=row["truth"])
            start = time.perf_counter()
            try:
                judge(outcome, compared(session, folder, row))
            except InspectorError as error:
                outcome.error = str(error)
            outcome.seconds = time.perf_counter() - start
            if verbose or outcome.error:
                print(told(outcome), file=sys.stderr, flush=True)
            yield outcome


def compared(session: Session, folder: Path, row: dict[str, Any]) -> Comparison:
    options = SideOptions(**row.get("options", {}))
    session.open("a", folder / row["a"])
    session.open("b", folder / row["b"], options)
    settings: dict[str, Any] = {"inputs": ("random:11",), "batch": BATCH, **row["settings"]}
    session.settings = Settings(**settings)
    return session.compare()


def judge(outcome: Outcome, result: Comparison) -> None:
    findings = [item for item in result.findings if not item.note_only or not outcome.truth]
    findings = list(result.findings) if any(t["cause"] == "output-order" for t in outcome.truth) else findings
    outcome.verdict = result.verdict
    outcome.causes = [item.cause for item in findings if not item.note_only or outcome.truth]
    outcome.layers = [item.layer_a for item in findings]
    if not outcome.truth or not findings:
        return
    first = findings[0]
    outcome.layer = any(names_it(first.layer_a, first.layers, truth) for truth in outcome.truth)
    outcome.cause = any(first.cause == truth["cause"] for truth in outcome.truth)
    outcome.found = sum(
        any(item.cause == truth["cause"] and names_it(item.layer_a, item.layers, truth) for item in findings)
        for truth in outcome.truth
    )
    outcome.proof = first.proof.gone if first.proof is not None else None


def names_it(layer: str, layers: tuple[str, ...], truth: dict[str, Any]) -> bool:
    """The finding's own layer is one of the truth's; where all layers are meant any will do."""
    del layers
    return not truth["layers"] or layer.rpartition("/")[2].partition(":")[0].partition("@")[0] in truth["layers"]


def told(outcome: Outcome) -> str:
    good = "ok " if (outcome.layer and outcome.cause) or (not outcome.truth and not outcome.causes) else "BAD"
    wanted = "; ".join(f"{t['cause']} {t['what']} {t['layers'][:3]}" for t in outcome.truth)
    return (
        f"{good} {outcome.id} [{wanted}] -> {list(zip(outcome.causes, outcome.layers, strict=False))} {outcome.error}"
    )


def table(outcomes: list[Outcome]) -> str:
    """One row for each cause, one for each kind of same pair; then the totals."""
    lines = [
        "| cause | pairs | right layer | right cause first | found | proved | s |",
        "|---|---|---|---|---|---|---|",
    ]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.truth:
            groups["+".join(t["cause"] for t in outcome.truth) if len(outcome.truth) == 1 else "together"].append(
                outcome
            )
    for cause, group in sorted(groups.items()):
        lines.append(_line(cause, group))
    faulty = [outcome for outcome in outcomes if outcome.truth]
    if faulty:
        lines.append(_line("all", faulty))
    same = [outcome for outcome in outcomes if not outcome.truth]
    alarms = [o for o in same if o.verdict == "different" or o.causes]
    lines.append(f"\n{len(same)} pairs that are the same: {len(alarms)} false alarms")
    lines += [told(outcome) for outcome in alarms]
    lines += [told(o) for o in faulty if not (o.layer and o.cause) or o.found < len(o.truth)]
    return "\n".join(lines)


def _line(name: str, group: list[Outcome]) -> str:
    count = len(group)
    faults = sum(len(o.truth) for o in group)
    share = [sum(getattr(o, key) for o in group) / count for key in ("layer", "cause")]
    proved = sum((o.proof or 0.0) >= PROVED for o in group) / count
    found = sum(o.found for o in group) / faults
    seconds = sum(o.seconds for o in group) / count
    return f"| {name} | {count} | {share[0]:.0%} | {share[1]:.0%} | {found:.0%} | {proved:.0%} | {seconds:.1f} |"


if __name__ == "__main__":
    sys.exit(main())
