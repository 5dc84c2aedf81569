"""A real browser engine as a command: load a page from its file, run steps in it, print the results.

`python browser.py JOB.json` with {"page", "width", "height", "dark", "steps": [js], "picture": png or null,
"pdf": path or null}. Prints {"results", "console", "requests"}. Runs apart from pytest, which stays clean."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
FLAGS = ["--disable-gpu", "--hide-scrollbars"]
if hasattr(os, "geteuid") and os.geteuid() == 0:
    FLAGS.append("--no-sandbox")  # Chromium refuses its sandbox to root
    os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
JOB = json.loads(Path(sys.argv[1]).read_text())
if JOB.get("dark"):
    FLAGS.append("--blink-settings=preferredColorScheme=0")
os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = " ".join(FLAGS)

from PySide6.QtCore import QEventLoop, QTimer, QUrl
from PySide6.QtWebEngineCore import (
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlRequestInterceptor,
)
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication

SETTLE_MS = 700
LIMIT_MS = 60_000


class Requests(QWebEngineUrlRequestInterceptor):
    """Every address that the page asks for."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def interceptRequest(self, info):
        self.seen.append(info.requestUrl().toString())


class Page(QWebEnginePage):
    """A page that keeps what it prints to its console."""

    def __init__(self, profile, parent):
        super().__init__(profile, parent)
        self.console = []

    def javaScriptConsoleMessage(self, level, message, line, source):
        self.console.append(f"{level.name}: {message} ({line})")


def wait(connect, limit=LIMIT_MS):
    """Spins the loop until the signal or callback that `connect` is given came, and returns what it said."""
    loop, got = QEventLoop(), []

    def done(*values):
        got.append(values[0] if values else None)
        loop.quit()

    QTimer.singleShot(limit, loop.quit)
    connect(done)
    if not got:
        loop.exec()
    return got[0] if got else "TIMEOUT"


def main():
    app = QApplication(sys.argv[:1])
    profile = QWebEngineProfile(app)
    requests = Requests()
    profile.setUrlRequestInterceptor(requests)
    view = QWebEngineView()
    page = Page(profile, view)
    page.settings().setAttribute(QWebEngineSettings.WebAttribute.PlaybackRequiresUserGesture, False)
    view.setPage(page)
    view.resize(JOB["width"], JOB["height"])
    view.show()
    page.load(QUrl.fromLocalFile(JOB["page"]))
    wait(page.loadFinished.connect)
    results = [wait(lambda done, step=step: page.runJavaScript(step, 0, done)) for step in JOB["steps"]]
    wait(lambda done: QTimer.singleShot(SETTLE_MS if JOB.get("picture") else 50, done))
    if JOB.get("picture"):
        view.grab().save(JOB["picture"])
    if JOB.get("pdf"):
        page.printToPdf(JOB["pdf"])
        wait(page.pdfPrintingFinished.connect)
    print(json.dumps({"results": results, "console": page.console, "requests": requests.seen}))
    sys.stdout.flush()
    view.hide()
    page.deleteLater()
    os._exit(0)  # nothing of Chromium's own leave-taking is under test


main()
