"""What a TensorFlow.js model's folder holds for a run: its model.json, and its shards, which lie beside it only."""

import json
import os
import re
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from ..graphs.frames import nested, ordered
from ..graphs.inlining import Op
from .server import RequestError

MODEL = "model.json"
HOLDING_LISTS = ("TensorList", "EmptyTensorList", "TensorArray", "HashTable")
OF_LISTS = (  # they give tensors
    "TensorListStack", "TensorListGetItem", "TensorListGather", "TensorListConcat", "TensorListConcatV2",
    "TensorListLength", "TensorArrayReadV3", "TensorArrayGatherV3", "TensorArrayConcatV3", "TensorArraySizeV3",
)  # fmt: skip
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class Named(NamedTuple):
    """An input or output of a signature: its key and its tensor."""

    name: str
    tensor: str


class ModelFiles(NamedTuple):
    """`kind`: `layers` or `graph`. `weights`: the coarsest dtype that weights are kept in. `inputs` and `outputs`
    are a graph's signature, None where it has none. `unkept`: nodes of a graph whose values no run can hand out:
    those in loops and conditionals, and lists of tensors."""

    json: str
    shards: Sequence[str]
    kind: str
    weights: str = "float32"
    inputs: Optional[List[Named]] = None
    outputs: Optional[List[Named]] = None
    unkept: FrozenSet[str] = frozenset()


def model_files(path: str) -> ModelFiles:
    """Raises LOAD_FAILED, MISSING_SHARD, REFUSED_SHARD."""
    file = os.path.join(path, MODEL) if os.path.isdir(path) else path
    try:
        with open(file, "rb") as opened:
            stated = json.loads(opened.read().decode("utf-8-sig"))
        manifest = stated.get("weightsManifest") or []
        names = [name for group in manifest for name in group["paths"]]
        shards = [_shard(os.path.dirname(os.path.abspath(file)), name) for name in names]
        kept = _coarsest(manifest)
        topology = stated.get("modelTopology")
        is_graph = isinstance(topology, dict) and isinstance(topology.get("node"), list)
        unkept = _unkept(topology["node"]) if is_graph else frozenset()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = "this is no TensorFlow.js model: {}: {}".format(type(error).__name__, error)
        raise RequestError("LOAD_FAILED", what[:500], file, "Convert it again.")
    if not is_graph:
        return ModelFiles(file, shards, "layers", kept)
    inputs, outputs = _signature(stated)
    return ModelFiles(file, shards, "graph", kept, inputs, outputs, unkept)


def _unkept(stated: List[Dict[str, Any]]) -> FrozenSet[str]:
    ops = {}
    for node in stated:
        links = node.get("input") or []
        inputs = [text for text in links if not text.startswith("^")]
        controls = [text[1:] for text in links if text.startswith("^")]
        ops[node["name"]] = Op(node["name"], node["op"], inputs, controls, "", lambda _key: 1)
    lists = {name for name, op in ops.items() if op.op.startswith(HOLDING_LISTS) and op.op not in OF_LISTS}
    return frozenset(nested(ops, ordered(ops)) | lists)


def _coarsest(manifest: List[Dict[str, Any]]) -> str:
    """What most of the precision is lost to."""
    weights = [weight for group in manifest for weight in group.get("weights") or []]
    kept = [(weight.get("quantization") or {}).get("dtype") for weight in weights]
    return next((dtype for dtype in ("uint8", "float16", "uint16") if dtype in kept), "float32")


def _shard(folder: str, name: str) -> str:
    """A shard lies in the model's folder, links followed; nothing is opened elsewhere, and nothing is fetched."""
    path = os.path.realpath(os.path.join(folder, name))
    inside = path.startswith(os.path.realpath(folder) + os.sep)
    if not inside or os.path.isabs(name) or "\\" in name or _URL.match(name):
        what = "the shard {} does not lie in the model's folder".format(name)
        raise RequestError("REFUSED_SHARD", what, name, "Put it beside model.json.")
    if not os.path.isfile(path):
        raise RequestError("MISSING_SHARD", "the shard {} is not there".format(name), name, "Put it beside model.json.")
    return path


def _signature(stated: Dict[str, Any]) -> Tuple[Optional[List[Named]], Optional[List[Named]]]:
    metadata = stated.get("userDefinedMetadata")
    signature = stated.get("signature") or (metadata.get("signature") if isinstance(metadata, dict) else None)
    if not isinstance(signature, dict):
        return None, None
    try:
        inputs, outputs = (_ports(signature[word]) for word in ("inputs", "outputs"))
    except (KeyError, TypeError, AttributeError):
        return None, None
    return (inputs, outputs) if outputs else (None, None)


def _ports(stated: Dict[str, Any]) -> List[Named]:
    return [Named(key, _tensor(info["name"])) for key, info in stated.items()]


def _tensor(name: str) -> str:
    return name if ":" in name else name + ":0"
