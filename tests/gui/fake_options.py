"""Files with something to choose and interpreters to add, for tests of a side's options."""

from __future__ import annotations

from dataclasses import replace

from inspector.domain.errors import InspectorError
from inspector.domain.files import Choice, ModelFile
from inspector.session.environments import Environment

CONFINEMENT = "Landlock 6: writes only in its spill, starts no program, no TCP"
PYTHONS = {
    "/envs/tf1/bin/python": Environment(
        path="/envs/tf1/bin/python", python="3.7.16", versions={"tensorflow": "1.15.5", "keras": "2.2.4"}
    ),
    "/envs/tf2/bin/python": Environment(
        path="/envs/tf2/bin/python", python="3.9.18", versions={"tensorflow": "2.12.0", "keras": "2.12.0"}
    ),
}
SIGNATURE = Choice(name="signature", title="Signature", values=("serving_default", "train"), chosen="serving_default")
BACKEND = Choice(name="backend", title="Backend", values=("webgl", "wasm", "cpu"), chosen="webgl", at_open=False)
ARCHITECTURE = Choice(name="architecture", title="Architecture")
#: By the ending: title, framework and choices of what is no .h5 or .pb; a folder is a SavedModel.
OTHERS = {
    "": ("SavedModel", "saved_model", (SIGNATURE,)),
    ".json": ("TensorFlow.js layers model", "tfjs", (BACKEND,)),
    ".tflite": ("TensorFlow Lite model", "tflite", ()),
    ".npz": ("Recording", "recording", ()),
    ".hdf5": ("Keras weights", "", (ARCHITECTURE,)),
}


def with_choices(file: ModelFile, chosen: dict[str, str]) -> ModelFile:
    """The file with these choices in force. Raises BAD_CHOICE for a value that there is not."""
    for choice in file.choices:
        wanted = chosen.get(choice.name, choice.chosen)
        if choice.values and wanted not in choice.values:
            known = ", ".join(choice.values)
            raise InspectorError(
                "BAD_CHOICE", f"there is no {choice.name} {wanted}", where=file.path, todo=f"There are {known}."
            )
        if wanted == "nowhere.json":
            raise InspectorError(
                "BAD_CHOICE", "there is no architecture nowhere.json", where=wanted, todo="Name a file."
            )
    choices = tuple(replace(choice, chosen=chosen.get(choice.name, choice.chosen)) for choice in file.choices)
    return replace(file, choices=choices)


class FakeEnvironments:
    """Two interpreters that can be added, and everything else refused."""

    def __init__(self) -> None:
        self.added: list[str] = []

    def paths(self) -> tuple[str, ...]:
        return tuple(self.added)

    def inspect(self, path: str) -> Environment:
        if path not in ("", *PYTHONS):
            raise InspectorError(
                "NOT_A_PYTHON", "there is no such interpreter", where=path, todo="Choose a Python interpreter."
            )
        return PYTHONS.get(path, Environment(path="", python="3.11.7", versions={"tensorflow": "2.21.0"}))

    def add(self, path: str) -> Environment:
        found = self.inspect(path)
        self.added.append(path)
        return found

    def forget(self, path: str) -> None:
        self.added.remove(path)
