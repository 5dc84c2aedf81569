"""A browser page without a window and without a network, in this process: Chromium's engine as Qt brings it.

The page has a scheme of its own, which this module answers: files and bytes that are handed to the page. What the
page hands back it offers as a download, which Chromium writes beside the runner's arrays; Qt's way to the body of a
request crashes in PySide6 6.11.3 and gives wrong bytes in others. Nothing else is ever requested.
"""

import json
import os
import tempfile
import time
from collections import deque
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import shiboken6
from PySide6.QtCore import QBuffer, QByteArray, QEventLoop, QFile, QIODevice, QUrl
from PySide6.QtWebEngineCore import (
    QWebEngineDownloadRequest,
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineUrlRequestInfo,
    QWebEngineUrlRequestInterceptor,
    QWebEngineUrlRequestJob,
    QWebEngineUrlScheme,
    QWebEngineUrlSchemeHandler,
)
from PySide6.QtWidgets import QApplication

from .server import RequestError

SCHEME = b"inspector"
ORIGIN = "inspector://page"
LOCAL = ("inspector", "data", "blob")
KINDS = {".html": b"text/html", ".js": b"text/javascript", ".wasm": b"application/wasm", ".json": b"application/json"}
OTHER_KIND = b"application/octet-stream"
# WebGL in software, where there is no GPU for a process without a window; a person's own flags take their place.
FLAGS = (
    "--use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist "
    "--disable-background-networking --disable-dev-shm-usage --disable-background-timer-throttling "
    "--disable-renderer-backgrounding --disable-backgrounding-occluded-windows"
)
LINES = 20
# Blink drops, without a word, each download of a page after the tenth within a second (third_party/blink/renderer/
# core/frame/local_frame.cc: kBurstDownloadLimit, kBurstDownloadLimitResetInterval); an answer would never come.
BURST, PAUSE = 8, 1.2
HEAD = 8  # bytes before the JSON of an answer: its length and its checksum


class Answer(NamedTuple):
    """What a call gave: its JSON, and the arrays of bytes that came before it, by number."""

    result: Any
    blobs: Dict[int, np.ndarray]


class BrowserPage:
    """`files` are what the page may load, by path; `page` the path of its HTML.

    Raises BROWSER_FAILED when the page does not load or its process ends."""

    def __init__(self, files: Dict[str, str], page: str) -> None:
        _application()
        close_pages()
        _open.append(self)
        self._loop = QEventLoop()
        self._failure = ""
        self._asked: Deque[float] = deque(maxlen=BURST)
        self._profile = QWebEngineProfile()
        self._files = files
        self._handler = _Scheme(files)
        self._answers = _Answers(self._loop)
        self._guard = _Guard()
        self._profile.installUrlSchemeHandler(QByteArray(SCHEME), self._handler)
        self._profile.setUrlRequestInterceptor(self._guard)
        self._profile.downloadRequested.connect(self._answers.take)
        self._page = _Page(self._profile)
        self._page.loadFinished.connect(self._loaded)
        self._page.renderProcessTerminated.connect(self._ended)
        self._page.load(QUrl(ORIGIN + page))
        self._loop.exec()
        if self._failure:
            raise self._error(self._failure)

    def call(self, method: str, args: Dict[str, Any], blobs: Sequence[bytes] = ()) -> Answer:
        """Call the page's `inspect(method, args)` and wait. Raises PAGE_ERROR with what the page threw."""
        self._handler.blobs = list(blobs)
        self._answers.forget()
        self._slow_down()
        self._page.lines.clear()
        self._page.runJavaScript("inspect({}, {})".format(json.dumps(method), json.dumps(args)))
        if not self._failure:
            self._loop.exec()
        self._handler.blobs = []
        file = self._answers.file
        if self._failure or not file:
            raise self._error(self._failure or "the page gave no answer")
        answer, received = self._read(file)
        if "error" in answer:
            raise RequestError("PAGE_ERROR", answer["error"], method, self.said())
        return Answer(answer["result"], received)

    def _slow_down(self) -> None:
        """Wait as long as this call's answer would be one too many."""
        if len(self._asked) == BURST:
            time.sleep(max(0.0, self._asked[0] + PAUSE - time.monotonic()))
        self._asked.append(time.monotonic())

    def _read(self, file: str) -> Tuple[Dict[str, Any], Dict[int, np.ndarray]]:
        """The answer in a file, which goes, and the arrays behind it. Raises BROWSER_FAILED for a damaged one."""
        whole = np.fromfile(file, np.uint8)
        os.remove(file)
        size, sum_ = (int(number) for number in whole[:HEAD].view("<u4")) if whole.size >= HEAD else (0, 0)
        text = whole[HEAD : HEAD + size]
        if not size or text.size != size or _checksum(text) != sum_:
            raise self._error("the answer came damaged: {} bytes of {}".format(text.size, size))
        answer = json.loads(text.tobytes().decode("utf-8"))
        received, at = {}, HEAD + size
        for number, (length, expected) in enumerate(answer["parts"]):
            received[number] = part = np.frombuffer(whole[at : at + length].tobytes(), np.uint8)
            if part.size != length or _checksum(part) != expected:
                raise self._error("a result came damaged: {} bytes of {}".format(part.size, length))
            at += length
        return answer, received

    def serve(self, path: str, file: str) -> None:
        """Let the page load another file under this path from now on."""
        self._files[path] = file

    def close(self) -> None:
        """The page goes before the profile that it belongs to."""
        for part in (self._page, self._profile):
            shiboken6.delete(part)

    def said(self) -> str:
        """The last lines of the page's console."""
        return "; ".join(self._page.lines[-LINES:])

    def _loaded(self, succeeded: bool) -> None:  # noqa: FBT001 - Qt's own signature
        if not succeeded:
            self._failure = "the page does not load"
        self._loop.quit()

    def _ended(self, status: Any, code: int) -> None:
        self._failure = "the browser's process ended ({}, code {})".format(status.name, code)
        self._loop.quit()

    def _error(self, what: str) -> RequestError:
        said = self.said()
        todo = "Open the model again; if it happens again, choose another backend or a smaller batch."
        return RequestError("BROWSER_FAILED", what + (": " + said if said else ""), "", todo)


