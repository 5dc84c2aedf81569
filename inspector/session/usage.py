"""The text beside a converted model: its tensors' names, shapes and dtypes, and the code that runs it."""

from __future__ import annotations

from collections.abc import Iterable

from inspector.domain.files import ModelFile
from inspector.domain.wording import shape_text, short, visible
from inspector.session.conversion import Converted, Form
from inspector.workers.runner_client import Named

_GRAPH = """import numpy as np
import tensorflow as tf  # 1.15 or any later one

graph_def = tf.compat.v1.GraphDef()
with open({file!r}, "rb") as file:
    graph_def.ParseFromString(file.read())
with tf.Graph().as_default() as graph:
    tf.compat.v1.import_graph_def(graph_def, name="")
feeds = {{
{feeds}
}}
with tf.compat.v1.Session(graph=graph) as session:
    {outputs} = session.run({fetches}, feed_dict=feeds)
"""
_SAVED_MODEL = """import numpy as np
import tensorflow as tf

model = tf.saved_model.load({file!r})
run = model.signatures[{signature!r}]
outputs = run(
{feeds}
)
{outputs} = {fetches}
"""
_KERAS = """import numpy as np
import {module} as keras

model = keras.models.load_model({file!r}, compile=False)
outputs = model([
{feeds}
], training=False)
"""
_LITE = """import numpy as np
import tensorflow as tf

run = tf.lite.Interpreter({file!r}).get_signature_runner({signature!r})
outputs = run(
{feeds}
)
{outputs} = {fetches}
"""
_LAYERS = """// npm install @tensorflow/tfjs
const model = await tf.loadLayersModel('{file}/model.json');
const outputs = model.predict([
{feeds}
]);
"""
_JS_GRAPH = """// npm install @tensorflow/tfjs
const model = await tf.loadGraphModel('{file}/model.json');
const outputs = model.execute({{
{feeds}
}}, {fetches});
"""


def usage_text(converted: Converted, origin: ModelFile, sha256: str) -> str:
    """The whole text. Everything in it is the same for the same conversion: no dates, no folders."""
    target, written = converted.plan.target, converted.written
    name = origin.path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    lines = [f"{target.out.name}: {target.form}, made of {name} (sha256 {sha256})", ""]
    lines += _table("Inputs", written.inputs) + _table("Outputs", written.outputs)
    lines += [f"{key}: {value}" for key, value in written.facts.items() if value]
    lines += [f"! {warning.text} ({warning.code})" for warning in (*converted.plan.losses, *written.notes)]
    lines += ["", "Proof"]
    for proof in converted.proofs:
        lines.append(f"  {' '.join(proof.inputs)}: {proof.text}")
    if converted.kept_float:
        lines += ["", f"Kept in float: {', '.join(converted.kept_float)}"]
    lines += ["", "To run it", "", snippet(converted), *worst_lines(converted)]
    return "\n".join([*lines, *_table("Layers", written.layers)]).rstrip() + "\n"


def worst_lines(converted: Converted, count: int = 10) -> list[str]:
    """Of a form that rounds: the layers with the least signal to noise, worst first."""
    if converted.plan.target.form not in ("tflite-int8", "tflite-dynamic", "tflite-float16"):
        return []
    layers = [layer for layer in converted.proofs[0].comparison.layers if layer.total is not None]
    worst = sorted(layers, key=lambda layer: layer.total.sqnr_db if layer.total else 0.0)[:count]
    rows = [f"  {short(layer.total.sqnr_db):>6} dB  {visible(layer.a)}" for layer in worst if layer.total]
    return ["", "Least signal to noise", *rows, ""] if rows else []


def snippet(converted: Converted) -> str:
    """Code that runs the new file, by its names."""
    target, written = converted.plan.target, converted.written
    words = {
        "file": target.out.name,
        "signature": written.facts.get("signature", ""),
        "module": written.facts.get("module", "keras"),
        "outputs": ", ".join(f"output_{place}" for place in range(len(written.outputs))) + ",",
        "feeds": "\n".join(f"    {_feed(target.form, named)}," for named in written.inputs),
        "fetches": _fetches(target.form, written.outputs),
    }
    if len(written.outputs) == 1:
        words["outputs"] = "(output,)" if target.form == "frozen" else "output"
    return _TEXTS[target.form].format(**words)


def _feed(form: Form, named: Named) -> str:
    shape = tuple(size or 1 for size in named.shape or ())
    zeros = f"np.zeros({shape}, np.{_numpy(named.dtype)})"
    match form:
        case "frozen":
            return f"{named.tensor!r}: {zeros}"
        case "saved_model":
            return f"**{{{named.name!r}: tf.constant({zeros})}}"
        case "keras" | "h5":
            return zeros
        case "tfjs-layers":
            return f"tf.zeros({list(shape)}, '{_javascript(named.dtype)}')"
        case "tfjs-graph":
            return f"'{named.tensor}': tf.zeros({list(shape)}, '{_javascript(named.dtype)}')"
        case _:
            return f"**{{{named.name!r}: {zeros}}}"


def _fetches(form: Form, outputs: Iterable[Named]) -> str:
    if form in ("frozen", "tfjs-graph"):
        return repr([named.tensor for named in outputs])
    return ", ".join(f"outputs[{named.name!r}]" for named in outputs)


def _numpy(dtype: str) -> str:
    return {"string": "bytes_", "bool": "bool_", "bfloat16": "float32"}.get(dtype, dtype)


def _javascript(dtype: str) -> str:
    return dtype if dtype in ("int32", "bool", "string") else "int32" if "int" in dtype else "float32"


def _table(title: str, rows: Iterable[Named]) -> list[str]:
    """Tensor, shape, dtype, and what it is in the origin where that is called otherwise."""
    cells = [
        (row.tensor, shape_text(tuple(row.shape)) if row.shape is not None else "?", row.dtype, visible(row.layer))
        for row in rows
    ]
    if not cells:
        return []
    widths = [max(len(cell[column]) for cell in cells) for column in range(3)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(cell, [*widths, 0], strict=True)) for cell in cells]
    return [title, *(f"  {line.rstrip()}" for line in lines), ""]


_TEXTS: dict[Form, str] = {
    "frozen": _GRAPH,
    "saved_model": _SAVED_MODEL,
    "keras": _KERAS,
    "h5": _KERAS,
    "tflite": _LITE,
    "tflite-float16": _LITE,
    "tflite-dynamic": _LITE,
    "tflite-int8": _LITE,
    "tfjs-layers": _LAYERS,
    "tfjs-graph": _JS_GRAPH,
}
