"""The real command on the demo pair: its numbers, its exit statuses, its files."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
from command import COMMAND, environment, run, start

pytestmark = pytest.mark.framework


@pytest.fixture(scope="module")
def faulty(demo, tmp_path_factory):
    """`compare` on the faulty pair, run once: what it printed, and its report."""
    folder = tmp_path_factory.mktemp("faulty")
    done = run(
        "compare",
        demo.h5,
        demo.faulty,
        "--input",
        demo.images[4],
        "--json",
        folder / "report.json",
        "--html",
        folder / "report.html",
    )
    return done, json.loads((folder / "report.json").read_text()), (folder / "report.html").read_text()


def test_the_faulty_pair_is_different_and_the_batch_norm_is_named(faulty):
    done, report, _ = faulty
    assert (done.returncode, done.stderr) == (1, "")
    first, *_ = done.stdout.splitlines()
    assert first.startswith(
        "≠ B differs from `bn2` on: `bn2` uses epsilon 0.001 in A and 0.01 in B; this layer alone introduces "
    )
    assert report["verdict"] == "different"
    assert [layer["a"] for layer in report["layers"] if layer["status"] == "different"] == ["bn2"]
    assert report["sentence"] == first.removeprefix("≠ ")


def test_the_page_tells_the_same(faulty):
    _, report, page = faulty
    assert report["a"]["sha256"] in page
    assert page.count('class="layer different culprit"') == 1


def test_the_faithful_pair_is_the_same_within_noise(demo):
    done = run("compare", demo.h5, demo.pb, "--input", "random:0", "--high", 255, "--batch", 4, "--json", "-")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["verdict"] in ("same", "within-noise")
    assert not [layer for layer in report["layers"] if layer["status"] == "different"]
    assert report["inputs"][0]["shape"] == [4, 8, 8, 1]


def test_the_map_matches_every_layer_with_weights(demo):
    done = run("map", demo.h5, demo.pb, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    matches = {match["a"]: match for match in json.loads(done.stdout)["matches"]}
    for name in ("conv1", "bn1", "depthwise2", "bn2", "conv3", "bn3", "scores"):
        assert matches[name]["tensor_b"], name


def test_the_tree_and_its_json(demo):
    text = run("tree", demo.h5).stdout
    assert "depthwise2  DepthwiseConv2D" in text
    nodes = json.loads(run("tree", demo.pb, "--json").stdout)
    assert nodes["children"]


def test_find_by_op_and_by_nothing(demo):
    assert "Relu" in run("find", demo.pb, "relu").stdout
    nothing = run("find", demo.pb, "zzzzqqqq", "--limit", 3)
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (1, "", "nothing was found\n")


def test_find_by_value(demo, tmp_path):
    """The first layer divides by 255: numpy's own quotient is found at its tensor, and first."""
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1)).astype(np.float32)
    given = tmp_path / "given.npy"
    np.save(given, image)
    found = run("find", demo.pb, "--like", _array(tmp_path, image / 255), "--input", given)
    assert (found.returncode, found.stderr) == (0, "")
    first = found.stdout.splitlines()[1].split()
    assert first[0].startswith("digits/scale/")
    assert first[2] == "1x8x8x1"


def test_the_demo_without_a_display_writes_its_files(tmp_path):
    done = run("demo", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    sentence, *paths = done.stdout.splitlines()
    assert "bn2" in sentence
    assert paths == [f"out{os.sep}{name}" for name in ("report.html", "report.json", "window.png")]
    assert (tmp_path / "out" / "window.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "out" / "report.json").read_text())["sentence"] == sentence


@pytest.mark.parametrize(
    "content", [b"", b"# a text\n", b"\x89HDF\r\n\x1a\n" + bytes(100)], ids=["empty", "text", "cut"]
)
def test_a_file_that_is_no_model_is_one_line(demo, tmp_path, content):
    bad = tmp_path / "bad.pb"
    bad.write_bytes(content)
    done = run("compare", demo.h5, bad)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(bad) in done.stderr


def test_a_wrong_input_shape_is_one_line(demo, tmp_path):
    done = run("compare", demo.h5, demo.pb, "--input", _array(tmp_path, np.zeros((1, 9, 9, 7), np.float32)))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("WRONG_SHAPE: ")
    assert len(done.stderr.splitlines()) == 1


def test_ctrl_c_ends_every_child(demo):
    job = start("compare", demo.h5, demo.pb)
    _wait_for_children(job.pid, 3)
    os.killpg(job.pid, signal.SIGINT)
    out, err = job.communicate(timeout=30)
    assert (job.returncode, out, err.strip()) == (130, "", "")
    assert _group(job.pid) == []


def test_a_reader_that_has_gone_is_no_error(demo):
    command = subprocess.Popen(
        [*COMMAND, "tree", str(demo.pb), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert command.stdout is not None
    command.stdout.close()
    assert (command.wait(timeout=60), command.stderr.read()) == (141, b"")
    command.stderr.close()


def _array(folder, array):
    np.save(folder / "x.npy", array)
    return folder / "x.npy"


def _wait_for_children(group, count):
    deadline = time.monotonic() + 60
    while len(_group(group)) <= count and time.monotonic() < deadline:
        time.sleep(0.05)


def _group(group):
    """Living processes of a process group, as Linux tells them."""
    listed = subprocess.run(["ps", "-o", "stat=", "-g", str(group)], capture_output=True, text=True, check=False)
    return [line for line in listed.stdout.split() if not line.startswith("Z")]
