"""Opens the real window on two files, runs, goes through its tabs and layers, and closes it: one_window.py A B SPEC.

Ends with 0 after a comparison, with 3 where there was none."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from inspector.gui.app import application, main
from inspector.gui.window import MainWindow

TICK = 50  # milliseconds
FAILED = 3


class Person:
    """Waits for the answer, looks at every tab and some layers, one at a tick, and closes the window."""

    def __init__(self) -> None:
        self.saw_answer = False
        self._steps = 0
        self._timer = QTimer(interval=TICK)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        window = next((item for item in QApplication.topLevelWidgets() if isinstance(item, MainWindow)), None)
        if window is None:
            return
        known = window.work.known
        self.saw_answer = known.comparison is not None
        if known.error is not None or any(known.failed.values()) or (self.saw_answer and not self._go_on(window)):
            self._timer.stop()
            window.close()

    def _go_on(self, window: MainWindow) -> bool:
        """Show the next tab with the next layer; false when all were seen."""
        tabs, layers = window.results.tabs, window.state.comparison.layers
        if self._steps >= tabs.count():
            return False
        tabs.setCurrentIndex(self._steps)
        layer = layers[self._steps % len(layers)]
        window.state.select(layer.a, layer.b)
        self._steps += 1
        return True


if __name__ == "__main__":
    application()
    person = Person()
    status = main(sys.argv[1:3], sys.argv[3:])
    sys.exit(status or (0 if person.saw_answer else FAILED))
