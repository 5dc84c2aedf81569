"""What runs as a graph: taps, replay, float64 and edits of one GraphDef; an adapter adds how it is loaded."""

from typing import Any, Container, Dict, List, Optional, Sequence

import numpy as np

from ..graphs.ports import Ports
from .adapter import Adapter, Arrays, Described, Shape, Stated, cast, check_shape, fits
from .compiling import compiled
from .editing import constants_for, edited_graph, grafted
from .engine import Engine, Variant
from .failures import running
from .lookups import lookups, surroundings, tables_looked_into
from .options import Options
from .server import RequestError
from .structure import random_nodes, split_tensor


class GraphSide(Adapter):
    """`engine` holds the graph; `taps` map the app's names to its tensors, `classes` to Keras classes."""

    engine: Engine
    can: Sequence[str] = ("replay", "reference", "edit")
    _edited: Optional[Engine] = None

    def __init__(self, path: str, options: Options) -> None:
        self._programs: Dict[Any, Any] = {}
        super(GraphSide, self).__init__(path, options)

    def stated(self, tap: str) -> Stated:
        graph_tensor = self.graph_tensor(tap)
        tensor = self.engine.tensor(graph_tensor)
        op = self.classes.get(tap) or str(self.engine.structure.nodes[split_tensor(graph_tensor)[0]].op)
        return Stated(static_shape(tensor), tensor.dtype.base_dtype.name, op)

    def lookups(self) -> List[Any]:
        inputs = {port.tensor: port.graph_tensor for port in self.inputs}
        around = surroundings(self.engine.structure, inputs, self.taps)
        return lookups(around, self.engine.tables(tables_looked_into(self.engine.structure)))

    def random_ops(self) -> List[str]:
        outputs = [split_tensor(port.graph_tensor)[0] for port in self.outputs]
        return random_nodes(self.engine.graph_def, self.engine.structure, outputs, self.engine.phases)

    def _fixed(self, ports: Ports, nodes: Container[str]) -> Arrays:
        """What is fed always, of these nodes: learning phases and rates of dropout. Each is told."""
        mode = ("true", "training") if self.options.training else ("false", "inference")
        fixed: Arrays = {}
        for name in sorted(ports.phases):
            if name in nodes:
                fixed[name + ":0"] = np.array(self.options.training)
                text = "{}:0 is fed {}: the graph runs in {} mode".format(name, *mode)
                self.warnings.append({"code": "LEARNING_PHASE", "text": text})
        for name, value in sorted(ports.rates.items()):
            text = "{}:0 is fed {:g}: no dropout drops anything".format(name, value)
            self.warnings.append({"code": "DROPOUT_OFF", "text": text})
            if name in nodes:
                fixed[name + ":0"] = np.array(value)
        return fixed

    def _once(self, fed: Arrays, taps: List[str], wanted: List[str], *, edited: bool) -> Arrays:
        if self.options.float64 and not edited:
            return self._in_float64(fed, taps + wanted)
        if self.options.xla and not edited and not taps:
            return self._compiled(fed, wanted)
        return super(GraphSide, self)._once(fed, taps, wanted, edited=edited)

    def _plain(self, inputs: Arrays, outputs: Sequence[str]) -> Arrays:
        return self._fetched(self.engine, inputs, outputs, optimised=True)

    def _tapped(self, inputs: Arrays, names: Sequence[str]) -> Arrays:
        return self._fetched(self.engine, inputs, names, optimised=False)

    def _compiled(self, inputs: Arrays, names: Sequence[str]) -> Arrays:
        """The plain run as one program of XLA's; taps would keep it from fusing anything."""
        fetches = tuple(self.graph_tensor(name) for name in names)
        if fetches not in self._programs:
            feeds = [port.graph_tensor for port in self.inputs] + list(self.engine.fixed)
            self._programs[fetches] = compiled(self.engine.graph_def, feeds, fetches)
        fed = [inputs[port.tensor] for port in self.inputs] + list(self.engine.fixed.values())
        return dict(zip(names, self._programs[fetches](*fed)))

    def _in_float64(self, inputs: Arrays, names: Sequence[str]) -> Arrays:
        """The whole side in double precision. Raises NO_REFERENCE where an op cannot be."""
        feeds = {port.graph_tensor: inputs[port.tensor] for port in self.inputs}
        variant = self.engine.cut_variant(feeds, double=True)
        return dict(zip(names, self.engine.fetch(variant, feeds, [self.graph_tensor(name) for name in names])))

    def _run_edited(self, inputs: Arrays, names: Sequence[str], *, optimised: bool) -> Arrays:
        return self._fetched(self._edited or self.engine, inputs, names, optimised=optimised)

    def _fetched(self, engine: Engine, inputs: Arrays, names: Sequence[str], *, optimised: bool) -> Arrays:
        feeds = {port.graph_tensor: inputs[port.tensor] for port in self.inputs}
        arrays = engine.run(feeds, [self.graph_tensor(name) for name in names], optimised=optimised)
        return dict(zip(names, arrays))

    def replay(self, feeds: Arrays, fetch: Sequence[str], *, edited: bool = False) -> Arrays:
        engine = (self._edited if edited else None) or self.engine
        arrays = engine.replay(self._graph_feeds(feeds), [self.graph_tensor(name) for name in fetch])
        return dict(zip(fetch, arrays))

    def reference(self, feeds: Arrays, fetch: Sequence[str], against: Arrays) -> Dict[str, Described]:
        fed = self._graph_feeds(feeds)
        tensors = {name: self.graph_tensor(name) for name in fetch}
        variant = self.engine.cut_variant(fed, double=True)
        try:
            arrays = self.engine.fetch(variant, fed, tensors.values())
        except RequestError as error:
            raise RequestError("NO_REFERENCE", "float64 run: " + error.fields["what"], error.fields["where"])
        return {
            name: dict(deviation(against[name], array), exact=is_exact(tensors[name], variant))
            for name, array in zip(fetch, arrays)
        }

    def set_constants(self, arrays: Arrays) -> None:
        edits = [{"kind": "constant", "node": node} for node in arrays]
        self.engine = self.engine.edited(edited_graph(self.engine.graph_def, edits, arrays))

    def export(self, names: Sequence[str], path: str) -> Dict[str, str]:
        with_fixed = constants_for(self.engine.graph_def, self.engine.fixed)
        with open(path, "wb") as file:
            file.write(with_fixed.SerializeToString())
        return {name: self.graph_tensor(name) for name in names}

    def edit(self, edits: Sequence[Described], arrays: Arrays) -> None:
        if self._edited is not None:
            self._edited.close()
            self._edited = None
        if not edits:
            return
        grafts = [edit for edit in edits if edit["kind"] == "graft"]
        graph_def = edited_graph(self.engine.graph_def, [edit for edit in edits if edit not in grafts], arrays)
        with running("the edited graph"):
            self._edited = self.engine.edited(grafted(graph_def, grafts, self.graph_tensor))

    def graph_tensor(self, name: str) -> str:
        """The engine's name of a tap; raises NO_SUCH_TENSOR."""
        return str(self.known(name))

    def _graph_feeds(self, feeds: Arrays) -> Arrays:
        return {self.graph_tensor(name): self._fitted(name, array) for name, array in feeds.items()}

    def _input(self, port: Any, arrays: Arrays) -> np.ndarray:
        tensor = self.engine.tensor(port.graph_tensor)
        check_shape(port.tensor, arrays[port.tensor], static_shape(tensor))
        return self._fitted(port.tensor, arrays[port.tensor])

    def _fitted(self, name: str, array: np.ndarray) -> np.ndarray:
        """As the tensor takes it: same count of elements reshaped, floats and integers cast."""
        tensor = self.engine.tensor(self.graph_tensor(name))
        dtype = tensor.dtype.base_dtype
        return cast(name, _reshaped(name, array, static_shape(tensor)), dtype.name, dtype.as_numpy_dtype)


