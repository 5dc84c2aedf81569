"""`make convert-models`: every .h5 of ../shared/models that runs, to frozen and SavedModel, each with its proof: one
table in docs/convert_models.md.

Words after the command are parts of names: only such files are converted, and nothing is written.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from models import EXPECTED, MODELS, ROOT, TRUSTED, Row, architecture_beside

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.wording import short
from inspector.session.conversion import Form, Target
from inspector.session.convert import Conversion
from inspector.session.option_text import with_words

DOCS = ROOT / "docs" / "convert_models.md"
FORMS: tuple[Form, ...] = ("frozen", "saved_model")
ENDINGS = {".h5", ".hdf5"}
HEAD = ("file", *(f"{form}: {said}" for form in FORMS for said in ("verdict", "largest difference")), "s")


def main() -> int:
    """Make the rows, print them, write the page when all were made; 1 when one is not as it should be."""
    words = sys.argv[1:]
    rows = []
    for path in sorted(path for path in MODELS.rglob("*") if path.suffix in ENDINGS):
        if not words or any(word in str(path) for word in words):
            rows.append(row_of(path))
            print(" | ".join((*rows[-1].cells, "" if rows[-1].good else "WRONG")), flush=True)
    wrong = sum(not row.good for row in rows)
    print(f"{len(rows)} files, {wrong} not as they should be")
    if not words:
        DOCS.write_text(page(rows), encoding="utf-8")
        print(DOCS.relative_to(ROOT))
    return int(wrong > 0)


def row_of(path: Path) -> Row:
    """One file in both forms."""
    name, start = str(path.relative_to(MODELS)), time.perf_counter()
    expected = next((code for part, code in EXPECTED.items() if part in name), "")
    cells, good = [], True
    for form in FORMS:
        said, worst, is_good = converted(path, form, expected)
        cells += [said, worst]
        good = good and is_good
    return Row((name, *cells, f"{time.perf_counter() - start:.1f}"), good)


def converted(path: Path, form: Form, expected: str) -> tuple[str, str, bool]:
    """What came out, and whether it is what is true of the file: one that does not run cannot be converted."""
    options = with_words(TRUSTED, architecture_beside(path))
    with tempfile.TemporaryDirectory() as folder:
        target = Target(out=Path(folder) / ("model.pb" if form == "frozen" else "model"), form=form)
        try:
            with Conversion(path, target, options=options) as conversion:
                found = conversion.run(no_reports)
        except InspectorError as error:
            return error.code, "", error.code == expected or recorded(path, error)
    proof = found.proofs[0]
    return proof.comparison.verdict, short(proof.max_abs), found.good and not expected


def recorded(path: Path, error: InspectorError) -> bool:
    """What was captured elsewhere is no model."""
    return "inputs_and_outputs" in path.name and error.code in ("CANNOT_CONVERT", "CANNOT_RUN")


def no_reports(_comparison: Comparison, _stem: Path) -> None:
    """The table is the report."""


def page(rows: list[Row]) -> str:
    """The page in docs/, as Markdown."""
    said = "Made by `make convert-models` from real public files of others, which are not part of the project."
    why = "A code stands where a file cannot be run at all: `make models` says why, file by file."
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells for row in rows)]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"# Real files, converted\n\n{said}\n\n{why}\n\n{table}\n"


if __name__ == "__main__":
    raise SystemExit(main())
