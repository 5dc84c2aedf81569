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
from inspector.formats import keras_h5

pytestmark = pytest.mark.framework


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth")
    subprocess.run([sys.executable, keras_truth.__file__, str(path)], check=True, capture_output=True)
    return path


@pytest.mark.parametrize("name", keras_truth.MODELS)
@pytest.mark.parametrize("tag", ["k2", "k3"])
def test_the_reader_says_what_keras_says(folder: Path, tag: str, name: str) -> None:
    stated = json.loads((folder / f"{tag}-{name}.json").read_text())
    opened = keras_h5.open(folder / f"{tag}-{name}.h5")
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
