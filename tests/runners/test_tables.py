"""Lookup tables in every form that TensorFlow writes: the model's own numbers, taps, replay, float64 and edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from inspector.runners.adapter import Adapter
from inspector.runners.graph_adapter import GraphAdapter
from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.lookups import Lookup
from inspector.runners.options import Options
from inspector.runners.saved_model_adapter import SavedModelAdapter
from inspector.runners.server import RequestError
from inspector.runners.tables import captured

pytestmark = [
    pytest.mark.framework,
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning"),
]
KERAS = {"tf_keras": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}
VOCABULARY = ["good", "bad", "film", "plot"]
WORDS = np.array([["good", "film"], ["unseen", "plot"], ["bad", "bad"]])
ENCODED = np.char.encode(WORDS, "utf-8")
WEIGHTS = np.arange(20, dtype=np.float32).reshape(10, 2) / 7


def net(module: Any) -> Any:
    """StringLookup (two numbers for the unknown), Embedding."""
    entry = module.Input((2,), dtype="string", name="words")
    ids = module.layers.StringLookup(vocabulary=VOCABULARY, num_oov_indices=2, name="lookup")(entry)
    model = module.Model(entry, module.layers.Embedding(10, 2, name="embedding")(ids))
    model.get_layer("embedding").set_weights([WEIGHTS])
    return model


def only(adapter: Adapter, kind: str) -> Lookup:
    [found] = [item for item in adapter.lookups() if item.kind == kind]
    return found


def given(adapter: Adapter) -> dict[str, np.ndarray]:
    return {port.tensor: ENCODED for port in adapter.inputs}


def check(adapter: Adapter, truth: np.ndarray) -> None:
    """The plain run, all taps, a replay and float64 give what the model gives."""
    inputs = given(adapter)
    [output] = [port.tensor for port in adapter.outputs]
    np.testing.assert_array_equal(adapter.run(inputs)["outputs"][output], truth)
    taps = [name for name in adapter.taps if "float" in adapter.stated(name).dtype]
    found = adapter.run(inputs, taps=taps)
    np.testing.assert_array_equal(found["outputs"][output], truth)
    replayed = adapter.replay({**inputs, **found["taps"]}, [output])
    np.testing.assert_array_equal(np.asarray(replayed[output]).reshape(truth.shape), truth)
    exact = adapter.reference(inputs, [output], {output: truth})[output]
    assert exact == {"error": 0.0, "scale": float(np.abs(truth).max()), "exact": True}


@pytest.mark.parametrize("framework", KERAS)
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_keras_file_looks_its_words_up(framework: str, ending: str, tmp_path: Path) -> None:
    module, adapter_class = KERAS[framework]
    model = net(module)
    model.save(tmp_path / f"net{ending}")
    adapter = adapter_class(str(tmp_path / f"net{ending}"), Options())
    check(adapter, np.asarray(model(tf.constant(WORDS))))
    found = only(adapter, "vocabulary")
    own = {word.encode(): number for number, word in enumerate(model.get_layer("lookup").get_vocabulary())}
    wanted = {word: own[word] for word in (b"good", b"bad", b"film", b"plot")}
    assert dict(zip(found.keys, found.values, strict=True)) == wanted
    assert found.reaches[0] == "lookup"
    assert found.inputs == ["words"]
    assert (found.sentences, found.closed) == (False, False)


@pytest.mark.parametrize("framework", KERAS)
def test_a_saved_model_looks_its_words_up(framework: str, tmp_path: Path) -> None:
    model = net(KERAS[framework][0])
    model.export(str(tmp_path / "saved"))
    adapter = SavedModelAdapter(str(tmp_path / "saved"), Options())
    assert "replay" in adapter.can
    check(adapter, np.asarray(model(tf.constant(WORDS))))
    assert sorted(only(adapter, "vocabulary").keys) == [b"bad", b"film", b"good", b"plot"]


def test_a_vocabulary_without_numbers_for_the_unknown_is_closed(tmp_path: Path) -> None:
    entry = keras.Input((2,), dtype="string", name="words")
    layer = keras.layers.StringLookup(vocabulary=VOCABULARY, num_oov_indices=0, name="lookup")
    keras.Model(entry, layer(entry)).save(tmp_path / "net.keras")
    assert only(Keras3Adapter(str(tmp_path / "net.keras"), Options()), "vocabulary").closed


class FromFile(tf.Module):
    """A table that an asset fills, and no variable."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        whole, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        filling = tf.lookup.TextFileInitializer(str(path), tf.string, whole, tf.int64, number)
        self.table = tf.lookup.StaticHashTable(filling, -1)

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.string, name="words")])
    def serve(self, words: Any) -> dict[str, Any]:
        return {"scores": tf.cast(self.table.lookup(words), tf.float32) * 0.5}