def is_exact(graph_tensor: str, variant: Variant) -> bool:
    """Whether only float64 kernels had a part in the tensor."""
    return split_tensor(variant.fetches.get(graph_tensor, graph_tensor))[0] not in variant.inexact


def deviation(array: np.ndarray, reference: np.ndarray) -> Dict[str, Any]:
    """Largest absolute error of `array` and largest absolute reference, where both are finite."""
    if array.size != reference.size:
        raise RequestError("WRONG_SHAPE", "array {} against reference {}".format(array.shape, reference.shape))
    exact = np.asarray(reference, np.float64).reshape(-1)
    error = np.abs(np.asarray(array, np.float64).reshape(-1) - exact)
    finite = np.isfinite(error)
    if not finite.any():
        return {"error": 0.0, "scale": 0.0}
    return {"error": float(error[finite].max()), "scale": float(np.abs(exact[finite]).max())}


def static_shape(tensor: Any) -> Shape:
    """None when not even the rank is known."""
    return None if tensor.shape.rank is None else tensor.shape.as_list()


def _reshaped(name: str, array: np.ndarray, wanted: Shape) -> np.ndarray:
    if wanted is None or fits(array.shape, wanted):
        return array
    known = int(np.prod([size for size in wanted if size is not None]))
    unknown = wanted.count(None)
    if (unknown == 0 and array.size == known) or (unknown == 1 and known and array.size % known == 0):
        return array.reshape([-1 if size is None else size for size in wanted])
    check_shape(name, array, wanted)
    return array
