"""The style sheet of the window, made from the table of colours: flat grounds, space rather than lines."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspector.gui.theme import Colours

_SHEET = Template("""
* { font-size: ${body}pt; }
QWidget { color: $text; selection-background-color: $selection; selection-color: $text; }
QMainWindow, QDialog { background: $ground; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px; }
QLabel[role="answer"] { font-size: ${answer}pt; font-weight: 600; }
QLabel[role="heading"] { font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="answer"]:disabled { color: $muted; }
QLabel[role="outdated"] { color: $different; font-weight: 600; }
QLabel[role="error"] { color: $error; font-weight: 600; }
QLabel[side="a"] { color: $a; font-weight: 600; }
QLabel[side="b"] { color: $b; font-weight: 600; }
QFrame[panel="true"] { background: $surface; border-radius: ${half}px; }
QFrame[popover="true"] { background: $surface; border: 1px solid $line; border-radius: ${half}px; }
QScrollArea[clear="true"], QScrollArea[clear="true"] > QWidget > QWidget { background: transparent; }
QFrame[asking="true"] { background: $raised; border: 1px solid $accent; border-radius: ${half}px; }
QLabel[chip="true"] { background: $selection; border-radius: ${half}px; padding: 0 5px; }
QFrame[over="true"] { border: 2px dashed $accent; }
QTreeView, QTableView, QListView, QPlainTextEdit, QTextEdit, QScrollArea {
  background: $surface; border: none; outline: 0; alternate-background-color: $ground; }
QTreeView, QTableView, QListView { border: 2px solid transparent; border-radius: ${half}px; }
QTreeView:focus, QTableView:focus, QListView:focus { border: 2px solid $accent; }
QTreeView::item, QListView::item { padding: 3px 0; border: none; }
QTreeView::item:selected, QTableView::item:selected, QListView::item:selected {
  background: $selection; color: $text; }
QTreeView::item:selected:!active, QTableView::item:selected:!active, QListView::item:selected:!active {
  background: $raised; color: $text; }
QTreeView::item:hover, QListView::item:hover { background: $raised; }
QTreeView::item:selected:active:hover { background: $selection; }
QHeaderView { background: $surface; border: none; }
QHeaderView::section { background: $surface; color: $muted; border: none; border-bottom: 1px solid $line;
  padding: 4px ${half}px; }
QTableCornerButton::section { background: $surface; border: none; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox { background: $surface; border: 1px solid $line;
  border-radius: ${half}px; padding: 0 6px; min-height: 24px; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus { border: 1px solid $accent; }
QComboBox[wrong="true"] { border: 1px solid $error; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: none; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { border: none; padding: 0; background: transparent;
  min-height: 0; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $line; }
QPushButton, QToolButton { background: $raised; border: 2px solid transparent; border-radius: ${half}px;
  padding: 3px 9px; min-height: 18px; }
QPushButton:hover, QToolButton:hover { border: 2px solid $line; }
QPushButton:focus, QToolButton:focus { border: 2px solid $accent; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: transparent; }
QLineEdit QToolButton { padding: 0; min-height: 0; border: none; background: transparent; }
QAbstractSpinBox QLineEdit { padding: 0 6px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
  subcontrol-origin: border; width: 0; height: 0; border: none; }
QToolButton[narrow="true"] { padding: 3px 6px; }
QPushButton[summary="true"] { text-align: left; padding: 2px 7px; }
QPushButton[link="true"] { background: transparent; color: $accent; padding: 0 4px; min-height: 0; }
QPushButton[link="true"]:disabled { color: $muted; }
QPlainTextEdit[code="true"] { border: 1px solid $line; border-radius: ${half}px; }
QPlainTextEdit[code="true"]:focus { border: 1px solid $accent; }
QCheckBox, QRadioButton { spacing: ${half}px; padding: 2px 0; }
QCheckBox:focus, QRadioButton:focus { color: $accent; }
QCheckBox::indicator, QRadioButton::indicator { width: 13px; height: 13px; background: $surface;
  border: 1px solid $muted; border-radius: 3px; }
QRadioButton::indicator { border-radius: 7px; }
QCheckBox::indicator:checked { background: $accent; border: 1px solid $accent; }
QRadioButton::indicator:checked { width: 7px; height: 7px; border: 4px solid $accent; }
QRadioButton:disabled { color: $muted; }
QPushButton[primary="true"], QToolButton[primary="true"] { background: $accent; color: $on_accent;
  font-weight: 600; }
QPushButton[primary="true"]:focus, QToolButton[primary="true"]:focus { border: 2px solid $text; }
QPushButton[primary="true"]:disabled, QToolButton[primary="true"]:disabled {
  background: $raised; color: $muted; }
QFrame[asking="true"] QPushButton { background: $surface; }
QTabWidget::pane { border: none; background: $surface; }
QTabBar { background: $ground; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; padding: 3px 10px; border: 2px solid transparent; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:selected:focus { border: 2px solid $accent; border-radius: ${half}px; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $line; }
QSplitter::handle:horizontal { width: ${half}px; }
QSplitter::handle:vertical { height: ${half}px; }
QMenu { background: $raised; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 4px 24px 4px 12px; border-radius: 3px; background: transparent; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QMenuBar { background: $ground; }
QMenuBar::item { padding: 4px 8px; background: transparent; }
QMenuBar::item:selected { background: $raised; }
QStatusBar { background: $ground; }
QStatusBar::item { border: none; }
QProgressBar { background: $raised; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; min-height: 24px; min-width: 24px; margin: 1px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
""")


def stylesheet(colours: Colours, *, body: float, answer: float, grid: int) -> str:
    """Qt style sheet; `body` and `answer` are the two text sizes in points, `grid` in pixels."""
    names = {name: getattr(colours, name) for name in colours.__slots__}
    return _SHEET.substitute(names, body=f"{body:g}", answer=f"{answer:g}", half=str(grid // 2))
