"""SavedModels and checkpoints as files: signatures, tags, variables, the flat graph, and what is broken about them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tensorflow_written import TRUTH, made

from inspector.domain.errors import InspectorError
from inspector.formats import open_file, summary
from inspector.formats.opened import Opened

CALL = "StatefulPartitionedCall_1/StatefulPartitionedCall"
SHARD = "variables/variables.data-00000-of-00001"


def every_entry(opened: Opened, entry_id: str = "") -> Iterator[str]:
    """Ids of all entries, walked as the window walks them; their details can be shown."""
    for entry in opened.children(entry_id, 0, 1 << 20):
        assert opened.details(entry.id).entry.id == entry.id
        yield entry.id
        yield from every_entry(opened, entry.id)


@pytest.mark.framework
def test_functions_in_functions_are_one_graph() -> None:
    opened = open_file(str(made() / "module"))
    assert (opened.file.format, opened.file.runs_in) == ("saved_model", "saved_model")
    assert [(c.name, c.values, c.chosen) for c in opened.file.choices] == [
        ("signature", ("add", "join", "serving_default"), "serving_default")
    ]
    computation = opened.computation()
    assert [port.name for port in computation.inputs] == ["ids", "image"]
    assert [port.name for port in computation.outputs] == ["best", "looped", "rows"]
    assert [port.shape for port in computation.outputs] == [(None, 2), (None, 4), (2, 4)]
    layers = {layer.name: layer for layer in computation.layers}
    product = layers[f"{CALL}/StatefulPartitionedCall/MatMul"]
    assert product.inputs == (f"{CALL}/StatefulPartitionedCall/Reshape:0",)
    assert layers[f"{CALL}/StatefulPartitionedCall/FusedBatchNormV3"].kind == "batch_norm"
    concat = layers[f"{CALL}/StatefulPartitionedCall/concat"]
    assert concat.inputs == (f"{CALL}/StatefulPartitionedCall/split:1", f"{CALL}/StatefulPartitionedCall/split:0")
    assert layers[f"{CALL}/Gather"].kind == "embedding"


@pytest.mark.framework
def test_two_variables_of_one_name_have_each_their_own_values() -> None:
    opened, truth = open_file(str(made() / "module")), np.load(made() / TRUTH)
    kernel = {layer.name: layer for layer in opened.computation().layers}[f"{CALL}/StatefulPartitionedCall/MatMul"]
    np.testing.assert_array_equal(opened.values(kernel.weights[0].id).reshape(4, 4), truth["module/first"])
    loop = {layer.name: layer for layer in opened.computation().layers}[f"{CALL}/while"]
    np.testing.assert_array_equal(opened.values(loop.weights[0].id).reshape(4, 4), truth["module/second"])


@pytest.mark.framework
def test_a_signature_that_changes_variables_says_so() -> None:
    file = open_file(str(made() / "module"), {"signature": "add"}).file
    [warning] = [warning for warning in file.warnings if warning.code == "MUTABLE_STATE"]
    assert "AssignAddVariableOp" in warning.text
    assert file.choices[0].chosen == "add"
    others = open_file(str(made() / "module"), {"signature": "join"}).file
    assert "MUTABLE_STATE" not in {warning.code for warning in others.warnings}


@pytest.mark.framework
def test_tags_of_a_hub_module() -> None:
    served = open_file(str(made() / "tags"))
    assert served.file.title == "TF Hub module (TensorFlow 1)"
    assert [(c.name, c.values, c.chosen) for c in served.file.choices] == [
        ("tags", ("no tags", "train"), "no tags"), ("signature", ("default",), "default")
    ]  # fmt: skip
    assert served.values("scale").tolist() == [1, 2, 4]
    assert open_file(str(made() / "tags"), {"tags": "train"}).file.choices[0].chosen == "train"
    for choices in ({"tags": "serve"}, {"signature": "serving_default"}):
        with pytest.raises(InspectorError) as caught:
            open_file(str(made() / "tags"), choices)
        assert caught.value.code == "BAD_CHOICE"
        assert caught.value.what.endswith(("it has no tags, train", "it has default"))


@pytest.mark.framework
def test_a_saved_model_as_text_is_the_same_model(tmp_path: Path) -> None:
    shutil.copytree(made() / "module" / "variables", tmp_path / "variables")
    shutil.copy(made() / "module.pbtxt", tmp_path / "saved_model.pbtxt")
    text, binary = open_file(str(tmp_path)), open_file(str(made() / "module"))
    assert text.computation() == binary.computation()
    assert [w.code for w in text.file.warnings] == []
    assert text.values("table", 0, 5).tolist() == binary.values("table", 0, 5).tolist()


@pytest.mark.framework
def test_a_checkpoint_in_the_middle_of_its_training_is_its_inference() -> None:
    opened, truth = open_file(str(made() / "trained")), np.load(made() / TRUTH)
    assert (opened.file.format, opened.file.runs_in) == ("checkpoint", "checkpoint")
    computation = opened.computation()
    assert [port.tensor for port in computation.inputs] == ["pixels:0"]  # not the labels
    assert [port.tensor for port in computation.outputs] == ["scores:0"]  # not the loss, not the most likely class
    assert [layer.kind for layer in computation.layers] == ["input", "dense", "activation", "dense", "activation"]
    [kernel, bias] = computation.layers[1].weights
    assert (kernel.shape, bias.shape) == ((10, 6), (6,))
    np.testing.assert_array_equal(opened.values(kernel.id).reshape(10, 6), truth["trained/kernel"])
    np.testing.assert_array_equal(opened.values("last/kernel").reshape(6, 4), truth["trained/last"])


@pytest.mark.framework
@pytest.mark.parametrize(
    "name", ["trained/net-12.meta", "trained/net-12.index", "trained/net-12.data-00000-of-00001", "trained/net-12",
             "trained/checkpoint"]
)  # fmt: skip
def test_every_file_of_a_checkpoint_opens_it(name: str) -> None:
    opened = open_file(str(made() / name))
    assert opened.file.runs_in == "checkpoint"
    assert {Path(part).name for part in opened.file.parts} == {
        "net-12.meta", "net-12.index", "net-12.data-00000-of-00001"
    }  # fmt: skip
    assert len(opened.computation().layers) == 5


def test_variables_alone_are_layers_by_their_scopes(shared_models: Path, tmp_path: Path) -> None:
    source = shared_models / "pairs" / "lenet5" / "ckpt_small"
    for name in ("model_small.index", "model_small.data-00000-of-00001"):
        shutil.copy(source / name, tmp_path)
    opened = open_file(str(tmp_path))
    assert opened.file.runs_in == ""
    assert "without its .meta" in opened.file.reason
    layers = [(layer.name, layer.kind, [w.role for w in layer.weights]) for layer in opened.computation().layers]
    assert layers == [
        (name, kind, ["bias", "kernel"])
        for name, kind in (
            ("conv2d", "conv2d"), ("conv2d_1", "conv2d"), ("dense", "dense"), ("input_tensor", "conv2d"),
            ("output_tensor", "dense"),
        )
    ]  # fmt: skip


def test_real_saved_models_open_and_can_be_walked(shared_models: Path) -> None:
    folders = sorted((shared_models / "singles" / "saved_model").iterdir())
    assert len(folders) == 5
    for folder in folders:
        opened = open_file(str(folder))
        assert summary(opened).runs_in == "saved_model", folder
        ids = list(every_entry(opened))
        assert {"section:Signatures", "section:Graph", "section:File"} <= set(ids)
        assert [entry.id for entry, _ in opened.entries()]
        assert opened.computation().outputs, folder


def test_a_real_checkpoint_without_training(shared_models: Path) -> None:
    opened = open_file(str(shared_models / "pairs" / "quant-aware" / "ckpt"))
    kinds = [layer.kind for layer in opened.computation().layers]
    assert kinds.count("dense") == 2
    assert not [layer for layer in opened.computation().layers if "Switch" in layer.name or "Assign" in layer.name]
    assert {warning.code for warning in opened.file.warnings} == {"TRAINING_GRAPH"}


@pytest.fixture
def copied(shared_models: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(shared_models / "singles" / "saved_model" / "saved_model_half_plus_two_tf2_cpu", folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    return folder


def test_a_missing_shard_is_named_and_the_structure_shown(copied: Path) -> None:
    (copied / SHARD).unlink()
    opened = open_file(str(copied))
    assert opened.file.runs_in == ""
    [warning] = [warning for warning in opened.file.warnings if warning.code == "NO_VALUES"]
    assert Path(SHARD).name in warning.text
    assert len(opened.computation().layers) > 1
    with pytest.raises(InspectorError) as caught:
        opened.values("a")
    assert caught.value.code == "NO_VALUES"
    assert Path(SHARD).name in caught.value.what


def test_missing_variables_are_named_and_the_structure_shown(copied: Path) -> None:
    shutil.rmtree(copied / "variables")
    opened = open_file(str(copied / "saved_model.pb"))
    assert opened.file.runs_in == ""
    [warning] = [warning for warning in opened.file.warnings if warning.code == "NO_VALUES"]
    assert warning.text.startswith("variables/variables.index is missing")
    assert len(list(every_entry(opened))) > 20
    with pytest.raises(InspectorError) as caught:
        opened.values("a")
    assert (caught.value.code, caught.value.where) == ("NO_VALUES", "a")


def test_a_cut_index_is_named(copied: Path) -> None:
    index = copied / "variables" / "variables.index"
    index.write_bytes(index.read_bytes()[:100])
    file = open_file(str(copied)).file
    assert any("variables.index" in w.text and "no end" in w.text for w in file.warnings)


def test_saved_models_cut_anywhere_are_an_error_or_a_tree(copied: Path) -> None:
    path = copied / "saved_model.pb"
    whole = path.read_bytes()
    for size in range(16, len(whole), len(whole) // 24):
        path.write_bytes(whole[:size])
        try:
            opened = open_file(str(copied))
        except InspectorError as error:
            codes = {error.code}
        else:
            assert list(every_entry(opened))
            opened.computation()
            assert opened.file.runs_in == ""
            codes = {warning.code for warning in opened.file.warnings}
        assert codes & {"TRUNCATED", "CORRUPT"}, size


def test_flipped_bytes_are_an_error_or_a_tree(copied: Path) -> None:
    path = copied / "saved_model.pb"
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    for at in generator.integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[at] ^= int(generator.integers(1, 256))
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(InspectorError):
            opened = open_file(str(copied))
            assert list(opened.children("", 0, 50))
            opened.computation()
