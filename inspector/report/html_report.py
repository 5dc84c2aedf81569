"""A comparison as one self-contained HTML page (docs/report.md): no request, no font, no library."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from inspector.domain import wording
from inspector.domain.comparison import Comparison, OutputDifference
from inspector.domain.resources import resource
from inspector.report import words
from inspector.report.charts import divergence_chart, largest
from inspector.report.proofs import gone_text, proof_bars, unproved
from inspector.report.reasons import reasons, title

TAIL = 14  # characters of a name that stay when its middle is left out
STYLES = ("report.css", "chart.css", "table.css")
SHOWN = 160  # characters of a name that the page ever lays out in one line


def html_text(comparison: Comparison) -> str:
    """The page as text. Every name stands in it as literal text."""
    folder = resource("report")
    script = (folder / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment(folder)
        .get_template("template.html")
        .render(
            comparison=comparison,
            chart=divergence_chart(comparison),
            counts=words.counts_line(comparison),
            weights=words.weights_line(comparison),
            unlike=words.unlike_weights(comparison),
            causes=words.causes_found(comparison),
            notes=words.notes(comparison),
            reasons=reasons(comparison),
            reasons_title=title(comparison),
            places={layer.a: layer.index for layer in comparison.layers},
            style=Markup("\n".join((folder / part).read_text(encoding="utf-8") for part in STYLES)),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            script_hash=f"sha256-{digest}",
        )
    )


def write_html(comparison: Comparison, path: Path) -> None:
    """Write the page. Raises OSError when the file cannot be written."""
    path.write_text(html_text(comparison), encoding="utf-8", errors="replace")


def name_parts(name: str) -> tuple[str, str]:
    """A name in two parts, the first of which the page may cut at its end when there is no room."""
    shown = wording.elided(name, SHOWN)
    return (shown[:-TAIL], shown[-TAIL:]) if len(shown) > TAIL else ("", shown)


def spans(text: str) -> list[tuple[bool, str]]:
    """A sentence in which names stand between backquotes: pieces, and whether each one is a name."""
    return [(place % 2 == 1, piece) for place, piece in enumerate(text.split("`"))]


def score_rows(output: OutputDifference) -> list[tuple[int, float | None, float | None]]:
    """Class, A's and B's score for every class in a side's five highest, A's order first."""
    if output.scores is None:
        return []
    a = dict(zip(output.scores.top5_a, output.scores.values_a, strict=True))
    b = dict(zip(output.scores.top5_b, output.scores.values_b, strict=True))
    return [(number, a.get(number), b.get(number)) for number in dict.fromkeys([*a, *b])]


def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made: dict[str, Any] = {
        "short": wording.short,
        "full": wording.full,
        "percent": wording.percent,
        "six_places": wording.six_places,
        "shape": wording.shape_text,
        "index": wording.index_text,
        "visible": wording.visible,
        "paragraph": wording.paragraph,
        "elided": wording.elided,
        "spans": spans,
        "capital": wording.capital,
        "name_parts": name_parts,
        "score_rows": score_rows,
        "largest": largest,
        "marks": words.MARKS.__getitem__,
        "bars": proof_bars,
        "gone": gone_text,
        "unproved": unproved,
        "sureness": words.sureness,
    }
    environment.filters.update(made)
    return environment
