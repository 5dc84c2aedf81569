"""The reader against both Kerases: the same layers, weights bit for bit, shapes, inputs and outputs."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import keras_truth
import pytest

from inspector.domain.computation import Layer
from inspector.formats import open_file

pytestmark = pytest.mark.framework


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth")
    subprocess.run([sys.executable, keras_truth.__file__, str(path)], check=True, capture_output=True)
    return path


# how a model was saved: the file's ending, and the ending of the file whose architecture is named for it
SAVED = {"h5": "", "keras": "", "weights.h5": "h5"}


@pytest.mark.parametrize("saved", SAVED)
@pytest.mark.parametrize("name", keras_truth.MODELS)
@pytest.mark.parametrize("tag", ["k2", "k3"])
def test_the_reader_says_what_keras_says(folder: Path, tag: str, name: str, saved: str) -> None:
    stated = json.loads((folder / f"{tag}-{name}.json").read_text())
    choices = {"architecture": str(folder / f"{tag}-{name}.{SAVED[saved]}")} if SAVED[saved] else {}
    opened = open_file(str(folder / f"{tag}-{name}.{saved}"), choices)
    found = opened.computation()
    calls: dict[str, list[Layer]] = {}
    for layer in found.layers:
        calls.setdefault("/".join(part.partition("@")[0] for part in layer.name.split("/")), []).append(layer)
    for path, known in stated["layers"].items():
        if known["class"] == "InputLayer":
            continue
        for layer in calls[path]:
            digests = [hashlib.sha256(opened.values(weight.id).tobytes()).hexdigest() for weight in layer.weights]
            assert (path, layer.class_name, digests) == (path, known["class"], known["weights"])
        if known["shapes"]:
            assert [list(layer.shape or ()) for layer in calls[path]] == known["shapes"]
    assert [port.name for port in found.inputs] == stated["inputs"]
    assert [list(port.shape or ()) for port in found.outputs] == stated["output_shapes"]
    assert opened.file.runs_in == {"k2": "tf_keras", "k3": "keras3"}[tag]
    opened.close()


@pytest.mark.parametrize("tag", ["k2", "k3"])
def test_weights_without_an_architecture_are_all_there(folder: Path, tag: str) -> None:
    """Every array of the model, each in a layer of a kind that its class has."""
    for name in keras_truth.MODELS:
        stated = json.loads((folder / f"{tag}-{name}.json").read_text())
        opened = open_file(str(folder / f"{tag}-{name}.weights.h5"))
        layers = opened.computation().layers
        digests = sorted(
            hashlib.sha256(opened.values(weight.id).tobytes()).hexdigest()
            for layer in layers
            for weight in layer.weights
        )
        assert digests == sorted(digest for known in stated["layers"].values() for digest in known["weights"])
        assert {layer.class_name for layer in layers} == {
            known["class"] for known in stated["layers"].values() if known["weights"]
        }
        assert (opened.file.runs_in, [choice.name for choice in opened.file.choices]) == ("", ["architecture"])
        opened.close()
