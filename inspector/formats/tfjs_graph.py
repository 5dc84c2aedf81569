"""A GraphDef as TensorFlow.js writes it, in JSON: attributes by protobuf's JSON names, values in the manifest.

Source: tfjs-converter/src/data/compiled_api.ts and operations/operation_mapper.ts (how attributes are read).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.domain.files import Shape
from inspector.domain.graph import Node
from inspector.formats.graph_index import FunctionSignature, GraphIndex
from inspector.formats.tensor_proto import dtype_name
from inspector.formats.tfjs_manifest import Manifest

_DTYPES = {"FLOAT": "float32", "DOUBLE": "float64", "HALF": "float16"}
_BAD = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
Stated = Mapping[str, Any]


class JsonGraph(GraphIndex):
    """Implements domain.graph.Graph. The values of constants are those of the manifest that bear their names.

    `broken` says how many nodes are none."""

    def __init__(self, stated: Stated, manifest: Manifest) -> None:
        super().__init__(memoryview(b""))
        self._manifest = manifest
        self._damaged: list[str] = []
        self._add_nodes(stated.get("node"), self.nodes)
        library = stated.get("library")
        for item in _list(library.get("function")) if isinstance(library, dict) else ():
            self._add_function(item)
        versions = stated.get("versions")
        producer = versions.get("producer") if isinstance(versions, dict) else None
        if isinstance(producer, int):
            self.versions["producer"] = producer
        if self._damaged:
            self.broken = f"{len(self._damaged)} nodes are none: {', '.join(self._damaged[:3])}"

    def constant_shape(self, name: str) -> tuple[tuple[int, ...], str]:
        weight = self._manifest.weights.get(name)
        if weight is not None:
            return weight.shape, weight.dtype
        if not self.is_constant(name):
            raise InspectorError("NO_SUCH_VALUE", f"there is no constant {name}", where=name)
        stated = self.nodes[name].attributes.get("value")
        if not isinstance(stated, str) or not stated.startswith("tensor:"):
            return (), ""
        _, dtype, sizes = stated.split(":")
        return tuple(int(size) for size in sizes.split("x") if size != "scalar"), dtype

    def constant(self, name: str) -> NDArray[Any]:
        return self.constant_range(name, 0, None).reshape(self.constant_shape(name)[0])

    def constant_range(self, name: str, start: int, stop: int | None) -> NDArray[Any]:
        if name not in self._manifest.weights and self.is_constant(name):
            what = "the weights manifest does not name it"
            raise InspectorError("NO_VALUES", what, where=name, todo="Convert the model again.")
        return self._manifest.values(name, start, stop)

    def _add_nodes(self, stated: Any, nodes: dict[str, Node]) -> None:
        for place, item in enumerate(_list(stated)):
            try:
                node = _node(item)
            except _BAD:
                self._damaged.append(str(item.get("name", place) if isinstance(item, dict) else place)[:80])
                continue
            if nodes.setdefault(node.name, node) is not node:
                self.duplicates.append(node)

    def _add_function(self, stated: Any) -> None:
        try:
            signature = stated["signature"]
            name = str(signature["name"])
            arguments, outputs = (
                tuple(str(item["name"]) for item in _list(signature.get(key))) for key in ("inputArg", "outputArg")
            )
            results = stated.get("ret") or {}
            self.signatures[name] = FunctionSignature(
                arguments, outputs, tuple(str(results.get(output, "")) for output in outputs)
            )
            self._add_nodes(stated.get("nodeDef"), self.functions.setdefault(name, {}))
        except _BAD:
            self._damaged.append("a function")


class JsonAttributes(Mapping[str, Any]):
    """A read-only mapping over a node's `attr`, decoded when looked at. Values as domain.graph.Node says.

    A damaged value is None, and `problems` says what was damaged."""

    __slots__ = ("_known", "_stated", "problems")

    def __init__(self, stated: Stated) -> None:
        self._stated = stated
        self._known: dict[str, Any] = {}
        self.problems: dict[str, str] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            stated = self._stated[name]
            try:
                self._known[name] = attribute(stated)
            except _BAD as error:
                self._known[name] = None
                self.problems[name] = str(error)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stated)

    def __len__(self) -> int:
        return len(self._stated)


def _node(item: Any) -> Node:
    name, op, stated = item["name"], item["op"], item.get("attr") or {}
    if not isinstance(name, str) or not isinstance(op, str) or not isinstance(stated, dict):
        raise TypeError("no node")
    taken = [str(tensor) for tensor in _list(item.get("input"))]
    inputs = tuple(text if ":" in text else f"{text}:0" for text in taken if not text.startswith("^"))
    controls = tuple(text[1:] for text in taken if text.startswith("^"))
    return Node(name, op, inputs, controls, JsonAttributes(stated), str(item.get("device") or ""))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def attribute(stated: Stated) -> Any:
    """The plain value of an AttrValue in JSON; None for an empty one. Raises ValueError, TypeError, KeyError."""
    for key, value in stated.items():
        if key == "list":
            return [item for kind in value for item in map(_READERS[kind], _list(value[kind]))]
        if key in _READERS:
            return _READERS[key](value)
    return None


def dtype_of(stated: Any) -> str:
    """`float32` for `DT_FLOAT` or for 1."""
    if isinstance(stated, int):
        return dtype_name(stated)
    word = str(stated).removeprefix("DT_").removesuffix("_REF")
    return _DTYPES.get(word, word.lower())


def shape_of(stated: Any) -> Shape | None:
    """None for an unknown rank, None in it for an unknown size. Raises ValueError, TypeError."""
    if not isinstance(stated, dict) or stated.get("unknownRank"):
        return None
    sizes = [int(size.get("size", 0)) for size in _list(stated.get("dim"))]
    return tuple(None if size < 0 else size for size in sizes)


def _text(stated: Any) -> str:
    """Base64, or as older converters write it a list of bytes."""
    try:
        raw = bytes(stated) if isinstance(stated, list) else base64.b64decode(str(stated), validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from error
    return raw.decode("utf-8", "backslashreplace")


def _tensor(stated: Any) -> str:
    shape: Iterable[int | None] = shape_of(stated.get("tensorShape") or {}) or ()
    return f"tensor:{dtype_of(stated.get('dtype'))}:{'x'.join(str(size or 0) for size in shape) or 'scalar'}"


def _function(stated: Any) -> str:
    return f"func:{stated.get('name', '')}"


_READERS: dict[str, Callable[[Any], Any]] = {
    "s": _text,
    "i": int,
    "f": float,
    "b": bool,
    "type": dtype_of,
    "shape": shape_of,
    "tensor": _tensor,
    "func": _function,
}