def test_a_saved_model_with_an_asset_and_no_variable(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("\n".join(VOCABULARY) + "\n")
    tf.saved_model.save(FromFile(tmp_path / "words.txt"), str(tmp_path / "saved"))
    (tmp_path / "words.txt").unlink()
    adapter = SavedModelAdapter(str(tmp_path / "saved"), Options())
    check(adapter, np.array([[0.0, 1.0], [-0.5, 1.5], [0.5, 0.5]], np.float32))


def frozen(path: Path, *, filled: bool, from_file: Path | None = None) -> None:
    """A graph of TensorFlow 1 with a table of words to floats, with or without what fills it."""
    graph = tf.Graph()
    with graph.as_default():
        words = tf.compat.v1.placeholder(tf.string, (None, 2), "words")
        if from_file is None:
            filling: Any = tf.lookup.KeyValueTensorInitializer(VOCABULARY, [0.5, 1.5, 2.5, 3.5])
            table = tf.compat.v1.lookup.StaticHashTable(filling, -1.0)
        else:
            whole, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
            filling = tf.lookup.TextFileInitializer(str(from_file), tf.string, whole, tf.int64, number)
            table = tf.compat.v1.lookup.StaticHashTable(filling, -1)
        tf.multiply(tf.cast(table.lookup(words), tf.float32), 2.0, name="scores")
        kept = ["scores"]
        if filled:
            tf.group(tf.compat.v1.tables_initializer(), name="init_all_tables")
            kept.append("init_all_tables")
        graph_def = tf.compat.v1.graph_util.extract_sub_graph(graph.as_graph_def(), kept)
    path.write_bytes(graph_def.SerializeToString())


def test_a_frozen_graph_fills_its_tables(tmp_path: Path) -> None:
    frozen(tmp_path / "a.pb", filled=True)
    adapter = GraphAdapter(str(tmp_path / "a.pb"), Options())
    assert [port.name for port in adapter.outputs] == ["scores"]
    check(adapter, np.array([[1.0, 5.0], [-2.0, 7.0], [3.0, 3.0]], np.float32))


def test_a_table_is_filled_with_other_words_and_back(tmp_path: Path) -> None:
    frozen(tmp_path / "a.pb", filled=True)
    adapter = GraphAdapter(str(tmp_path / "a.pb"), Options())
    node = only(adapter, "vocabulary").node
    other = {node + " keys": np.array([b"unseen", b"bad"]), node + " values": np.array([4.0, 8.0], np.float32)}
    adapter.edit([{"kind": "table", "node": node}], other)
    edited = adapter.run(given(adapter), edited=True)["outputs"]["scores:0"]
    np.testing.assert_array_equal(edited, [[-2.0, -2.0], [8.0, -2.0], [16.0, 16.0]])
    adapter.edit([], {})
    plain = adapter.run(given(adapter), edited=True)["outputs"]["scores:0"]
    np.testing.assert_array_equal(plain, [[1.0, 5.0], [-2.0, 7.0], [3.0, 3.0]])


def test_a_vocabulary_file_that_is_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("good\n")
    frozen(tmp_path / "a.pb", filled=True, from_file=tmp_path / "words.txt")
    (tmp_path / "words.txt").unlink()
    adapter = GraphAdapter(str(tmp_path / "a.pb"), Options())
    with pytest.raises(RequestError) as raised:
        adapter.run(given(adapter))
    assert raised.value.fields["code"] == "TABLE_NOT_FILLED"
    assert "words.txt" in raised.value.fields["what"]


def test_a_graph_that_lost_its_table_is_refused_with_its_name(tmp_path: Path) -> None:
    model = net(keras)
    function = tf.function(model).get_concrete_function(tf.TensorSpec((None, 2), tf.string))
    graph_def = convert_variables_to_constants_v2(function).graph.as_graph_def()
    (tmp_path / "lost.pb").write_bytes(graph_def.SerializeToString())
    with pytest.raises(RequestError) as raised:
        GraphAdapter(str(tmp_path / "lost.pb"), Options())
    assert raised.value.fields["code"] == "NOT_FROZEN"
    assert "table_handle" in raised.value.fields["what"]


@pytest.mark.parametrize("wrapped", ["plain", "nested", "time_distributed"])
def test_statistics_of_a_legacy_h5_are_those_that_were_adapted(wrapped: str, tmp_path: Path) -> None:
    layers = tf_keras.layers
    layer = layers.Normalization(name="normalization")
    layer.adapt(np.random.default_rng(3).normal(20, 5, (100, 4)).astype(np.float32))
    shape = (3, 4) if wrapped == "time_distributed" else (4,)
    entry = tf_keras.Input(shape, name="features")
    if wrapped == "nested":
        inner = tf_keras.Input((4,), name="inner_features")
        model = tf_keras.Model(entry, tf_keras.Model(inner, layer(inner), name="inner")(entry))
    elif wrapped == "time_distributed":
        model = tf_keras.Model(entry, layers.TimeDistributed(layer, name="each")(entry))
    else:
        model = tf_keras.Model(entry, layer(entry))
    model.save(tmp_path / "net.h5")
    x = np.random.default_rng(4).normal(20, 5, (2, *shape)).astype(np.float32)
    own = tf_keras.models.load_model(tmp_path / "net.h5", compile=False)(x)
    [found] = LegacyKerasAdapter(str(tmp_path / "net.h5"), Options()).run({"features": x})["outputs"].values()
    np.testing.assert_allclose(found, own, atol=1e-6)
    mean, variance = layer.adapt_mean.numpy(), layer.adapt_variance.numpy()
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(variance), atol=1e-5)


