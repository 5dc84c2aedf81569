"""Convert a model file and prove it: plan, write a draft, open that as any file, compare, move it to its place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.files import ModelFile
from inspector.domain.options import SideOptions
from inspector.domain.wording import short
from inspector.session.conversion import (
    REPORTS,
    SQNR,
    TEXT,
    WORST,
    Converted,
    Plan,
    Proof,
    Target,
    refuse_options,
    worst_count,
)
from inspector.session.drafts import Draft, require_free, telling
from inspector.session.drawn import integers
from inspector.session.losses import losses
from inspector.session.pipeline_message import as_message
from inspector.session.preprocess import parse
from inspector.session.session import Session, silent
from inspector.session.settings import Settings
from inspector.session.store import Store
from inspector.session.usage import usage_text
from inspector.workers.child import Progress
from inspector.workers.runner_client import DEFAULTS, Written

RANDOM = ("random:0",)
PICTURE_RANK = 4
DRAWN = 100  # random samples whose ranges are taken where a person gives none
WEIGHTED = ("conv", "dense", "lstm", "gru", "rnn", "attention")  # kinds that a quantizer leaves in float or not
RAW = (2, 131, 97, 3)  # random pictures where a model takes any size: samples, rows, columns, channels
#: Writes a comparison as `STEM.html` and `STEM.json` into a folder: the rooms above know how.
WriteReports = Callable[[Comparison, Path], None]


class Conversion:
    """One conversion of one file, with processes of its own. `stop` from any thread ends it: nothing is left.

    `settings`: inputs and range of the proof; its pipeline for A is the one that the target puts inside."""

    def __init__(
        self, path: Path, target: Target, *, options: SideOptions = DEFAULTS, settings: Settings | None = None
    ) -> None:
        self._path, self._target, self._options = path.absolute(), target, options
        self._settings = settings or Settings()
        if target.preprocess:
            self._settings = _raw_for_both(self._settings, target.preprocess)
        self._state = Path(tempfile.mkdtemp(prefix="model-inspector-"))
        # Drafts are no recent files: what this session remembers is forgotten with it.
        code = SideOptions(trust=options.trust, custom=options.custom)
        options_b = code if target.form in ("keras", "h5") else DEFAULTS  # every other form does without the code
        self._session = Session(store=Store(self._state), options_a=options, options_b=options_b)
        self._plan: Plan | None = None

    def __enter__(self) -> Conversion:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.close()

    def plan(self) -> Plan:
        """Open the file and say what its new form will lack; nothing is run and nothing written.

        Raises InspectorError: what opening raises, EXISTS, NO_FOLDER, NO_PERMISSION, SAME_FILE, CANNOT_RUN."""
        if self._plan is None:
            target = self._target
            worst_count(target.keep_float)
            refuse_options(target)
            file = self._session.open("a", self._path)
            _refuse_itself(file, target.out)
            require_free(target.out, target.beside, overwrite=target.overwrite)
            if not file.runs_in:
                todo = "Name its architecture: --set architecture=FILE."
                raise InspectorError(
                    "CANNOT_RUN", f"this file cannot be run: {file.reason}", where=file.path, todo=todo
                )
            found = losses(file, self._session.reader("a"), self._options, target)
            self._plan = Plan(target=target, title=file.title, losses=found)
        return self._plan

    def run(self, write_reports: WriteReports, progress: Progress = silent) -> Converted:
        """Do it. The files are there when this returns, whether the proof holds or not; not when it raises."""
        plan = self.plan()
        target = plan.target
        self._session.warm()
        with Draft(target.out, target.beside, overwrite=target.overwrite) as draft:
            kept = tuple(name for name in target.keep_float if not name.startswith(WORST))
            written, proofs = self._once(draft, kept, progress)
            count = worst_count(target.keep_float)
            if count:
                kept = tuple(dict.fromkeys((*kept, *worst_layers(proofs[0].comparison, count))))
                written, proofs = self._once(draft, kept, progress)
            converted = Converted(plan=plan, written=written, proofs=proofs, files=(), kept_float=kept)
            file, sha256 = self._session.file("a"), self._session.sha256("a")
            assert file is not None  # noqa: S101 - the plan has opened it
            with telling(target.out):
                draft.path(target.out.name + TEXT).write_text(usage_text(converted, file, sha256), encoding="utf-8")
                for proof, ending in zip(proofs, REPORTS, strict=False):
                    write_reports(proof.comparison, draft.path(target.out.name + ending))
            return replace(converted, files=draft.commit())

    def _once(self, draft: Draft, kept: tuple[str, ...], progress: Progress) -> tuple[Written, tuple[Proof, ...]]:
        written = self._session.convert(self._target.form, self._wish(kept), self._representative(), progress)
        progress("writing", 0, 0)
        path = draft.take(Path(written.path))
        return written, self._prove(path, written, progress)

    def _wish(self, kept: tuple[str, ...]) -> dict[str, Any]:
        target = self._target
        return {
            "inputs": target.inputs,
            "outputs": target.outputs,
            "batch": target.batch,
            "fold": target.fold,
            "signature": target.signature,
            "preprocess": as_message(parse(target.preprocess)),
            "keep_float": kept,
        }

    def _representative(self) -> Settings | None:
        """The settings that give the inputs whose ranges are taken; None for a form that needs none."""
        if self._target.form != "tflite-int8":
            return None
        inputs = self._target.representative or self._settings.inputs
        drawn = all(text.rpartition("=")[2].startswith("random") for text in inputs)
        return replace(self._settings, inputs=inputs, batch=DRAWN if drawn else self._settings.batch)

    def _prove(self, path: Path, written: Written, progress: Progress) -> tuple[Proof, ...]:
        """On the inputs that were given, and on random ones where these are others."""
        self._session.open("b", path)
        random = self._random_pictures(written) if self._target.preprocess else RANDOM
        given = random if self._settings.inputs == RANDOM else self._settings.inputs
        return tuple(self._proof(path, inputs, progress) for inputs in dict.fromkeys([given, random]))

    def _proof(self, path: Path, inputs: tuple[str, ...], progress: Progress) -> Proof:
        self._session.settings = replace(self._settings, inputs=inputs)
        found = relocated(self._session.compare(progress), str(path), str(self._target.out.absolute()))
        said = tuple(text.replace(f"{self._state}{os.sep}", "") for text in inputs)
        return judged(relocated(found, f"{self._state}{os.sep}", ""), said, self._target)

    def _random_pictures(self, written: Written) -> tuple[str, ...]:
        """Random pixels for inputs that take raw pictures, of another size than the model's where any will do."""
        specs = []
        for stream, named in enumerate(written.inputs):
            shape = tuple(named.shape or ())
            if named.dtype == "uint8" and len(shape) == PICTURE_RANK:
                pixels = integers(tuple(map(_drawn, shape, RAW)), 0, 255, seed=0, stream=stream)
                file = self._state / f"random-pixels-{stream}.npy"
                np.save(file, pixels.astype(np.uint8))
                specs.append(f"{named.layer}={file}")
        return (*specs, *RANDOM)

    def stop(self) -> None:
        """Kill what runs; `run` raises Cancelled."""
        self._session.stop()

    def close(self) -> None:
        """End all processes and delete what they left."""
        self._session.close()
        shutil.rmtree(self._state, ignore_errors=True)


