"""TensorFlow SavedModels of TensorFlow 1 and 2 and TF Hub's modules: one signature of one meta graph at a time."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from inspector.domain.errors import InspectorError
from inspector.domain.files import Choice, Warn
from inspector.formats.flat_graph import Asked, VariableValues, asked_of_graph, flattened_graph
from inspector.formats.graphdef import mapped
from inspector.formats.meta_graph import MetaGraph, SavedModelProto, Signature
from inspector.formats.opened import NO_CHOICES, Choices
from inspector.formats.saved_model_opened import Contents, OpenedSavedModel
from inspector.formats.tensor_bundle import TensorBundle
from inspector.formats.text_proto import is_text, to_binary
from inspector.formats.variables import slots_of
from inspector.formats.wire_format import BYTES, WireFormatError, varint
from inspector.graphs.ports import Inference, served
from inspector.lifting.graph_ops import inference, ops_of, small_constants

NAME, TITLE = "saved_model", "TensorFlow SavedModel"
FILES = ("saved_model.pb", "saved_model.pbtxt")
HUB_FILE = "tfhub_module.pb"
NO_TAGS = "no tags"
LIMIT = 2 << 30
META_KEYS = frozenset(number << 3 | BYTES for number in range(1, 8))
BESIDE = ("variables", "assets", "assets.extra", "keras_metadata.pb", "fingerprint.pb", HUB_FILE)


def recognise(head: bytes, path: Path) -> bool:
    """A folder with a saved_model.pb, or the file itself: a schema version, then a meta graph."""
    if path.is_dir():
        return any((path / name).is_file() for name in FILES)
    if path.name == FILES[1]:
        return is_text(head) and b"meta_graphs" in head
    return head.startswith(b"\x08\x01\x12") and _begins_with_meta_graph(head)


def _begins_with_meta_graph(head: bytes) -> bool:
    """Behind the version and the length of field 2: a field of MetaGraphDef's, in any order (ONNX has a name there)."""
    with contextlib.suppress(WireFormatError):
        at = varint(memoryview(head), 3)[1]
        return at < len(head) and head[at] in META_KEYS
    return False


def open(path: Path, choices: Choices = NO_CHOICES) -> OpenedSavedModel:
    """Map the file and index the chosen signature. Raises BAD_CHOICE, TRUNCATED, CORRUPT, TOO_LARGE."""
    file = path if path.is_file() else next(path / name for name in FILES if (path / name).is_file())
    folder = file.parent
    data = mapped(file, LIMIT)
    warnings = []
    if is_text(bytes(data[:4096])):
        data, problems = to_binary(data, "SavedModel", str(file))
        warnings += [Warn("PARTLY_READ", text) for text in problems]
    saved = SavedModelProto.read(data)
    if not any(meta.graph.nodes for meta in saved.metas):
        raise _nothing(file, saved)
    meta, tags = _chosen_tags(saved.metas, choices)
    signature, key = _chosen_signature(meta, choices)
    values, missing = _values(folder, meta)
    inputs, outputs, found = _asked(meta, signature)
    graph, flattened = flattened_graph(meta.graph, inputs, outputs, values, found)
    return OpenedSavedModel(
        Contents(
            path=path, file=file, folder=folder, saved=saved, meta=meta, key=key, inputs=inputs, outputs=outputs,
            graph=graph, flattened=flattened, values=values, parts=_parts(folder, values),
            choices=(*_tag_choice(saved.metas, tags), *_signature_choice(meta, key)),
            warnings=(*warnings, *missing),
        )
    )  # fmt: skip


def _nothing(file: Path, saved: SavedModelProto) -> InspectorError:
    code = "TRUNCATED" if saved.expected > len(saved.data) else "CORRUPT"
    what = f"no graph can be read from it: {saved.broken or 'it holds none'}"
    return InspectorError(code, what, where=str(file), todo="Copy or export the model again.")


def tags_text(meta: MetaGraph) -> str:
    """How a meta graph is chosen: its tags in alphabetical order."""
    return ",".join(meta.tags) or NO_TAGS


