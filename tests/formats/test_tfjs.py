"""TensorFlow.js models as they are opened: recognised, laid out, named, and shown in part where they are damaged."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tfjs_writer import write_graph, write_layers

from inspector import formats
from inspector.domain.errors import InspectorError
from inspector.formats.tfjs_graph import attribute

CODES = {"", "CORRUPT", "TRUNCATED", "NOT_A_MODEL", "BAD_CONFIG", "NO_MODEL", "CYCLE", "NO_VALUES", "NO_SUCH_VALUE"}
INPUT = {"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [None, 4], "dtype": "float32"}}


def dense(name: str, units: int) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"name": name, "units": units, "activation": "relu", "use_bias": True}}


def layers(folder: Path, **how: Any) -> Path:
    inner = {"class_name": "Sequential", "config": {"name": "head", "layers": [dense("last", 2)]}}
    config = {"class_name": "Sequential", "config": {"name": "net", "layers": [INPUT, dense("first", 3), inner]}}
    arrays = {
        "first/kernel": np.ones((4, 3), np.float32),
        "first/bias": np.arange(3, dtype=np.float32),
        "head/last/kernel": np.ones((3, 2), np.float32),
        "last/bias": np.zeros(2, np.float32),
    }
    return write_layers(folder, config, arrays, **how)


def node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "input": list(inputs), "attr": {"T": {"type": "DT_FLOAT"}, **attributes}}


def text(word: str) -> dict[str, str]:
    return {"s": base64.b64encode(word.encode()).decode()}


def graph(folder: Path, signature: Any = None, **how: Any) -> Path:
    """x -> depthwise convolution with bias and relu6, as TensorFlow.js's converter fuses them -> Identity."""
    size = {"dim": [{"size": "-1"}, {"size": "4"}, {"size": "4"}, {"size": "2"}]}
    constant = {"value": {"tensor": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "2"}]}}}}
    nodes = [
        node("x", "Placeholder", dtype={"type": "DT_FLOAT"}, shape={"shape": size}),
        node("kernel", "Const", dtype={"type": "DT_FLOAT"}),
        node("bias", "Const", **constant, dtype={"type": "DT_FLOAT"}),
        node(
            "conv",
            "FusedDepthwiseConv2dNative",
            "x",
            "kernel",
            "bias",
            strides={"list": {"i": ["1", "1", "1", "1"]}},
            padding=text("SAME"),
            fused_ops={"list": {"s": [text("BiasAdd")["s"], text("Relu6")["s"]]}},
        ),
        node("out", "Identity", "conv"),
    ]
    arrays = {"kernel": np.ones((3, 3, 2, 1), np.float32), "bias": np.array([1, 2], np.float32)}
    return write_graph(folder, {"node": nodes, "versions": {"producer": 1882}}, arrays, signature, **how)


@pytest.mark.parametrize("opened", ["folder", "file"])
def test_a_layers_model_is_laid_out(tmp_path: Path, opened: str) -> None:
    folder = layers(tmp_path / "m")
    model = formats.open_file(str(folder if opened == "folder" else folder / "model.json"))
    shown = [(layer.name, layer.kind, [w.role for w in layer.weights]) for layer in model.computation().layers]
    assert shown == [
        ("x", "input", []),
        ("first", "dense", ["kernel", "bias"]),
        ("head/last", "dense", ["kernel", "bias"]),
    ]
    assert model.computation().layers[2].aliases == ("head",)
    assert model.values("first/bias").tolist() == [0, 1, 2]
    assert model.file.runs_in == "tfjs"
    assert model.file.warnings == ()
    assert {Path(part).name for part in model.file.parts} | {"model.json"} == {"model.json", "group1-shard1of1.bin"}


