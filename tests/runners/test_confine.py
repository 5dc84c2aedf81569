"""A confined process, from inside: what it may still do and what it may not."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.runners.confine import landlock_version

ATTEMPTS = """
import json, os, socket, subprocess, sys
from pathlib import Path
from inspector.runners.confine import confine_reads, confine_writes
spill, model, outside, port = sys.argv[1:]
words = confine_writes(spill)
words += ", " + confine_reads([spill, model])
attempts = {
    "read the model": lambda: Path(model).read_text(),
    "read a neighbour of the model": lambda: Path(model).with_name("neighbour.h5").read_text(),
    "list the model's folder": lambda: os.listdir(Path(model).parent),
    "read the users": lambda: Path("/etc/passwd").read_text(),
    "import a library": lambda: __import__("wave"),
    "write to the spill": lambda: Path(spill, "a", "b.npy").parent.mkdir() or Path(spill, "a", "b.npy").write_text("x"),
    "write outside": lambda: Path(outside, "x").write_text("x"),
    "overwrite the model": lambda: Path(model).write_text("x"),
    "truncate the model": lambda: os.truncate(model, 0),
    "delete the model": lambda: os.unlink(model),
    "start a program": lambda: subprocess.run(["/bin/true"]),
    "connect": lambda: socket.create_connection(("127.0.0.1", int(port)), 5),
    "signal the parent": lambda: os.kill(os.getppid(), 0),
}
done = []
for name, attempt in attempts.items():
    try:
        attempt()
    except OSError:
        continue
    done.append(name)
print(json.dumps([words, done]))
"""


@pytest.mark.skipif(landlock_version() < 6, reason="this kernel's Landlock is older than version 6, or absent")
def test_a_confined_process_reads_its_model_and_writes_its_spill(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("spill", "models", "outside")}
    for folder in folders.values():
        folder.mkdir()
    model = folders["models"] / "model.h5"
    for path in (model, model.with_name("neighbour.h5")):
        path.write_text("weights")
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = [folders["spill"], model, folders["outside"], server.getsockname()[1]]
        command = [sys.executable, "-c", ATTEMPTS, *map(str, arguments)]
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    words, done = json.loads(run.stdout)
    assert done == ["read the model", "import a library", "write to the spill"]
    assert words.startswith("Landlock ")
    assert words.endswith(
        "writes only in its spill, starts no program, no TCP, reads only its model, its spill and the libraries"
    )
    assert model.read_text() == "weights"
