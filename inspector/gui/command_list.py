"""Every command of the window, in the order of the menus."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from inspector.domain.files import SIDES, Side
from inspector.gui.commands import Command
from inspector.gui.snapshot import Snapshot
from inspector.gui.theme import Mode

if TYPE_CHECKING:
    from inspector.gui.window import MainWindow


MODES: tuple[tuple[Mode, str], ...] = (
    ("light", "Light colours"),
    ("dark", "Dark colours"),
    ("system", "Colours of the system"),
)


def command_list(window: MainWindow) -> tuple[Command, ...]:
    """The commands of a window."""
    return (*_file(window), *_run(window), *_view(window))


def _is_open(side: Side, snapshot: Snapshot) -> bool:
    return side in snapshot.open_sides


def _file(window: MainWindow) -> tuple[Command, ...]:
    files = window.files
    menu = "&File"
    return (
        Command(id="open-a", title="Open A…", shortcut="Ctrl+O", menu=menu,
                hint="Open the model file of side A", callback=lambda: files.choose("a")),
        Command(id="open-b", title="Open B…", shortcut="Ctrl+Shift+O", menu=menu,
                hint="Open the model file of side B", callback=lambda: files.choose("b")),
        *(Command(id=f"open-folder-{side}", title=f"Open a folder as {side.upper()}…", menu=menu,
                  hint="A SavedModel, a TensorFlow.js model, a TF Hub module",
                  callback=partial(files.choose_folder, side)) for side in SIDES),
        *(Command(id=f"open-handle-{side}", title=f"Open a TF Hub handle as {side.upper()}…",
                  hint="A module that lies in the cache of TF Hub already",
                  callback=partial(window.ask_handle, side)) for side in SIDES),
        Command(id="swap", title="Swap A and B", menu=menu, hint="Let A be B and B be A",
                callback=window.work.swap, enabled=lambda shown: shown.can_swap),
        Command(id="close-a", title="Close A", menu=menu, callback=lambda: window.work.close_side("a"),
                enabled=lambda shown: shown.can_swap),
        Command(id="close-b", title="Close B", menu=menu, callback=lambda: window.work.close_side("b"),
                enabled=lambda shown: shown.can_swap),
        Command(id="demo", title="Open the demo pair", menu=menu, callback=files.open_demo),
        Command(id="report", title="Save report…", shortcut="Ctrl+S", menu=menu,
                hint="Save the result as an HTML page or as JSON", callback=files.save_report,
                enabled=lambda shown: shown.can_save),
        *(Command(id=f"convert-{side}", title=f"Convert {side.upper()}…", shortcut=key, menu=menu,
                  hint="Write the model in another form, and prove that it computes the same",
                  callback=partial(window.convert, side), enabled=partial(_is_open, side))
          for side, key in zip(SIDES, ("Ctrl+E", "Ctrl+Shift+E"), strict=True)),
        Command(id="quit", title="Quit", shortcut="Ctrl+Q", menu=menu, callback=window.close),
    )  # fmt: skip


def _run(window: MainWindow) -> tuple[Command, ...]:
    menu = "&Run"
    return (
        Command(id="run", title="Run", shortcut="Ctrl+R", menu=menu, hint="Run both sides and compare",
                callback=window.work.run, enabled=lambda shown: shown.can_run),
        Command(id="stop", title="Stop", shortcut="Esc", menu=menu, hint="Stop what is under way",
                callback=window.work.stop, enabled=lambda shown: shown.can_stop),
        Command(id="input-file", title="Choose an input file…", menu=menu,
                callback=window.input_bar.choose_file),
        *(Command(id=f"options-{side}", title=f"Options of {side.upper()}", shortcut=f"Ctrl+{place}", menu=menu,
                  hint="Environment, signature, backend, threads, custom layers …",
                  callback=partial(window.options.toggle, side), enabled=partial(_is_open, side))
          for place, side in enumerate(SIDES, 1)),
        Command(id="preview", title="Preview of the inputs", shortcut="Ctrl+P", menu=menu,
                hint="What each side really receives", callback=window.input_bar.preview.toggle),
    )  # fmt: skip


def _view(window: MainWindow) -> tuple[Command, ...]:
    menu = "&View"
    tabs = ("Findings", "Divergence", "Layer", "Outputs", "Weights", "Details")
    return (
        Command(id="search", title="Search", shortcut="Ctrl+F", menu=menu,
                hint="Search in the side that has the keyboard", callback=window.focus_search),
        Command(id="next-panel", title="Next panel", shortcut="F6", menu=menu,
                callback=lambda: window.ring.move(1)),
        Command(id="previous-panel", title="Previous panel", shortcut="Shift+F6", menu=menu,
                callback=lambda: window.ring.move(-1)),
        Command(id="palette", title="All commands…", shortcut="Ctrl+K", menu=menu,
                callback=window.show_palette),
        Command(id="copy-name", title="Copy the tensor's name", shortcut="Ctrl+C", menu=menu,
                callback=window.copy_name),
        Command(id="find-by-value", title="Find the selected tensor in the other side by value",
                callback=window.find_selected, enabled=lambda shown: shown.can_run),
        *(Command(id=f"tab-{tab.lower()}", title=f"Show {tab}", shortcut=f"Alt+{place}", menu=menu,
                  callback=partial(window.results.show_tab, tab.lower()))
          for place, tab in enumerate(tabs, 1)),
        *(Command(id=f"theme-{mode}", title=title, callback=partial(window.set_mode, mode))
          for mode, title in MODES),
    )  # fmt: skip
