"""The reader process from outside: typed answers, files that change under it, limits, its end."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Found
from inspector.workers import reader_client
from inspector.workers.reader_client import Reader

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "formats"))
from graph_bytes import constant, dtype, node, part, saved

VALUES = np.random.default_rng(0).normal(size=(40, 25)).astype(np.float32)


@pytest.fixture
def reader() -> Iterator[Reader]:
    process = Reader("reader under test")
    yield process
    process.kill()


@pytest.fixture
def graph(tmp_path: Path) -> str:
    return saved(tmp_path, node("x", "Placeholder", rest=dtype()), constant("w", (40, 25), part(4, VALUES.tobytes())),
                 node("scope/y", "MatMul", "x", "w", rest=dtype()))  # fmt: skip


@pytest.fixture
def hdf5(tmp_path: Path) -> str:
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file["group/kernel"] = VALUES
    return str(tmp_path / "model.h5")


def test_a_graph_from_outside(reader: Reader, graph: str) -> None:
    file = reader.open(graph)
    assert (file.format, file.runs_in, file.size) == ("graphdef", "graph", Path(graph).stat().st_size)
    sections = {entry.name: entry for entry in reader.children("", 0, 10)}
    assert list(sections) == ["Inputs", "Outputs", "Graph"]
    assert [entry.name for entry in reader.children(sections["Graph"].id, 0, 10)] == ["x", "w", "scope"]
    assert [entry.name for entry in reader.children(sections["Graph"].id, 1, 2)] == ["w"]
    [hit] = reader.search("matmul", 5)
    assert isinstance(hit, Found)
    assert (hit.entry.tensor, hit.ancestors) == ("scope/y:0", ("section:Graph", "scope:scope"))
    assert ("Input 1", "w:0") in reader.details(hit.entry.id).rows
    assert [layer.name for layer in reader.computation().layers] == ["x", "scope/y"]


def test_values_summary_and_fingerprint(reader: Reader, graph: str) -> None:
    reader.open(graph)
    np.testing.assert_array_equal(reader.values("w"), VALUES.ravel())
    np.testing.assert_array_equal(reader.values("w", 7, 12), VALUES.ravel()[7:12])
    found = reader.summary("w")
    assert (found.shape, found.count) == ((40, 25), 1000)
    assert found.mean == pytest.approx(VALUES.astype(np.float64).mean(), rel=1e-12)
    assert [item.id for item in reader.fingerprints(["w"])] == ["w"]


def test_an_hdf5_file_gives_the_same_numbers_as_a_graph(reader: Reader, graph: str, hdf5: str) -> None:
    reader.open(graph)
    [of_graph] = reader.fingerprints(["w"])
    reader.open(hdf5)
    [of_hdf5] = reader.fingerprints(["/group/kernel"])
    assert (of_graph.exact, of_graph.sorted) == (of_hdf5.exact, of_hdf5.sorted)
    np.testing.assert_array_equal(reader.values("/group/kernel", 990), VALUES.ravel()[990:])


@pytest.mark.parametrize(("start", "stop"), [(0, None), (3, None), (3, 450), (0, 100), (990, 5000), (1000, None)])
def test_a_long_array_comes_in_parts(
    reader: Reader, graph: str, monkeypatch: pytest.MonkeyPatch, start: int, stop: int | None
) -> None:
    monkeypatch.setattr(reader_client, "PART", 100)
    reader.open(graph)
    np.testing.assert_array_equal(reader.values("w", start, stop), VALUES.ravel()[start:stop])


def test_the_digest_is_that_of_the_file(reader: Reader, graph: str) -> None:
    reader.open(graph)
    assert reader.sha256() == hashlib.sha256(Path(graph).read_bytes()).hexdigest()


def test_errors_keep_their_codes(reader: Reader, graph: str, tmp_path: Path) -> None:
    with pytest.raises(InspectorError, match="NO_FILE"):
        reader.children("", 0, 1)
    with pytest.raises(InspectorError, match="NOT_FOUND"):
        reader.open(str(tmp_path / "none.pb"))
    reader.open(graph)
    with pytest.raises(InspectorError, match="NO_SUCH_VALUE"):
        reader.values("nothing")
    with pytest.raises(InspectorError, match="NO_SUCH_ENTRY"):
        reader.details("node:nothing")
    assert reader.alive


def test_a_file_that_cannot_be_opened_leaves_the_one_before_open(reader: Reader, graph: str, tmp_path: Path) -> None:
    reader.open(graph)
    (tmp_path / "bad.pb").write_bytes(b"<html>")
    with pytest.raises(InspectorError, match="NOT_A_MODEL"):
        reader.open(str(tmp_path / "bad.pb"))
    assert reader.children("", 0, 1)


def test_a_file_that_is_cut_short_while_it_is_open(reader: Reader, graph: str) -> None:
    reader.open(graph)
    os.truncate(graph, 10)
    with pytest.raises(InspectorError, match="SOURCE_CHANGED"):
        reader.values("w")


def test_sigbus_is_said_as_what_it_is(reader: Reader, graph: str) -> None:
    reader.open(graph)
    os.kill(reader.pid, signal.SIGBUS)
    with pytest.raises(InspectorError, match="SOURCE_CHANGED"):
        reader.children("", 0, 1)


def test_a_file_that_is_deleted_can_be_read_to_the_end(reader: Reader, graph: str) -> None:
    reader.open(graph)
    Path(graph).unlink()
    np.testing.assert_array_equal(reader.values("w"), VALUES.ravel())
    with pytest.raises(InspectorError, match="SOURCE_GONE"):
        reader.sha256()


def test_a_file_that_is_replaced_is_not_mistaken_for_the_open_one(reader: Reader, graph: str) -> None:
    reader.open(graph)
    other = Path(graph).with_name("other.pb")
    other.write_bytes(b"something else")
    other.rename(graph)
    np.testing.assert_array_equal(reader.values("w"), VALUES.ravel())
    with pytest.raises(InspectorError, match="SOURCE_CHANGED"):
        reader.sha256()


def test_a_reader_that_does_not_answer_is_killed(reader: Reader, graph: str) -> None:
    os.kill(reader.pid, signal.SIGSTOP)
    with pytest.raises(InspectorError, match=r"TIMEOUT: the reader did not finish `open` within 0\.1 s"):
        reader.open(graph, limit=0.1)
    assert not reader.alive


def test_a_killed_reader_says_so(reader: Reader, graph: str) -> None:
    reader.open(graph)
    os.kill(reader.pid, signal.SIGKILL)
    with pytest.raises(InspectorError, match=r"WORKER_KILLED: the reader under test ended \(SIGKILL\)"):
        reader.children("", 0, 1)


def test_after_kill_requests_are_cancelled(reader: Reader) -> None:
    reader.kill()
    with pytest.raises(Cancelled):
        reader.children("", 0, 1)


def test_the_client_brings_no_format_into_the_app() -> None:
    code = (
        "import sys, inspector.workers.reader_client; print([n for n in sys.modules if 'formats' in n or n == 'h5py'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
