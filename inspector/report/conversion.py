"""What a conversion says: its losses before, its proof and files after, the reports beside the file."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from inspector.domain.comparison import Comparison
from inspector.domain.wording import visible
from inspector.report.html_report import write_html
from inspector.report.json_report import write_json
from inspector.report.terminal import print_comparison
from inspector.session.conversion import Converted, Plan
from inspector.session.usage import worst_lines


def write_reports(comparison: Comparison, stem: Path) -> None:
    """`STEM.html` and `STEM.json`. Raises OSError."""
    write_html(comparison, stem.with_name(stem.name + ".html"))
    write_json(comparison, stem.with_name(stem.name + ".json"))


def print_plan(plan: Plan, out: Console) -> None:
    """What the new form will not have, one line each; nothing where nothing is lost."""
    for loss in plan.losses:
        out.print(Text(f"! {visible(loss.text)} ({loss.code})", "yellow"))


def print_converted(converted: Converted, out: Console) -> None:
    """The proofs, worst first where one does not hold, then the files."""
    for proof in converted.proofs:
        mark, style = ("✓", "cyan") if proof.good else ("✗", "bold magenta")
        out.print(Text(f"{mark} {visible(' '.join(proof.inputs))}: {visible(proof.text)}", style))
    failed = next((proof for proof in converted.proofs if not proof.good), None)
    if failed is not None:
        print_comparison(failed.comparison, out)
    for note in converted.written.notes:
        out.print(Text(f"! {visible(note.text)} ({note.code})"))
    for line in worst_lines(converted):
        out.print(Text(line))
    if converted.kept_float:
        out.print(Text(f"kept in float: {visible(', '.join(converted.kept_float))}"))
    for path in converted.files:
        out.print(Text(visible(str(path))))
