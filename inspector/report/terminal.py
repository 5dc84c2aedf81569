"""What the command prints: sentences and tables, for a terminal or (with whole names) for a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from inspector.domain.comparison import Comparison, Finding, LayerDifference, OutputDifference
from inspector.domain.files import Entry, Found
from inspector.domain.match import Assignment, Match, ValueHit
from inspector.domain.wording import elided, percent, shape_text, short, visible
from inspector.report.charts import largest
from inspector.report.proofs import gone_text, size_text, unproved
from inspector.report.reasons import reasons
from inspector.report.words import MARKS, causes_found, culprit, notes

STYLES = {"same": "cyan", "within-noise": "", "different": "bold magenta", "not-comparable": "yellow"}
ROWS = 20
SHAPES = 60  # arrays of two nets side by side
WHOLE = 5  # findings with their evidence, proof and mend
PIPE_WIDTH = 10_000  # a pipe has no width: nothing is wrapped or cut


def console(stream: TextIO | None = None) -> Console:
    """A console on standard output: as wide as the terminal, or never wrapping for a pipe."""
    stream = stream or sys.stdout
    if stream.isatty():
        return Console(file=stream, highlight=False)
    return Console(file=stream, width=PIPE_WIDTH, highlight=False, color_system=None)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A line on standard error that says what is done, how far, and for how long; gone at the end.

    Silence when standard error is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _text, _done, _total: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as line:
        task = line.add_task("starting", total=None)

        def told(text: str, done: int, total: int) -> None:
            line.update(task, description=elided(text, 48), completed=done, total=total or None)

        yield told


def print_comparison(comparison: Comparison, out: Console) -> None:
    """The sentence; the findings, or why the two are the same; then what differs: outputs and layers."""
    mark = MARKS[comparison.verdict][0]
    out.print(Text(f"{mark} {visible(comparison.sentence)}", STYLES[comparison.verdict]))
    _print_findings(comparison, out)
    _print_outputs([output for output in comparison.outputs if not output.within_noise], out)
    _print_layers(comparison, out)
    _print_shapes(comparison, out)
    for warning in comparison.warnings:
        out.print(Text(f"! {visible(warning.text)} ({warning.code})"))


def print_map(assignment: Assignment, out: Console) -> None:
    """One row for each match, in A's order, then what is left over."""
    table = _table(out, ("A", "B", ">score", "evidence", "note"))
    for match in assignment.matches:
        table.add_row(*_match_cells(match, out))
    _show(table, out)
    for side, names in (("A", assignment.unmatched_a), ("B", assignment.unmatched_b)):
        if names:
            out.print(Text(f"unmatched in {side}: {', '.join(_name(name, out) for name in names)}"))


def print_found(found: Iterable[Found], out: Console) -> None:
    """One row for each hit: the tensor's name (or the entry's), its class, shape and dtype."""
    table = _table(out, ("name", "class", "shape", "dtype"))
    for hit in found:
        entry = hit.entry
        table.add_row(
            _text(entry.tensor or entry.id, out),
            _text(entry.class_name or entry.kind, out),
            _shape(entry),
            entry.dtype,
        )
    _show(table, out)


def print_hits(hits: Iterable[ValueHit], out: Console) -> None:
    """Tensors ranked by how well their value is the one looked for."""
    table = _table(out, ("tensor", "op", "shape", ">agreement", ">largest difference", "relation"))
    for hit in hits:
        table.add_row(
            _text(hit.tensor, out),
            _text(hit.op, out),
            shape_text(hit.shape),
            percent(hit.agreement),
            short(hit.max_abs),
            hit.relation,
        )
    _show(table, out)


def entry_line(entry: Entry, depth: int) -> str:
    """One line of the tree: the name and what is known of it."""
    shape = shape_text(entry.shape) if entry.shape is not None else ""
    known = (entry.name, entry.class_name, shape, entry.dtype, entry.note)
    return "  " * depth + "  ".join(visible(part) for part in known if part)


def _print_findings(comparison: Comparison, out: Console) -> None:
    """The first ones whole, the others in a line each; notes below. Sides that agree give their reasons."""
    found = causes_found(comparison)
    if comparison.verdict in ("same", "within-noise"):
        for reason in reasons(comparison):
            out.print(Text(f"  {visible(reason.text)}"))
    for number, finding in enumerate(found[:ROWS]):
        if number < WHOLE:
            _print_finding(finding, out)
        else:
            out.print(Text(f"  {'cause:':<7}{visible(_headline(finding))}"))
    if len(found) > ROWS:
        out.print(Text(f"  and {len(found) - ROWS} more; --html and --json have all of them"))
    for note in notes(comparison)[:ROWS]:
        out.print(Text(f"  {'note:':<7}{visible(_headline(note))}"))


