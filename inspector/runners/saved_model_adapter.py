"""Runs a SavedModel's signature as TensorFlow Serving does; taps, replay and float64 through its flat graph."""

import os
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from ..graphs.inlining import Flattened, flatten
from ..graphs.ports import Inference, inference_of, served
from .adapter import Arrays, Port, Stated
from .failures import running
from .frozen_calls import Library, cannot_be_frozen, frozen, ops_of, small_constants, tables_in, variables_in
from .graph_adapter import check_ops, make_engine, port_of, tappable
from .graph_side import GraphSide, static_shape
from .messages import short
from .options import Options
from .server import RequestError
from .session_values import fill_what_is_left, variable_values
from .structure import is_random, random_nodes, split_tensor, tensor_name
from .tables import contents
from .tensorflow_options import configured

FILES = ("saved_model.pb", "saved_model.pbtxt")
NO_TAGS = "no tags"


class SavedModelAdapter(GraphSide):
    """The plain run is a session that TensorFlow's own loader filled: initialised, tables and state and all. The
    taps are those of the flat graph. A signature that changes its variables is only ever run as it is."""

    def _load(self, path: str) -> None:
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        meta = _chosen(_read(folder), self.options.choices)
        self._tags = sorted(meta.meta_info_def.tags)
        self.framework = "TensorFlow {} (SavedModel)".format(tf.__version__)
        inputs, outputs, inference = _signature(meta, self.options)
        self._shapes = _stated_shapes(meta)
        self._session = self._loaded_session(folder, meta.graph_def)
        ports = inference.ports
        library = Library(meta.graph_def, training=self.options.training)
        flattened = flatten(inference.nodes, library, ports.outputs, ports.inputs, ports.phases)
        self.inputs = [Port(key, flattened.tensors[tensor], tensor) for key, tensor in inputs.items()]
        self.outputs = [Port(key, flattened.tensors[tensor], tensor) for key, tensor in outputs.items()]
        self._served = {port.tensor: port.graph_tensor for port in self.outputs}
        self._phases = self._fixed(ports, {node.name for node in meta.graph_def.node})
        self._freeze(
            meta.graph_def, flattened, sorted(split_tensor(flattened.tensors[tensor])[0] for tensor in ports.inputs)
        )

    def _freeze(self, graph_def: Any, flattened: Flattened, fed: Sequence[str]) -> None:
        """The flat graph for the taps, unless the signature has a state that it cannot hold."""
        self._random = [name for name, flat in flattened.nodes.items() if is_random(flat.op)]
        stateful = flattened.mutating or cannot_be_frozen(flattened)
        if stateful:
            text = "the signature has a state ({}): it runs as it is, and only its outputs can be kept"
            self._only_plain("MUTABLE_STATE", text.format(stateful[0]))
            return
        try:
            self._take_flat(graph_def, flattened, fed)
        except RequestError as error:
            if error.fields["code"] not in ("LOAD_FAILED", "TOO_LARGE", "NOT_FROZEN"):
                raise
            self._only_plain("ONLY_OUTPUTS", "only its outputs can be kept: {what}".format(**error.fields))

    def _take_flat(self, graph_def: Any, flattened: Flattened, fed: Sequence[str]) -> None:
        values = variable_values(self._session, sorted(variables_in(flattened)))
        held = contents(self._session, sorted(tables_in(flattened)))
        flat = frozen(graph_def, flattened, values, fed, held)
        phases = {name: value for name, value in self._phases.items() if split_tensor(name)[0] in flattened.nodes}
        self.engine = make_engine(flat, phases, self.options)
        self.taps = {name: name for name in tappable(self.engine, self.engine.structure)}
        ports = list(self.inputs) + [Port(port.name, port.tensor, port.tensor) for port in self.outputs]
        self.taps.update({port.tensor: port.tensor for port in ports})
        self.outputs = ports[len(self.inputs) :]

    def _only_plain(self, code: str, text: str) -> None:
        self.can = ()
        self._stateful = True
        self.taps = {port.tensor: port.graph_tensor for port in list(self.inputs) + list(self.outputs)}
        self.warnings.append({"code": code, "text": text})

    _stateful = False

    def stated(self, tap: str) -> Stated:
        if self._stateful:
            tensor = self._session.graph.get_tensor_by_name(self.known(tap))
            stated = Stated(static_shape(tensor), tensor.dtype.base_dtype.name, tensor.op.type)
        else:
            stated = super(SavedModelAdapter, self).stated(tap)
        return stated if stated.shape is not None else stated._replace(shape=self._shapes.get(tap))

    def lookups(self) -> List[Any]:
        return [] if self._stateful else super(SavedModelAdapter, self).lookups()

    def random_ops(self) -> List[str]:
        if self._stateful:
            return self._random
        names = [split_tensor(port.tensor)[0] for port in self.outputs]
        return random_nodes(self.engine.graph_def, self.engine.structure, names, self.engine.phases)

    def _once(self, fed: Arrays, taps: List[str], wanted: List[str], *, edited: bool) -> Arrays:
        if self._stateful:
            return self._served_run(fed, list(dict.fromkeys(wanted + taps)))
        return super(SavedModelAdapter, self)._once(fed, taps, wanted, edited=edited)

    def _plain(self, inputs: Arrays, outputs: Sequence[str]) -> Arrays:
        """By the signature; with a seed, or for something in the middle, by the flat graph."""
        if self.options.seed is not None or any(name not in self._served for name in outputs):
            return super(SavedModelAdapter, self)._plain(inputs, outputs)
        return self._served_run(inputs, outputs)

    def _served_run(self, inputs: Arrays, names: Sequence[str]) -> Arrays:
        feeds = {port.graph_tensor: inputs[port.tensor] for port in self.inputs}
        fetches = {name: self._served.get(name, name) for name in names}
        with running("the signature"):
            found = self._session.run(fetches, feed_dict=dict(self._phases, **feeds))
        return {name: np.asarray(array) for name, array in found.items()}

    def _input(self, port: Any, arrays: Arrays) -> np.ndarray:
        if not self._stateful:
            return super(SavedModelAdapter, self)._input(port, arrays)
        return super(GraphSide, self)._input(port, arrays)

    def graph_tensor(self, name: str) -> str:
        return super(SavedModelAdapter, self).graph_tensor(tensor_name(name))

    def set_constants(self, arrays: Arrays) -> None:
        """In the flat graph, which is then what runs. Raises NO_EDIT where the signature has a state."""
        if self._stateful:
            raise RequestError("NO_EDIT", "a signature with a state runs as it is only")
        super(SavedModelAdapter, self).set_constants(arrays)
        self._served = {}

    def _loaded_session(self, folder: str, graph_def: Any) -> Any:
        """Restored and initialised by TensorFlow's own loader. Raises OP_NOT_REGISTERED, LOAD_FAILED."""
        config = configured(self.options)
        if not self.options.optimise:
            config.graph_options.rewrite_options.disable_meta_optimizer = True
        session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
        try:
            tf.compat.v1.saved_model.load(session, self._tags, folder)
            filled = fill_what_is_left(session, graph_def, lambda: _objects(folder, self._tags))
        except (ValueError, IOError, RuntimeError, KeyError, tf.errors.OpError) as error:
            check_ops(graph_def, folder, everywhere=True)
            raise RequestError("LOAD_FAILED", short(error), folder, "Look at its warnings: a file may be missing.")
        if filled:
            text = "TensorFlow Serving leaves {} without a value here; they have those of tf.saved_model.load"
            self.warnings.append({"code": "VARIABLES_BY_OBJECT", "text": text.format(", ".join(filled[:5]))})
        return session


