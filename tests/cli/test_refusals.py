"""What the command refuses, before any process is started: one line, and status 2."""

import subprocess
import sys

import pytest
from command import ROOT, environment, run


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["compare", "a.h5"],
            "BAD_USAGE: Missing argument 'B' [model-inspector compare]. See model-inspector compare --help.",
        ),
        (
            ["compare", "a", "b", "--batch", "0"],
            (
                "BAD_USAGE: Invalid value for '--batch': 0 is not in the range x>=1 [model-inspector compare]."
                " See model-inspector compare --help."
            ),
        ),
        (
            ["find", "a.h5"],
            "BAD_USAGE: give either a QUERY or --like X.npy [model-inspector find]. See model-inspector find --help.",
        ),
        (["model.h5"], "NOT_FOUND: there is no such file or command [model.h5]. See model-inspector --help."),
        (
            ["comprae", "a", "b"],
            "NOT_FOUND: there is no such file or command [comprae]. Did you mean model-inspector compare?",
        ),
        ([], "NO_DISPLAY: there is no display for a window. Try model-inspector compare."),
        (
            ["compare", "a", "b", "--json", "no/such/report.json"],
            "NO_FOLDER: there is no such folder for the report [no/such/report.json]. Make it first.",
        ),
        (["find", "a.h5", "--like", "no.npy"], "NOT_FOUND: there is no such file [no.npy]. Check the path."),
    ],
    ids=["argument", "range", "query", "file", "typo", "display", "folder", "like"],
)
def test_one_line_says_what_where_and_what_to_do(words, line, tmp_path):
    done = run(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line + "\n")


def test_three_files_are_too_many(tmp_path):
    for name in "abc":
        (tmp_path / name).touch()
    done = run("a", "b", "c", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "BAD_USAGE: two files at most, 3 were given [model-inspector]. See model-inspector --help.\n"
    )


def test_help_lists_the_commands_and_hides_the_window():
    done = run("--help")
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.split("Commands:")[1].splitlines() if line]
    assert listed == ["compare", "convert", "demo", "find", "map", "tree"]


def test_the_command_brings_no_framework_no_window_and_no_hdf5():
    script = (
        "import sys, inspector.cli;"
        "print([m for m in ('tensorflow', 'keras', 'PySide6', 'h5py', 'numpy', 'rich', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment(), cwd=ROOT, check=True
    )
    assert done.stdout == "[]\n"
