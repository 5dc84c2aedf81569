"""An open Keras file of any kind: its HDF5 part with what is said beside it (a config, an archive's members)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from inspector.domain.computation import Computation
from inspector.domain.errors import InspectorError
from inspector.domain.files import Choice, Details, Entry, ModelFile, Warn
from inspector.formats import h5_safety, h5_values
from inspector.formats.keras_architecture import Architecture, architecture_of
from inspector.formats.keras_archive import Member
from inspector.formats.keras_config import model_spec
from inspector.formats.keras_facts import asks_kernels, facts, runs_in, warnings
from inspector.formats.keras_file import KerasFile
from inspector.formats.keras_hub import cached_modules
from inspector.formats.keras_model import Laid, lay_out
from inspector.formats.keras_tree import KerasTree
from inspector.formats.keras_vars import VarsIndex, is_vars_layout
from inspector.formats.keras_weights import WeightIndex
from inspector.formats.keras_weights_only import lay_out_weights
from inspector.formats.opened import Choices

KERNELS = ("stored", "turned")  # Theano convolves with the kernel turned by half a circle


@dataclass(frozen=True, slots=True)
class Shell:
    """What surrounds the HDF5 part. `format` and `title` are the format module's; `warnings` what was wrong
    on opening; `broken`: why it cannot run whatever it holds; `members` of an archive; `close`: what to let go of."""

    format: str
    title: str
    close: Callable[[], None]
    warnings: tuple[Warn, ...] = ()
    broken: str = ""
    members: tuple[Member, ...] = ()
    extra_facts: tuple[tuple[str, str], ...] = ()


def _architecture_choice(chosen: str) -> Choice:
    return Choice(name="architecture", title="Architecture", chosen=chosen)


def _kernels_choice(chosen: str) -> Choice:
    """Raises BAD_CHOICE."""
    if chosen not in KERNELS:
        what, todo = f"kernels cannot be {chosen}", f"Choose {' or '.join(KERNELS)}."
        raise InspectorError("BAD_CHOICE", what, where=chosen, todo=todo)
    return Choice(name="kernels", title="Kernels", values=KERNELS, chosen=chosen, at_open=False)


class OpenedKeras:
    """Implements formats.opened.Opened. `root`: the low-level root group."""

    def __init__(self, path: Path, root: Any, keras: KerasFile, shell: Shell, choices: Choices) -> None:
        self._root, self._shell = root, shell
        self.keras = keras
        self._problem: InspectorError | None = None
        self._missing: list[str] = []
        self._architecture: Architecture | None = None
        holds_weights_only = keras.config is None and keras.problem is None
        if holds_weights_only:
            self._take_architecture(choices)
        self._laid = self._lay_out()
        self._tree = KerasTree(self._root, self.keras, self._laid.items if self._laid else [], shell.members)
        asks = holds_weights_only and self._laid is not None and bool(self._laid.items)
        offered = [_architecture_choice(choices.get("architecture", ""))] if asks else []
        if asks_kernels(self.keras, self._laid):
            offered.append(_kernels_choice(choices.get("kernels", KERNELS[0])))
        self._file = self._summary(path, tuple(offered))

    def _take_architecture(self, choices: Choices) -> None:
        """Raises BAD_CHOICE where the architecture that a person chose is none."""
        self._architecture = found = architecture_of(choices.get("architecture", ""))
        if found is not None:
            version = found.version if found.config is not None and found.version else self.keras.version
            self.keras = replace(self.keras, config=found.config, version=version, architecture=found.title)

    def _summary(self, path: Path, offered: tuple[Choice, ...]) -> ModelFile:
        shell, found = self._shell, path.stat()
        framework, reason = ("", shell.broken) if shell.broken else runs_in(self.keras, self._architecture)
        return ModelFile(
            path=str(path),
            format=shell.format,
            title=shell.title,
            size=found.st_size,
            runs_in=framework,
            reason=reason,
            facts=(*facts(self.keras, self._laid), *shell.extra_facts),
            warnings=shell.warnings + self._warnings(),
            inode=found.st_ino,
            modified_ns=found.st_mtime_ns,
            parts=(*(self._architecture.parts if self._architecture else ()), *cached_modules(self.keras.config)),
            choices=offered,
        )

    def _lay_out(self) -> Laid | None:
        try:
            index = (
                VarsIndex(self._root)
                if is_vars_layout(self._root)
                else WeightIndex(self._root, self.keras.weights_path)
            )
            self._missing = index.missing
            return self._of_config(index) or lay_out_weights(index)
        except InspectorError as error:
            self._problem = error
            return None

    def _of_config(self, index: WeightIndex | VarsIndex) -> Laid | None:
        """None where there is no config, or none that can be read: the weights are there all the same."""
        if self.keras.config is None:
            return None
        try:
            model = model_spec(self.keras.config)
            return lay_out(model, index.of_model(model), self.keras.major)
        except InspectorError as error:
            self._problem = error
            return None

    def _warnings(self) -> tuple[Warn, ...]:
        found = list(warnings(self.keras, self._laid))
        if self._problem is not None:
            found.append(Warn(self._problem.code, f"the layers cannot be shown: {self._problem.what}"))
        if self._missing:
            names = ", ".join(self._missing[:3])
            found.append(Warn("MISSING_WEIGHTS", f"{len(self._missing)} arrays are named but cannot be read: {names}"))
        return tuple(found)

    @property
    def file(self) -> ModelFile:
        return self._file

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        return self._tree.children(entry_id, start, stop)

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        return self._tree.entries()

    def details(self, entry_id: str) -> Details:
        return self._tree.details(entry_id)

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        """Raises as `values`."""
        stored = h5_values.checked(self._dataset(value_id), value_id)
        return stored.shape or (), stored.dtype

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Raises NO_SUCH_VALUE, NOT_NUMERIC, NO_VALUES, TOO_LARGE, NOT_OPENED, UNREADABLE."""
        return h5_values.read(self._dataset(value_id), value_id, start, stop)

    def computation(self) -> Computation:
        """Of a config that cannot be read its weights alone. Raises what stood in its way where there are none, or
        NO_MODEL."""
        problem = self._problem or self.keras.problem
        if problem is not None and (self._laid is None or not self._laid.computation.layers):
            raise problem
        if self._laid is None or not self._laid.computation.layers:
            raise InspectorError("NO_MODEL", "the file holds no Keras model", where=self._file.path)
        return self._laid.computation

    def close(self) -> None:
        self._shell.close()

    def _dataset(self, value_id: str) -> Any:
        target = h5_safety.resolve(self._root, value_id)
        if not isinstance(target, h5py.h5d.DatasetID):
            raise InspectorError("NO_SUCH_VALUE", "this is no dataset", where=value_id)
        return target
