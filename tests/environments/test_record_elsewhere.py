"""The recorder in the Pythons of other times, alone: the framework's own numbers, then compared with the saved file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inspector.session.session import Session

pytestmark = [pytest.mark.framework, pytest.mark.timeout(1500)]  # the first run makes the environments
FRAMEWORKS = {
    "tensorflow-1.15": "Keras 2.2.4-tf on TensorFlow 1.15.5",
    "tensorflow-2.12": "Keras 2.12.0 on TensorFlow 2.12.1",
}
NEAR = 1e-6  # `predict` may compute in another order than a call
LINKS = {
    "conv": ["image"],
    "shared": ["rows"],
    "shared@1": ["shared"],
    "lstm": ["shared@1"],
    "both/forward_gru": ["lstm"],
    "both": ["lstm"],
    "scores": ["both"],
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_recording_made_there_holds_what_the_model_gives_there(name: str, net_of: Callable[[str], Any]) -> None:
    net = net_of(name)
    with zipfile.ZipFile(net.recording) as archive:
        manifest = json.loads(archive.read("recording.json"))
    stored = np.load(net.recording, allow_pickle=False)
    assert manifest["framework"] == FRAMEWORKS[name]
    assert manifest["notes"] == []
    np.testing.assert_array_equal(stored[f"{manifest['inputs'][0]['array']:05d}"], net.truth["input"])
    outputs = {tensor["name"]: stored[f"{tensor['array']:05d}"] for tensor in manifest["outputs"]}
    np.testing.assert_allclose(outputs["scores"], net.truth["predicted"], atol=NEAR)
    layers = {layer["name"]: layer for layer in manifest["layers"]}
    for key, truth in net.truth.items():
        if key.startswith("layer_"):
            tensor = layers[key.removeprefix("layer_")]["outputs"][0]
            np.testing.assert_allclose(stored[f"{tensor['array']:05d}"], truth, atol=NEAR, err_msg=key)
    assert {layer: layers[layer]["inputs"] for layer in LINKS} == LINKS
    assert layers["bn"]["config"]["epsilon"] == 0.01
    assert not any("cell" in layer for layer in layers)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_it_is_the_same_as_the_saved_file_here(name: str, net_of: Callable[[str], Any]) -> None:
    net = net_of(name)
    with Session() as session:
        session.open("a", net.recording)
        session.open("b", net.path)
        result = session.compare()
    assert result.verdict in ("same", "within-noise")
    assert result.a.framework == f"recorded: {FRAMEWORKS[name]}"
    assert max(output.metrics.max_abs for output in result.outputs) < 1e-5
    matched = {layer.a: layer.b for layer in result.layers if layer.b is not None}
    assert matched == {layer: layer for layer in matched}
    assert {"conv", "bn", "shared", "shared@1", "lstm", "both", "scores"} <= set(matched)
