"""Keras configs of three ages laid out as one computation, worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from keras_files import functional, input_layer, layer, node, ramp, sequential, write_keras

from inspector.domain.computation import Computation, Layer
from inspector.domain.errors import InspectorError
from inspector.formats import keras_h5


def computed(path: Path) -> Computation:
    opened = keras_h5.open(path)
    try:
        return opened.computation()
    finally:
        opened.close()


def names(computation: Computation) -> list[str]:
    return [found.name for found in computation.layers]


def by_name(computation: Computation, name: str) -> Layer:
    return next(found for found in computation.layers if found.name == name)


KERAS_1 = {
    "class_name": "Sequential",
    "config": [
        {
            "class_name": "Convolution2D",
            "config": {
                "name": "convolution2d_1",
                "batch_input_shape": [None, 5, 6, 3],
                "input_dtype": "float32",
                "nb_filter": 4,
                "nb_row": 3,
                "nb_col": 2,
                "border_mode": "valid",
                "subsample": [1, 2],
                "dim_ordering": "tf",
                "activation": "relu",
                "bias": True,
            },
        },
        {"class_name": "Flatten", "config": {"name": "flatten_1"}},
        {"class_name": "Dropout", "config": {"name": "dropout_1", "p": 0.25}},
        {"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 7, "activation": "softmax", "bias": True}},
    ],
}


def test_keras_1_speaks_in_the_words_of_keras_2(tmp_path: Path) -> None:
    arrays = {
        "convolution2d_1": [("convolution2d_1_W", ramp(3, 2, 3, 4)), ("convolution2d_1_b", ramp(4))],
        "flatten_1": [],
        "dropout_1": [],
        "dense_1": [("dense_1_W", ramp(36, 7)), ("dense_1_b", ramp(7))],
    }
    opened = keras_h5.open(write_keras(tmp_path / "a.h5", KERAS_1, arrays, "1.2.2", None))
    found = opened.computation()
    assert names(found) == ["convolution2d_1_input", "convolution2d_1", "flatten_1", "dropout_1", "dense_1"]
    conv = found.layers[1]
    assert (conv.kind, conv.class_name) == ("conv2d", "Conv2D")
    assert {**conv.settings} == {
        "filters": 4,
        "kernel_size": (3, 2),
        "padding": "valid",
        "strides": (1, 2),
        "data_format": "channels_last",
        "activation": "relu",
        "use_bias": True,
    }
    assert [layer.shape for layer in found.layers] == [
        (None, 5, 6, 3),
        (None, 3, 3, 4),
        (None, 36),
        (None, 36),
        (None, 7),
    ]
    assert [weight.role for weight in conv.weights] == ["kernel", "bias"]
    assert conv.weights[0].id == "/model_weights/convolution2d_1/convolution2d_1_W"
    assert found.layers[3].settings["rate"] == 0.25
    assert found.layers[4].settings["units"] == 7
    assert opened.file.runs_in == "tf_keras"
    assert "KERAS_1" in [warn.code for warn in opened.file.warnings]
    opened.close()


def test_a_shared_layer_is_called_twice(tmp_path: Path) -> None:
    model = functional(
        [
            node(input_layer("x", 4)),
            node(layer("Dense", "d", units=4), [["x", 0, 0]], [["a", 0, 0]]),
            node(layer("Activation", "a", activation="relu"), [["d", 0, 0]]),
            node(layer("Add", "sum"), [["d", 1, 0], ["x", 0, 0]]),
        ],
        [["x", 0, 0]],
        [["sum", 0, 0], ["d", 0, 0]],
    )
    found = computed(write_keras(tmp_path / "a.h5", model, {"d": [("d/kernel:0", ramp(4, 4)), ("d/bias:0", ramp(4))]}))
    assert names(found) == ["x", "d", "a", "d@1", "sum"]
    assert by_name(found, "d@1").inputs == ("a",)
    assert by_name(found, "d@1").weights == by_name(found, "d").weights
    assert by_name(found, "sum").inputs == ("d@1", "x")
    assert [port.tensor for port in found.outputs] == ["sum", "d"]


def inner() -> dict:
    """Two outputs; its Dense is called `twin`, as a layer outside is."""
    return functional(
        [
            node(input_layer("in", 3)),
            node(layer("Dense", "twin", units=2), [["in", 0, 0]]),
            node(layer("Activation", "act", activation="tanh"), [["twin", 0, 0]]),
        ],
        [["in", 0, 0]],
        [["act", 0, 0], ["twin", 0, 0]],
        name="body",
    )


@pytest.mark.parametrize("first", [0, 1])
def test_a_nested_model_is_inlined_at_each_call(tmp_path: Path, first: int) -> None:
    """Keras 2 counts a nested model's calls from 1 when the model was made with inputs, else from 0."""
    body = {**node(inner(), [["p", 0, 0]], [["q", 0, 0]]), "name": "body"}
    model = functional(
        [
            node(input_layer("p", 3)),
            node(input_layer("q", 3)),
            body,
            node(layer("Concatenate", "both", axis=-1), [["body", first, 0], ["body", first + 1, 1]]),
            node(layer("Dense", "twin", units=1, use_bias=False), [["both", 0, 0]]),
        ],
        [["q", 0, 0], ["p", 0, 0]],
        [["twin", 0, 0]],
    )
    arrays = {
        "body": [("twin/kernel:0", ramp(3, 2)), ("twin/bias:0", ramp(2))],
        "twin": [("twin/kernel:0", ramp(4, 1))],
    }
    found = computed(write_keras(tmp_path / "a.h5", model, arrays))
    assert names(found) == ["p", "q", "body/twin", "body/act", "body@1/twin", "body@1/act", "both", "twin"]
    assert by_name(found, "body@1/twin").inputs == ("q",)
    assert by_name(found, "both").inputs == ("body/act", "body@1/twin")
    assert by_name(found, "body/act").aliases == ("body",)
    assert by_name(found, "body@1/twin").aliases == ("body@1:1",)
    assert [weight.id for weight in by_name(found, "body@1/twin").weights] == [
        "/model_weights/body/twin/kernel:0",
        "/model_weights/body/twin/bias:0",
    ]
    assert [weight.id for weight in by_name(found, "twin").weights] == ["/model_weights/twin/twin/kernel:0"]
    assert [port.name for port in found.inputs] == ["q", "p"]
    assert by_name(found, "twin").shape == (None, 1)