def test_facts_and_choices(tmp_path: Path) -> None:
    model = formats.open_file(str(layers(tmp_path / "m", quantize="uint8")), {"backend": "wasm"})
    facts = dict(model.file.facts)
    assert facts["Format"] == "layers-model"
    assert facts["Written by"] == "keras v2.15.0"
    assert facts["Converted by"] == "TensorFlow.js Converter v4.22.0"
    assert facts["Quantization"] == "4 of 4 arrays as uint8"
    assert facts["Parameters"] == "23"
    (choice,) = model.file.choices
    assert (choice.name, choice.values, choice.chosen, choice.at_open) == (
        "backend", ("webgl", "wasm", "cpu"), "wasm", False,
    )  # fmt: skip
    with pytest.raises(InspectorError, match=r"BAD_CHOICE: there is no backend gpu .* webgl, wasm, cpu"):
        formats.open_file(str(tmp_path / "m"), {"backend": "gpu"})


@pytest.mark.parametrize("make", ["layers", "graph"])
def test_quantized_weights_state_their_step(tmp_path: Path, make: str) -> None:
    """The bias of the layers model goes from 0 to 2, that of the graph from 1 to 2, in 255 steps."""
    folder = {"layers": layers, "graph": graph}[make](tmp_path / "m", quantize="uint8")
    weights = formats.open_file(str(folder)).computation().layers[1].weights
    assert next(weight.step for weight in weights if weight.role == "bias") == {"layers": 2, "graph": 1}[make] / 255


def test_every_entry_can_be_asked_for(tmp_path: Path) -> None:
    for folder in (layers(tmp_path / "layers"), graph(tmp_path / "graph")):
        model = formats.open_file(str(folder))
        found = list(model.entries())
        assert len({entry.id for entry, _ in found}) == len(found)
        for entry, above in found:
            assert model.details(entry.id).entry == entry
            assert entry in model.children(above[-1], 0, 1 << 20)
            if entry.value_id:
                assert model.values(entry.value_id).size == int(np.prod(entry.shape))


def test_a_graph_model_is_lifted(tmp_path: Path) -> None:
    model = formats.open_file(str(graph(tmp_path / "m")))
    source, conv = model.computation().layers
    assert (source.name, source.shape, source.dtype) == ("x", (None, 4, 4, 2), "float32")
    assert (conv.kind, conv.inputs, conv.outputs) == ("depthwise_conv2d", ("x:0",), ("conv:0",))
    assert conv.settings["activation"] == "relu6"
    assert [(w.role, w.id, w.shape) for w in conv.weights] == [
        ("depthwise_kernel", "kernel", (3, 3, 2, 1)),
        ("bias", "bias", (2,)),
    ]
    assert [port.tensor for port in model.computation().outputs] == ["out:0"]
    assert dict(model.file.facts)["Producer version"] == "1882"


