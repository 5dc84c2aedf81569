"""A side's options in words: what the button and the chips say, and what a framework heeds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_options import BACKEND, PYTHONS, SIGNATURE

from inspector.domain.files import Choice, ModelFile
from inspector.domain.options import SideOptions
from inspector.gui.options.wording import chips, python_text, run_options, runs_in_text, summary

FILE = ModelFile(path="/m", format="x", title="x", size=1, runs_in="saved_model", reason="it is one")


def test_the_button_says_python_and_choices() -> None:
    assert summary(replace(FILE, choices=(SIGNATURE,)), "a", "Our Python") == "Our Python · serving_default"


def test_a_browser_needs_no_python() -> None:
    assert summary(replace(FILE, runs_in="tfjs", choices=(BACKEND,)), "a", "Our Python") == "webgl"
    assert summary(replace(FILE, runs_in="recording"), "b", "Our Python") == "Recording"


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("", "no architecture"),
        ("graph", "architecture of B"),
        ("/home/me/config.json", "config.json"),
        ("keras.applications:ResNet50", "ResNet50"),
        ("/home/me/nets.py:small", "nets.py:small"),
    ],
)
def test_an_architecture_is_named_shortly(chosen: str, said: str) -> None:
    file = replace(FILE, choices=(Choice(name="architecture", title="Architecture", chosen=chosen),))
    assert summary(file, "a", "Our Python") == f"Our Python · {said}"


def test_weights_that_stand_in_the_other_graph_say_so() -> None:
    file = replace(FILE, runs_in="", choices=(Choice(name="architecture", title="Architecture"),))
    assert summary(file, "b", "Our Python", stands_in=True) == "Our Python · architecture of A"
    assert runs_in_text(file, "b", stands_in=True) == "Runs as the graph of A with the weights of this file"
    assert runs_in_text(file, "b") == "Cannot run: it is one"


def test_interpreters_are_told_by_their_versions() -> None:
    path = "/envs/tf1/bin/python"
    assert python_text("") == "Our Python"
    assert python_text(path) == "python"
    assert python_text(path, PYTHONS[path]) == "Python 3.7.16 · TensorFlow 1.15.5"


def test_what_is_as_usual_has_no_chip() -> None:
    assert chips(SideOptions(python="/x", choices={"signature": "train"})) == ()


def test_every_option_that_is_not_as_usual_has_one() -> None:
    options = SideOptions(
        trust=True, custom="/c.py", online=True, threads=1, onednn=False, xla=True, optimise=False, float64=True,
        batch=8, training=True, seed=0, twice=True,
    )  # fmt: skip
    assert [chip.text for chip in chips(options)] == [
        "trusted", "custom layers", "network", "1 thread", "oneDNN off", "XLA", "not optimised", "float64",
        "training mode", "run twice", "8 at a time", "seed 0",
    ]  # fmt: skip
    assert [chip.text for chip in chips(SideOptions(threads=4, onednn=True))] == ["4 threads", "oneDNN on"]


def test_a_framework_heeds_what_it_has() -> None:
    heeded = {name: run_options(replace(FILE, runs_in=name)) for name in ("tflite", "tfjs", "recording", "graph")}
    assert heeded["tflite"] == ("threads", "optimise", "batch", "twice")
    assert heeded["tfjs"] == ("batch", "twice")
    assert heeded["recording"] == ()
    assert heeded["graph"] == (
        "threads", "onednn", "xla", "optimise", "float64", "batch", "training", "seed", "twice",
    )  # fmt: skip
