"""Real files of Keras 1.2 to 2.15: counts, roles and limits that are known from the frameworks themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from inspector.domain.errors import InspectorError
from inspector.formats import keras_h5


@pytest.fixture
def opened(shared_models: Path, request: pytest.FixtureRequest) -> Iterator[keras_h5.OpenedKeras]:
    found = keras_h5.open(shared_models / request.param)
    yield found
    found.close()


def weights(opened: keras_h5.OpenedKeras) -> int:
    return sum(len(layer.weights) for layer in opened.computation().layers)


@pytest.mark.parametrize(
    ("opened", "count", "parameters"),  # as tf_keras counts them
    [
        ("pairs/emotion-mini/_mini_XCEPTION.102-0.66.hdf5", 80, 58423),
        ("pairs/emotion-simple/_simple_CNN.00-0.32.hdf5", 56, 69055),
        ("pairs/tiny-resnet/pretrainedResnet.h5", 48, 78666),
        ("pairs/lenet5/modelLeNet5_small.h5", 10, 280993),
        ("singles/h5/keras_model.h5", 263, 538508),
    ],
    indirect=["opened"],
)
def test_every_weight_finds_its_layer(opened: keras_h5.OpenedKeras, count: int, parameters: int) -> None:
    found = opened.computation()
    assert weights(opened) == count
    assert sum(int(np.prod(w.shape)) for layer in found.layers for w in layer.weights) == parameters
    assert dict(opened.file.facts)["Parameters"] == f"{parameters:,}"
    assert all(layer.shape is not None for layer in found.layers)
    before: set[str] = set()
    for layer in found.layers:
        assert before.issuperset(layer.inputs)
        before.update(layer.outputs)


@pytest.mark.parametrize("opened", ["pairs/dga-lstm/model.h5"], indirect=True)
def test_ids_have_their_limit(opened: keras_h5.OpenedKeras) -> None:
    port = opened.computation().inputs[0]
    assert (port.name, port.shape, port.limit) == ("input_1", (None, 64), 40)


@pytest.mark.parametrize("opened", ["singles/h5/keras_model.h5"], indirect=True)
def test_models_three_deep_are_inlined(opened: keras_h5.OpenedKeras) -> None:
    found = opened.computation()
    kinds = Counter(layer.kind for layer in found.layers)
    assert (kinds["batch_norm"], kinds["depthwise_conv2d"], kinds["input"]) == (52, 17, 1)
    assert found.layers[2].name == "sequential_1/model1/Conv1"
    assert all(len(layer.weights) == 4 for layer in found.layers if layer.kind == "batch_norm")
    assert found.outputs[0].tensor == "sequential_3/dense_Dense2"
    assert found.layers[-1].aliases == ("sequential_3",)


@pytest.mark.parametrize("opened", ["recorded/simple_lstm_th_keras_1_model.h5"], indirect=True)
def test_an_lstm_of_keras_1_has_twelve_arrays(opened: keras_h5.OpenedKeras) -> None:
    memory = opened.computation().layers[1]
    assert (memory.kind, memory.settings["units"], memory.settings["recurrent_activation"]) == (
        "lstm",
        50,
        "hard_sigmoid",
    )
    roles = {f"{role}_{gate}" for role in ("kernel", "recurrent_kernel", "bias") for gate in "icfo"}
    assert {weight.role for weight in memory.weights} == roles


@pytest.mark.parametrize("opened", ["singles/h5/dl4j/examples__model_lambda.h5"], indirect=True)
def test_program_code_is_announced(opened: keras_h5.OpenedKeras) -> None:
    assert [(w.code, w.text) for w in opened.file.warnings] == [
        ("CONTAINS_CODE", "Lambda layers carry program code: lambda_3, lambda_4")
    ]


@pytest.mark.parametrize("opened", ["singles/h5/dl4j/weights__lstm_theano_2.h5"], indirect=True)
def test_another_backend_is_said(opened: keras_h5.OpenedKeras) -> None:
    assert [w.code for w in opened.file.warnings] == ["OTHER_BACKEND"]
    assert dict(opened.file.facts)["Backend"] == "theano"


def test_weights_alone_are_layers_to_compare(shared_models: Path) -> None:
    """`model.pb` is an HDF5 file with the whole model, `weights.h5` has its weights alone."""
    whole, alone = (keras_h5.open(shared_models / "pairs/misnamed" / name) for name in ("model.pb", "weights.h5"))
    found = alone.computation().layers
    assert [(layer.name, layer.kind) for layer in found] == [("lstm_8", "lstm"), ("dense_9", "dense")]
    in_model = {layer.name: layer for layer in whole.computation().layers}
    for layer in found:
        other = in_model[layer.name]
        assert (other.kind, [w.role for w in other.weights]) == (layer.kind, [w.role for w in layer.weights])
        for mine, theirs in zip(layer.weights, other.weights, strict=True):
            assert np.array_equal(alone.values(mine.id), whole.values(theirs.id))
    whole.close()
    alone.close()


def test_every_real_file_opens_and_can_be_sent(shared_models: Path) -> None:
    paths = [path for path in sorted(shared_models.rglob("*")) if path.suffix in (".h5", ".hdf5")]
    assert len(paths) > 70
    for path in paths:
        opened = keras_h5.open(path)
        rows = list(opened.entries())
        assert len({entry.id for entry, _ in rows}) == len(rows)
        if dict(opened.file.facts)["Keras version"] != "not said":  # recorded activations have none
            msgspec.msgpack.encode(msgspec.to_builtins(opened.computation()))
        for entry, above in rows:
            msgspec.msgpack.encode(msgspec.to_builtins(opened.details(entry.id)))
            assert above[0].startswith("section:")
            if entry.value_id:
                assert opened.value_shape(entry.value_id) == (entry.shape, entry.dtype)
        opened.close()


def test_keras_1_does_not_say_its_backend(shared_models: Path) -> None:
    path = shared_models / "singles/h5/dl4j/weights__conv2d_theano_1.h5"
    opened = keras_h5.open(path)
    (choice,) = opened.file.choices
    assert (choice.name, choice.values, choice.chosen, choice.at_open) == (
        "kernels",
        ("stored", "turned"),
        "stored",
        False,
    )
    assert "choose kernels=turned" in next(w.text for w in opened.file.warnings if w.code == "KERAS_1")
    opened.close()
    with pytest.raises(InspectorError, match="kernels cannot be flipped"):
        keras_h5.open(path, {"kernels": "flipped"})
    opened = keras_h5.open(shared_models / "singles/h5/dl4j/weights__dense_theano_1.h5")
    assert opened.file.choices == ()
    opened.close()
