"""`make sweep`: every Keras application of the issue, both Keras, two batch sizes, as a table.

For each: the faithful pair, one changed epsilon, and the graph without names. Takes about half an hour on two cores.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "session"))

from applications import BATCHES, KERAS, NAMES, MadePair, differing, make, opened, share_matched, wrongly_matched

from inspector.domain.errors import InspectorError
from inspector.session.session import Session
from inspector.session.store import Store

HEAD = ("application", "keras", "batch", "verdict", "wrong", "different", "epsilon named", "renamed", "seconds")


def main() -> int:
    """Print one row for each pair; 1 when any is wrong."""
    wrong = 0
    print(" | ".join(HEAD), flush=True)
    for name in sys.argv[1:] or NAMES:
        for keras in KERAS:
            for batch in BATCHES:
                with tempfile.TemporaryDirectory() as folder, Session(store=Store(Path(folder))) as session:
                    row, good = measure(session, make(keras, name, batch, Path(folder)))
                wrong += not good
                print(" | ".join([name, keras, str(batch), *row]), flush=True)
    print(f"{wrong} wrong")
    return int(wrong > 0)


def measure(session: Session, pair: MadePair) -> tuple[list[str], bool]:
    """One pair's row, and whether everything in it is right."""
    start = time.perf_counter()
    try:
        mapped = wrongly_matched(opened(session, pair, "model.pb").match(), pair)
        same = session.compare()
        plain = time.perf_counter() - start
        named = differing(opened(session, pair, "epsilon.pb").compare())
        share = share_matched(opened(session, pair, "renamed.pb").match_by_values())
    except InspectorError as error:
        return [str(error)], False
    good = not mapped and not differing(same) and named == [pair.facts["changed"]] and share >= 0.95
    row = [same.verdict, str(len(mapped)), str(len(differing(same))), ",".join(named) or "none", f"{share:.1%}"]
    return [*row, f"{plain:.1f}"], good and same.verdict in ("same", "within-noise")


if __name__ == "__main__":
    raise SystemExit(main())
