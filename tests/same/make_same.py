"""Writes pairs that are the same: `make_same.py FOLDER KERAS '{"seed": 0, "only": "", "wholes": true}'`.

A process of its own for each Keras, since TensorFlow must not be in the app's. A pair is a line of `KERAS.jsonl`; what
the frameworks themselves find different, or cannot write or read, is a line of `KERAS-out.jsonl`."""

from __future__ import annotations

import hashlib
import importlib
import itertools
import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["TF2_BEHAVIOR"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "faults")]

import layer_cases
import numpy as np
import same_forms
import tensorflow as tf
import whole_nets
from same_forms import FORMS, Arrays, Net, NoSuchForm
from same_report import UNLIKE

Row = dict[str, Any]
OUTWARD = ("frozen", "TFLite", "SavedModel", "TF.js layers", "frozen, renamed", "TF.js graph", "SavedModel, exported")
INWARD = (
    "TFLite", "frozen, optimised", "TF.js graph", "SavedModel, exported", "other Keras", "frozen, folded",
    "TFLite float16", "Keras .keras", "weights only", "TF.js layers", "TFLite dynamic", "frozen, with functions",
    "TFLite int8", "Keras .h5", "frozen, itself", "frozen",
)  # fmt: skip
FIRST = ("TFLite",)  # what an activation at the end is always compared with, beside what comes in turn
WORDS = ["red", "green", "blue", "sky", "zebra"]
SENTENCES = ["red sky", "green", "sky blue red red", "a zebra in the sky", "blue"]
BATCHES = (4, 1)
FORMS_OF_WHOLE = 8


@dataclass(frozen=True)
class Plan:
    """One net, and the forms that are tried in order until `count` are written."""

    name: str
    kind: str
    build: Callable[[Any], Any]
    tried: tuple[str, ...]
    count: int
    trust: bool = False


def plans(keras: Any, seed: int) -> Iterator[Plan]:
    """All nets of one Keras. The seed turns which form comes to which net."""
    own = 0 if keras.__name__ == "tf_keras" else 3
    turn = itertools.count(seed + own)

    def turned(order: tuple[str, ...]) -> tuple[str, ...]:
        at = next(turn) % len(order)
        return order[at:] + order[:at]

    for name in layer_cases.activations(keras):
        if name in layer_cases.NO_ACTIVATION:
            continue
        build = whole_nets.last_activation
        for tried in (FIRST, tuple(form for form in turned(OUTWARD) if form not in FIRST)):
            yield Plan(f"last-{name}", "activation as the last layer", lambda k, n=name, b=build: b(k, n), tried, 1)
        build = whole_nets.inner_activation
        yield Plan(f"inner-{name}", "activation inside", lambda k, n=name, b=build: b(k, n), turned(INWARD), 1)
    for name in layer_cases.classes(keras):
        case = layer_cases.CASES.get(name)
        if case is None:
            continue
        for build, kind, order in (
            (whole_nets.alone, "layer alone", OUTWARD), (whole_nets.inside, "layer in a net", INWARD),
        ):  # fmt: skip
            if name.startswith("Random") and build is whole_nets.alone:
                continue  # nothing in inference: once is enough
            of_layer = lambda k, n=name, b=build: b(k, n)  # noqa: E731
            coarse = same_forms.SQNR if name in layer_cases.JUMPING else ()
            tried = tuple(form for form in turned(order) if form not in coarse)
            yield Plan(f"{build.__name__}-{name}", kind, of_layer, tried, 1, trust=case.trust)
    for name, build in whole_nets.WHOLE.items():
        yield Plan(name, "whole net", build, turned((*INWARD, "SavedModel", "frozen, renamed")), FORMS_OF_WHOLE)


