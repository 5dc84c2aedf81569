"""The page in a real browser engine, in a process of its own (browser.py)."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import samples

from inspector.report.html_report import write_html

BROWSER = Path(__file__).with_name("browser.py")
OVERFLOW = "document.documentElement.scrollWidth <= innerWidth"
DETAILS = "document.querySelector('#layer-13 .details')"
ROWS = "Array.from(document.querySelectorAll('#layer-table tbody'))"
VISIBLE_ROWS = ROWS + ".filter(b => b.offsetHeight > 0).length"
WIDTHS = (
    "(() => {{ const bars = document.querySelectorAll('.finding')[{}].querySelectorAll('.track i');"
    "const [before, after] = Array.from(bars).map(e => e.getBoundingClientRect().width); return after / before; }})()"
)
ORDER = ROWS + ".slice(0, 3).map(b => b.dataset.layer).join()"


@dataclass
class Seen:
    """What the steps gave, what the console said, what was asked for."""

    results: list
    console: list
    requests: list


@pytest.fixture
def look(tmp_path):
    """Shows a comparison in the browser and runs steps in it."""

    def run(comparison, *steps, width=1000, height=900, dark=False, pdf=None):
        page = tmp_path / "report.html"
        write_html(comparison, page)
        job = {"page": str(page), "width": width, "height": height, "dark": dark, "steps": steps}
        (tmp_path / "job.json").write_text(json.dumps({**job, "picture": None, "pdf": pdf and str(pdf)}))
        done = subprocess.run(
            [sys.executable, BROWSER, tmp_path / "job.json"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        seen = Seen(**json.loads(done.stdout.splitlines()[-1]))
        assert seen.console == []
        assert seen.requests == [page.as_uri()]
        return seen.results

    return run


def test_the_answer_and_the_culprit_are_on_the_first_screen(look):
    sentence, inside, largest, label = look(
        samples.one_culprit(),
        "document.getElementById('sentence').textContent",
        """(() => { const mark = document.querySelector('.layer.culprit circle').getBoundingClientRect();
            const chart = document.getElementById('chart').getBoundingClientRect();
            return mark.width >= 10 && mark.left >= chart.left && mark.right <= chart.right
                && mark.top >= chart.top && mark.bottom <= chart.bottom && chart.top < innerHeight; })()""",
        """(() => { const size = e => parseFloat(getComputedStyle(e).fontSize);
            const answer = size(document.querySelector('h1'));
            const others = Array.from(document.querySelectorAll('body *')).filter(e => !e.closest('h1'));
            return others.every(e => size(e) < answer); })()""",
        "document.querySelector('.culprit-name').textContent",
    )
    assert sentence == samples.one_culprit().sentence.replace("`", "")
    assert inside is True
    assert largest is True
    assert label == "block_2_expand_BN0.0242"


def test_a_click_on_a_point_goes_to_its_row_and_marks_it(look):
    before, after, shown, both, focus = look(
        samples.one_culprit(400, 260),
        "document.querySelectorAll('.selected').length",
        """document.querySelector('#chart .culprit .hit').dispatchEvent(
            new MouseEvent('click', {bubbles: true, cancelable: true}));
            document.querySelector('#layer-table .selected').id""",
        """(() => { const row = document.querySelector('#layer-260 .row').getBoundingClientRect();
            return row.top >= 0 && row.bottom <= innerHeight; })()""",
        "document.querySelectorAll('#chart .selected').length",
        "document.activeElement.closest('tbody').id",
    )
    assert (before, after, shown, both, focus) == (0, "layer-260", True, 1, "layer-260")


def test_a_click_brings_a_filtered_row_back(look):
    assert look(
        samples.one_culprit(),
        """const box = document.getElementById('filter'); box.value = 'no such layer';
            box.dispatchEvent(new Event('input')); document.getElementById('layer-13').hidden""",
        """document.querySelector('.culprit-name a').click(); document.getElementById('layer-13').hidden""",
    ) == [True, False]


def test_sorting_by_a_column(look):
    click = "document.querySelectorAll('#layer-table th')[{}].click(); " + ORDER
    start, introduced, back, name = look(
        samples.one_culprit(), ORDER, click.format(4), click.format(4), click.format(2)
    )
    assert start == "0,1,2"
    layers = samples.one_culprit().layers
    falling = sorted(layers, key=lambda layer: (-layer.introduced.max_abs, layer.index))
    assert introduced == ",".join(str(layer.index) for layer in falling[:3])
    assert introduced.startswith("13,")
    assert back == "2,5,8"  # those that introduce nothing, in A's order
    names = sorted(layers, key=lambda layer: (layer.a.lower(), layer.index))
    assert name == ",".join(str(layer.index) for layer in names[:3])


def test_filtering(look):
    typed = """const box = document.getElementById('filter'); box.value = 'relu block_2';
        box.dispatchEvent(new Event('input')); """
    every, found, told, different = look(
        samples.one_culprit(),
        VISIBLE_ROWS,
        typed + VISIBLE_ROWS,
        "document.getElementById('shown').textContent",
        f"box.value = ''; document.getElementById('only-different').click(); {VISIBLE_ROWS}",
    )
    assert (every, found, told, different) == (30, 2, "2 of 30 layers", 1)


def test_a_click_on_a_findings_layer_marks_it_in_table_and_chart(look):
    row, point, opened = look(
        samples.three_findings(),
        "document.querySelector('.finding .where a').click(); document.querySelector('#layer-table .selected').id",
        "document.querySelector('#chart .selected').dataset.layer",
        """document.querySelector('.others summary').click();
            document.querySelectorAll('.others a')[0].getBoundingClientRect().height > 0""",
    )
    assert (row, point, opened) == ("layer-13", "13", True)


@pytest.mark.parametrize("width", [1000, 380])
def test_the_bars_of_a_proof_are_as_long_as_their_numbers(look, width):
    fits, first, second, shown = look(
        samples.three_findings(),
        OVERFLOW,
        WIDTHS.format(0),
        WIDTHS.format(1),
        "Array.from(document.querySelectorAll('.finding .track .num')).every(n => n.getBoundingClientRect().width > 0)",
        width=width,
    )
    assert fits is True
    assert 0 < first < 0.5  # seven decades on a logarithmic scale
    assert second == pytest.approx(0.25, abs=0.02)
    assert shown is True


def test_a_row_opens_its_details(look):
    assert look(
        samples.one_culprit(),
        DETAILS + ".hidden",
        f"document.querySelector('#layer-13 .fold').click(); {DETAILS}.hidden",
        DETAILS + ".textContent.includes('2 of 2 weights are exactly equal')",
    ) == [True, False, True]


@pytest.mark.parametrize("width", [1000, 380])
def test_hostile_names_are_literal_text_and_nothing_overflows(look, width):
    fits, scripts, images, literal, opened = look(
        samples.hostile(),
        OVERFLOW,
        "document.scripts.length",
        "document.images.length",
        "document.querySelector('#layer-0 .name').textContent",
        f"document.querySelectorAll('.fold').forEach((b, i) => i < 9 && b.click()); {OVERFLOW}",
        width=width,
    )
    assert fits is True
    assert (scripts, images) == (1, 0)
    assert literal == samples.SCRIPT
    assert opened is True


@pytest.mark.parametrize("comparison", [samples.within_noise(), samples.nothing_compared()], ids=["small", "empty"])
def test_small_and_empty_reports_stand(look, comparison):
    assert look(comparison, OVERFLOW, "document.querySelectorAll('.layer.culprit').length", width=380) == [
        True,
        0,
    ]


def test_light_and_dark_and_the_button_between(look):
    ground = "getComputedStyle(document.body).backgroundColor"
    press = "document.getElementById('theme').click(); "
    assert look(samples.within_noise(), ground, press + ground) == ["rgb(243, 243, 246)", "rgb(24, 23, 28)"]
    assert look(samples.within_noise(), ground, press + ground, dark=True) == [
        "rgb(24, 23, 28)",
        "rgb(243, 243, 246)",
    ]


def test_the_page_prints(look, tmp_path):
    look(samples.one_culprit(), pdf=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
