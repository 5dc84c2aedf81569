"""A session without processes: entries, matches and numbers in memory, for tests of the window."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fake_options import CONFINEMENT, OTHERS, FakeEnvironments, with_choices

from inspector.domain.comparison import (
    Comparison,
    Finding,
    InputUsed,
    LayerDifference,
    Metrics,
    OutputDifference,
    Proof,
    Scores,
    SideRun,
)
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Details, Entry, Found, ModelFile, ValueSummary, Warn
from inspector.domain.match import Assignment, Evidence, Match, ValueHit, WeightDifference
from inspector.domain.options import SideOptions
from inspector.workers.runner_client import Started

KINDS = (
    ("conv", "conv2d", "Conv2D"),
    ("bn", "batch_norm", "BatchNormalization"),
    ("relu", "activation", "ReLU"),
)
BLOCKS = 6
CULPRIT = 7  # index of bn_2, whose epsilon differs


@dataclass(frozen=True)
class FakeSettings:
    inputs: tuple[str, ...] = ("random:0",)
    preprocess_a: str = ""
    preprocess_b: str = ""
    low: float = 0.0
    high: float = 1.0
    batch: int | None = None
    size: tuple[int, ...] | None = None


@dataclass(frozen=True)
class FakePreview:
    used: InputUsed
    array_a: np.ndarray
    array_b: np.ndarray


def entries(side: str) -> dict[str, list[Entry]]:
    """Children by parent id."""
    tree: dict[str, list[Entry]] = {"": []}
    for block in range(BLOCKS):
        for short, _kind, class_name in KINDS:
            name = f"{short}_{block}" if side == "a" else f"import/{short}_{block}"
            tensor = name if side == "a" else f"{name}:0"
            weights = (
                []
                if short == "relu"
                else [
                    Entry(
                        id=f"{name}/{role}",
                        name=role,
                        kind="weight",
                        shape=(3, 3, 3, 8),
                        dtype="float32",
                        size=864,
                        value_id=f"{name}/{role}",
                    )
                    for role in ("kernel", "bias")
                ]
            )
            tree[name] = weights
            tree[""].append(
                Entry(
                    id=name,
                    name=name,
                    kind="layer" if side == "a" else "node",
                    class_name=class_name,
                    shape=(None, 8, 8, 8),
                    dtype="float32",
                    child_count=len(weights),
                    tensor=tensor,
                )
            )
    tree["big"] = [Entry(id=f"big/{i}", name=f"child {i}", kind="dataset") for i in range(2000)]
    tree[""].append(Entry(id="big", name="big", kind="group", child_count=2000))
    return tree


class FakeReader:
    """The methods of the reader's client over a dict."""

    def __init__(self, side: str) -> None:
        self.side, self.tree = side, entries(side)
        self.asked: list[tuple[str, int, int | None]] = []
        self.delay = 0.0

    def children(self, id: str, start: int, stop: int) -> list[Entry]:
        time.sleep(self.delay)
        self.asked.append((id, start, stop))
        return self.tree.get(id, [])[start:stop]

    def search(self, query: str, limit: int) -> list[Found]:
        time.sleep(self.delay)
        wanted = query.lower()
        hits = [
            Found(entry, (parent,) if parent else (), 100.0 if entry.tensor == query else 50.0)
            for parent, children in self.tree.items()
            for entry in children
            if wanted in (entry.tensor or entry.id).lower() or wanted in entry.class_name.lower()
        ]
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    def details(self, id: str) -> Details:
        entry = next(e for children in self.tree.values() for e in children if e.id == id)
        return Details(entry, (("class", entry.class_name), ("<b>hostile</b>", "<img src=x>")))

    def summary(self, value_id: str) -> ValueSummary:
        values = np.random.default_rng(len(value_id)).normal(size=(24, 36))
        counts, edges = np.histogram(values, 32)
        return ValueSummary(
            shape=(24, 36),
            dtype="float32",
            count=values.size,
            minimum=float(values.min()),
            maximum=float(values.max()),
            mean=float(values.mean()),
            deviation=float(values.std()),
            zeros=0,
            nan=0,
            infinite=0,
            edges=tuple(map(float, edges)),
            counts=tuple(map(int, counts)),
            picture=tuple(tuple(map(float, row)) for row in values),
            picture_note="kernel as 24 x 36",
        )


