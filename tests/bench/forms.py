"""`make forms`: one net in every form, all pairs of them compared: one table (about twenty minutes).

Words after the command: the application and the input's size, MobileNetV2 and 96 when left out.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions
from inspector.domain.wording import short
from inspector.session.session import Session
from inspector.session.store import Store

MAKE = Path(__file__).resolve().parents[1] / "session" / "make_forms.py"
BACKENDS = ("webgl", "wasm", "cpu")
PLAIN = ("model.h5", "model.keras", "frozen.pb", "saved_model", "model.tflite")
IN_A_BROWSER = ("layers/model.json", "graph/model.json")
WEIGHTED = ("conv2d", "depthwise_conv2d", "dense")


@dataclass(frozen=True, slots=True)
class Form:
    """A file or folder of the net, and the backend that runs it in a browser."""

    path: Path
    backend: str = ""

    @property
    def name(self) -> str:
        return "/".join(self.path.parts[-2:] if self.backend else self.path.parts[-1:]) + (
            f" ({self.backend})" if self.backend else ""
        )


def main() -> int:
    """Print one row for each pair; 1 when any is wrong."""
    name, size = [*sys.argv[1:], *("MobileNetV2", "96")[len(sys.argv) - 1 :]]
    wrong = 0
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, str(MAKE), name, size, text], check=True, env=environment, capture_output=True)
        forms = [Form(folder / part) for part in PLAIN]
        forms += [Form(folder / part, backend) for part in IN_A_BROWSER for backend in BACKENDS]
        print("A | B | verdict | largest | layers different | convolutions matched | s", flush=True)
        for a, b in itertools.combinations(forms, 2):
            cells, good = compared(a, b)
            wrong += not good
            print(" | ".join((a.name, b.name, *cells, "" if good else "WRONG")), flush=True)
    print(f"{wrong} wrong")
    return int(wrong > 0)


def compared(a: Form, b: Form) -> tuple[tuple[str, ...], bool]:
    """One pair's row, and whether the two are the same with every convolution matched."""
    start = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder, Session(store=Store(Path(folder))) as session:
            for side, form in (("a", a), ("b", b)):
                session.set_options(side, SideOptions(choices={"backend": form.backend} if form.backend else {}))
                session.open(side, form.path)
            found = session.compare()
    except InspectorError as error:
        return (str(error)[:200],), False
    matched, weighted = convolutions(found)
    different = sum(layer.status == "different" for layer in found.layers)
    worst = short(max(output.metrics.max_abs for output in found.outputs))
    cells = (found.verdict, worst, str(different), f"{matched} of {weighted}", f"{time.perf_counter() - start:.1f}")
    return cells, found.verdict in ("same", "within-noise") and matched == weighted


def convolutions(found: Comparison) -> tuple[int, int]:
    """How many of A's convolutions and dense layers have all their arrays in B, folded or not, and of how many."""
    layers = [layer for layer in found.layers if layer.kind in WEIGHTED]
    known = [layer for layer in layers if layer.weights and all(w.relation != "missing" for w in layer.weights)]
    return len(known), len(layers)


if __name__ == "__main__":
    raise SystemExit(main())
