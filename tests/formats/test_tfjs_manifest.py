"""Weights of TensorFlow.js models: dequantized, read by range over shards, and what a missing shard leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tfjs_writer import write_weights

from inspector.domain.errors import InspectorError
from inspector.formats.tfjs_manifest import Manifest, read_manifest

RANDOM = np.random.default_rng(5)
ARRAYS = {
    "a/kernel": RANDOM.normal(size=(7, 5)).astype(np.float32),
    "a/bias": RANDOM.normal(size=5).astype(np.float32),
    "b/table": RANDOM.integers(-9, 9, (3, 3)).astype(np.int32),
    "c/mask": RANDOM.integers(0, 2, 11).astype(bool),
    "c/one": np.float32(4.5),
}


def written(folder: Path, arrays: Any = None, **how: Any) -> Manifest:
    return read_manifest(write_weights(folder, arrays or ARRAYS, **how), folder)


@pytest.mark.parametrize("shard", [1 << 20, 64, 7])
def test_values_are_those_that_were_written(tmp_path: Path, shard: int) -> None:
    manifest = written(tmp_path, shard=shard)
    for name, array in ARRAYS.items():
        found = manifest.values(name)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, np.ravel(array))
    np.testing.assert_array_equal(manifest.values("a/kernel", 3, 29), ARRAYS["a/kernel"].ravel()[3:29])
    assert manifest.values("a/kernel", 30, 99).size == 5
    assert list(manifest.warnings()) == []


@pytest.mark.parametrize(("dtype", "steps"), [("uint8", 255), ("uint16", 65535)])
def test_quantized_values_are_within_half_a_step(tmp_path: Path, dtype: str, steps: int) -> None:
    array = ARRAYS["a/kernel"]
    manifest = written(tmp_path, quantize=dtype, shard=16)
    found = manifest.values("a/kernel")
    step = (float(array.max()) - float(array.min())) / steps
    assert np.abs(found - array.ravel()).max() <= step / 2 * 1.0001
    assert manifest.weights["a/kernel"].quantization.words.startswith(f"{dtype}, scale {step:.6g}, minimum ")
    np.testing.assert_array_equal(manifest.values("a/kernel", 9, 12), found[9:12])


def test_dequantizing_is_scale_and_minimum_in_float64(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes([0, 3, 255]) * 2)
    how = {"dtype": "uint8", "scale": 0.1, "min": -1.2}
    entries = [
        {"name": "float", "shape": [3], "dtype": "float32", "quantization": how},
        {"name": "int", "shape": [3], "dtype": "int32", "quantization": how},
    ]
    manifest = read_manifest([{"paths": ["w.bin"], "weights": entries}], tmp_path)
    assert manifest.values("float").tolist() == [np.float32(x) for x in (-1.2, 3 * 0.1 - 1.2, 255 * 0.1 - 1.2)]
    assert manifest.values("int").tolist() == [-1, -1, 24]  # -1.2, -0.9 and 24.3, as Math.round rounds them


def test_float16_and_complex(tmp_path: Path) -> None:
    manifest = written(tmp_path, quantize="float16")
    np.testing.assert_array_equal(manifest.values("a/bias"), ARRAYS["a/bias"].astype(np.float16).astype(np.float32))
    pair = {"z": np.array([1 + 2j, -3j], np.complex64)}
    assert written(tmp_path, pair).values("z").tolist() == [1 + 2j, -3j]


def test_arrays_behind_texts_are_found(tmp_path: Path) -> None:
    texts = b"".join(len(word).to_bytes(4, "little") + word for word in (b"one", b"", b"three"))
    (tmp_path / "w.bin").write_bytes(texts + np.array([1.5, 2.5], "<f4").tobytes())
    entries = [
        {"name": "words", "shape": [3], "dtype": "string"},
        {"name": "numbers", "shape": [2], "dtype": "float32"},
    ]
    manifest = read_manifest([{"paths": ["w.bin"], "weights": entries}], tmp_path)
    assert manifest.values("numbers").tolist() == [1.5, 2.5]
    with pytest.raises(InspectorError, match="NOT_NUMERIC"):
        manifest.values("words")


def test_a_missing_shard_takes_its_own_values_only(tmp_path: Path) -> None:
    stated = write_weights(tmp_path, ARRAYS, shard=70)
    (tmp_path / stated[0]["paths"][0]).unlink()
    manifest = read_manifest(stated, tmp_path)
    assert [(warn.code, warn.text) for warn in manifest.warnings()] == [
        ("MISSING_SHARD", "group1-shard1of4.bin is not beside the model")
    ]
    with pytest.raises(InspectorError, match=r"NO_VALUES: .*group1-shard1of4\.bin is not beside the model"):
        manifest.values("a/kernel")
    np.testing.assert_array_equal(manifest.values("a/kernel", 18, 35), ARRAYS["a/kernel"].ravel()[18:])
    for name in ("a/bias", "b/table", "c/mask", "c/one"):
        np.testing.assert_array_equal(manifest.values(name), np.ravel(ARRAYS[name]))


def test_between_two_missing_shards_nothing_is_guessed(tmp_path: Path) -> None:
    stated = write_weights(tmp_path, ARRAYS, shard=60)
    for number in (0, 2):
        (tmp_path / stated[0]["paths"][number]).unlink()
    manifest = read_manifest(stated, tmp_path)
    with pytest.raises(InspectorError, match="NO_VALUES"):
        manifest.values("a/bias")
    np.testing.assert_array_equal(manifest.values("c/one"), [4.5])


@pytest.mark.parametrize("number", [1, 3])
def test_a_short_shard_is_named(tmp_path: Path, number: int) -> None:
    stated = write_weights(tmp_path, ARRAYS, shard=60)
    cut = tmp_path / stated[0]["paths"][number]
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-5])
    manifest = read_manifest(stated, tmp_path)
    assert [warn.text for warn in manifest.warnings()] == [
        f"{cut.name} is too short: {len(whole) - 5} bytes of {len(whole)}"
    ]
    names = {1: ("b/table", "c/mask", "c/one"), 3: ("a/kernel", "a/bias")}[number]
    for name in names:
        np.testing.assert_array_equal(manifest.values(name), np.ravel(ARRAYS[name]))


def test_bytes_behind_the_last_array_are_said(tmp_path: Path) -> None:
    stated = write_weights(tmp_path, ARRAYS)
    path = tmp_path / stated[0]["paths"][0]
    path.write_bytes(path.read_bytes() + b"12345")
    manifest = read_manifest(stated, tmp_path)
    assert [(warn.code, warn.text) for warn in manifest.warnings()] == [
        ("EXTRA_BYTES", f"{path.name}: 5 bytes that no array is made of")
    ]
    assert manifest.values("c/one").tolist() == [4.5]


@pytest.mark.parametrize(
    "name", ["../secret.bin", "/etc/hostname", "https://a.b/w.bin", "..\\w.bin", "a/../../secret.bin", "", 7, "C:w.bin"]
)
def test_no_path_leads_out_of_the_folder(tmp_path: Path, name: Any) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(4))
    entries = [{"name": "w", "shape": [1], "dtype": "float32"}]
    manifest = read_manifest([{"paths": [name], "weights": entries}], folder)
    assert [warn.code for warn in manifest.warnings()] == ["REFUSED_SHARD"]
    assert manifest.shards[0].path is None
    with pytest.raises(InspectorError, match="NO_VALUES"):
        manifest.values("w")


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(4))
    (folder / "w.bin").symlink_to(tmp_path / "secret.bin")
    manifest = read_manifest([{"paths": ["w.bin"], "weights": []}], folder)
    assert [warn.text for warn in manifest.warnings()] == [
        "w.bin: a link out of the model's folder, so it is not opened"
    ]


@pytest.mark.parametrize(
    "stated",
    [
        7,
        [None],
        [{"paths": "w", "weights": {}}],
        [{"paths": [], "weights": [{"name": "w", "shape": [4], "dtype": "float32"}]}],
        [{"paths": [], "weights": [{"name": "w", "shape": [-4], "dtype": "float32"}]}],
        [{"paths": [], "weights": [{"name": "w", "shape": ["a"], "dtype": "float32"}, 5, {}]}],
        [{"paths": [], "weights": [{"name": "w", "shape": [1 << 40, 1 << 40], "dtype": "float32"}]}],
        [{"paths": [], "weights": [{"name": "w", "shape": [1 << 40], "dtype": "string"}]}],
        [
            {
                "paths": [],
                "weights": [{"name": "w", "shape": [1], "dtype": "float32", "quantization": {"dtype": "uint8"}}],
            }
        ],
    ],
)
def test_a_damaged_manifest_gives_no_values_and_no_traceback(tmp_path: Path, stated: Any) -> None:
    manifest = read_manifest(stated, tmp_path)
    list(manifest.warnings())
    for name in manifest.weights:
        with pytest.raises(InspectorError):
            manifest.values(name)
