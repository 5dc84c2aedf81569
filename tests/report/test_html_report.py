"""The page as text: self-contained, safe, and with everything in it."""

import base64
import hashlib
import re

import pytest
import samples

from inspector.report.html_report import html_text, name_parts, score_rows, spans, write_html
from inspector.report.reasons import reasons


def test_the_policy_allows_this_script_and_no_request():
    page = html_text(samples.one_culprit())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}'" in policy
    assert "http:" not in page
    assert "https:" not in page
    assert "url(" not in page


@pytest.mark.parametrize("hostile", samples.HOSTILE[:2])
def test_a_name_that_is_markup_stands_as_text(hostile):
    page = html_text(samples.hostile())
    assert hostile not in page
    assert hostile.replace("<", "&lt;").replace(">", "&gt;") in page


def test_control_characters_and_overrides_never_reach_the_page():
    page = html_text(samples.hostile())
    assert not {"\x1b", "\u202e", "\u2066"} & set(page)


def test_the_page_says_everything_once():
    page = html_text(samples.one_culprit())
    for text in (
        "this layer alone introduces 2.4e-2",
        "batchnorm-epsilon",
        "Epsilon is 0.001 in A and 1e-05 in B",
        "<b>&gt;99.9% gone</b> of the output",
        "class 904",
        "30 layers: 1 different, 19 within noise, 10 same",
        "TAPS_CHANGE_OUTPUTS",
        "dropout_1",
        "strided_slice:0",
        "/127.5, -1",
        samples.SIDE_A.sha256,
        "replay",
    ):
        assert text in page, text
    assert page.count('<tbody id="layer-') == 30


def test_findings_are_ranked_and_their_layers_lead_to_the_rows():
    page = html_text(samples.three_findings())
    first, second, third = re.findall(r'<article class="finding.*?</article>', page, re.DOTALL)
    assert "batchnorm-epsilon, 99% sure, 1 of 3" in first
    assert '<a href="#layer-13" data-layer="13">' in first
    assert "and 2 more layers" in first
    assert '<a href="#layer-5" data-layer="5">' in first
    assert "<b>100.0% gone</b> of the output's difference" in first
    assert "logarithmic scale" in first
    assert re.findall(r'<i style="width:([\d.]+)%', second) == ["100.00", "25.00"]
    assert "logarithmic" not in second
    assert "unexplained, 3 of 3" in third
    assert "none: side B cannot be edited" in third
    [note] = re.findall(r'<article class="note.*?</article>', page, re.DOTALL)
    assert "label-order</span>" in note
    assert "sure" not in note


def test_sides_that_are_the_same_give_their_reasons():
    page = html_text(samples.within_noise())
    [card] = re.findall(r'<article class="reasons.*?</article>', page, re.DOTALL)
    assert "≈ The same within rounding" in card
    assert card.count("<li>") == len(reasons(samples.within_noise()))
    assert '<a class="show" href="#layer-3" data-layer="3">' in card


def test_an_empty_section_says_what_would_fill_it():
    page = html_text(samples.nothing_compared())
    assert "a run with an input fills this chart" in page
    assert "only structure and weights were compared" in page
    assert "<h2>Findings" not in page


def test_the_page_is_written_even_with_a_name_that_is_no_unicode(tmp_path):
    path = tmp_path / "report.html"
    write_html(samples.one_culprit(), path)
    assert path.read_text(encoding="utf-8") == html_text(samples.one_culprit())


def test_names_and_sentences_in_pieces():
    assert name_parts("relu") == ("", "relu")
    assert name_parts("block_8_project_BN") == ("bloc", "k_8_project_BN")
    assert spans("from `bn` on") == [(False, "from "), (True, "bn"), (False, " on")]


def test_scores_pair_every_class_of_either_side():
    rows = score_rows(samples.one_culprit().outputs[0])
    assert rows[0] == (281, 0.6123, 0.3528)
    assert (292, 0.0102, None) in rows
    assert (904, None, 0.0409) in rows