def metrics(scale: float) -> Metrics:
    return Metrics(
        max_abs=scale,
        mean_abs=scale / 5,
        max_rel=scale / 2,
        cosine=1 - min(scale, 1) / 100,
        sqnr_db=float(-20 * np.log10(scale + 1e-12)),
        fraction_beyond_noise=0.4 if scale > 1e-5 else 0.0,
        worst_index=(0, 3, 5, 2),
    )


def assignment() -> Assignment:
    matches = []
    for block in range(BLOCKS):
        for short, kind, class_name in KINDS:
            name = f"{short}_{block}"
            weights = (
                ()
                if short == "relu"
                else (
                    WeightDifference(
                        a=f"{name}/kernel",
                        b=f"import/{name}/kernel",
                        role="kernel",
                        relation="exact",
                        shape_a=(3, 3, 3, 8),
                        shape_b=(3, 3, 3, 8),
                        max_abs=0.0,
                    ),
                )
            )
            matches.append(
                Match(
                    a=name,
                    tensor_a=name,
                    class_name=class_name,
                    kind=kind,
                    tensor_b=f"import/{name}:0",
                    layer_b=f"import/{name}",
                    score=0.97,
                    evidence=(
                        Evidence("name", 0.9, "same last part of the name"),
                        Evidence("weights", 1.0, "kernel is equal in every element"),
                    ),
                    weights=weights,
                )
            )
    return Assignment(
        matches=tuple(matches),
        inputs=(("input_1", "import/input_1:0"),),
        outputs=((matches[-1].a, matches[-1].tensor_b or ""),),
        unmatched_a=(),
        unmatched_b=("import/extra:0",),
    )


def comparison(matched: Assignment | None = None) -> Comparison:
    layers = []
    for index, match in enumerate((matched or assignment()).matches):
        introduced = 2.4e-2 if index == CULPRIT else 6e-8
        total = 6e-8 if index < CULPRIT else 2.4e-2 * 1.1 ** (index - CULPRIT)
        layers.append(
            LayerDifference(
                index=index,
                a=match.a,
                b=match.tensor_b,
                class_name=match.class_name,
                kind=match.kind,
                status="different" if index == CULPRIT else "within-noise",
                shape=(1, 8, 8, 8),
                evidence=match.evidence,
                total=metrics(total),
                introduced=metrics(introduced),
                noise_floor=4e-7,
                error_a=1e-7,
                error_b=2e-2 if index == CULPRIT else 1e-7,
                weights=match.weights,
            )
        )
    side = {"format": "keras-h5", "sha256": "0" * 64, "framework": "tf_keras 2.21", "python": "3.11"}
    used = fake_preview().used
    return Comparison(
        verdict="different",
        sentence="B differs from bn_2 on: this layer alone introduces 2.4e-2; 17 others introduce nothing "
        "beyond rounding.",
        a=SideRun(path="model.h5", **side),
        b=SideRun(path="model.pb", **side),
        inputs=(used,),
        outputs=(
            OutputDifference(
                a="relu_5",
                b="import/relu_5:0",
                shape=(1, 10),
                metrics=metrics(0.03),
                noise_floor=4e-7,
                within_noise=False,
                identical=False,
                scores=Scores(
                    top5_a=(3, 1, 2, 5, 7),
                    top5_b=(3, 2, 1, 5, 8),
                    values_a=(0.6, 0.1, 0.08, 0.05, 0.03),
                    values_b=(0.55, 0.12, 0.1, 0.05, 0.03),
                    top5_overlap=4,
                    top1_agreement=1.0,
                ),
            ),
        ),
        layers=tuple(layers),
        findings=(
            Finding(
                cause="epsilon",
                title="Another epsilon in bn_2",
                layer_a="bn_2",
                layer_b="import/bn_2:0",
                confidence=0.98,
                evidence="epsilon 1e-3 in A, 1e-2 in B",
                mend="set epsilon of import/bn_2 to 0.001",
                proof=Proof(edit="epsilon := 0.001", before=0.03, after=5e-8, gone=0.9999),
            ),
        ),
        unmatched_a=(),
        unmatched_b=("import/extra:0",),
        warnings=(Warn("OPTIMISED", "one warning"),),
        timings={"run_a": 0.2, "run_b": 0.1},
        extra={},
    )


