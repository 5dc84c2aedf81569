"""`make pictures`: the README's pictures, from the real window on the demo pair, into docs/pictures."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QEventLoop, QSettings, QTimer

from inspector.domain.resources import resource
from inspector.gui.app import application, make_window
from inspector.gui.remember import Memory
from inspector.gui.theme import Mode
from inspector.gui.window import MainWindow
from inspector.session.session import Session
from inspector.session.store import Store

FOLDER = Path(__file__).with_name("pictures")
IMAGE = "resources/demo/digits/digit_4.png"  # from the checkout, so that no machine's path is in the picture
LIMIT_MS = 180_000
SETTLED_MS = 800
SHOTS: tuple[tuple[str, str, tuple[int, int], Mode], ...] = (
    ("window", "findings", (1440, 900), "light"),
    ("window-dark", "findings", (1440, 900), "dark"),
    ("window-small", "findings", (1000, 700), "light"),
    ("layer", "layer", (1440, 900), "light"),
    ("outputs", "outputs", (1440, 900), "light"),
    ("divergence", "divergence", (1440, 900), "light"),
)
OPTIONS: tuple[str, Mode] = ("options", "light")
CONVERT: tuple[str, Mode] = ("convert", "light")
WRITTEN = Path("out/digits.pb")


def main() -> int:
    """Drive the window once in each mode and save every picture."""
    application()
    FOLDER.mkdir(exist_ok=True)
    for mode in ("light", "dark"):
        with tempfile.TemporaryDirectory() as folder:
            memory = Memory(QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat))
            window = make_window(Session(store=Store(Path(folder))), memory, mode)
            take(window, [shot for shot in SHOTS if shot[3] == mode])
            window.close()
    return 0


def take(window: MainWindow, shots: list[tuple[str, str, tuple[int, int], Mode]]) -> None:
    """Open the demo pair, run it, and grab each tab."""
    window.resize(*shots[0][2])
    window.show()
    window.work.give(inputs=(IMAGE,))
    window.work.open_pair(resource("demo", "digits.h5"), resource("demo", "digits_faulty.pb"), run=True)
    wait(lambda: window.state.comparison is not None)
    for name, tab, size, _ in shots:
        window.resize(*size)
        window.state.reveal(tab)
        save(window, name)
    if OPTIONS[1] == window.theme.mode:
        window.options.toggle("a")
        save(window, OPTIONS[0])
        window.options.leave()
    window.state.reveal("findings")
    if CONVERT[1] == window.theme.mode:
        convert(window)


def convert(window: MainWindow) -> None:
    """The demo's Keras file as a frozen graph; what is written goes again."""
    WRITTEN.parent.mkdir(exist_ok=True)
    window.convert("a")
    panel = window.converting.panels["a"]
    panel.rows.out.setText(str(WRITTEN))
    panel.rows.checks["overwrite"].setChecked(True)
    settle(window)
    panel.start()
    wait(lambda: not panel.running)
    save(window, CONVERT[0])
    for path in WRITTEN.parent.glob(f"{WRITTEN.name}*"):
        path.unlink()


def save(window: MainWindow, name: str) -> None:
    """The window as it is once it has come to rest."""
    settle(window)
    window.grab().save(str(FOLDER / f"{name}.png"))
    print(FOLDER.name, f"{name}.png")  # noqa: T201 - a script that says what it made


def settle(window: MainWindow) -> None:
    """Until nothing is being worked out and what was drawn late is drawn."""
    clock = QElapsedTimer()
    clock.start()
    wait(lambda: clock.elapsed() > SETTLED_MS and not window.state.jobs.busy)


def wait(ready: Callable[[], bool]) -> None:
    """Let the window live until something is so; give up after three minutes."""
    loop, clock, tick = QEventLoop(), QElapsedTimer(), QTimer(interval=50)
    clock.start()
    tick.timeout.connect(lambda: loop.quit() if ready() or clock.elapsed() > LIMIT_MS else None)
    tick.start()
    loop.exec()
    if not ready():
        sys.exit("the window did not finish")


if __name__ == "__main__":
    raise SystemExit(main())