def _drawn(size: int | None, otherwise: int) -> int:
    return otherwise if size is None else size


def _raw_for_both(settings: Settings, pipeline: str) -> Settings:
    """Both sides get raw inputs: A through the pipeline, the new file as they are. Pictures are whole numbers."""
    drawn = (settings.low, settings.high) == (0.0, 1.0)
    whole = replace(settings, low=0.0, high=255.0) if drawn and parse(pipeline).for_images else settings
    return replace(whole, preprocess_a=f"uint8 | {pipeline}" if parse(pipeline).for_images else pipeline)


def judged(comparison: Comparison, inputs: tuple[str, ...], target: Target) -> Proof:
    """Whether the outputs are as near as was asked for. A form that rounds is judged by its signal to noise, every
    other by the noise floor, unless a tolerance or a signal to noise is set."""
    worst = max((output.metrics.max_abs for output in comparison.outputs), default=float("inf"))
    sqnr = min((output.metrics.sqnr_db for output in comparison.outputs), default=float("-inf"))
    reasons = []
    least = target.sqnr if target.sqnr is not None else SQNR.get(target.form)
    if target.tolerance is not None and not worst <= target.tolerance:
        reasons.append(f"the outputs differ by {short(worst)}, more than {short(target.tolerance)}")
    by_default = least is not None and target.sqnr is None and target.tolerance is not None
    if least is not None and not by_default and not sqnr >= least:
        reasons.append(f"the signal to noise is {short(sqnr)} dB, less than {short(least)}")
    if comparison.verdict == "not-comparable":
        reasons.append(comparison.sentence)
    if target.tolerance is None and least is None and comparison.verdict == "different":
        reasons.append(comparison.sentence)
    text = "; ".join(reasons) or _fine(comparison, worst, sqnr)
    return Proof(inputs=inputs, comparison=comparison, good=not reasons, text=text, max_abs=worst, sqnr_db=sqnr)


def _fine(comparison: Comparison, worst: float, sqnr: float) -> str:
    if comparison.verdict in ("same", "within-noise"):
        return comparison.sentence
    return f"The outputs differ by at most {short(worst)}, {short(sqnr)} dB below the signal: as near as was asked for."


def worst_layers(comparison: Comparison, count: int) -> tuple[str, ...]:
    """A's layers with the least signal to noise of their own, worst first: what came in from above aside."""
    measured = [layer for layer in comparison.layers if any(word in layer.kind for word in WEIGHTED)]
    own = {layer.a: (layer.introduced or layer.total) for layer in measured if layer.introduced or layer.total}
    ranked = sorted(own, key=lambda name: found.sqnr_db if (found := own[name]) is not None else 0.0)
    return tuple(ranked[:count])


def relocated(value: Any, before: str, after: str) -> Any:
    """The same value with one path in the place of another in all its texts."""
    if isinstance(value, str):
        return value.replace(before, after)
    if isinstance(value, tuple | list):
        return type(value)(relocated(item, before, after) for item in value)
    if isinstance(value, dict):
        return {key: relocated(item, before, after) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: relocated(getattr(value, f.name), before, after) for f in fields(value)})
    return value


def _refuse_itself(file: ModelFile, out: Path) -> None:
    """A file is never written over what it is made of."""
    origin, place = Path(file.path).resolve(), out.absolute().resolve()
    if place in (origin, *(Path(part).resolve() for part in file.parts)) or origin in place.parents:
        raise InspectorError(
            "SAME_FILE", "the result would be written over its origin", where=str(out), todo="Choose another name."
        )
