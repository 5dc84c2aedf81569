"""TensorFlow 1 checkpoints: the graph of a `.meta` with its variables' values, or the variables alone."""

from __future__ import annotations

import re
from pathlib import Path

from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn
from inspector.formats.checkpoint_opened import OpenedCheckpoint, OpenedVariables
from inspector.formats.flat_graph import asked_of_graph, flattened_graph
from inspector.formats.graphdef import mapped
from inspector.formats.meta_graph import MetaGraph, SavedModelProto
from inspector.formats.opened import NO_CHOICES, Choices, Opened
from inspector.formats.saved_model import bundle_values
from inspector.formats.saved_model_opened import Contents
from inspector.formats.table_file import MAGIC, is_table
from inspector.formats.tensor_bundle import TensorBundle, parts_of, prefixes
from inspector.formats.text_proto import is_text, to_binary
from inspector.lifting.graph_ops import inference

NAME, TITLE = "checkpoint", "TensorFlow checkpoint"
STATE = "checkpoint"  # the file in which tf.train.Saver notes its latest checkpoint
LIMIT = 2 << 30
_SHARD = re.compile(r"\.data-\d{5}-of-\d{5}$")
_META = re.compile(rb"\n.{1,4}(\x12.{1,4}\n.{1,2}\n|[\x0a\x22\x2a])", re.DOTALL)  # how a MetaInfoDef begins
_OP_LIST = re.compile(rb"\n.{1,4}\x12.{1,4}\n.{1,2}\n", re.DOTALL)  # how it mostly does
_LATEST = re.compile(r'model_checkpoint_path\s*:\s*"([^"\n]*)"')


def recognise(head: bytes, path: Path) -> bool:
    """A folder with a checkpoint, an index, a shard of one, or a meta graph."""
    if path.is_dir():
        return (path / STATE).is_file() or next(prefixes(path), None) is not None
    if path.name == STATE and head.startswith(b"model_checkpoint_path"):
        return True
    return _is_shard(path) or _is_index(path) or _is_meta(head, path)


def _is_meta(head: bytes, path: Path) -> bool:
    return _OP_LIST.match(head) is not None or (path.suffix == ".meta" and _META.match(head) is not None)


def _is_shard(path: Path) -> bool:
    return _SHARD.search(path.name) is not None


def _is_index(path: Path) -> bool:
    """By how it ends; one that is cut off is known by its name and the keys that it begins with."""
    with path.open("rb") as file:
        file.seek(-min(len(MAGIC), path.stat().st_size), 2)
        if is_table(file.read()):
            return True
        file.seek(0)
        return path.suffix == ".index" and file.read(2) == b"\0\0"


def open(path: Path, choices: Choices = NO_CHOICES) -> Opened:
    """The graph with values where a `.meta` lies beside, otherwise the variables alone.

    Raises NOT_FOUND when a folder names a checkpoint that is not there, TRUNCATED, CORRUPT, NO_VALUES."""
    prefix = _prefix(path)
    meta = prefix.with_name(prefix.name + ".meta")
    if meta.is_file():
        data, said = _meta_bytes(meta)
        return open_meta(path, data, said, prefix)
    return OpenedVariables(path, TensorBundle(prefix))


def open_meta(path: Path, data: memoryview, said: tuple[Warn, ...] = (), prefix: Path | None = None) -> Opened:
    """A MetaGraphDef with the values that lie beside it under its name. Raises TRUNCATED, CORRUPT."""
    meta = MetaGraph.read(data)
    if not meta.graph.nodes:
        code = "TRUNCATED" if meta.expected > len(data) else "CORRUPT"
        what = f"no graph can be read from it: {meta.broken or meta.graph.broken or 'it holds no node'}"
        raise InspectorError(code, what, where=str(path), todo="Copy the .meta file again.")
    beside = prefix if prefix is not None else path.with_name(path.name.partition(".")[0])
    values, missing = bundle_values(beside, meta)
    found = inference(meta.graph)
    inputs, outputs = asked_of_graph(meta.graph, found)
    graph, flattened = flattened_graph(meta.graph, inputs, outputs, values, found)
    file = beside.with_name(beside.name + ".meta") if prefix is not None else path
    parts = [str(file.absolute()), *(parts_of(values.bundle) if values.bundle is not None else ())]
    return OpenedCheckpoint(
        Contents(
            path=path, file=file, folder=file.parent, saved=SavedModelProto(data, metas=[meta]), meta=meta, key="",
            inputs=inputs, outputs=outputs, graph=graph, flattened=flattened, values=values, parts=tuple(parts),
            choices=(), warnings=(*said, *missing),
        ),
        beside,
    )  # fmt: skip


def _meta_bytes(path: Path) -> tuple[memoryview, tuple[Warn, ...]]:
    data = mapped(path, LIMIT)
    if not is_text(bytes(data[:4096])):
        return data, ()
    binary, problems = to_binary(data, "MetaGraphDef", str(path))
    return binary, tuple(Warn("PARTLY_READ", text) for text in problems)


def _prefix(path: Path) -> Path:
    """The common beginning of a checkpoint's files."""
    if path.is_dir() or path.name == STATE:
        return _latest(path if path.is_dir() else path.parent)
    for suffix in (".meta", ".index"):
        if path.name.endswith(suffix):
            return path.with_name(path.name.removesuffix(suffix))
    return path.with_name(_SHARD.sub("", path.name))


def _latest(folder: Path) -> Path:
    """The checkpoint that the folder's own note names, if it lies there, else the last one by name."""
    known = {prefix.name: prefix for prefix in prefixes(folder)}
    state = folder / STATE
    text = state.read_text("utf-8", "replace")[: 1 << 20] if state.is_file() else ""
    named = _LATEST.search(text)
    name = Path(named.group(1)).name if named is not None else ""
    if name in known:
        return known[name]
    if not known:
        raise InspectorError(
            "NOT_FOUND",
            f"the folder names the checkpoint {name or '?'}, whose files are not there",
            where=str(folder),
            todo="Copy all files of the checkpoint.",
        )
    return known[max(known, key=_step)]


def _step(name: str) -> tuple[int, str]:
    number = re.search(r"-(\d+)$", name)
    return (int(number.group(1)) if number is not None else -1, name)
