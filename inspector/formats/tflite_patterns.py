"""Operators that together do one layer's work: 1-D convolutions and dense layers between reshapings, dilated ones
between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, a bias added on its own, the turning and slicing around
recurrent ones, the arithmetic of shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from inspector.domain.computation import Layer, Weight
from inspector.formats.tflite_model import Operator, Subgraph

CONVOLUTIONS = ("conv2d", "depthwise_conv2d")
BIASED = (*CONVOLUTIONS, "dense")
WIDENED = {"conv2d": "conv1d", "depthwise_conv2d": "depthwise_conv1d", "pool": "pool"}
RECURRENT = ("lstm", "simple_rnn")
RESHAPINGS = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")
SHAPE_INPUTS = {
    "RESHAPE": (1,), "TRANSPOSE_CONV": (0,), "BROADCAST_TO": (1,), "RESIZE_BILINEAR": (1,), "FILL": (0,),
    "RESIZE_NEAREST_NEIGHBOR": (1,), "STRIDED_SLICE": (1, 2, 3), "SLICE": (1, 2), "TILE": (1,), "EXPAND_DIMS": (1,),
    "CONV_3D_TRANSPOSE": (0,),
}  # fmt: skip
Zeros = Callable[[Weight], bool]  # whether a stored weight is nothing but zeros


def data_inputs(operator: Operator) -> list[int]:
    """The operator's input tensors without those that only say a shape."""
    aside = SHAPE_INPUTS.get(operator.name, ())
    return [index for place, index in enumerate(operator.inputs) if index >= 0 and place not in aside]


def shape_only(graph: Subgraph) -> set[int]:
    """Indices of operators whose values nothing but shapes are made of: SHAPE, and what reckons with it."""
    wanted = set(graph.outputs)
    found = set()
    for operator in reversed(graph.operators):
        if operator.name not in ("WHILE", "IF", "CALL_ONCE") and wanted.isdisjoint(operator.outputs):
            found.add(operator.index)
        else:
            wanted.update(data_inputs(operator))
    return found


