"""The findings: cards with cause, layers, proof and mend; the cause's page; the verdict's reasons; warnings."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from fakes import assignment, comparison, metrics
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from inspector.domain.comparison import Comparison, Proof
from inspector.gui.results.cards import VerdictCard, for_window
from inspector.gui.results.cause_page import CausePage, page_text
from inspector.gui.results.code_line import CodeLine
from inspector.gui.results.finding_card import FindingCard
from inspector.gui.results.findings import EMPTY, FindingsPanel
from inspector.gui.results.proof_bars import ProofBars
from inspector.gui.results.tabs import ResultTabs
from inspector.gui.state import AppState
from inspector.gui.theme import Theme

PAGE = """# `epsilon`: another epsilon

See [folding](folding.md).

![x](https://example.org/x.png)

```
eps = 1
```
"""


def within_noise() -> Comparison:
    """Nothing beyond rounding: every layer introduces 6e-8 at a noise floor of 4e-7."""
    whole = comparison()
    layers = tuple(
        replace(layer, status="within-noise", introduced=metrics(6e-8), error_b=1e-7) for layer in whole.layers
    )
    output = replace(whole.outputs[0], within_noise=True, metrics=metrics(3e-7))
    return replace(whole, verdict="within-noise", layers=layers, findings=(), outputs=(output,))


def several() -> Comparison:
    """A proved finding of three layers, an unexplained one, and a note."""
    whole = comparison()
    [first] = whole.findings
    first = replace(first, layers=("bn_2", "bn_3", "bn_4"), proof=replace(first.proof, gone=1.0))
    rest = replace(
        first, cause="unexplained", title="`conv_5` computes something else", layer_a="conv_5",
        layer_b="import/conv_5:0", layers=("conv_5",), proof=None, unproved="side B cannot be edited",
    )  # fmt: skip
    note = replace(
        rest, cause="label-order", title="labels differ", layer_a="", layer_b="", layers=(), note_only=True,
        unproved="",
    )  # fmt: skip
    return replace(whole, findings=(first, rest, note))


@pytest.fixture
def panel(qtbot: QtBot, state: AppState, theme: Theme) -> FindingsPanel:
    made = FindingsPanel(state, theme)
    qtbot.addWidget(made)
    made.resize(1000, 400)
    made.show()
    qtbot.waitExposed(made)
    state.set_assignment(assignment())
    return made


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page for `epsilon` and for `folding`, whatever docs/causes holds."""
    known = {"epsilon": PAGE, "folding": "# `folding`\n\nNothing here.\n"}
    for module in ("cause_page", "finding_card"):
        monkeypatch.setattr(f"inspector.gui.results.{module}.page_text", known.get)


def texts(card) -> list[str]:
    return [label.text() for label in card.findChildren(QLabel)]


def test_it_says_what_would_fill_it(panel: FindingsPanel) -> None:
    assert panel.empty.isVisible()
    assert panel.empty.text() == EMPTY


def test_a_finding_says_what_where_why_and_how_sure(panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(comparison())
    card = panel.cards[0]
    assert isinstance(card, FindingCard)
    assert "≠  Another epsilon in bn_2" in texts(card)
    assert card.cause.text() == "epsilon"
    assert "98% sure" in texts(card)
    assert "Epsilon 1e-3 in A, 1e-2 in B" in texts(card)
    assert "Proved: with epsilon := 0.001." in texts(card)
    assert card.mend.toPlainText() == "set epsilon of import/bn_2 to 0.001"
    [bars] = card.findChildren(ProofBars)
    assert bars.isVisible()
    assert bars.told() == (">99.9% gone", "log scale")
    assert bars.accessibleName() == "Proved: with epsilon := 0.001, >99.9% of the output's difference is gone."


def test_a_click_on_the_layer_selects_it_everywhere(qtbot: QtBot, panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(comparison())
    card = panel.cards[0]
    assert card.layer.text() == "bn_2  ↔  import/bn_2:0"
    assert not card.selected
    qtbot.mouseClick(card.layer, Qt.MouseButton.LeftButton)
    assert (state.selection.layer_a, state.selection.tensor_b) == ("bn_2", "import/bn_2:0")
    assert panel.chart.plot.selected == 7, "the chart beside it follows"
    assert card.selected, "and so does the card"


def test_every_layer_of_a_finding_can_be_selected(panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(several())
    card = panel.cards[0]
    assert card.more.text() == "and 2 more layers"
    menu = card.more.menu_of_layers()
    assert [action.text() for action in menu.actions()] == ["bn_3", "bn_4"]
    menu.actions()[1].trigger()
    assert (state.selection.layer_a, state.selection.tensor_b) == ("bn_4", "import/bn_4:0")
    assert card.selected
    assert panel.cards[1].more.isHidden()


def test_a_selection_made_elsewhere_marks_the_card_of_its_layer(panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(several())
    state.select("bn_3", None)
    assert [card.selected for card in panel.cards] == [True, False, False, False]
    state.select("conv_5", None)
    assert [card.selected for card in panel.cards] == [False, True, False, False]


def test_cards_are_ranked_and_a_note_is_quiet_and_last(panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(several())
    first, rest, measured, note = panel.cards
    assert first.title.property("role") == "answer"
    assert "98% sure, 1 of 2" in texts(first)
    assert rest.title.text() == "≠  conv_5 computes something else"
    assert "2 of 2" in texts(rest), "where no cause is named, nobody is sure of it"
    assert "No proof: side B cannot be edited." in texts(rest)
    assert not rest.findChildren(ProofBars)
    assert isinstance(measured, VerdictCard)
    assert measured.title.text() == "≠  What was measured"
    assert note.title.text() == "Labels differ"
    assert note.title.property("role") == "muted"
    assert note.layer.isHidden()
    assert not [text for text in texts(note) if text.startswith(("No proof", "Proved"))]


def test_the_mend_is_copied_by_keyboard(qtbot: QtBot, panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(comparison())
    panel.cards[0].copy_button.setFocus()
    qtbot.keyClick(panel.cards[0].copy_button, Qt.Key.Key_Space)
    assert QApplication.clipboard().text() == "set epsilon of import/bn_2 to 0.001"
    assert panel.cards[0].copy_button.text() == "Copied"


def test_code_is_as_high_as_its_lines(qtbot: QtBot) -> None:
    line = CodeLine("x = 1")
    qtbot.addWidget(line)
    line.resize(400, 20)
    line.show()
    qtbot.waitExposed(line)
    one, spacing = line.height(), line.fontMetrics().lineSpacing()
    line.setPlainText("x = 1\ny = 2\nz = 3")
    line.resize(401, line.height())
    qtbot.waitUntil(lambda: line.height() == one + 2 * spacing)
    line.setPlainText("a" * 60)
    line.resize(line.fontMetrics().horizontalAdvance("a" * 40), line.height())
    qtbot.waitUntil(lambda: line.height() == one + spacing)
    line.setPlainText("\n".join("abcdefghijklmnop"))
    line.resize(402, line.height())
    qtbot.waitUntil(lambda: line.height() == one + 7 * spacing)
    assert line.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAsNeeded


def test_a_click_on_the_cause_shows_its_page_beside_the_cards(
    qtbot: QtBot, pages: None, panel: FindingsPanel, state: AppState
) -> None:
    state.set_comparison(comparison())
    assert panel.chart.isVisible()
    qtbot.mouseClick(panel.cards[0].cause, Qt.MouseButton.LeftButton)
    assert panel.about.isVisible()
    assert not panel.chart.isVisible()
    assert panel.about.text.toPlainText().startswith("epsilon: another epsilon\nSee folding.")
    qtbot.mouseClick(panel.about.back, Qt.MouseButton.LeftButton)
    assert panel.chart.isVisible()
    panel.show_cause("epsilon")
    state.set_comparison(within_noise())
    assert panel.chart.isVisible(), "another result begins with its chart"


def test_a_page_follows_its_own_links_and_loads_nothing(qtbot: QtBot, pages: None, theme: Theme) -> None:
    page = CausePage(theme)
    qtbot.addWidget(page)
    page.show()
    assert page.show_cause("epsilon")
    assert page.text.loadResource(2, QUrl("https://example.org/x.png")) is None
    for link in ("https://example.org/folding.md", "file:///etc/passwd", "nothing.md", "//example.org/folding.md"):
        page.text.anchorClicked.emit(QUrl(link))
        assert page.cause == "epsilon"
    page.text.anchorClicked.emit(QUrl("folding.md"))
    assert page.cause == "folding"
    theme.set_mode("dark")
    assert page.text.toPlainText() == "folding\nNothing here."


def test_a_cause_without_a_page_leads_nowhere(pages: None, panel: FindingsPanel, state: AppState) -> None:
    whole = comparison()
    state.set_comparison(replace(whole, findings=(replace(whole.findings[0], cause="no-such-cause"),)))
    assert not panel.cards[0].cause.isEnabled()
    panel.show_cause("no-such-cause")
    assert panel.chart.isVisible()


@pytest.mark.parametrize("name", ["../report", "causes/folding", "/etc/passwd", "", "a.b"])
def test_only_a_causes_id_names_a_page(name: str) -> None:
    assert page_text(name) is None


def test_the_pages_come_with_the_program() -> None:
    assert page_text("unexplained").startswith("# `unexplained`")


@pytest.mark.parametrize(
    ("proof", "told"),
    [
        (Proof(edit="x", before=0.04, after=0.01, gone=0.75), ("75% gone", "")),
        (Proof(edit="x", before=0.04, after=1e-8, gone=1.0), ("100.0% gone", "log scale")),
        (Proof(edit="x", before=float("inf"), after=float("nan"), gone=0.0), ("0% gone", "")),
    ],
)
def test_bars_are_drawn_to_scale(qtbot: QtBot, theme: Theme, proof: Proof, told: tuple[str, str]) -> None:
    bars = ProofBars(proof, theme)
    qtbot.addWidget(bars)
    bars.resize(600, bars.sizeHint().height())
    image = bars.grab().toImage()
    assert bars.told() == told
    line = image.height() // 2
    lengths = [
        sum(image.pixelColor(x, row * line + line // 2).name() == theme.colours.total for x in range(image.width()))
        for row in (0, 1)
    ]
    assert lengths[0] > 100
    assert lengths[1] / lengths[0] == pytest.approx(bars.bars.after / bars.bars.before, abs=0.03)


def test_the_same_within_rounding_is_a_card_with_its_reasons(panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(within_noise())
    [card] = panel.cards
    assert isinstance(card, VerdictCard)
    assert card.title.text() == "≈  The same within rounding"
    assert [reason.text for reason in card.reasons] == [
        "Output relu_5 differs by 3.00e-7 at most, within its noise floor of 4.00e-7.",
        "No layer introduces more than rounding: conv_0 comes nearest with 6.00e-8, its noise floor is 4.00e-7.",
        "18 of 18 layers were compared.",
        "Against float64, over 18 layers: neither is nearer; A's rounding is at most 1.00e-7, B's 1.00e-7.",
        "Watching changes nothing: the outputs of the runs with and without taps agree.",
        "12 of 12 weights are exactly equal, none differs.",
    ]
    assert [reason.text for reason in card.reasons] == texts(card)[1:]


def test_a_note_stands_below_the_reasons_of_sides_that_agree(panel: FindingsPanel, state: AppState) -> None:
    note = replace(comparison().findings[0], note_only=True)
    state.set_comparison(replace(within_noise(), findings=(note,)))
    card, below = panel.cards
    assert isinstance(card, VerdictCard)
    assert isinstance(below, FindingCard)


def test_a_match_of_ones_own_that_looks_wrong_stands_first(panel: FindingsPanel, state: AppState) -> None:
    note = replace(comparison().findings[0], note_only=True)
    doubt = replace(note, cause="wrong-match", title="your match of `relu1` looks wrong")
    state.set_comparison(replace(within_noise(), findings=(doubt, note)))
    first, measured, last = panel.cards
    assert first.title.text() == "Your match of relu1 looks wrong"
    assert isinstance(measured, VerdictCard)
    assert isinstance(last, FindingCard)


def test_a_difference_without_a_known_cause_names_the_layers(qtbot: QtBot, panel: FindingsPanel, state) -> None:
    state.set_comparison(replace(comparison(), findings=()))
    [card] = panel.cards
    assert card.title.text() == "≠  They differ, and no known cause explains it"
    assert card.reasons[1].text == "bn_2 introduces 0.0240, its noise floor is 4.00e-7."
    [show] = card.findChildren(QPushButton)
    qtbot.mouseClick(show, Qt.MouseButton.LeftButton)
    assert state.selection.layer_a == "bn_2"


def test_warnings_are_listed_below(panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(comparison())
    assert panel.warnings == ["⚠  one warning  (OPTIMISED)"]


def test_a_hundred_findings_are_shown_at_once_and_more_on_demand(
    qtbot: QtBot, panel: FindingsPanel, state: AppState
) -> None:
    whole = comparison()
    start = time.perf_counter()
    state.set_comparison(replace(whole, findings=whole.findings * 100))
    assert time.perf_counter() - start < 1.0
    assert len(panel.cards) == 10
    assert panel.more.text() == "Show 10 more of 91"
    qtbot.mouseClick(panel.more, Qt.MouseButton.LeftButton)
    assert len(panel.cards) == 20
    for _ in range(9):
        panel.show_more()
    assert len(panel.cards) == 101
    assert panel.more.isHidden()
    state.set_comparison(whole)
    assert len(panel.cards) == 2
    assert panel.more.isHidden()


@pytest.mark.parametrize("width", [760, 1000, 1440])
def test_cards_are_as_high_as_their_text_and_as_wide_as_there_is_room(
    qtbot: QtBot, panel: FindingsPanel, state: AppState, width: int
) -> None:
    panel.resize(width, 400)
    state.set_comparison(several())
    page = panel.page_area.widget()
    qtbot.waitUntil(lambda: page.width() == panel.page_area.viewport().width())
    for card in panel.cards:
        assert card.height() == card.heightForWidth(card.width())
        assert card.height() < 300
        assert card.mapTo(panel, QPoint(card.width(), 0)).x() <= width
        for part in card.findChildren(QPushButton):
            assert part.isHidden() or part.geometry().right() <= card.width()


def test_names_that_try_to_be_markup_stay_text(panel: FindingsPanel, state: AppState) -> None:
    whole = comparison()
    bad = replace(
        whole.findings[0], title="<img src=x>", layer_a="a&b <b>", layer_b="b" * 900, evidence="y" * 9000,
        mend="<b>m</b>" * 9000, layers=("a&b <b>", "<i>&amp;</i>"), cause="<b>",
    )  # fmt: skip
    state.set_comparison(replace(whole, findings=(bad,)))
    card = panel.cards[0]
    labels = card.findChildren(QLabel)
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)
    assert max(len(label.text()) for label in labels) < 1300
    assert card.layer.text().startswith("a&&b <b>")
    assert "…" in card.layer.shown()
    assert card.layer.shown().startswith("a&b <b>  ↔  b"), "the short name stays whole"
    assert card.mend.toPlainText().startswith("<b>m</b><b>")
    assert [action.text() for action in card.more.menu_of_layers().actions()] == ["<i>&&amp;</i>"]
    assert card.width() <= panel.page_area.viewport().width()
    card.copy_mend()
    assert QApplication.clipboard().text() == "<b>m</b>" * 9000


def test_a_name_at_the_beginning_keeps_its_own_letter() -> None:
    assert for_window("`bn2` uses epsilon 0.001 in A") == "bn2 uses epsilon 0.001 in A"
    assert for_window("the weights of `fc1` differ") == "The weights of fc1 differ"


def test_after_a_run_the_findings_come_first(qtbot: QtBot, state: AppState, theme: Theme) -> None:
    tabs = ResultTabs(state, theme)
    qtbot.addWidget(tabs)
    tabs.show()
    state.set_assignment(assignment())
    tabs.reveal("outputs")
    state.set_comparison(several())
    assert tabs.currentWidget() is tabs.findings
    assert state.selection.layer_a == "bn_2"
    tabs.reveal("outputs")
    state.set_comparison(None)
    assert tabs.currentWidget() is tabs.outputs
    qtbot.waitUntil(lambda: not state.jobs.busy)


def test_a_note_is_no_culprit(qtbot: QtBot, state: AppState, theme: Theme) -> None:
    tabs = ResultTabs(state, theme)
    qtbot.addWidget(tabs)
    note = replace(comparison().findings[0], layer_a="conv_0", note_only=True)
    state.set_comparison(replace(comparison(), findings=(note,)))
    assert state.selection.layer_a == "bn_2", "the layer that differs, not the one the note is about"
    qtbot.waitUntil(lambda: not state.jobs.busy)
