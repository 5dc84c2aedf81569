"""The lazy tree: under Qt's own tester, page by page, and revealed by path."""

from __future__ import annotations

import pytest
from fakes import FakeReader
from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry
from inspector.gui.browse.tree_model import PAGE, EntryModel
from inspector.gui.browse.tree_view import EntryTree


class Reader(FakeReader):
    """Answers from the event loop, as a job does, or keeps the answer until it is let go."""

    def __init__(self, *, held: bool = False) -> None:
        super().__init__("a")
        self.held = held
        self.waiting: list = []

    def ask(self, entry_id, start, stop, on_done, on_error) -> None:
        page = self.children(entry_id, start, stop)
        if self.held:
            self.waiting.append(lambda: on_done(page))
        else:
            QTimer.singleShot(0, lambda: on_done(page))


def model_of(reader: Reader) -> EntryModel:
    return EntryModel(reader.ask, lambda _kind: QIcon())


def filled(qtbot: QtBot, reader: Reader) -> EntryModel:
    """A model with its first page."""
    model = model_of(reader)
    with qtbot.waitSignal(model.page_arrived):
        model.reset()
    return model


@pytest.fixture
def reader(qtbot: QtBot) -> Reader:
    return Reader()


def test_the_model_passes_qts_own_tester(qtbot: QtBot, reader: Reader) -> None:
    """The tester itself fetches, so it watches a model that is walked and not one whose asking is counted."""
    model = model_of(reader)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.reset()
    qtbot.waitUntil(lambda: model.rowCount() == 19)
    bn = model.index(1, 0)
    if model.canFetchMore(bn):
        model.fetchMore(bn)
    qtbot.waitUntil(lambda: model.rowCount(bn) == 2)
    assert [model.index(row, 0, bn).data() for row in range(2)] == ["kernel", "bias"]
    assert model.parent(model.index(1, 1, bn)) == bn


def test_children_are_asked_for_only_when_they_are_needed(qtbot: QtBot, reader: Reader) -> None:
    model = filled(qtbot, reader)
    bn = model.index(1, 0)
    assert (bn.data(), bn.siblingAtColumn(1).data()) == ("bn_0", "BatchNormalization")
    assert model.hasChildren(bn)
    assert not model.hasChildren(model.index(2, 0)), "relu_0 has none"
    assert reader.asked == [("", 0, PAGE)], "nobody has looked into a branch"
    with qtbot.waitSignal(model.page_arrived):
        model.fetchMore(bn)
    assert reader.asked == [("", 0, PAGE), ("bn_0", 0, PAGE)]


def test_pages_follow_each_other_without_a_gap(qtbot: QtBot, reader: Reader) -> None:
    model = filled(qtbot, reader)
    big = model.index(model.rowCount() - 1, 0)
    while model.has_more(big):
        with qtbot.waitSignal(model.page_arrived):
            model.fetchMore(big)
    assert [model.index(row, 0, big).data() for row in range(model.rowCount(big))] == [
        f"child {i}" for i in range(2000)
    ]
    pages = [asked for asked in reader.asked if asked[0] == "big"]
    assert pages == [("big", start, start + PAGE) for start in range(0, 2001, PAGE)]


def test_a_page_that_comes_after_a_reset_is_dropped(qtbot: QtBot) -> None:
    reader = Reader(held=True)
    model = model_of(reader)
    model.reset()
    late = reader.waiting[:]
    reader.waiting.clear()
    model.reset()
    for page in late:
        page()
    assert model.rowCount() == 0
    for page in reader.waiting[:]:
        page()
    assert model.rowCount() == 19


def test_an_error_ends_the_branch(qtbot: QtBot) -> None:
    model = EntryModel(lambda *asked: asked[4](InspectorError("CRASH", "gone")), lambda _kind: QIcon())
    with qtbot.waitSignal(model.failed) as caught:
        model.reset()
    assert caught.args[0].code == "CRASH"
    assert not model.canFetchMore(QModelIndex())


def test_hostile_names_are_cut_on_screen_and_escaped_in_tool_tips(qtbot: QtBot) -> None:
    name = "<img src=file:///x>" + "n" * 5_000_000
    model = EntryModel(lambda *asked: asked[3]([Entry(id="x", name=name, kind="dataset")]), lambda _kind: QIcon())
    model.reset()
    index = model.index(0, 0)
    assert len(index.data()) <= 301
    tip = index.data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;img" in tip
    assert "<img" not in tip
    assert len(tip) < 5000


def test_reveal_loads_pages_until_the_row_is_there(qtbot: QtBot, reader: Reader) -> None:
    model = filled(qtbot, reader)
    tree = EntryTree(model)
    qtbot.addWidget(tree)
    chosen = []
    tree.chosen.connect(chosen.append)
    tree.reveal(("big", "big/1500"))
    qtbot.waitUntil(lambda: tree.current_entry() is not None)
    assert tree.current_entry().name == "child 1500"
    assert chosen == [], "revealing is not choosing"


def test_a_file_that_opens_shows_its_largest_section(qtbot: QtBot) -> None:
    sections = [
        Entry(id=name, name=name, kind="section", child_count=count)
        for name, count in (("Inputs", 1), ("Graph", 1831), ("Outputs", 1))
    ]
    model = EntryModel(
        lambda *asked: QTimer.singleShot(0, lambda: asked[3](sections if asked[0] == "" else [])),
        lambda _kind: QIcon(),
    )
    tree = EntryTree(model)
    qtbot.addWidget(tree)
    with qtbot.waitSignal(model.page_arrived):
        model.reset()
    assert [tree.isExpanded(model.index(row, 0)) for row in range(3)] == [False, True, False]


def test_scrolling_loads_what_comes_into_sight(qtbot: QtBot, reader: Reader) -> None:
    model = filled(qtbot, reader)
    tree = EntryTree(model)
    qtbot.addWidget(tree)
    tree.resize(300, 300)
    tree.show()
    big = model.index(model.rowCount() - 1, 0)
    tree.expand(big)
    qtbot.waitUntil(lambda: model.rowCount(big) > 0)
    loaded = model.rowCount(big)
    qtbot.wait(100)
    assert loaded == model.rowCount(big) == PAGE, "only the first page"
    tree.verticalScrollBar().setValue(tree.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: model.rowCount(big) > loaded)