_started: List[QApplication] = []
_open: List[BrowserPage] = []


def close_pages() -> None:
    """A process has one page at a time."""
    while _open:
        _open.pop().close()


def _application() -> None:
    """Qt once per process; its scheme has to be known before it starts."""
    if _started:
        return
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    flags = os.environ.get("QTWEBENGINE_CHROMIUM_FLAGS") or FLAGS
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # Chromium's sandbox refuses to start as root
        flags += " --no-sandbox"
    os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = flags
    scheme = QWebEngineUrlScheme(QByteArray(SCHEME))
    scheme.setSyntax(QWebEngineUrlScheme.Syntax.Host)
    rights = QWebEngineUrlScheme.Flag
    scheme.setFlags(rights.SecureScheme | rights.CorsEnabled | rights.FetchApiAllowed)
    QWebEngineUrlScheme.registerScheme(scheme)
    _started.append(QApplication(["model-inspector-runner"]))


class _Page(QWebEnginePage):
    """Keeps what is written to its console."""

    def __init__(self, profile: QWebEngineProfile) -> None:
        super().__init__(profile)
        self.lines: List[str] = []

    def javaScriptConsoleMessage(self, level: Any, message: str, line: int, source: str) -> None:  # noqa: N802
        self.lines.append(message.partition("\n")[0][:300])  # without the stack


class _Guard(QWebEngineUrlRequestInterceptor):
    """Lets nothing out."""

    def interceptRequest(self, info: QWebEngineUrlRequestInfo) -> None:  # noqa: N802
        if info.requestUrl().scheme() not in LOCAL:
            info.block(True)


class _Scheme(QWebEngineUrlSchemeHandler):
    """Answers the page's requests with `files` by path, and with `blobs` at /in/NUMBER."""

    def __init__(self, files: Dict[str, str]) -> None:
        super().__init__()
        self._files = files
        self.blobs: List[bytes] = []

    def requestStarted(self, job: QWebEngineUrlRequestJob) -> None:  # noqa: N802
        path = job.requestUrl().path()
        if path in self._files:
            file = QFile(self._files[path], job)
            self._reply(job, file, KINDS.get(os.path.splitext(path)[1], OTHER_KIND))
        elif path.startswith("/in/") and path[4:].isdigit() and int(path[4:]) < len(self.blobs):
            buffer = QBuffer(job)
            buffer.setData(QByteArray(self.blobs[int(path[4:])]))
            self._reply(job, buffer, OTHER_KIND)
        else:
            job.fail(QWebEngineUrlRequestJob.Error.UrlNotFound)

    def _reply(self, job: QWebEngineUrlRequestJob, device: QIODevice, kind: bytes) -> None:
        if device.open(QIODevice.OpenModeFlag.ReadOnly):
            job.reply(QByteArray(kind), device)
        else:
            job.fail(QWebEngineUrlRequestJob.Error.RequestFailed)


class _Answers:
    """Where downloads go. `file`: the last one that is there whole, "" for none."""

    def __init__(self, loop: QEventLoop) -> None:
        self._loop = loop
        self._folder = tempfile.mkdtemp()
        self._item: Optional[QWebEngineDownloadRequest] = None
        self.file = ""

    def forget(self) -> None:
        self._item, self.file = None, ""

    def take(self, item: QWebEngineDownloadRequest) -> None:
        """Let one download come; it ends the call that waits for it."""
        self._item = item
        item.setDownloadDirectory(self._folder)
        item.setDownloadFileName("answer")
        item.isFinishedChanged.connect(self._finished)
        item.accept()

    def _finished(self) -> None:
        item = self._item
        if item is not None and item.state() == QWebEngineDownloadRequest.DownloadState.DownloadCompleted:
            self.file = os.path.join(self._folder, item.downloadFileName())
        self._loop.quit()


def _checksum(part: np.ndarray) -> int:
    """As the page computes it: exclusive or of the whole words of four bytes."""
    words = part[: part.size // 4 * 4].view("<u4")
    return int(np.bitwise_xor.reduce(words)) if words.size else 0
