"""What a Keras file says before Keras loads it, and why Keras could not."""

import json
import os
import re
import shutil
import tempfile
import zipfile
from typing import Any, Dict, NamedTuple

from .lambda_code import lambda_layers, python_of, this_python
from .messages import reason
from .server import RequestError

LARGEST_CONFIG = 64 << 20
UNKNOWN = (
    re.compile(r"Unknown activation function '\{.*'class_name': 'function', 'config': '(\w+)'"),
    re.compile(r"Unknown activation function:? ?'?(\w+)"),
    re.compile(r"(?:Unknown [\w ]+: |Could not (?:locate|deserialize) (?:class|function) )['\"]?(?:\w+>)?(\w+)"),
)


class Stated(NamedTuple):
    """The model's config ({} where only code can tell), and who wrote it ("" where the file says nothing).

    `layout`: `h5` or `archive` for a whole model, `weights` for a file without a config. `changed`: the
    config is no longer the file's."""

    config: Dict[str, Any]
    version: str
    backend: str
    layout: str
    changed: bool = False


def stated(path: str) -> Stated:
    """Raises LOAD_FAILED when the file is no Keras file, or its config cannot be read."""
    try:
        return _of_archive(path) if zipfile.is_zipfile(path) else _of_h5(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RequestError("LOAD_FAILED", reason(error), path, "Open a Keras .h5 or .keras file.")


def _of_archive(path: str) -> Stated:
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo("config.json").file_size > LARGEST_CONFIG:
            raise ValueError("config.json is too large")
        config = json.loads(archive.read("config.json").decode("utf-8"))
        metadata = json.loads(archive.read("metadata.json").decode("utf-8"))
    return Stated(config, str(metadata.get("keras_version", "")), "tensorflow", "archive")


def _of_h5(path: str) -> Stated:
    import h5py

    with h5py.File(path, "r") as file:
        text = file.attrs.get("model_config")
        version, backend = (_decoded(file.attrs.get(name, "")) for name in ("keras_version", "backend"))
    if text is None:
        return Stated({}, version, backend, "weights")
    return Stated(json.loads(_decoded(text)), version, backend, "h5")


def _decoded(text: Any) -> str:
    return text.decode("utf-8") if isinstance(text, bytes) else str(text)


def major(version: str) -> int:
    """1, 2 or 3; Keras before 1.1 left no version."""
    head = version.partition(".")[0]
    return int(head) if head.isdigit() else 1


def named(path: str, ending: str) -> str:
    """The same file under a name with this ending, since Keras tells formats by names."""
    if path.endswith(ending):
        return path
    other = os.path.join(tempfile.mkdtemp(), "model" + ending)
    try:
        os.symlink(os.path.abspath(path), other)
    except OSError:
        shutil.copyfile(path, other)
    return other


def refuse_code(config: Dict[str, Any], path: str) -> None:
    """Raises CONTAINS_CODE when loading the model would run program code that the file carries."""
    names = [name for name, _ in lambda_layers(config)]
    if names:
        what = "program code in Lambda layers: {}".format(", ".join(names[:3]))
        todo = "If you trust the file's author, open it with --trust, or give functions of these names (--custom)."
        raise RequestError("CONTAINS_CODE", what, path, todo)


def refuse_other_python(config: Dict[str, Any], path: str) -> None:
    """Raises OTHER_PYTHON where a Lambda's bytecode is of a Python that this one cannot read."""
    for name, own in lambda_layers(config):
        needed = python_of(own)
        if needed and needed != this_python():
            what = "the code of Lambda layer {} needs Python {}, and this is Python {}".format(
                name, needed, this_python()
            )
            todo = "Run it in such a Python (--python), or give a function of that name (--custom FILE.py)."
            raise RequestError("OTHER_PYTHON", what, path, todo)


def unknown_name(error: Exception) -> str:
    """The class or function that Keras says it does not know, "" when it says something else."""
    found = [pattern.search(str(error)) for pattern in UNKNOWN]
    return next((match.group(1) for match in found if match), "")


def load_failure(error: Exception, path: str, version: str) -> RequestError:
    """Keras's own reason without the configs it prints, and what to do about it."""
    text = str(error).rsplit("Exception encountered:", 1)[-1]
    if version.startswith("1."):
        what = "Keras {} wrote the file, and its config cannot be upgraded: {}".format(version, reason(error, text))
        return RequestError("LOAD_FAILED", what, path, "Run it in a Python that has Keras 1 (--python).")
    todo = "Run it in the Python and Keras that saved it (--python)."
    return RequestError("LOAD_FAILED", reason(error, text), path, todo)