def _chosen_tags(metas: list[MetaGraph], choices: Choices) -> tuple[MetaGraph, str]:
    """The one asked for, else the one that serves, else the one without tags, else the first."""
    known = {tags_text(meta): meta for meta in reversed(metas)}
    wanted = ",".join(sorted(word.strip() for word in choices.get("tags", "").split(",") if word.strip()))
    if wanted:
        if wanted not in known:
            raise _bad_choice("tags", choices["tags"], sorted(known))
        return known[wanted], wanted
    chosen = next((text for text in ("serve", NO_TAGS) if text in known), tags_text(metas[0]))
    return known[chosen], chosen


def _chosen_signature(meta: MetaGraph, choices: Choices) -> tuple[Signature | None, str]:
    wanted = choices.get("signature", "")
    if wanted and wanted not in meta.signatures:
        raise _bad_choice("signature", wanted, list(meta.served))
    names = [wanted, "serving_default", "default", *meta.served]
    key = next((name for name in names if name in meta.signatures), "")
    return meta.signatures.get(key), key


def _bad_choice(name: str, wanted: str, known: list[str]) -> InspectorError:
    what = f"this model has no {name} {wanted!r}; it has {', '.join(known) or 'none'}"
    return InspectorError("BAD_CHOICE", what, where=wanted, todo="Choose one of these.")


def _tag_choice(metas: list[MetaGraph], chosen: str) -> list[Choice]:
    texts = tuple(dict.fromkeys(tags_text(meta) for meta in metas))
    return [Choice(name="tags", title="Tags", values=texts, chosen=chosen)] if len(texts) > 1 else []


def _signature_choice(meta: MetaGraph, chosen: str) -> list[Choice]:
    if not chosen:
        return []
    return [Choice(name="signature", title="Signature", values=tuple(meta.served), chosen=chosen)]


def _asked(meta: MetaGraph, signature: Signature | None) -> tuple[list[Asked], list[Asked], Inference]:
    """The signature's inputs and outputs; without a signature what the graph looks like. And how it runs."""
    if signature is None:
        found = inference(meta.graph)
        return *asked_of_graph(meta.graph, found), found
    inputs, outputs = (
        [Asked(key, info.tensor, info.dtype, info.shape) for key, info in infos.items() if info.tensor]
        for infos in (signature.inputs, signature.outputs)
    )
    tensors = [asked.tensor for asked in inputs], [asked.tensor for asked in outputs]
    return inputs, outputs, served(ops_of(meta.graph.nodes), small_constants(meta.graph), *tensors)


def _values(folder: Path, meta: MetaGraph) -> tuple[VariableValues, list[Warn]]:
    """The variables of the folder, or why there are none."""
    has_variables = any("Variable" in node.op or node.op == "VarHandleOp" for node in meta.graph.nodes.values())
    prefix = folder / "variables" / "variables"
    if not has_variables and not prefix.with_name("variables.index").is_file():
        return VariableValues(), []
    return bundle_values(prefix, meta)


def bundle_values(prefix: Path, meta: MetaGraph) -> tuple[VariableValues, list[Warn]]:
    """The values of a checkpoint; what is missing is a warning that names it."""
    try:
        bundle = TensorBundle(prefix)
    except InspectorError as error:
        name = f"{prefix.parent.name}/{prefix.name}.index"
        text = f"{name} is missing" if error.code == "NO_VALUES" else f"{name}: {error.what}"
        return VariableValues(missing=text), [Warn("NO_VALUES", f"{text}: the structure is shown without values")]
    slots = slots_of(meta.graph, bundle)
    missing = "; ".join(bundle.problems) or "the checkpoint has no value for it"
    return VariableValues(slots, bundle=bundle, missing=missing), [Warn("NO_VALUES", text) for text in bundle.problems]


def _parts(folder: Path, values: VariableValues) -> tuple[str, ...]:
    """Every file of the model: they count in its digest, and its runner may read them."""
    found = [folder / name for name in FILES if (folder / name).is_file()]
    for name in BESIDE:
        beside = folder / name
        if beside.is_dir():
            for around, _, names in os.walk(beside):
                found += [Path(around) / inside for inside in sorted(names)]
            found.append(beside)
        elif beside.is_file():
            found.append(beside)
    return tuple(str(path.absolute()) for path in found)
