""".keras archives: read in place, deflated or stored, damaged, too large, and with an architecture for weights."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zipfile
from pathlib import Path

import h5py
import keras_files
import numpy as np
import pytest

from inspector.domain.errors import InspectorError
from inspector.formats import keras_archive, open_file

KERNEL = np.arange(6, dtype=np.float32).reshape(3, 2)
BIAS = np.float32([0.5, -0.5])
CONFIG = {
    **keras_files.sequential(
        keras_files.input_layer("x", 3), keras_files.layer("Dense", "d", units=2, activation="relu")
    ),
    "registered_name": None,
}


def weights_file() -> bytes:
    """As Keras 3 lays weights out; the optimizer's state beside them."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.create_group("vars").attrs["name"] = "sequential"
        variables = file.create_group("layers/dense/vars")
        variables.attrs["name"] = "d"
        variables["0"], variables["1"] = KERNEL, BIAS
        file["optimizer/vars/0"] = np.float32(3)
    return memory.getvalue()


def archive(path: Path, members: dict[str, bytes | str] | None = None, method: int = zipfile.ZIP_STORED) -> Path:
    whole = {
        "metadata.json": json.dumps({"keras_version": "3.4.1"}),
        "config.json": json.dumps(CONFIG),
        "model.weights.h5": weights_file(),
        **(members or {}),
    }
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in whole.items():
            if content:
                file.writestr(name, content)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_layers_weights_and_members(tmp_path: Path, method: int) -> None:
    opened = open_file(str(archive(tmp_path / "m.keras", method=method)))
    assert (opened.file.format, opened.file.runs_in) == ("keras_zip", "keras3")
    _, dense = opened.computation().layers
    assert (dense.name, dense.kind, dense.shape) == ("d", "dense", (None, 2))
    assert [(weight.role, weight.shape) for weight in dense.weights] == [("kernel", (3, 2)), ("bias", (2,))]
    np.testing.assert_array_equal(opened.values(dense.weights[0].id, 1, 4), KERNEL.reshape(-1)[1:4])
    members = opened.children("section:Archive", 0, 9)
    assert {entry.name: entry.size for entry in members}["config.json"] == len(json.dumps(CONFIG))
    assert [entry.name for entry in opened.children("section:Optimizer state", 0, 9)] == ["vars"]
    assert "member:metadata.json" in {entry.id for entry, _ in opened.entries()}
    assert opened.details(members[0].id).rows[0] == ("Bytes", str(members[0].size))
    opened.close()


def test_what_tf_keras_wrote_runs_in_legacy_keras(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras", {"metadata.json": json.dumps({"keras_version": "2.15.0"})})
    opened = open_file(str(path))
    assert opened.file.runs_in == "tf_keras"
    opened.close()


@pytest.mark.parametrize(
    ("members", "code", "names"),
    [
        ({"model.weights.h5": b"not HDF5 at all"}, "CORRUPT", ["x", "d"]),
        ({"model.weights.h5": ""}, "NO_SUCH_ENTRY", ["x", "d"]),
        ({"config.json": "{"}, "BAD_CONFIG", ["d"]),
        ({"config.json": "[1]"}, "BAD_CONFIG", ["d"]),
        ({"metadata.json": "no JSON"}, "", ["x", "d"]),
    ],
)
def test_what_is_broken_is_said_and_the_rest_shown(
    tmp_path: Path, members: dict[str, bytes | str], code: str, names: list[str]
) -> None:
    """Weights without their config are layers all the same, which another side's model can run."""
    with contextlib.closing(open_file(str(archive(tmp_path / "m.keras", members)))) as opened:
        codes = [warning.code for warning in opened.file.warnings]
        assert (code in codes) == bool(code)
        assert bool(opened.file.runs_in) == (code in ("", "BAD_CONFIG"))
        assert [layer.name for layer in opened.computation().layers] == names


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 MB of zeros in 100 kB: more than 200 times what is stored, and more than any config."""
    path = archive(tmp_path / "m.keras", {"model.weights.h5": bytes(100 << 20)}, zipfile.ZIP_DEFLATED)
    opened = open_file(str(path))
    (warning,) = (warning for warning in opened.file.warnings if warning.code == "TOO_LARGE")
    assert "would grow from" in warning.text
    assert opened.file.runs_in == ""
    opened.close()
    monkeypatch.setattr(keras_archive, "MAX_MEMBERS", 2)
    with pytest.raises(InspectorError) as refused:
        keras_archive.Archive(path)
    assert refused.value.code == "TOO_LARGE"


def test_a_member_says_less_than_it_holds(tmp_path: Path) -> None:
    """A directory that lies about a size: no more is read than it states, and the mismatch is told."""
    path = archive(tmp_path / "m.keras", method=zipfile.ZIP_DEFLATED)
    whole = bytearray(path.read_bytes())
    size = struct.pack("<L", len(weights_file()))
    assert whole.count(size) >= 2
    path.write_bytes(bytes(whole).replace(size, struct.pack("<L", 100)))
    opened = open_file(str(path))
    assert [warning.code for warning in opened.file.warnings] == ["CORRUPT"]
    opened.close()


def opening_gives(path: Path) -> str:
    """The code of the error, empty where it opens."""
    try:
        open_file(str(path)).close()
    except InspectorError as error:
        return error.code
    return ""


def test_every_cut_and_every_flipped_byte_gives_words(tmp_path: Path) -> None:
    """Half an archive has no directory; a byte changed in the weights' part is HDF5's business elsewhere."""
    whole = archive(tmp_path / "m.keras").read_bytes()
    border = whole.index(b"\x89HDF")
    path = tmp_path / "hurt.keras"
    random = np.random.default_rng(0)
    codes = set()
    for place in map(int, [*random.integers(0, border, 60), *random.integers(len(whole) - 200, len(whole), 60)]):
        hurt = bytearray(whole)
        hurt[place] ^= 0xFF
        path.write_bytes(hurt)
        codes.add(opening_gives(path))
    assert codes <= {"", "CORRUPT", "NOT_A_MODEL", "TOO_LARGE", "ENCRYPTED", "NO_SUCH_ENTRY"}
    for length in (4, 30, border, len(whole) - 10):
        path.write_bytes(whole[:length])
        with pytest.raises(InspectorError):
            open_file(str(path))


def test_the_qkeras_archive(shared_models: Path) -> None:
    opened = open_file(str(shared_models / "pairs/qkeras/qkeras-v3_3layer.keras"))
    kernels = [layer.weights[0].shape for layer in opened.computation().layers if layer.weights]
    assert kernels == [(16, 64), (64, 32), (32, 32), (32, 5)]
    assert "QDense" in next(warning.text for warning in opened.file.warnings if warning.code == "CONTAINS_CODE")
    opened.close()
