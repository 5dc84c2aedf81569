"""Where reports go: files whose folder is checked before the run, and standard output."""

from __future__ import annotations

import sys
from pathlib import Path

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.report.html_report import write_html
from inspector.report.json_report import json_text, write_json
from inspector.report.terminal import console, print_comparison

STDOUT = "-"


def require_folders(*outs: Path | str | None) -> None:
    """A report that cannot be written is said before the run, not after it. Raises InspectorError NO_FOLDER."""
    for out in outs:
        if out is not None and str(out) != STDOUT and not Path(out).absolute().parent.is_dir():
            what = "there is no such folder for the report"
            raise InspectorError("NO_FOLDER", what, where=str(out), todo="Make it first.")


def deliver(comparison: Comparison, *, json_out: str | None, html_out: Path | None) -> None:
    """Write what is asked for; `-` puts the JSON on standard output in place of the sentence and tables.

    Raises InspectorError NOT_COMPARABLE, after writing, when nothing could be compared."""
    if html_out is not None:
        write_html(comparison, html_out)
    if json_out == STDOUT:
        sys.stdout.buffer.write(json_text(comparison).encode())  # JSON is UTF-8 in any locale
    elif json_out is not None:
        write_json(comparison, Path(json_out))
    if comparison.verdict == "not-comparable":
        todo = "See what matches with `map`."
        raise InspectorError("NOT_COMPARABLE", comparison.sentence.rstrip("."), where=comparison.b.path, todo=todo)
    if json_out != STDOUT:
        print_comparison(comparison, console())
