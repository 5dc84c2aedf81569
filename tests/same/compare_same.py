"""One job of `make same`: rows come in, one line each, and each pair's outcome goes out. One Session for all."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions
from inspector.session.session import Session
from inspector.session.settings import Settings
from inspector.session.store import Store
from inspector.workers import fork_server

FAILED = "CAUSE_FAILED"
BROWSER_ROUNDING = 1e-4  # of the largest number: what TensorFlow.js's own kernels leave


def main(folder: Path) -> None:
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # nothing else may come in between the lines
    with (
        fork_server.held(),  # one import of TensorFlow for all pairs
        tempfile.TemporaryDirectory() as state,
        Session(store=Store(Path(state))) as session,
    ):
        for line in sys.stdin:
            out.write(json.dumps(outcome_of(session, folder, json.loads(line))) + "\n")


def outcome_of(session: Session, folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    outcome = {key: row[key] for key in ("id", "net", "keras", "kind", "form", "batch")}
    start = time.perf_counter()
    try:
        outcome |= judged(compared(session, folder, row))
        if row["reference"] and outcome["verdict"] == "different":
            outcome["unfaithful"] = unlike_reference(session, folder, row)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with one pair is its row, not the end
        refused = refusal(session, folder, row) if row["reference"] else ""
        outcome["unfaithful" if refused else "error"] = refused or f"{type(error).__name__}: {error}"
    told = {key: text.replace(f"{folder}{os.sep}", "") for key, text in outcome.items() if isinstance(text, str)}
    return {**outcome, **told, "seconds": round(time.perf_counter() - start, 2)}


def compared(session: Session, folder: Path, row: dict[str, Any]) -> Comparison:
    options = SideOptions(trust=row["trust"])
    for side in ("a", "b"):
        session.open(side, folder / row[side], options)
    spec = row["input"] if row["input"].startswith("random") else str(folder / row["input"])
    session.settings = Settings(inputs=(spec,), batch=row["batch"])
    return session.compare()


def judged(result: Comparison) -> dict[str, Any]:
    """What an outcome holds of a comparison."""
    findings = [item for item in result.findings if not item.note_only]
    return {
        "verdict": result.verdict,
        "findings": [f"{item.cause} {item.layer_a}" for item in findings],
        "notes": [item.cause for item in result.findings if item.note_only],
        "warnings": [warn.code for warn in result.warnings],
        "failed": [warn.text for warn in result.warnings if warn.code == FAILED],
        "different": [layer.a for layer in result.layers if layer.status == "different"],
        "compared": sum(layer.status != "not-compared" for layer in result.layers),
        "layers": len(result.layers),
        "sentence": result.sentence,
    }


def refusal(session: Session, folder: Path, row: dict[str, Any]) -> str:
    """What TensorFlow.js says where it cannot run its file alone, or gives other numbers than Keras; else empty."""
    session.settings = Settings(inputs=(str(folder / row["inputs"]),), batch=row["batch"])
    try:
        session.run_alone("b")
    except InspectorError as error:
        refused = error.code in ("RUN_FAILED", "WRONG_SHAPE")  # its CategoryEncoding changes its input's own shape
        return f"TensorFlow.js itself cannot run it: {error}"[:200] if refused else ""
    return unlike_reference(session, folder, row)


def unlike_reference(session: Session, folder: Path, row: dict[str, Any]) -> str:
    """What TensorFlow.js alone computes on the maker's inputs, against what Keras did there: empty where the two
    agree, so that the pair is faithful and the verdict a false alarm."""
    session.settings = Settings(inputs=(str(folder / row["inputs"]),), batch=row["batch"])
    got = list(session.run_alone("b").values())
    with np.load(folder / row["reference"]) as want:
        for array in want.values():
            off = [np.abs(array - other).max() for other in got if other.shape == array.shape]
            if not off or min(off) > BROWSER_ROUNDING * np.abs(array).max():
                return f"TensorFlow.js itself is off by {min(off, default=np.inf):.3g} of {np.abs(array).max():.3g}"
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
