"""The page without a network: bytes go in and out whole, errors are told, nothing else is reached."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6.QtWebEngineCore", exc_type=ImportError)

RUNNERS = Path(__file__).resolve().parents[2] / "inspector"
# The engine runs in a process of its own, as in the program; its last line is what the calls gave.
PROGRAM = """
import json, os, sys
sys.path.insert(0, {folder!r})
from runners.browser_page import BrowserPage
from runners.server import RequestError
found = []
try:
    page = BrowserPage({files!r}, "/page.html")
    for method, args, blobs in {calls!r}:
        try:
            answer = page.call(method, args, blobs)
            found.append([answer.result, {{number: array.tolist() for number, array in answer.blobs.items()}}])
        except RequestError as error:
            found.append(error.fields)
except RequestError as error:
    found.append(error.fields)
print(json.dumps(found), flush=True)
os._exit(0)
"""
SENDING = """
async function inspect(method, args) {
  const sum = (bytes) => {
    let all = 0;
    new Uint32Array(bytes.buffer, 0, bytes.length >> 2).forEach((word) => { all ^= word; });
    return all >>> 0;
  };
  const say = (answer, ...arrays) => {
    const parts = arrays.map((array) => [array.length, (sum(array) ^ (args.spoil || 0)) >>> 0]);
    const text = new TextEncoder().encode(JSON.stringify({ ...answer, parts }));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([new Uint32Array([text.length, sum(text)]), text, ...arrays]));
    link.download = "answer";
    link.click();
  };
  METHODS
}
"""
ECHO = """
  const bytes = new Uint8Array(await (await fetch("/in/0")).arrayBuffer());
  if (method === "throw") { console.warn("a word before"); return say({ error: "it threw" }); }
  return say({ result: bytes.length }, new Uint8Array([7]), bytes);
"""
REACHING = """
  const tries = [
    fetch(args.url), fetch(args.url, { mode: "no-cors" }),
    new Promise((done, fail) => Object.assign(new Image(), { onload: done, onerror: fail, src: args.url })),
    new Promise((done, fail) => { const s = new WebSocket(args.socket); s.onopen = done; s.onerror = fail; }),
    fetch("file:///etc/hostname"), fetch("/../../etc/hostname").then((a) => { if (!a.ok) throw a; }),
  ];
  const ends = await Promise.allSettled(tries.map((one) => Promise.resolve(one)));
  return say({ result: ends.map((end) => end.status) });
"""


def calls(folder: Path, methods: str, wanted: list[tuple[str, dict[str, Any], list[bytes]]]) -> list[Any]:
    (folder / "page.html").write_text("<!doctype html><script src='/page.js'></script>")
    (folder / "page.js").write_text(SENDING.replace("METHODS", methods))
    files = {f"/{name}": str(folder / name) for name in ("page.html", "page.js")}
    code = PROGRAM.format(folder=str(RUNNERS), files=files, calls=wanted)
    done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, timeout=120, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_bytes_of_any_length_come_back(tmp_path: Path) -> None:
    sent = [bytes(range(256)) * times + bytes(rest) for times, rest in ((0, 0), (0, 1), (0, 7), (300, 3), (4000, 1))]
    found = calls(tmp_path, ECHO, [("echo", {}, [data]) for data in sent])
    assert [result for result, _ in found] == [len(data) for data in sent]
    assert [bytes(blobs["1"]) for _, blobs in found] == sent


def test_a_quick_run_of_calls_loses_no_answer(tmp_path: Path) -> None:
    """Blink drops downloads beyond the tenth in a second, and says nothing."""
    found = calls(tmp_path, ECHO, [("echo", {}, [bytes(number)]) for number in range(40)])
    assert [result for result, _ in found] == list(range(40))


def test_what_a_page_throws_and_what_comes_damaged(tmp_path: Path) -> None:
    thrown, damaged = calls(tmp_path, ECHO, [("throw", {}, [b""]), ("echo", {"spoil": 1}, [b"abcd"])])
    assert (thrown["code"], thrown["what"]) == ("PAGE_ERROR", "it threw")
    assert thrown["todo"] == "a word before"
    assert damaged["code"] == "BROWSER_FAILED"
    assert "came damaged" in damaged["what"]


def test_a_page_that_is_not_there_is_said(tmp_path: Path) -> None:
    code = PROGRAM.format(folder=str(RUNNERS), files={}, calls=[])
    done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, timeout=120, check=True)
    (said,) = json.loads(done.stdout.splitlines()[-1])
    assert (said["code"], said["what"]) == ("BROWSER_FAILED", "the page does not load")


def test_nothing_is_reached_but_the_page_itself(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        args = {"url": f"http://127.0.0.1:{port}/x.js", "socket": f"ws://127.0.0.1:{port}/"}
        ((ends, _),) = calls(tmp_path, REACHING, [("reach", args, [])])
        assert ends == ["rejected"] * 6
        with pytest.raises(TimeoutError):
            server.accept()
