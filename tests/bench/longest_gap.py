"""Print the longest time in milliseconds in which the window's event loop did not turn, from its first frame
on: opening the demo pair, importing TensorFlow, matching, running, showing the result."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, QTimer

from inspector.domain.resources import resource
from inspector.gui.app import application, make_window
from inspector.gui.remember import Memory
from inspector.session.session import Session

LIMIT_SECONDS = 180


def main() -> None:
    application()
    with tempfile.TemporaryDirectory() as folder:
        memory = Memory(QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat))
        window = make_window(Session(), memory, "light")
        window.resize(1440, 900)
        window.show()
        gaps: list[float] = []
        loop = QEventLoop()
        state = {"last": time.perf_counter(), "start": time.perf_counter()}

        def tick() -> None:
            now = time.perf_counter()
            gaps.append(now - state["last"])
            state["last"] = now
            done = window.state.comparison is not None and not window.state.jobs.busy
            if done or now - state["start"] > LIMIT_SECONDS:
                loop.quit()

        timer = QTimer(interval=5)
        timer.timeout.connect(tick)
        window.work.give(inputs=(str(resource("demo", "digits", "digit_4.png")),))
        window.work.open_pair(resource("demo", "digits.h5"), resource("demo", "digits_faulty.pb"), run=True)
        state["last"] = time.perf_counter()
        timer.start()
        loop.exec()
        timer.stop()
        window.close()
    print(f"{max(gaps) * 1000:.0f}")


if __name__ == "__main__":
    main()