def keras_tensor(name: str, call: int, output: int, *shape: int | None, dtype: str = "float32") -> dict:
    config = {"shape": list(shape), "dtype": dtype, "keras_history": [name, call, output]}
    return {"class_name": "__keras_tensor__", "config": config}


def modern(stated: dict, *calls: dict) -> dict:
    return {**stated, "name": stated["config"]["name"], "inbound_nodes": list(calls)}


def test_keras_3_counts_calls_from_0_inside_and_from_1_at_the_end(tmp_path: Path) -> None:
    body = {
        **inner(),
        "name": "body",
        "inbound_nodes": [
            {"args": [keras_tensor("p", 0, 0, None, 3)], "kwargs": {"mask": None}},
            {"args": [keras_tensor("q", 0, 0, None, 3)], "kwargs": {}},
        ],
    }
    model = functional(
        [
            modern(layer("InputLayer", "p", batch_shape=[None, 3], dtype="float32")),
            modern(layer("InputLayer", "q", batch_shape=[None, 3], dtype="float32")),
            body,
            modern(layer("Multiply", "times"), {"args": [keras_tensor("body", 0, 0, None, 2), 3.0], "kwargs": {}}),
            modern(
                layer(
                    "Add",
                    "sum",
                    trainable=True,
                    dtype={"class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}},
                ),
                {"args": [[keras_tensor("times", 0, 0, None, 2), keras_tensor("body", 1, 1, None, 2)]], "kwargs": {}},
            ),
        ],
        [["p", 0, 0], ["q", 0, 0]],
        ["sum", 0, 0],
    )
    model["config"]["output_layers"] = {"a": ["sum", 0, 0], "b": ["body", 2, 0]}
    opened = keras_h5.open(write_keras(tmp_path / "a.h5", model, version="3.15.1"))
    found = opened.computation()
    assert names(found) == ["p", "q", "body/twin", "body/act", "body@1/twin", "body@1/act", "times", "sum"]
    assert by_name(found, "sum").inputs == ("times", "body@1/twin")
    assert by_name(found, "sum").dtype == "bfloat16"
    times = by_name(found, "times")
    assert (times.kind, times.settings) == ("rescaling", {"operation": "Multiply", "scale": 3.0, "offset": 0.0})
    assert [(port.tensor, port.key) for port in found.outputs] == [("sum", "a"), ("body@1/act", "b")]
    assert opened.file.runs_in == "keras3"
    opened.close()


def test_a_sequential_without_input_layer_gets_the_one_that_keras_makes(tmp_path: Path) -> None:
    model = sequential(
        layer("Embedding", "words", batch_input_shape=[None, 10], dtype="float32", input_dim=40, output_dim=3),
        layer("LSTM", "memory", units=5, activation="tanh", recurrent_activation="hard_sigmoid"),
    )
    found = computed(write_keras(tmp_path / "a.h5", model))
    port = found.inputs[0]
    assert (port.name, port.shape, port.dtype, port.limit) == ("words_input", (None, 10), "float32", 40)
    assert [layer.shape for layer in found.layers] == [(None, 10), (None, 10, 3), (None, 5)]
    deferred = sequential(layer("Dense", "d", units=2))
    deferred["config"]["build_input_shape"] = [None, 9]
    assert computed(write_keras(tmp_path / "b.h5", deferred)).inputs[0].shape == (None, 9)


def test_states_and_keyword_tensors(tmp_path: Path) -> None:
    encoder = node(layer("LSTM", "enc", units=5, return_state=True), [["x", 0, 0]])
    decoder = {
        **layer("LSTM", "dec", units=5),
        "name": "dec",
        "inbound_nodes": [[["x", 0, 0, {"initial_state": [["enc", 0, 1], ["enc", 0, 2]]}]]],
    }
    model = functional([node(input_layer("x", 7, 2)), encoder, decoder], [["x", 0, 0]], [["dec", 0, 0], ["enc", 0, 2]])
    found = computed(write_keras(tmp_path / "a.h5", model))
    assert by_name(found, "enc").outputs == ("enc", "enc:1", "enc:2")
    assert by_name(found, "dec").inputs == ("x", "enc:1", "enc:2")
    assert [(port.name, port.shape) for port in found.outputs] == [("dec", (None, 5)), ("enc:2", (None, 5))]


def broken(tmp_path: Path, model: dict, code: str) -> InspectorError:
    """The file opens with the warning, and only the computation is refused."""
    opened = keras_h5.open(write_keras(tmp_path / "a.h5", model))
    assert code in [warn.code for warn in opened.file.warnings]
    assert [entry.name for entry in opened.children("", 0, 9)] == ["Weights", "Attributes"]
    with pytest.raises(InspectorError) as caught:
        opened.computation()
    opened.close()
    assert caught.value.code == code
    return caught.value


def test_a_cycle_is_named(tmp_path: Path) -> None:
    model = functional(
        [
            node(input_layer("x", 2)),
            node(layer("Add", "a"), [["x", 0, 0], ["b", 0, 0]]),
            node(layer("Activation", "b", activation="relu"), [["a", 0, 0]]),
        ],
        [["x", 0, 0]],
        [["b", 0, 0]],
    )
    assert "takes what is made from its own output" in broken(tmp_path, model, "CYCLE").what


@pytest.mark.parametrize(
    ("model", "code"),
    [
        (
            functional(
                [node(input_layer("x", 2)), node(layer("Dense", "d", units=1), [["gone", 0, 0]])],
                [["x", 0, 0]],
                [["d", 0, 0]],
            ),
            "BAD_CONFIG",
        ),
        (
            functional(
                [node(input_layer("x", 2)), node(layer("Dense", "d", units=1), [["x", 0, 3]])],
                [["x", 0, 0]],
                [["d", 0, 0]],
            ),
            "BAD_CONFIG",
        ),
        (sequential(layer("Dense", "d"), layer("Dense", "d")), "BAD_CONFIG"),
        ({"class_name": "Graph", "config": {"nodes": []}}, "BAD_CONFIG"),
        ({"class_name": "Functional", "config": None}, "BAD_CONFIG"),
        ({"class_name": "Functional", "config": {"layers": [3], "input_layers": 1}}, "BAD_CONFIG"),
    ],
)
def test_bad_configs_are_refused_by_name(tmp_path: Path, model: dict, code: str) -> None:
    broken(tmp_path, model, code)


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    model = sequential(layer("Dense", "d", units=1))
    for depth in range(150):
        model = sequential({**model, "config": {**model["config"], "name": f"m{depth}"}})
    broken(tmp_path, model, "TOO_DEEP")
    (tmp_path / "b.h5").write_bytes((tmp_path / "a.h5").read_bytes())
    import h5py

    with h5py.File(tmp_path / "b.h5", "a") as file:
        file.attrs["model_config"] = "[" * 100_000
    opened = keras_h5.open(tmp_path / "b.h5")
    assert opened.file.warnings[0].code == "TOO_DEEP"
    opened.close()


def test_a_lone_surrogate_in_a_name_can_be_shown_and_sent(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "a.h5", sequential(layer("Dense", "NAME", units=1, batch_input_shape=[None, 2])))
    import h5py

    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace("NAME", "bad\\ud800")
    found = names(computed(path))
    assert found == ["bad\\ud800_input", "bad\\ud800"]
    assert "".join(found).encode()


def test_the_config_is_shown_with_the_layer(tmp_path: Path) -> None:
    model = sequential(input_layer("x", 2), layer("Dense", "d", units=3, activation="relu"))
    path = write_keras(tmp_path / "a.h5", model, {"d": [("d/kernel:0", ramp(2, 3)), ("d/bias:0", ramp(3))]})
    opened = keras_h5.open(path)
    rows = dict(opened.details("layer:d").rows)
    assert (rows["Class"], rows["Kind"], rows["Input 0"], rows["units"]) == ("Dense", "dense", "x", "3")
    weights = opened.children("layer:d", 0, 9)
    assert [(entry.name, entry.shape, entry.value_id) for entry in weights] == [
        ("kernel", (2, 3), "/model_weights/d/d/kernel:0"),
        ("bias", (3,), "/model_weights/d/d/bias:0"),
    ]
    assert np.array_equal(opened.values(weights[0].value_id), np.arange(6.0))
    assert [entry.id for entry, _ in opened.entries()][:4] == ["layer:x", "layer:d", "weight:d/kernel", "weight:d/bias"]
    assert json.loads(dict(opened.details("section:Attributes").rows)["model_config"]) == model
    opened.close()
