"""One GraphDef, run in every way the app asks for: plain, tapped, replayed, in float64, edited."""

from collections import OrderedDict
from typing import Any, Dict, Iterable, List, NamedTuple, Set, Tuple

import numpy as np
import tensorflow as tf

from .cutting import cut_graph, drop_hints
from .doubling import double_graph
from .failures import running
from .messages import no_such_tensor, short
from .options import Options
from .server import RequestError
from .structure import Structure, split_tensor, structure_of
from .tables import Content, contents, fill
from .tensorflow_options import configured, seed_ops

DEFAULTS = Options()
KEPT_VARIANTS = 6
Arrays = Dict[str, np.ndarray]


class Variant(NamedTuple):
    """A session over a variant of the graph. `feeds` and `fetches` say where the original's tensors
    went (absent: nowhere); `inexact` names the tensors that a float32-only kernel lies behind."""

    session: Any
    feeds: Dict[str, str]
    fetches: Dict[str, str]
    inexact: Set[str]


class Engine:
    """`fixed` are arrays that are always fed (a learning phase, a dropout's rate), by tensor name."""

    def __init__(self, graph_def: Any, fixed: Arrays, options: Options = DEFAULTS) -> None:
        self._options = options
        if options.seed is not None:
            seed_ops(graph_def, options.seed)
        self.graph_def = graph_def
        drop_hints(graph_def)
        self.fixed = fixed
        self.phases = [split_tensor(name)[0] for name, value in fixed.items() if value.dtype == bool]
        self.structure: Structure = structure_of(graph_def)
        self.graph = imported(graph_def)
        self._variants: OrderedDict[Any, Variant] = OrderedDict()

    def tensor(self, name: str) -> Any:
        """The TensorFlow tensor of that name; raises NO_SUCH_TENSOR with close names."""
        node, index = split_tensor(name)
        try:
            return self.graph.get_tensor_by_name("{}:{}".format(node, index))
        except (KeyError, ValueError):
            raise no_such_tensor(name, (node + ":0" for node in self.structure.nodes))

    def run(self, feeds: Arrays, fetches: Iterable[str], *, optimised: bool = False) -> List[np.ndarray]:
        """Feed inputs and fetch tensors. `optimised`: as TensorFlow runs it by default; otherwise the
        graph is computed as it is written, node by node."""
        variant = self._variant(("plain", optimised), lambda: self._plain(optimised=optimised))
        return self.fetch(variant, feeds, fetches)

    def replay(self, feeds: Arrays, fetches: Iterable[str]) -> List[np.ndarray]:
        """Every consumer of a fed tensor reads the fed array; the fetched tensors are computed from those."""
        return self.fetch(self.cut_variant(feeds), feeds, fetches)

    def cut_variant(self, cuts: Iterable[str], *, double: bool = False) -> Variant:
        """The graph cut at these tensors, as it is or in float64. Raises NO_REFERENCE."""
        key = tuple(sorted(cuts))
        return self._variant(("double" if double else "cut", key), lambda: self._cut(key, double=double))

    def fetch(self, variant: Variant, feeds: Arrays, fetches: Iterable[str]) -> List[np.ndarray]:
        names = [variant.fetches.get(name, name) for name in fetches]
        fed = {variant.feeds.get(name, name): value for name, value in dict(self.fixed, **feeds).items()}
        with running("the graph"):
            return list(variant.session.run(names, feed_dict=fed))

    def tables(self, names: List[str]) -> Dict[str, Content]:
        """What tables hold, by their nodes."""
        if not names:
            return {}
        return contents(self._variant(("plain", False), lambda: self._plain(optimised=False)).session, names)

    def edited(self, graph_def: Any) -> "Engine":
        return Engine(graph_def, self.fixed, self._options)

    def close(self) -> None:
        for variant in self._variants.values():
            variant.session.close()
        self._variants.clear()

    def _variant(self, key: Any, make: Any) -> Variant:
        if key in self._variants:
            self._variants.move_to_end(key)
            return self._variants[key]
        while len(self._variants) >= KEPT_VARIANTS:
            self._variants.popitem(last=False)[1].session.close()
        self._variants[key] = make()
        return self._variants[key]

    def _plain(self, *, optimised: bool) -> Variant:
        return Variant(self._session(self.graph, optimised=optimised), {}, {}, set())

    def _cut(self, cuts: Tuple[str, ...], *, double: bool) -> Variant:
        cut, fed = cut_graph(self.graph_def, self.dtypes(cuts))
        if not double:
            return Variant(self._session(imported(cut)), fed, {}, set())
        try:
            doubled = double_graph(cut, self.phases)
            return Variant(self._session(imported(doubled.graph_def)), fed, doubled.fetches, doubled.inexact)
        except (ValueError, TypeError, tf.errors.OpError) as error:
            raise RequestError("NO_REFERENCE", "the graph cannot be written in float64: " + short(error))

    def dtypes(self, tensors: Iterable[str]) -> Dict[str, int]:
        return {name: self.tensor(name).dtype.base_dtype.as_datatype_enum for name in tensors}

    def _session(self, graph: Any, *, optimised: bool = False) -> Any:
        """Unless `optimised`, every node is computed as it is written: no rewriting, no fusing."""
        config = configured(self._options)
        if not (optimised and self._options.optimise):
            config.graph_options.rewrite_options.disable_meta_optimizer = True
            config.graph_options.optimizer_options.opt_level = -1  # L0
        session = tf.compat.v1.Session(graph=graph, config=config)
        fill(session)
        return session


def imported(graph_def: Any) -> Any:
    """A `tf.Graph` of a GraphDef, names unchanged."""
    graph = tf.Graph()
    with graph.as_default():
        tf.compat.v1.import_graph_def(graph_def, name="")
    return graph
