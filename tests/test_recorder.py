"""What `inspector.record` writes of a callable, read with numpy and json alone. Keras's models: tests/runners."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import inspector

X = np.arange(6, dtype=np.float32).reshape(3, 2)


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The manifest, and every recorded array as `inputs/NAME`, `outputs/NAME`, `layers/NAME`."""
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist()[0] == "recording.json"
        assert archive.testzip() is None
        manifest = json.loads(archive.read("recording.json"))
    stored = np.load(path, allow_pickle=False)
    tensors = [("inputs", tensor) for tensor in manifest["inputs"]]
    tensors += [("outputs", tensor) for tensor in manifest["outputs"]]
    tensors += [("layers", tensor) for layer in manifest["layers"] for tensor in layer["outputs"]]
    arrays = {f"{kind}/{tensor['name']}": stored[f"{tensor['array']:05d}"] for kind, tensor in tensors}
    for kind, tensor in tensors:
        assert list(arrays[f"{kind}/{tensor['name']}"].shape) == tensor["shape"]
    return manifest, arrays


class Detached:
    """A tensor that gives its numbers only when it is asked as PyTorch's are."""

    shape, dtype = (3, 2), "torch.float32"

    def detach(self) -> Detached:
        return self

    def cpu(self) -> Detached:
        return self

    def numpy(self) -> np.ndarray:
        return X

    def __array__(self, *_args: Any) -> np.ndarray:
        raise RuntimeError("call detach() first")


def test_a_callable_of_one_array(tmp_path: Path) -> None:
    path = inspector.record(lambda x: x * 2, X, tmp_path / "r.npz")
    assert path == str(tmp_path / "r.npz")
    manifest, arrays = read(path)
    assert manifest["kind"] == "model-inspector recording"
    assert (manifest["schema"], manifest["framework"], manifest["layers"], manifest["notes"]) == (1, "", [], [])
    assert manifest["python"] == ".".join(map(str, sys.version_info[:3]))
    assert manifest["versions"]["numpy"] == np.__version__
    assert set(arrays) == {"inputs/input", "outputs/output"}
    np.testing.assert_array_equal(arrays["inputs/input"], X)
    np.testing.assert_array_equal(arrays["outputs/output"], X * 2)


def test_structures_give_the_names(tmp_path: Path) -> None:
    given = {"left": X, "right": Detached()}
    path = inspector.record(lambda x: [x["left"], None, {"sum": X + 1, "parts": [X, X + 2]}], given, tmp_path / "r")
    _, arrays = read(path)
    wanted = {"output_0": X, "sum": X + 1, "parts_0": X, "parts_1": X + 2}
    assert set(arrays) == {"inputs/left", "inputs/right", *(f"outputs/{name}" for name in wanted)}
    np.testing.assert_array_equal(arrays["inputs/right"], X)
    for name, array in wanted.items():
        np.testing.assert_array_equal(arrays[f"outputs/{name}"], array)


def test_nested_lists_of_numbers_are_one_array_and_a_list_of_arrays_is_several(tmp_path: Path) -> None:
    _, arrays = read(inspector.record(lambda x: np.asarray(x).sum(1), X.tolist(), tmp_path / "one"))
    np.testing.assert_array_equal(arrays["inputs/input"], X)
    np.testing.assert_array_equal(arrays["outputs/output"], [1, 5, 9])
    _, arrays = read(inspector.record(lambda x: x[0] @ x[1].T, (X, X + 1), tmp_path / "two"))
    assert {"inputs/input_0", "inputs/input_1"} < set(arrays)


@pytest.mark.parametrize("form", ["dict", "pairs", "function", "generator"])
def test_activations_keep_their_order(form: str, tmp_path: Path) -> None:
    pairs = [("z", X), ("a", X + 1)]
    forms = {
        "dict": dict(pairs),
        "pairs": pairs,
        "function": lambda x: {"z": x, "a": x + 1},
        "generator": lambda x: ((name, array) for name, array in pairs),
    }
    manifest, arrays = read(inspector.record(lambda x: x + 2, X, tmp_path / "r", activations=forms[form]))
    assert [layer["name"] for layer in manifest["layers"]] == ["z", "a"]
    np.testing.assert_array_equal(arrays["layers/z"], X)
    np.testing.assert_array_equal(arrays["layers/a"], X + 1)


def test_a_name_that_comes_again_is_a_further_call(tmp_path: Path) -> None:
    again = [("relu", X), ("relu", X + 1), ("relu", X + 2)]
    manifest, arrays = read(inspector.record(lambda x: x, X, tmp_path / "r", activations=again))
    assert [layer["name"] for layer in manifest["layers"]] == ["relu", "relu@1", "relu@2"]
    np.testing.assert_array_equal(arrays["layers/relu@2"], X + 2)


def test_bfloat16_is_kept_as_float32_and_said(tmp_path: Path) -> None:
    manifest, arrays = read(inspector.record(lambda x: x.astype(ml_dtypes.bfloat16), X / 3, tmp_path / "r"))
    assert manifest["outputs"][0]["dtype"] == "bfloat16"
    assert arrays["outputs/output"].dtype == np.float32
    np.testing.assert_array_equal(arrays["outputs/output"], (X / 3).astype(ml_dtypes.bfloat16).astype(np.float32))
    assert manifest["notes"] == [{"code": "KEPT_AS_FLOAT32", "text": "output is bfloat16 and is kept as float32"}]


@pytest.mark.parametrize("layout", [np.asfortranarray(X), X[::2], X.T, np.float32(3.0), X.astype(">f4")])
def test_any_layout_is_written_in_c_order(layout: np.ndarray, tmp_path: Path) -> None:
    path = inspector.record(lambda x: x, layout, tmp_path / "r")
    np.testing.assert_array_equal(read(path)[1]["outputs/output"], layout)
    assert not any(np.load(path)[name].flags.fnc for name in ("00000", "00001"))


def test_what_is_no_array_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="is no array of numbers"):
        inspector.record(lambda x: {"a": object()}, X, tmp_path / "r")
    (tmp_path / "kept").write_text("as it was")

    def failing(_x: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        inspector.record(failing, X, tmp_path / "kept")
    with pytest.raises(TypeError):
        inspector.record(lambda x: x, X, tmp_path / "kept", activations={"a": [object()]})
    assert (tmp_path / "kept").read_text() == "as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_record_of_a_callable_brings_no_framework(root: Path, tmp_path: Path) -> None:
    """The file alone, by its path, as beside a training script."""
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('recorder', {str(root / 'inspector' / 'recorder.py')!r})\n"
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)\n"
        f"module.record(lambda x: x, [[1.0]], {str(tmp_path / 'r.npz')!r})\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'inspector', 'tensorflow', 'keras', 'h5py'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"
    assert read(tmp_path / "r.npz")[1]["outputs/output"] == [[1.0]]
