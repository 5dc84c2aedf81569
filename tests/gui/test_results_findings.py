"""The findings: cards with cause, layer, proof and mend; the verdict's reasons; warnings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import assignment, comparison
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from inspector.domain.comparison import Comparison
from inspector.gui.results.cards import FindingCard, VerdictCard, for_window
from inspector.gui.results.findings import EMPTY, FindingsPanel
from inspector.gui.results.proof_bars import ProofBars, proof_text
from inspector.gui.results.reasons import reasons
from inspector.gui.state import AppState
from inspector.gui.theme import Theme


def within_noise() -> Comparison:
    """Nothing beyond rounding: every layer introduces 6e-8 at a noise floor of 4e-7."""
    whole = comparison()
    layers = tuple(
        replace(layer, status="within-noise", introduced=whole.layers[0].introduced) for layer in whole.layers
    )
    output = replace(whole.outputs[0], within_noise=True, metrics=replace(whole.outputs[0].metrics, max_abs=3e-7))
    return replace(whole, verdict="within-noise", layers=layers, findings=(), outputs=(output,))


@pytest.fixture
def panel(qtbot: QtBot, state: AppState, theme: Theme) -> FindingsPanel:
    made = FindingsPanel(state, theme)
    qtbot.addWidget(made)
    made.resize(1000, 400)
    made.show()
    qtbot.waitExposed(made)
    state.set_assignment(assignment())
    return made


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
    assert "epsilon, 98% sure" in texts(card)
    assert "Epsilon 1e-3 in A, 1e-2 in B" in texts(card)
    assert "Proved: with epsilon := 0.001, >99.9% of the output's difference is gone." in texts(card)
    assert card.mend.text() == "set epsilon of import/bn_2 to 0.001"
    [bars] = card.findChildren(ProofBars)
    assert bars.isVisible()


def test_a_click_on_the_layer_selects_it_everywhere(qtbot: QtBot, panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(comparison())
    card = panel.cards[0]
    assert card.layer.text() == "bn_2  ↔  import/bn_2:0"
    qtbot.mouseClick(card.layer, Qt.MouseButton.LeftButton)
    assert (state.selection.layer_a, state.selection.tensor_b) == ("bn_2", "import/bn_2:0")
    assert panel.chart.plot.selected == 7, "the chart beside it follows"


def test_the_mend_is_copied_by_keyboard(qtbot: QtBot, panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(comparison())
    panel.cards[0].copy_button.setFocus()
    qtbot.keyClick(panel.cards[0].copy_button, Qt.Key.Key_Space)
    assert QApplication.clipboard().text() == "set epsilon of import/bn_2 to 0.001"


def test_the_same_within_rounding_is_a_card_with_its_reasons(panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(within_noise())
    [card] = panel.cards
    assert isinstance(card, VerdictCard)
    assert card.title.text() == "≈  The same within rounding"
    assert [reason.text for reason in card.reasons] == [
        "Output relu_5 differs by 3.00e-7 at most, within its noise floor of 4.00e-7.",
        "No layer introduces more than rounding: conv_0 comes nearest with 6.00e-8, its noise floor is 4.00e-7.",
        "12 of 12 weights are exactly equal, none differs.",
        "18 of 18 layers were compared.",
    ]


def test_a_difference_without_a_known_cause_names_the_layers(qtbot: QtBot, panel: FindingsPanel, state) -> None:
    state.set_comparison(replace(comparison(), findings=()))
    [card] = panel.cards
    assert card.title.text() == "≠  They differ, and no known cause explains it"
    assert card.reasons[1].text == "bn_2 introduces 0.0240, its noise floor is 4.00e-7."
    [show] = card.findChildren(QPushButton)
    qtbot.mouseClick(show, Qt.MouseButton.LeftButton)
    assert state.selection.layer_a == "bn_2"


def test_weights_that_differ_are_counted() -> None:
    whole = comparison()
    weight = replace(whole.layers[0].weights[0], relation="different")
    changed = replace(whole, layers=(replace(whole.layers[0], weights=(weight,)), *whole.layers[1:]))
    assert "1 of 12 weights differ, 11 are exactly equal." in [reason.text for reason in reasons(changed)]


def test_not_comparable_gives_its_sentence() -> None:
    [reason] = reasons(replace(comparison(), verdict="not-comparable", sentence="No output was found."))
    assert reason.text == "No output was found."


def test_warnings_are_listed_below(panel: FindingsPanel, state: AppState) -> None:
    state.set_comparison(comparison())
    assert panel.warnings == ["⚠  one warning  (OPTIMISED)"]


def test_names_that_try_to_be_markup_stay_text(panel: FindingsPanel, state: AppState) -> None:
    whole = comparison()
    bad = replace(whole.findings[0], title="<img src=x>", layer_a="a&b <b>", evidence="y" * 9000)
    state.set_comparison(replace(whole, findings=(bad,)))
    labels = panel.cards[0].findChildren(QLabel)
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)
    assert max(len(label.text()) for label in labels) < 1300
    assert panel.cards[0].layer.text().startswith("a&&b <b>")


def test_a_name_at_the_beginning_keeps_its_own_letter() -> None:
    assert for_window("`bn2` uses epsilon 0.001 in A") == "bn2 uses epsilon 0.001 in A"
    assert for_window("the weights of `fc1` differ") == "The weights of fc1 differ"


def test_a_mend_that_does_not_help_is_not_called_a_proof() -> None:
    proof = comparison().findings[0].proof
    assert proof_text(replace(proof, gone=0.02)).startswith("Tried: with epsilon := 0.001, 2%")
