"""Nets with the channels first, also where the kernels take them last only, as TensorFlow's own do on a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import nets
import numpy as np
import pytest
import tf_keras

from inspector.runners import channels_first
from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.options import Options

pytestmark = pytest.mark.framework
KERAS = {"tf_keras": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}


def flat(module: Any, layout: str) -> Any:
    """Every kind of layer that computes over places, in two dimensions."""
    layers, first = module.layers, layout == "channels_first"
    more = {"data_format": layout}
    x = inputs = module.Input((3, 12, 12) if first else (12, 12, 3), name="x")
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="conv", **more)(x)
    x = layers.BatchNormalization(axis=1 if first else -1, name="bn")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise", **more)(x)
    x = layers.MaxPooling2D(2, padding="same", name="max", **more)(x)
    x = layers.SeparableConv2D(5, 3, padding="same", name="separable", **more)(x)
    x = layers.AveragePooling2D(2, 1, padding="same", name="mean", **more)(x)
    x = layers.Conv2DTranspose(3, 3, strides=2, name="wider", **more)(x)
    return module.Model(inputs, layers.GlobalAveragePooling2D(name="pooled", **more)(x), name=f"flat_{layout}")


TAKEN_HERE = channels_first.takes_channels_first()


def deep(module: Any, layout: str) -> Any:
    """In three dimensions, and in the body of a loop."""
    layers, first = module.layers, layout == "channels_first"
    more = {"data_format": layout}
    x = inputs = module.Input((2, 6, 8, 8) if first else (6, 8, 8, 2), name="x")
    x = layers.Conv3D(4, 3, dilation_rate=1, name="conv", **more)(x)
    x = layers.MaxPooling3D((1, 2, 2), name="max", **more)(x)
    x = layers.AveragePooling3D((1, 2, 1), 1, name="mean", **more)(x)
    x = layers.Permute((2, 1, 3, 4) if first else (1, 2, 3, 4), name="steps")(x)
    x = layers.ConvLSTM2D(3, 2, padding="same", name="memory", **more)(x)
    return module.Model(inputs, layers.GlobalAveragePooling2D(name="pooled", **more)(x), name=f"deep_{layout}")


@pytest.mark.parametrize("net", [flat, deep])
@pytest.mark.parametrize("framework", KERAS)
def test_the_layout_changes_no_number(
    framework: str, net: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same weights with the channels last, which all kernels take, say what is right."""
    module, adapter_class = KERAS[framework]
    first, last = net(module, "channels_first"), nets.shaken(net(module, "channels_last"))
    first.set_weights(last.get_weights())
    x = np.random.default_rng(1).normal(size=(2, *last.inputs[0].shape[1:])).astype(np.float32)
    moved = np.moveaxis(x, -1, 1)
    truth = np.asarray(last(x))
    path = str(nets.saved(first, tmp_path))
    # whether the kernels take it depends on the processor, so only what is so here can be run as it is
    for kernels_take_it in sorted({TAKEN_HERE, False}):
        monkeypatch.setattr(channels_first, "takes_channels_first", lambda taken=kernels_take_it: taken)
        adapter = adapter_class(path, Options())
        plain, tapped = adapter.run({"x": moved}), adapter.run({"x": moved}, taps=["conv"])
        for found in (plain["outputs"]["pooled"], tapped["outputs"]["pooled"]):
            np.testing.assert_allclose(found, truth, atol=1e-5)
        assert tapped["taps"]["conv"].shape[1] == 4
        layouts = {node.attr["data_format"].s[:2] for node in adapter.engine.graph_def.node if "Conv" in node.op}
        assert (b"NC" in layouts) <= kernels_take_it


def test_the_kernels_here_are_asked() -> None:
    assert channels_first.takes_channels_first() in (True, False)