def test_a_signature_names_inputs_and_outputs(tmp_path: Path) -> None:
    info = {"name": "x:0", "dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "-1"}, {"size": "4"}]}}
    signature = {"inputs": {"image": info}, "outputs": {"scores": {"name": "out", "dtype": "DT_FLOAT"}}}
    computation = formats.open_file(str(graph(tmp_path / "m", signature))).computation()
    assert [(port.name, port.tensor, port.shape) for port in computation.inputs] == [("image", "x:0", (None, 4))]
    assert [(port.name, port.tensor, port.shape) for port in computation.outputs] == [("scores", "out:0", None)]


@pytest.mark.parametrize(
    ("stated", "value"),
    [
        ({"s": base64.b64encode(b"NHWC").decode()}, "NHWC"),
        ({"s": list(b"VALID")}, "VALID"),
        ({"i": "-3"}, -3),
        ({"f": "NaN"}, None),
        ({"f": 0.5}, 0.5),
        ({"b": True}, True),
        ({"type": "DT_HALF"}, "float16"),
        ({"type": 3}, "int32"),
        ({"shape": {"dim": [{"size": "-1"}, {"size": "7"}]}}, (None, 7)),
        ({"shape": {"unknownRank": True}}, None),
        ({"list": {"i": ["1", "2"]}}, [1, 2]),
        ({"list": {}}, []),
        ({"func": {"name": "body"}}, "func:body"),
        ({"tensor": {"dtype": "DT_INT32", "tensorShape": {}}}, "tensor:int32:scalar"),
        ({}, None),
    ],
)
def test_attributes_have_plain_values(stated: dict[str, Any], value: Any) -> None:
    found = attribute(stated)
    assert found == value or (stated == {"f": "NaN"} and np.isnan(found))


def test_a_missing_shard_is_named_and_the_structure_shown(tmp_path: Path) -> None:
    folder = layers(tmp_path / "m")
    (folder / "group1-shard1of1.bin").unlink()
    model = formats.open_file(str(folder))
    assert model.file.runs_in == ""
    assert model.file.reason == "group1-shard1of1.bin is not beside the model, so it cannot run"
    assert [warn.code for warn in model.file.warnings] == ["MISSING_SHARD"]
    assert len(model.computation().layers) == 3
    with pytest.raises(InspectorError, match=r"NO_VALUES: .*group1-shard1of1\.bin"):
        model.values("first/kernel")


def test_a_model_cut_short_says_so(tmp_path: Path) -> None:
    folder = layers(tmp_path / "m")
    whole = (folder / "model.json").read_bytes()
    for sixteenth in range(1, 16):
        (folder / "model.json").write_bytes(whole[: len(whole) * sixteenth // 16])
        with pytest.raises(InspectorError) as caught:
            formats.open_file(str(folder / "model.json"))
        assert caught.value.code in ("TRUNCATED", "NOT_A_MODEL")
    assert caught.value.code == "TRUNCATED"


def test_damaged_json_is_an_error_or_a_model(tmp_path: Path) -> None:
    """Values of every kind put in the place of others, and bytes changed; whatever opens can be walked through."""
    changes = random.Random(11)
    codes = set()
    for make in (layers, graph):
        folder = make(tmp_path / make.__name__)
        whole = (folder / "model.json").read_text()
        for _ in range(150):
            (folder / "model.json").write_text(mutated(whole, changes), errors="replace")
            codes |= {walked(folder / "model.json")}
    assert codes <= CODES
    assert "" in codes


def walked(path: Path) -> str:
    """Opens and walks through; the code of what stopped it, empty for nothing."""
    try:
        model = formats.open_file(str(path))
        for entry, _ in model.entries():
            model.details(entry.id)
        model.computation()
    except InspectorError as error:
        return error.code
    return ""


def mutated(whole: str, changes: random.Random) -> str:
    if changes.random() < 0.3:
        place = changes.randrange(len(whole))
        return whole[:place] + changes.choice('{}[]",:0x') + whole[place + 1 :]
    stated = json.loads(whole)
    holder = stated
    while True:
        key = changes.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        below = holder[key]
        if not isinstance(below, dict | list) or not below or changes.random() < 0.2:
            holder[key] = changes.choice([None, 7, -1, "x", [], {}, [[]], {"a": 1}, 1e400, True, "\ud800"])
            return json.dumps(stated)
        holder = below


def test_deep_json_is_too_deep(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"modelTopology":' + "[" * 200_000)
    with pytest.raises(InspectorError, match="TOO_DEEP"):
        formats.open_file(str(tmp_path / "model.json"))


def test_other_json_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"class_name": "Sequential", "config": []}')
    with pytest.raises(InspectorError, match=r"NOT_A_MODEL.*Keras architecture"):
        formats.open_file(str(tmp_path / "model.json"))
    with pytest.raises(InspectorError, match="NOT_A_FILE"):
        formats.open_file(str(tmp_path))


def test_real_models_open(shared_models: Path) -> None:
    """Layers and parameters as TensorFlow.js itself counts them; the quantized net is MobileNetV2 with a new head."""
    folder = shared_models / "singles" / "tfjs"
    counted = {"abalone": (3, 3051), "nsfw_mobilenet_v2": (161, 2_619_461), "nsfw_missing_shard": (None, 4_300_775)}
    for name, (count, parameters) in counted.items():
        model = formats.open_file(str(folder / name))
        facts = dict(model.file.facts)
        assert facts.get("Layers") == (None if count is None else str(count))
        assert facts["Parameters"] == f"{parameters:,}"
    assert model.file.reason == "group1-shard1of2 is not beside the model, so it cannot run"
    kinds = [layer.kind for layer in model.computation().layers]
    assert (kinds.count("conv2d"), kinds.count("depthwise_conv2d"), kinds.count("other")) == (35, 17, 0)
