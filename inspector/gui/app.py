"""The window as a program: start it on files, or drive it with nobody there and keep a picture of it."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from PySide6.QtCore import QElapsedTimer, QEventLoop, QSettings, QSocketNotifier, QTimer
from PySide6.QtGui import QFont, QIcon
from PySide6.QtWidgets import QApplication

from inspector.domain.errors import InspectorError
from inspector.domain.files import SIDES
from inspector.domain.resources import resource
from inspector.gui.jobs import Jobs
from inspector.gui.remember import APPLICATION, ORGANISATION, Memory
from inspector.gui.state import AppState
from inspector.gui.theme import BODY_POINTS, Mode, Theme
from inspector.gui.window import MainWindow
from inspector.session.session import Session

LONGEST_MS = 180_000  # until a driven run is given up
TICK_MS = 50
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def application() -> QApplication:
    """The one QApplication, made and dressed when it is not there yet."""
    there = QApplication.instance()
    app = there if isinstance(there, QApplication) else QApplication(sys.argv[:1])
    if app.applicationName() == APPLICATION:
        return app
    app.setApplicationName(APPLICATION)
    app.setOrganizationName(ORGANISATION)
    app.setApplicationDisplayName("Model Inspector")
    app.setDesktopFileName("model-inspector")
    app.setStyle("Fusion")
    font = QFont(app.font())
    font.setPointSizeF(BODY_POINTS)
    app.setFont(font)
    return app


def make_window(session: Session, memory: Memory | None = None, mode: Mode | None = None) -> MainWindow:
    """A window on a session; `memory` is the user's own unless given."""
    memory = memory or Memory()
    remembered = memory.text("theme", "system")
    chosen = mode or cast("Mode", remembered if remembered in ("light", "dark") else "system")
    theme = Theme(chosen)
    window = MainWindow(AppState(session, Jobs()), theme, memory)
    theme.setParent(window)
    window.state.setParent(window)
    return window


def main(paths: list[str], inputs: list[str]) -> int:
    """Show the window on up to two files. With two files and an input it runs at once."""
    app = application()
    try:
        app.setWindowIcon(QIcon(str(resource("icons", "model-inspector.svg"))))
    except FileNotFoundError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the window works without its icon

    def leave(status: int) -> None:
        window.close()
        app.exit(status)

    heed_signals(leave).setParent(app)  # before there is anything to clean up
    session = Session()
    try:
        window = make_window(session)
        _fill(window, paths, inputs)
        window.show()
        window.state.jobs.run(session.warm, key="warm")  # TensorFlow is imported before it is needed
        return app.exec()
    finally:
        session.close()


def heed_signals(leave: Callable[[int], None]) -> QSocketNotifier:
    """From now on SIGINT, SIGTERM and SIGHUP call `leave` with the exit status, once; a second one ends the process.

    Python's handlers run wherever Python happens to be, in the midst of a paint too, and not at all while an event
    loop is idle. So they do nothing: the byte that Python sends for a signal is read by the event loop, as soon as
    there is one."""
    woken, waker = socket.socketpair()
    for end in (woken, waker):
        end.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)

    def second_ends(_number: int, _frame: object) -> None:
        for name in SIGNALS:
            signal.signal(name, signal.SIG_DFL)

    def heard(*_activated: object) -> None:
        notifier.setEnabled(False)
        leave(128 + woken.recv(1)[0])
        waker.close()

    for name in SIGNALS:
        signal.signal(name, second_ends)
    notifier = QSocketNotifier(woken.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(heard)
    return notifier


def _fill(window: MainWindow, paths: list[str], inputs: list[str]) -> None:
    if inputs:
        window.work.give(inputs=tuple(inputs))
        window.input_bar.show_settings()
    if len(paths) == len(SIDES):
        window.work.open_pair(*paths, run=bool(inputs))
    elif paths:
        window.work.open("a", paths[0])


def demo_picture(
    a: str | Path, b: str | Path, spec: str, out_png: str | Path, size: tuple[int, int] = (1440, 900),
    mode: Mode = "light",
) -> None:  # fmt: skip
    """Drive the real window: open A and B, run on `spec`, wait for the answer, save a PNG of the window.

    `size` in pixels (width, height). Raises InspectorError when a file cannot be opened, the comparison
    cannot be made, it takes longer than three minutes, or the picture cannot be written."""
    application()
    scratch = Memory(QSettings(str(Path(out_png).with_suffix(".ini")), QSettings.Format.IniFormat))
    window = make_window(Session(), scratch, mode)
    window.resize(*size)
    errors: list[InspectorError] = []
    window.state.comparison_failed.connect(lambda error: errors.append(error) if error else None)
    window.state.file_failed.connect(lambda _side, error: errors.append(error) if error else None)
    try:
        window.show()
        window.work.give(inputs=(spec,))
        window.work.open_pair(a, b, run=True)
        _wait(lambda: window.state.comparison is not None or bool(errors))
        if errors:
            raise errors[0]
        _wait(lambda: not window.state.jobs.busy)
        if not window.grab().save(str(out_png)):
            raise InspectorError("CANNOT_WRITE", "the picture cannot be written", where=str(out_png))
    finally:
        window.close()
        Path(out_png).with_suffix(".ini").unlink(missing_ok=True)


def _wait(ready: Callable[[], bool]) -> None:
    """Let the window live until `ready`. Raises InspectorError TIMEOUT."""
    loop, clock, tick = QEventLoop(), QElapsedTimer(), QTimer(interval=TICK_MS)
    clock.start()
    tick.timeout.connect(lambda: loop.quit() if ready() or clock.elapsed() > LONGEST_MS else None)
    tick.start()
    loop.exec()
    if not ready():
        raise InspectorError("TIMEOUT", "the window did not finish", todo="Run it by hand and look.")