class Maker:
    """Writes the pairs of one Keras into a folder."""

    def __init__(self, folder: Path, keras: Any, asked: dict[str, Any]) -> None:
        self.folder, self.keras, self.asked = folder, keras, asked
        self.out: list[Row] = []

    def pairs(self) -> Iterator[Row]:
        for at, plan in enumerate(plans(self.keras, self.asked["seed"])):
            if not any(text in f"{self.keras.__name__}-{plan.name}" for text in self.asked["only"].split(",")):
                continue
            self.keras.backend.clear_session()
            try:
                net = self._net(plan, at)
            except Exception as error:  # noqa: BLE001 - told; the others go on
                self._leave_out(plan, "", f"no net: {_said(error)}")
                continue
            yield from self._of_net(plan, net, at)

    def _net(self, plan: Plan, at: int) -> Net:
        """The net as its file gives it back: of the two endings the one whose turn it is, else the other."""
        seed = _seed(plan.name, self.asked["seed"])
        model = plan.build(self.keras)
        train_like(model, seed)
        endings = (".h5", ".keras") if at % 2 == 0 else (".keras", ".h5")
        random = np.random.default_rng(seed)
        batch = BATCHES[at % 3 == 2]
        inputs = inputs_of(model, random, batch)
        errors = []
        for ending in endings:
            file = self.folder / f"{self.keras.__name__}-{plan.name}{ending}"
            try:
                model.save(file)
                own = same_forms.loaded(self.keras, file)
                off = same_forms.agree(same_forms.fed(model, inputs), same_forms.fed(own, inputs), "", named=False)
                if off:
                    raise NoSuchForm(f"its own file gives it back differently: {off}")
            except Exception as error:  # noqa: BLE001 - Keras's own files may fail it in any way
                errors.append(f"{ending}: {_said(error)}")
                self._leave_out(plan, f"A as {ending}", _said(error))
                continue
            other = lambda: self._in_other(plan, own)  # noqa: E731, B023 - called for this net alone
            more = lambda: inputs_of(own, np.random.default_rng(seed + 1), same_forms.TRAINED_ON)  # noqa: E731, B023
            return Net(keras=self.keras, model=own, file=file, inputs=inputs, more=more, other=other)
        raise NoSuchForm("; ".join(errors))

    def _of_net(self, plan: Plan, net: Net, at: int) -> Iterator[Row]:
        reference = same_forms.fed(net.model, net.inputs)
        stem = self.folder / net.file.stem
        np.savez(f"{stem}-x.npz", **dict(zip(net.names, net.inputs, strict=True)))
        np.savez(f"{stem}-y.npz", *reference)
        made = 0
        for form in plan.tried:
            path = self.folder / f"{self.keras.__name__}-{plan.name}-{form.replace(' ', '-').replace(',', '')}"
            try:
                row = self._tried(plan, net, form, path, reference)
            except Exception as error:  # noqa: BLE001 - the net has no such form, in whatever words that is told
                self._leave_out(plan, form, _said(error))
                continue
            drawn = at % 4 == 3 and form != "TFLite int8"  # whose ranges fit the maker's inputs
            yield {**row, "batch": len(net.inputs[0]), "input": "random:11" if drawn else f"{stem.name}-x.npz"}
            made += 1
            if made == plan.count:
                return

    def _tried(self, plan: Plan, net: Net, form: str, path: Path, reference: Arrays) -> Row:
        written = FORMS[form](net, path)
        if written.b.suffix == net.file.suffix and written.b.suffix in (".keras", ".h5") and form.startswith("Keras"):
            raise NoSuchForm("A is that file already")
        if written.outputs is not None:
            off = same_forms.agree(reference, written.outputs(), form, named=written.named)
            if off:
                raise NoSuchForm(f"{UNLIKE}: {off}")
        return {
            "id": path.name, "net": plan.name, "keras": self.keras.__name__, "kind": plan.kind, "form": form,
            "a": (written.a or net.file).name, "b": written.b.name, "trust": plan.trust,
            "reference": f"{net.file.stem}-y.npz" if written.outputs is None else "",
            "inputs": f"{net.file.stem}-x.npz",
        }  # fmt: skip

    def _in_other(self, plan: Plan, own: Any) -> Any:
        """The same net of the other Keras with these weights."""
        import keras
        import tf_keras

        model = plan.build(tf_keras if self.keras is keras else keras)
        given, wanted = own.get_weights(), model.get_weights()
        if [array.shape for array in given] != [array.shape for array in wanted]:
            raise NoSuchForm("the other Keras has other weights")
        model.set_weights(given)
        return model

    def _leave_out(self, plan: Plan, form: str, why: str) -> None:
        self.out.append({"net": plan.name, "keras": self.keras.__name__, "form": form, "why": why})
        with (self.folder / f"{self.keras.__name__}-out.jsonl").open("a") as log:
            log.write(json.dumps(self.out[-1]) + "\n")


def inputs_of(model: Any, random: np.random.Generator, batch: int) -> Arrays:
    """Reals of 0..1, ids of a small vocabulary, words in it and beyond it. Sequences that are masked end in zeros."""
    masks = any(type(layer).__name__ == "Masking" for layer in model.layers)
    arrays = []
    for tensor in model.inputs:
        shape = (batch, *(size or 8 for size in tuple(tensor.shape)[1:]))
        dtype = tf.as_dtype(tensor.dtype)
        if dtype == tf.string:
            texts = SENTENCES if shape[1:] == (1,) else WORDS
            array: Any = np.array(texts, dtype="S")[random.integers(0, len(texts), shape)]
        elif dtype.is_integer:
            array = random.integers(0, 12, shape).astype(dtype.as_numpy_dtype)
        else:
            array = random.uniform(0, 1, shape).astype("f4")
        if masks:
            array[:, 5:] = 0
        arrays.append(array)
    return arrays


def train_like(model: Any, seed: int) -> None:
    """Weights of no initializer: biases and statistics that matter. What was adapted stays."""
    random = np.random.default_rng(seed)
    adapted = {
        id(weight) for layer in model.layers if type(layer).__name__ == "Normalization" for weight in layer.weights
    }
    for weight in model.weights:
        if not hasattr(weight, "shape") or None in tuple(weight.shape):
            continue  # a table's, not a number's
        shape, name = tuple(weight.shape), str(getattr(weight, "path", weight.name)).rpartition("/")[2]
        if id(weight) in adapted or "seed" in name or not tf.as_dtype(weight.dtype).is_floating:
            continue
        if "variance" in name:
            value = random.uniform(0.3, 2.0, shape)
        elif "gamma" in name or "scale" in name:
            value = random.uniform(0.6, 1.5, shape)
        elif len(shape) < 2 or "bias" in name:
            value = random.normal(0.0, 0.3, shape)
        else:
            fan = int(np.prod(shape[:2] if "depthwise" in name else shape[:-1]))
            value = random.normal(0.0, 1.1 / np.sqrt(fan), shape)
        weight.assign(value.astype("float32"))


def _seed(name: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{name}-{seed}".encode()).digest()[:4], "big")


def _said(error: Exception) -> str:
    if os.environ.get("SAME_TRACE"):
        traceback.print_exc()
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}"


def main(folder: Path, keras_name: str, asked: dict[str, Any]) -> None:
    warnings.filterwarnings("ignore")
    keras = importlib.import_module(keras_name)
    (folder / f"{keras_name}-out.jsonl").unlink(missing_ok=True)
    start, count = time.perf_counter(), 0
    with (folder / f"{keras_name}.jsonl").open("w") as log:
        for row in Maker(folder, keras, asked).pairs():
            log.write(json.dumps(row) + "\n")
            log.flush()
            count += 1
    print(f"{keras_name}: {count} pairs written in {time.perf_counter() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