def _objects(folder: str, tags: Sequence[str]) -> Any:
    """The SavedModel with its variables as objects. Raises what TensorFlow raises."""
    load = getattr(tf.saved_model, "load_v2", None) or tf.saved_model.load  # TensorFlow 1.15 calls it so
    return load(folder, tags=list(tags) or None)


def _read(folder: str) -> Any:
    """The SavedModel message. Raises LOAD_FAILED."""
    saved = saved_model_pb2.SavedModel()
    path = next((os.path.join(folder, name) for name in FILES if os.path.isfile(os.path.join(folder, name))), "")
    if not path:
        raise RequestError("NOT_FOUND", "the folder has no saved_model.pb", folder, "Open a SavedModel's folder.")
    try:
        with open(path, "rb") as file:
            content = file.read()
        if path.endswith(".pbtxt"):
            text_format.Parse(content.decode("utf-8"), saved)
        else:
            saved.ParseFromString(content)
    except (DecodeError, UnicodeDecodeError, text_format.ParseError) as error:
        raise RequestError("LOAD_FAILED", "no SavedModel: {}".format(short(error)), path, "Export it again.")
    return saved


def _chosen(saved: Any, choices: Dict[str, str]) -> Any:
    """The meta graph of the chosen tags: by default the one that serves, the one without tags, the first."""
    known: Dict[str, Any] = {}
    for meta in saved.meta_graphs:
        known.setdefault(",".join(sorted(meta.meta_info_def.tags)) or NO_TAGS, meta)
    wanted = ",".join(sorted(word.strip() for word in choices.get("tags", "").split(",") if word.strip()))
    found = [known[name] for name in ([wanted] if wanted else ["serve", NO_TAGS] + list(known)) if name in known]
    if not found:
        raise RequestError("BAD_CHOICE", "no meta graph has the tags {!r}".format(wanted), wanted, "Choose others.")
    return found[0]


def _signature(meta: Any, options: Options) -> Tuple[Dict[str, str], Dict[str, str], Inference]:
    """Tensors of the inputs and of the outputs by key, in alphabetical order of the keys, and the nodes as they run."""
    hidden = ("__saved_model_init_op", "__saved_model_train_op")
    wanted = options.choices.get("signature", "")
    if wanted and wanted not in meta.signature_def:
        raise RequestError("BAD_CHOICE", "there is no signature {!r}".format(wanted), wanted, "Choose another.")
    names = [wanted, "serving_default", "default"] + [name for name in sorted(meta.signature_def) if name not in hidden]
    key = next((name for name in names if name in meta.signature_def), "")
    nodes = meta.graph_def.node
    ops, constants = ops_of(nodes, training=options.training), small_constants(nodes)
    if not key:
        inference = inference_of(ops, constants)
        inputs, outputs = ({port_of(text, text).name: text for text in side} for side in inference.ports[:2])
        return inputs, outputs, inference
    inputs, outputs = _tensors(meta.signature_def[key].inputs), _tensors(meta.signature_def[key].outputs)
    return inputs, outputs, served(ops, constants, list(inputs.values()), list(outputs.values()))


def _tensors(infos: Any) -> Dict[str, str]:
    return {key: tensor_name(infos[key].name) for key in sorted(infos) if infos[key].name}


def _stated_shapes(meta: Any) -> Dict[str, Any]:
    """Shapes of tensors that some signature states and the graph may not."""
    infos = [
        info
        for signature in meta.signature_def.values()
        for info in list(signature.inputs.values()) + list(signature.outputs.values())
    ]
    known = [info for info in infos if info.name and not info.tensor_shape.unknown_rank]
    return {
        tensor_name(info.name): [dim.size if dim.size >= 0 else None for dim in info.tensor_shape.dim] for info in known
    }