class Patterns:
    """The layers of one computation, in order; each method joins what it finds."""

    def __init__(self, layers: Iterable[Layer], outputs: Iterable[str], zeros: Zeros) -> None:
        self._zeros = zeros
        self._layers = list(layers)
        self._outputs = Counter(outputs)
        self._index()

    def joined(self) -> list[Layer]:
        """All patterns applied."""
        for join in (self._dilated, self._narrow, self._flattened, self._biased, self._sequence):
            for layer in list(self._layers):
                if self._makers.get(layer.outputs[0]) is layer:
                    join(layer)
        return self._layers

    def _index(self) -> None:
        self._makers = {layer.outputs[0]: layer for layer in self._layers}
        self._readers = Counter(self._outputs)
        for layer in self._layers:
            self._readers.update(layer.inputs)

    def _before(self, layer: Layer) -> Layer | None:
        """The layer whose only reader this is."""
        if len(layer.inputs) != 1 or self._readers[layer.inputs[0]] != 1:
            return None
        return self._makers.get(layer.inputs[0])

    def _replace(self, gone: Iterable[Layer], made: dict[str, Layer]) -> None:
        """`made` are new layers by the first output of the old one in whose place they stand."""
        names = {layer.outputs[0] for layer in gone}
        kept = [layer for layer in self._layers if layer.outputs[0] not in names or layer.outputs[0] in made]
        self._layers = [made.get(layer.outputs[0], layer) for layer in kept]
        self._index()

    def _around(self, last: Layer, kinds: Iterable[str]) -> list[Layer]:
        """`last`, its activation if there is one, the layer of one of the kinds, and what stands before it."""
        chain = [last]
        while (before := self._before(chain[-1])) is not None and len(chain) < 4:
            chain.append(before)
            if chain[-2].kind in kinds:
                return chain[::-1]
            if before.kind not in (*kinds, "activation"):
                break
        return []

    def _dilated(self, last: Layer) -> None:
        if last.class_name != "BATCH_TO_SPACE_ND":
            return
        chain = self._around(last, CONVOLUTIONS)
        if chain and chain[0].class_name == "SPACE_TO_BATCH_ND":
            self._unwrap(chain, lambda layer: replace(layer, settings=_without(layer, "padding", "dilation")))

    def _narrow(self, last: Layer) -> None:
        """1-D: an axis of size 1 before the operator, gone again behind it."""
        if last.class_name not in RESHAPINGS:
            return
        chain = self._around(last, WIDENED)
        ranks = [None if layer.shape is None else len(layer.shape) for layer in chain]
        if not chain or chain[0].class_name not in RESHAPINGS or ranks[0] != 4 or ranks[-1] != 3:
            return
        axis = _single_axis(chain[0])
        if axis is not None:
            self._unwrap(chain, lambda layer: _one_dimensional(layer, axis) if layer.kind in WIDENED else layer)

    def _flattened(self, last: Layer) -> None:
        """A dense layer on sequences: rows are laid out for the operator, and the last reshaping undoes it."""
        if last.class_name not in RESHAPINGS:
            return
        dense = self._before(last)
        first = self._before(dense) if dense is not None else None
        if dense is None or dense.kind != "dense" or first is None or first.class_name not in RESHAPINGS:
            return
        ranks = [None if layer.shape is None else len(layer.shape) for layer in (first, dense, last)]
        if ranks[:2] == [2, 2] and (ranks[2] or 0) > 2 and _width(dense) == _width(last):
            self._unwrap([first, dense, last], lambda layer: layer)

    def _unwrap(self, chain: list[Layer], changed: Callable[[Layer], Layer]) -> None:
        """The inner layers without the two around them: they read what the first read, and give what the
        last gives."""
        first, *inner, last = chain
        made = {}
        for place, layer in enumerate(inner):
            new = changed(layer) if place == 0 else layer
            if place == 0:
                new = replace(new, inputs=first.inputs)
            if place == len(inner) - 1:
                new = replace(_ended(new, last), nodes=new.nodes)
            made[layer.outputs[0]] = new
        self._replace(chain, made)

    def _biased(self, layer: Layer) -> None:
        """The bias that stands behind a dilated convolution or a dense layer on sequences, whose own is zero."""
        before = self._before(layer)
        if layer.kind != "offset" or layer.class_name != "ADD" or before is None or before.kind not in BIASED:
            return
        own = [weight for weight in before.weights if weight.role == "bias"]
        if not all(self._zeros(weight) for weight in own):
            return
        bias = replace(layer.weights[0], role="bias")
        kernels = tuple(weight for weight in before.weights if weight.role != "bias")
        made = replace(_ended(before, layer), weights=(*kernels, bias))
        self._replace([before, layer], {before.outputs[0]: made})

    def _sequence(self, layer: Layer) -> None:
        """Batch and time exchanged before and behind, the last step taken out."""
        if layer.kind in RECURRENT and layer.settings.get("time_major"):
            turned = self._before(layer)
            if turned is not None and turned.class_name == "TRANSPOSE":
                self._replace([turned, layer], {layer.outputs[0]: replace(layer, inputs=turned.inputs)})
            return
        before = self._before(layer)
        if before is None or before.kind not in RECURRENT or layer.shape is None:
            return
        rank = len(layer.shape)
        turned_back = rank == 3 and (layer.class_name == "TRANSPOSE" or (layer.kind == "reshape" and _unscoped(layer)))
        if turned_back or (rank == 2 and layer.class_name == "STRIDED_SLICE"):
            self._replace([before, layer], {before.outputs[0]: _ended(before, layer)})


def _unscoped(layer: Layer) -> bool:
    """Whether the converter made the tensor: what a net's layers make carries their scope."""
    return not any("/" in node for node in layer.nodes)


def _ended(layer: Layer, last: Layer) -> Layer:
    """The layer as it ends with another's output."""
    nodes = tuple(dict.fromkeys((*layer.nodes, *last.nodes)))
    return replace(
        layer,
        name=last.name,
        outputs=last.outputs,
        shape=last.shape,
        dtype=last.dtype,
        aliases=last.aliases,
        nodes=nodes,
    )


def _width(layer: Layer) -> int | None:
    return layer.shape[-1] if layer.shape else None


def _single_axis(layer: Layer) -> int | None:
    """The spatial axis (0 or 1) of size 1 that a reshaping put in."""
    shape = layer.shape
    if shape is None or len(shape) != 4:
        return None
    return next((axis for axis in (0, 1) if shape[1 + axis] == 1), None)


def _one_dimensional(layer: Layer, axis: int) -> Layer:
    """Kind, settings and kernels of a 2-D layer without one of its two spatial axes."""
    settings = dict(layer.settings)
    for name in ("strides", "dilation", "pool_size"):
        if isinstance(settings.get(name), tuple):
            settings[name] = (settings[name][1 - axis],)
    weights = tuple(
        replace(weight, shape=weight.shape[:axis] + weight.shape[axis + 1 :]) if len(weight.shape) == 4 else weight
        for weight in layer.weights
    )
    return replace(layer, kind=WIDENED[layer.kind], settings=settings, weights=weights)


def _without(layer: Layer, *names: str) -> dict[str, object]:
    return {name: value for name, value in layer.settings.items() if name not in names}
