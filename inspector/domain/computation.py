"""One picture of a computation, the same for every format: layers in order, with kinds, settings, weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from inspector.domain.files import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A stored array with its role in the layer (`kernel`, `bias`, `gamma`, `moving_variance`, ...).

    `id` is the reader's handle for its values (an HDF5 path, a Const node's name). `step`: of a quantized
    weight, which is read as real numbers, the distance of neighbouring values (the largest of several)."""

    id: str
    role: str
    shape: tuple[int, ...]
    dtype: str
    step: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer call. `name` is unique in the computation: the Keras path (`model_1/conv1`, with `@1`
    for the second call of a shared layer) or, on a graph, the name of the node that ends the layer.

    `inputs` and `outputs` are tensor names; a Keras layer's first output is the layer's name, further
    ones `name:1`. `nodes` are the raw nodes or groups the layer stands for. `aliases` are other tensors
    that hold the same value as the first output (Identity nodes and the like)."""

    name: str
    kind: str
    class_name: str
    settings: dict[str, Any] = field(default_factory=dict)
    weights: tuple[Weight, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    shape: Shape | None = None
    dtype: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An input or output of the whole model. `tensor` is what is fed or fetched. `limit` is the
    exclusive upper bound of integer ids (an embedding's vocabulary), or None. `key`: a model that gives a dict gives
    it under this.

    What its values are looked up in: `words` of a vocabulary, or whole numbers as its `entries`; `sentences`: a value
    is cut into words before; `closed`: nothing else is taken; `span`: the first and last boundary between bins."""

    name: str
    tensor: str
    shape: Shape | None
    dtype: str
    limit: int | None = None
    key: str = ""
    words: tuple[bytes, ...] = ()
    entries: tuple[int, ...] = ()
    sentences: bool = False
    closed: bool = False
    span: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Computation:
    """Layers in the order in which they are computed; every input of a layer stands before it. `fused`: a
    converter has put several layers into one operator wherever it could (TensorFlow Lite)."""

    layers: tuple[Layer, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    fused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What tells a weight's content without its bytes. `exact` is a digest of the float64 values in C
    order, `sorted` a digest of the sorted values (the same under any transposition or permutation).
    `sketch` are up to 64 values at even strides in C order, `quantiles` 17 even quantiles."""

    id: str
    shape: tuple[int, ...]
    dtype: str
    exact: str
    sorted: str
    sketch: tuple[float, ...]
    quantiles: tuple[float, ...]