def _print_finding(finding: Finding, out: Console) -> None:
    lines = {"cause": _headline(finding), "seen": finding.evidence}
    if (proof := finding.proof) is not None:
        gone = f"{gone_text(proof).removesuffix(' gone')} of the output's difference is gone"
        lines["proof"] = f"{proof.edit}: {size_text(proof.before)} becomes {size_text(proof.after)}, {gone}"
    elif why := unproved(finding):
        lines["proof"] = f"none: {why}"
    for word, text in {**lines, "mend": finding.mend}.items():
        if text:
            out.print(Text(f"  {word + ':':<7}{visible(text)}"))


def _headline(finding: Finding) -> str:
    """The title, the cause's id, and how many layers it is about when that is more than the one it names."""
    many = f", {len(finding.layers)} layers" if len(finding.layers) > 1 else ""
    return f"{finding.title} ({finding.cause}{many})"


def _print_outputs(outputs: Sequence[OutputDifference], out: Console) -> None:
    if not outputs:
        return
    table = _table(out, ("output A", "output B", ">largest", ">mean", ">noise floor", "classes"))
    for output in outputs:
        table.add_row(
            _text(output.a, out),
            _text(output.b, out),
            short(output.metrics.max_abs),
            short(output.metrics.mean_abs),
            short(output.noise_floor),
            _classes(output),
        )
    out.print()
    _show(table, out)


def _classes(output: OutputDifference) -> str:
    scores = output.scores
    if scores is None or not scores.top5_a or not scores.top5_b:
        return ""
    return f"first {scores.top5_a[0]} in A, {scores.top5_b[0]} in B; {scores.top5_overlap} of 5 shared"


def _print_layers(comparison: Comparison, out: Console) -> None:
    different = [layer for layer in comparison.layers if layer.status == "different"]
    if not different:
        return
    guilty = culprit(comparison)
    table = _table(out, (">layer", "A", "B", ">introduced", ">total", ">noise floor"))
    for layer in different[:ROWS]:
        table.add_row(*_layer_cells(layer, out), style=STYLES["different"] if layer is guilty else "")
    out.print()
    _show(table, out)
    if len(different) > ROWS:
        out.print(Text(f"and {len(different) - ROWS} more; --html and --json have all of them"))


def _print_shapes(comparison: Comparison, out: Console) -> None:
    """Both sides' arrays beside each other, where they belong to different nets; what does not fit is marked."""
    if not comparison.shapes:
        return
    table = _table(out, ("A", "shape A", "", "shape B", "B"))
    for pair in comparison.shapes[:SHAPES]:
        a, b = (shape_text(shape) if shape is not None else "" for shape in (pair.shape_a, pair.shape_b))
        mark = MARKS["same" if pair.fits else "different"][0]
        table.add_row(
            _text(pair.a, out), a, mark, b, _text(pair.b, out), style="" if pair.fits else STYLES["different"]
        )
    out.print()
    _show(table, out)
    if len(comparison.shapes) > SHAPES:
        out.print(Text(f"and {len(comparison.shapes) - SHAPES} more; --html and --json have all of them"))


def _layer_cells(layer: LayerDifference, out: Console) -> tuple[Text | str, ...]:
    return (
        str(layer.index),
        _text(layer.a, out),
        _text(layer.b or "", out),
        short(largest(layer.introduced)),
        short(largest(layer.total)),
        short(layer.noise_floor),
    )


def _match_cells(match: Match, out: Console) -> tuple[Text | str, ...]:
    evidence = ", ".join(piece.kind for piece in match.evidence)
    return (
        _text(match.a, out),
        _text(match.tensor_b or "", out),
        percent(match.score),
        evidence,
        _text(match.note, out),
    )


def _table(out: Console, columns: Sequence[str]) -> Table:
    """A table without lines; `>` before a heading puts its column to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim" if out.is_terminal else "")
    for heading in columns:
        right = heading.startswith(">")
        table.add_column(heading.removeprefix(">"), justify="right" if right else "left", no_wrap=right)
    return table


def _show(table: Table, out: Console) -> None:
    """Print a table; without trailing blanks for a pipe."""
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    out.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _text(name: str, out: Console) -> Text:
    return Text(_name(name, out), overflow="fold")


def _name(name: str, out: Console) -> str:
    return elided(name, max(24, out.width // 3)) if out.is_terminal else visible(name)


def _shape(entry: Entry) -> str:
    return shape_text(entry.shape) if entry.shape is not None else ""