@pytest.mark.parametrize(("kind", "left"), [("plain.h5", False), ("nested.h5", True), ("nested.keras", False)])
def test_statistics_that_keras_3_loads_but_does_not_use_are_told(kind: str, left: bool, tmp_path: Path) -> None:
    """Its loader of HDF5 files leaves a nested Normalization with mean 0 and variance 1: so does ours, and says so."""
    layer = keras.layers.Normalization(name="normalization")
    layer.adapt(np.random.default_rng(3).normal(20, 5, (100, 4)).astype(np.float32))
    entry, inner = keras.Input((4,), name="features"), keras.Input((4,), name="inner_features")
    nested = kind.startswith("nested")
    model = keras.Model(entry, keras.Model(inner, layer(inner), name="inner")(entry) if nested else layer(entry))
    model.save(tmp_path / kind)
    x = np.random.default_rng(4).normal(20, 5, (2, 4)).astype(np.float32)
    adapter = Keras3Adapter(str(tmp_path / kind), Options())
    [found] = adapter.run({"features": x})["outputs"].values()
    np.testing.assert_allclose(found, keras.models.load_model(tmp_path / kind, compile=False)(x), atol=1e-6)
    assert [warning["code"] for warning in adapter.warnings] == ["STATE_NOT_MADE"] * left
    assert all(warning["text"].startswith("normalization: Keras") for warning in adapter.warnings)
    assert np.allclose(found, x, atol=1e-5) == left


def test_two_tables_of_unlike_types_in_one_net(tmp_path: Path) -> None:
    """Exporting a table with another's types ends the process."""
    entry = keras.Input((2,), dtype="string", name="words")
    ids = keras.layers.StringLookup(vocabulary=VOCABULARY, name="lookup")(entry)
    back = keras.layers.StringLookup(vocabulary=VOCABULARY, invert=True, name="back")(ids)
    model = keras.Model(entry, back)
    model.save(tmp_path / "net.keras")
    adapter = Keras3Adapter(str(tmp_path / "net.keras"), Options())
    [found] = adapter.run({"words": ENCODED})["outputs"].values()
    assert found.tolist() == [[b"good", b"film"], [b"[UNK]", b"plot"], [b"bad", b"bad"]]
    assert [item.keys.dtype.kind in "SO" for item in adapter.lookups()] == [True, False]


def test_a_table_inside_a_loop() -> None:
    """The handle is handed to the loop's functions."""

    lookup = keras.layers.StringLookup(vocabulary=VOCABULARY, name="lookup")
    looped = tf.function(
        lambda words: tf.map_fn(lambda one: lookup(one), words, fn_output_signature=tf.int64)  # noqa: PLW0108
    )
    function = looped.get_concrete_function(tf.TensorSpec((None, 2), tf.string))
    held = captured(function.graph.as_graph_def(), function.graph.captures)
    assert [sorted(content.keys.tolist()) for content in held.values()] == [[b"bad", b"film", b"good", b"plot"]]
