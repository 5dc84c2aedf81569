"""`make models`: every real file of ../shared/models opened, run and compared; the table of docs/models.md.

Words after the command are parts of names: only such rows are made, and nothing is written.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from inspector.causes.failures import CODE as CAUSE_FAILED
from inspector.domain.errors import InspectorError
from inspector.domain.match import Assignment
from inspector.domain.options import SideOptions
from inspector.domain.wording import short
from inspector.session.option_text import with_words
from inspector.session.session import Session
from inspector.session.settings import Settings
from inspector.session.store import Store

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT.parent / "shared" / "models"
DOCS = ROOT / "docs" / "models.md"
SAME, DIFFERENT = ("same", "within-noise"), ("different",)
WEIGHTS = ("weights alone",)  # no side can run: what stands where, and whether its numbers are the same
DEFAULTS = Settings()
TRUSTED = SideOptions(trust=True)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files of pairs/ and what is true of them. `worst`: the README's largest difference of the outputs,
    times what other inputs may make of it; None where the README names none."""

    a: str
    b: str
    verdicts: tuple[str, ...] = SAME
    worst: float | None = None
    options_a: tuple[str, ...] = ()
    settings: Settings = DEFAULTS


CONV1D = "conv1d-json/KERAS_conv1d"
RESNET = "tiny-resnet/pretrainedResnet"
PIXELS = Settings(low=0, high=255)
IDS = Settings(low=0, high=39)
PAIRS = (
    Pair("racecar/mlp-720.h5", "racecar/frozen_model_720.pb", worst=5e-6),
    Pair("racecar/mlp-latest.h5", "racecar/frozen_model_full.pb", DIFFERENT),
    Pair("emotion-mini/_mini_XCEPTION.102-0.66.hdf5", "emotion-mini/model.pb", worst=5e-6),
    Pair("emotion-simple/_simple_CNN.00-0.32.hdf5", "emotion-simple/model-cnn-032.pb", worst=5e-6),
    Pair("emotion-simple/_simple_CNN.00-0.32.hdf5", "emotion-simple/model-cnn-033.pb", DIFFERENT),
    Pair("dga-lstm/model.h5", "dga-lstm/model.pb", worst=5e-6, settings=IDS),
    Pair("lenet5/modelLeNet5_small.h5", "lenet5/frozen_model.pb", worst=5e-6),
    Pair("lenet5/modelLeNet5_small.h5", "lenet5/ckpt_small/model_small.meta", worst=5e-6),
    Pair("lenet5/frozen_model.pb", "lenet5/ckpt_small/model_small.index", worst=5e-6),
    Pair("regressor-0611b/model_0611b.h5", "regressor-0611b/frozen_model_0611b.pb", worst=5e-6),
    Pair("muscle-mlp/mlp_200517a.h5", "muscle-mlp/mlp_200517a.pb", worst=5e-6),
    Pair("muscle-mlp/mlp_200517b.h5", "muscle-mlp/mlp_200517b.pb", worst=5e-6),
    Pair("muscle-mlp/mlp_200517a.h5", "muscle-mlp/mlp_200517b.pb", worst=5e-6),
    Pair("tiny-resnet/pretrainedResnet.h5", "tiny-resnet/pretrainedResnet.tflite", worst=5e-6),
    Pair(f"{RESNET}.h5", f"{RESNET}_quant.tflite", worst=0.06, settings=PIXELS),
    Pair(f"{RESNET}.tflite", f"{RESNET}_quant.tflite", worst=0.06, settings=PIXELS),
    Pair("tiny-vww/vww_96.h5", "tiny-vww/vww_96_float.tflite", worst=5e-6),
    Pair("tiny-vww/vww_96.h5", "tiny-vww/vww_96_int8.tflite", worst=0.06),
    Pair("tiny-wakeword/str_ww_ref_model.h5", "tiny-wakeword/str_ww_ref_model.tflite", worst=0.06),
    Pair("divorce/divorce_model.h5", "divorce/tfjs/model.json", worst=5e-6),
    Pair("dnn-edge/tf_dnn.h5", "dnn-edge/tfjs/model.json", worst=1e-3),
    Pair("dnn-edge/tf_dnn.h5", "dnn-edge/tflite/model.tflite", worst=1e-3),
    Pair("dnn-edge/tf_dnn.h5", "dnn-edge/tflite/model_quant.tflite", DIFFERENT),  # its float32 biases are others too
    Pair("facemask-ssd/face_mask_detection.pb", "facemask-ssd/face_mask_detection.tflite", worst=1e-4),
    Pair("huxley-weights-only/model_2021-1103.hdf5", "huxley-weights-only/model_2021-1103.pb", worst=5e-6),
    Pair("quant-aware/frozen_model.pb", "quant-aware/ckpt/checkpoints.meta", worst=5e-6),
    Pair("quant-aware/frozen_model.pb", "quant-aware/model.tflite", worst=1e-3),
    Pair("misnamed/weights.h5", "misnamed/model.pb", WEIGHTS),
    Pair(
        f"{CONV1D}_weights.h5",
        f"{CONV1D}_weights.h5",
        options_a=(f"architecture={MODELS / 'pairs' / CONV1D}.json",),
        worst=5e-6,
    ),
    Pair("../recorded/simple_flatten_rnn_tf_keras_2_model.h5",
         "../recorded/simple_flatten_rnn_tf_keras_2_inputs_and_outputs.h5", worst=1e-5),
    Pair("../recorded/simple_lstm_th_keras_1_model.h5",
         "../recorded/simple_lstm_th_keras_1_inputs_and_outputs.h5", worst=1e-5),
)  # fmt: skip
SPECS = {  # inputs whose shape the graph leaves open
    "pb/DDB.pb": ("input_1=random:0[1x1x27]", "input_2=random:0[1x5x8]", "input_3=random:0[1x5x2]"),
    "pb/gru.pb": ("X=random:0[1x784]", "keep_prob=ones[]"),
    "pb/lstm.pb": ("X=random:0", "keep_prob=ones[]"),
    "pb/mtcnn.pb": ("input=random:0[64x64x3]", "min_size=ones[]", "thresholds=ones", "factor=ones[]"),
}
EXPECTED = {  # what no file of these can do, and why
    "qkeras/qkeras": "UNKNOWN_CLASS",
    "dl4j/examples__simple_flatten_rnn_tf_keras_2_weights.h5": "CANNOT_RUN",
    "dl4j/examples__simple_rnn_tf_keras_2_weights.h5": "CANNOT_RUN",
    "dl4j/fullconfigs__lstm_th_keras_2_weights.h5": "CANNOT_RUN",
    "misnamed/weights.h5": "CANNOT_RUN",
    "huxley": "CANNOT_RUN",
    "tfjs/nsfw_missing_shard": "CANNOT_RUN",
    "train_iris": "CANNOT_RUN",
    "lambda.h5": "OTHER_PYTHON",
    "model_lambda.h5": "OTHER_PYTHON",
    "space_to_depth": "OTHER_PYTHON",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `good`: whether what happened is what is true of the file."""

    cells: tuple[str, ...]
    good: bool


def main() -> int:
    """Make the rows, print them, write the page when all were made; 1 when one is not as it should be."""
    words = sys.argv[1:]
    pairs = list(_measured(_wanted(PAIRS, lambda pair: f"{pair.a} {pair.b}", words), compared))
    singles = list(_measured(_wanted(files(), lambda path: str(path.relative_to(MODELS)), words), alone))
    bad = sum(not row.good for row in (*pairs, *singles))
    print(f"{len(pairs)} pairs and {len(singles)} files, {bad} not as they should be")
    if not words:
        DOCS.write_text(page(pairs, singles), encoding="utf-8")
        print(DOCS.relative_to(ROOT))
    return int(bad > 0)


def files() -> Iterator[Path]:
    """Every single model file or folder: of pairs/ those that are Keras files, of singles/ and recorded/ all."""
    keras = {".h5", ".hdf5", ".keras"}
    yield from sorted(path for path in (MODELS / "pairs").rglob("*") if path.suffix in keras)
    yield from sorted((MODELS / "recorded").iterdir())
    singles = MODELS / "singles"
    yield from sorted(path for path in (singles / "h5").rglob("*") if path.suffix in keras)
    for folder in ("pb", "saved_model", "tfjs"):
        yield from sorted((singles / folder).iterdir())


def compared(pair: Pair) -> Row:
    """Compare a pair in a session of its own."""
    start = time.perf_counter()
    try:
        with _session() as session:
            session.settings = replace(pair.settings, inputs=("random:0",))
            session.set_options("a", with_words(SideOptions(), pair.options_a))
            session.set_options("b", with_words(SideOptions(), pair.options_a if pair.a == pair.b else ()))
            session.open("a", MODELS / "pairs" / pair.a)
            session.open("b", MODELS / "pairs" / pair.b)
            if pair.verdicts == WEIGHTS:
                return mapped(pair, session.match())
            found = session.compare()
    except InspectorError as error:
        return Row((pair.a, pair.b, "error", _short(error), "", f"{time.perf_counter() - start:.1f}"), good=False)
    worst = max(output.metrics.max_abs for output in found.outputs)
    arrays = [weight for layer in found.layers for weight in layer.weights]
    held = sum(weight.relation not in ("different", "missing") for weight in arrays)
    layers = f"{sum(layer.b is not None for layer in found.layers)} of {len(found.layers)}"
    failed = any(warning.code == CAUSE_FAILED for warning in found.warnings)
    good = found.verdict in pair.verdicts and (pair.worst is None or worst <= pair.worst) and not failed
    seconds = f"{time.perf_counter() - start:.1f}"
    cells = (pair.a, pair.b, found.verdict, f"{short(worst)}; layers {layers}", f"{held} of {len(arrays)}", seconds)
    return Row(cells, good)


def mapped(pair: Pair, found: Assignment) -> Row:
    """A pair of which no side can run, by its weights."""
    arrays = [record for match in found.matches for record in match.weights]
    held = sum(record.relation == "exact" for record in arrays)
    layers = f"layers {sum(match.tensor_b is not None for match in found.matches)} of {len(found.matches)}"
    return Row((pair.a, pair.b, *WEIGHTS, layers, f"{held} of {len(arrays)}", ""), good=0 < held == len(arrays))


def alone(path: Path) -> Row:
    """Open a file, count its layers, run it on random inputs."""
    name, start = str(path.relative_to(MODELS)), time.perf_counter()
    expected = next((code for part, code in EXPECTED.items() if part in name), "")
    title = layers = ""
    try:
        with _session() as session:
            session.set_options("a", with_words(TRUSTED, architecture_beside(path)))
            session.settings = Settings(inputs=_specs(name))
            file = session.open("a", path)
            title, layers = file.title, str(len(session.reader("a").computation().layers))
            outputs = session.run_alone("a")
        shapes = ", ".join(str(list(array.shape)) for array in list(outputs.values())[:3])
        finite = all(np.isfinite(array).all() for array in outputs.values() if array.dtype.kind == "f")
        said, good = f"runs: {shapes}" + ("" if finite else ", not finite"), not expected
    except InspectorError as error:
        said, good = _short(error), error.code == expected
    return Row((name, title, layers, said, f"{time.perf_counter() - start:.1f}"), good)


def architecture_beside(path: Path) -> tuple[str, ...]:
    """The config that lies beside a file of weights alone, under its own name without `weights`."""
    config = path.with_name(path.name.replace("_weights.h5", ".json"))
    return (f"architecture={config}",) if config != path and config.exists() else ()


def page(pairs: Sequence[Row], singles: Sequence[Row]) -> str:
    """The page in docs/, as Markdown."""
    heads = (
        ("A", "B", "verdict", "largest difference of the outputs", "arrays that agree", "s"),
        ("file", "format", "layers", "what happens on `random:0`", "s"),
    )
    said = "Made by `make models` from real public files of others, which are not part of the project."
    parts = ["# Real files, one by one", said, "## Pairs", _table(heads[0], pairs), "## Each alone"]
    return "\n\n".join([*parts, _table(heads[1], singles)]) + "\n"


def _table(head: Sequence[str], rows: Sequence[Row]) -> str:
    lines = [head, ["---"] * len(head), *(row.cells for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _measured(items: Sequence, measure: Callable) -> Iterator[Row]:
    for item in items:
        row = measure(item)
        print(" | ".join((*row.cells, "" if row.good else "WRONG")), flush=True)
        yield row


def _wanted(items, name: Callable, words: Sequence[str]) -> list:
    return [item for item in items if not words or any(word in name(item) for word in words)]


def _specs(name: str) -> tuple[str, ...]:
    return next((specs for part, specs in SPECS.items() if name.endswith(part)), ("random:0",))


def _session() -> Session:
    return Session(store=Store(Path(tempfile.mkdtemp())))


def _short(error: InspectorError) -> str:
    return f"{error.code}: {error.what}".replace(str(MODELS), "models")[:160]


if __name__ == "__main__":
    raise SystemExit(main())