def fake_preview() -> FakePreview:
    array = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    used = InputUsed(
        name_a="input_1",
        name_b="import/input_1:0",
        shape_a=(1, 8, 8, 3),
        shape_b=(1, 8, 8, 3),
        dtype_a="float32",
        dtype_b="float32",
        spec="random:0",
        preprocess_a="",
        preprocess_b="",
        stats_a=(0.0, 1.0, 0.5, 0.29),
        stats_b=(0.0, 1.0, 0.5, 0.29),
    )
    return FakePreview(used, array, array * 2)


class FakeSession:
    """Session of the contract. `step` seconds pass per step of a run; `stop()` ends it."""

    def __init__(self, step: float = 0.0, folder: Path | None = None) -> None:
        self.step, self.folder = step, folder
        self.settings = FakeSettings()
        self.files: dict[str, ModelFile | None] = {"a": None, "b": None}
        self.readers: dict[str, FakeReader] = {}
        self.calls: list[tuple] = []
        self.closed = False
        self.runs = 0
        self.fail_compare: InspectorError | None = None
        self._stop = threading.Event()
        self._assignment = assignment()
        self.chosen = {"a": SideOptions(), "b": SideOptions()}
        self.environments = FakeEnvironments()
        self.recalled: dict[str, SideOptions] = {}
        self.remembered: FakeSettings | None = None
        self.matched: list[tuple[str, str]] = []
        self.match_seconds = 0.0

    def options(self, side: str) -> SideOptions:
        return self.chosen[side]

    def set_options(self, side: str, options: SideOptions) -> None:
        """Opens the file anew where its choices changed, as the session does."""
        self.calls.append(("set_options", side, options))
        file = self.files[side]
        if file is not None and options.choices != self.chosen[side].choices:
            self.files[side] = with_choices(file, options.choices)
        self.chosen[side] = options

    def save_options(self, side: str) -> None:
        self.calls.append(("save_options", side, self.chosen[side]))

    def recall_options(self) -> tuple:
        recalled, self.recalled = self.recalled, {}
        for side, options in recalled.items():
            self.set_options(side, options)
        return tuple((side, None) for side in recalled)

    def environment(self, side: str) -> Started:
        return Started(python="3.11.7", versions={"tensorflow": "2.21.0"}, confinement=CONFINEMENT)

    def open(self, side: str, path: str | Path, options: SideOptions | None = None) -> ModelFile:
        path = Path(path)
        self.calls.append(("open", side, str(path)))
        if not path.exists():
            raise InspectorError("NO_FILE", "there is no such file", where=str(path), todo="Choose another file.")
        if path.suffix in OTHERS and (path.suffix or path.is_dir()):
            return self._open_other(side, path, options)
        if path.suffix not in (".h5", ".pb"):
            raise InspectorError(
                "NOT_A_MODEL",
                "no format knows this file",
                where=str(path),
                todo="Open a Keras .h5 or a frozen .pb.",
            )
        runs_in = "tf_keras" if path.suffix == ".h5" else "graph"
        file = ModelFile(
            path=str(path),
            format="keras-h5",
            title="Keras HDF5 model",
            size=1234,
            runs_in=runs_in,
            reason="written by Keras 2.4, so it runs in legacy Keras",
            facts=(("keras_version", "2.4.0"),),
            warnings=(Warn("OLD", "old file"),),
        )
        return self._opened(side, file, options)

    def _open_other(self, side: str, path: Path, options: SideOptions | None) -> ModelFile:
        title, runs_in, choices = OTHERS[path.suffix]
        file = ModelFile(
            path=str(path), format=runs_in, title=title, size=99, runs_in=runs_in, reason=title, choices=choices
        )
        return self._opened(side, file, options)

    def _opened(self, side: str, file: ModelFile, options: SideOptions | None) -> ModelFile:
        self.chosen[side] = options or self.chosen[side]
        self.readers[side] = FakeReader(side)
        self.files[side] = with_choices(file, self.chosen[side].choices)
        return self.files[side]

    def close_side(self, side: str) -> None:
        self.files[side] = None

    def swap(self) -> None:
        self.files = {"a": self.files["b"], "b": self.files["a"]}
        self.readers = {"a": self.readers["b"], "b": self.readers["a"]}
        self.chosen = {"a": self.chosen["b"], "b": self.chosen["a"]}

    def file(self, side: str) -> ModelFile | None:
        return self.files[side]

    def reader(self, side: str) -> FakeReader:
        if side not in self.readers:
            raise InspectorError("NO_FILE", "no file is open in this reader", todo="Open one first.")
        return self.readers[side]

    def snippet(self, side: str, entry: Entry) -> str:
        return f"session.run({entry.tensor!r})"

    def recall_settings(self, given=()) -> None:
        """What is remembered of this pair, where something is; `given` fields stay."""
        self.calls.append(("recall_settings", tuple(given)))
        if self.remembered is not None:
            kept = {name: getattr(self.settings, name) for name in given}
            self.settings, self.remembered = replace(self.remembered, **kept), None

    def stop_matching(self) -> None:
        self.calls.append(("stop_matching",))

    def save_settings(self) -> None:
        self.calls.append(("save_settings",))

    def warm(self) -> None:
        self.calls.append(("warm",))

    def match(self, progress=None) -> Assignment:
        time.sleep(self.match_seconds)
        self.matched.append(tuple(Path(self.files[side].path).name for side in ("a", "b")))
        return self._assignment

    def change_match(self, a: str, tensor_b: str | None) -> Assignment:
        self.calls.append(("change_match", a, tensor_b))
        self._assignment = replace(
            self._assignment,
            matches=tuple(
                replace(m, tensor_b=tensor_b, evidence=(Evidence("user", 1.0, "chosen by you"),)) if m.a == a else m
                for m in self._assignment.matches
            ),
        )
        return self._assignment

    def clear_match(self, a: str) -> Assignment:
        self.calls.append(("clear_match", a))
        self._assignment = assignment()
        return self._assignment

    def preview(self, progress=None) -> tuple[FakePreview, ...]:
        if "broken" in self.settings.inputs[0]:
            raise InspectorError(
                "BAD_SPEC", "no such input", where=self.settings.inputs[0], todo="Write random:0 or a path."
            )
        return (fake_preview(),)

    def compare(self, progress) -> Comparison:
        self._stop.clear()
        self.runs += 1
        for step in range(10):
            progress(f"running A, tap {step}", step, 10)
            if self._stop.wait(self.step):
                raise Cancelled
        if self.fail_compare is not None:
            raise self.fail_compare
        return comparison(self._assignment)

    def activation(self, index: int, which: str) -> np.ndarray | None:
        values = np.random.default_rng(index).normal(size=(1, 8, 8, 8)).astype(np.float32)
        return values if which == "a" else values + np.float32(0.024 if index >= CULPRIT else 0)

    def outputs(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        a = np.linspace(0, 1, 10, dtype=np.float32)[None]
        return a, a + np.float32(0.03)

    def find_by_value(self, side: str, tensor: str, progress=None) -> list[ValueHit]:
        return [
            ValueHit("import/bn_2:0", "FusedBatchNormV3", (1, 8, 8, 8), 0.9999, 1e-6, "same layout"),
            ValueHit("import/conv_2:0", "Conv2D", (1, 8, 8, 8), 0.62, 0.4, "transposed 0,3,1,2"),
        ]

    def stop(self) -> None:
        self.calls.append(("stop",))
        self._stop.set()

    def recent(self) -> list[tuple[str, str]]:
        return []

    def close(self) -> None:
        self._stop.set()
        self.closed = True
