"""Put a part of another graph in the place of a tensor: one layer of A computes within B.

The part is what lies between the donor's cut tensors and its output. Each cut tensor that it needs reads a
tensor of the host, turned into the donor's layout; whoever read the replaced tensor reads the part's output,
turned back. The replaced node keeps its name, so that fetching and cutting there go on to work."""

from typing import Any, Container, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from .cutting import cut_graph
from .structure import all_inputs, split_tensor, tensor_name
from .tables import TABLES, filling_of


class Joint(NamedTuple):
    """Where donor and host meet: the same value as two tensors. `axes` permute the donor's axes into the
    host's layout; `donor_shape` and `host_shape`, the first axis left open, where they are not the same."""

    donor: str
    host: str
    axes: Optional[Sequence[int]]
    donor_shape: Sequence[int]
    host_shape: Sequence[int]


class Graph(NamedTuple):
    """A GraphDef and the same imported, which knows the dtypes."""

    graph_def: Any
    imported: Any

    def dtype(self, tensor: str) -> int:
        return int(self.imported.get_tensor_by_name(tensor_name(tensor)).dtype.base_dtype.as_datatype_enum)


class Graft(NamedTuple):
    """One layer: where its part of the donor begins, and what it is put in the place of."""

    joints: Sequence[Joint]
    target: Joint


def graft(host: Graph, donor: Graph, grafts: Sequence[Graft], prefix: str) -> Any:
    """The host's GraphDef with the donor's layers in it, one upon the other. Raises KeyError for a tensor that is
    not there.

    The donor is cut once, at all joints: where a layer's part goes on behind the joint of another, it goes on."""
    every = {tensor_name(joint.donor) for one in grafts for joint in one.joints}
    cut, fed = cut_graph(donor.graph_def, {tensor: donor.dtype(tensor) for tensor in every})
    nodes = {node.name: node for node in cut.node}
    cuts = {split_tensor(entry)[0]: tensor for tensor, entry in fed.items()}
    result = type(host.graph_def)()
    result.CopyFrom(host.graph_def)
    functions = _Builder(result, prefix, {}).functions(cut.library)
    for number, one in enumerate(grafts):
        builder = _Builder(result, "{}_{}".format(prefix, number), functions)
        joints = {tensor_name(joint.donor): joint for joint in one.joints}
        for name in _part(nodes, cuts, joints, split_tensor(one.target.donor)[0]):
            tensor = cuts.get(name)
            if tensor in joints:
                builder.entry(name, joints[tensor], host.dtype(joints[tensor].host), donor.dtype(tensor))
            elif tensor is None or tensor_name(name) == tensor:
                builder.copy(nodes[name])
            else:
                builder.handed_on(name, tensor, donor.dtype(tensor))
        builder.exit(one.target, donor.dtype(one.target.donor), host)
    return result


def _part(nodes: Dict[str, Any], cuts: Dict[str, str], joints: Container[str], target: str) -> Iterable[str]:
    """The nodes of the cut donor that a target needs, up to its own joints."""
    seen: Dict[str, None] = {}
    filling = filling_of(nodes)
    waiting = [target]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in nodes:
            continue
        seen[name] = None
        tensor = cuts.get(name)
        if tensor is None:
            waiting.extend(all_inputs(nodes[name]))
            waiting.extend(filling.get(name, ()))
        elif tensor not in joints:
            waiting.append(split_tensor(tensor)[0])
    return seen


class _Builder:
    def __init__(self, graph_def: Any, prefix: str, functions: Dict[str, str]) -> None:
        self._graph = graph_def
        self._prefix = prefix
        self._functions = functions

    def functions(self, library: Any) -> Dict[str, str]:
        """The donor's functions under names of their own, which are given back by the old ones."""
        self._functions = {f.signature.name: self._named(f.signature.name) for f in library.function}
        for function in library.function:
            added = self._graph.library.function.add()
            added.CopyFrom(function)
            added.signature.name = self._functions[function.signature.name]
            for node in added.node_def:
                self._rename_calls(node)
        for gradient in library.gradient:
            self._graph.library.gradient.add(
                function_name=self._functions.get(gradient.function_name, gradient.function_name),
                gradient_func=self._functions.get(gradient.gradient_func, gradient.gradient_func),
            )
        return self._functions

    def copy(self, node: Any) -> None:
        """A donor's node; what it reads are the donor's nodes."""
        added = self._graph.node.add()
        added.CopyFrom(node)
        added.name = self._named(node.name)
        for place, text in enumerate(node.input):
            added.input[place] = "^" + self._named(text[1:]) if text.startswith("^") else self._named(text)
        if node.op in TABLES:  # one of that name may be the host's
            added.attr["shared_name"].s = added.name.encode("utf-8")
        for name in ("_class", "_output_shapes"):
            added.attr.pop(name, None)
        self._rename_calls(added)

    def entry(self, placeholder: str, joint: Joint, have: int, want: int) -> None:
        """The host's tensor in the donor's layout, under the placeholder's name."""
        turned = None if joint.axes is None else [int(at) for at in np.argsort(joint.axes)]
        shapes = joint.host_shape, joint.donor_shape
        source = self._turned(self._named(placeholder), joint.host, turned, shapes, have)
        self._cast(self._named(placeholder), source, have, want)

    def handed_on(self, placeholder: str, tensor: str, kind: int) -> None:
        """A cut that is none for this layer: the donor's own tensor under the placeholder's name."""
        self._cast(self._named(placeholder), self._named(tensor), kind, kind)

    def exit(self, target: Joint, have: int, host: Graph) -> None:
        """Everything that read the target reads the donor's output."""
        name, index = split_tensor(target.host)
        axes = None if target.axes is None else list(target.axes)
        shapes = target.donor_shape, target.host_shape
        source = self._turned(self._prefix + "/out", self._named(target.donor), axes, shapes, have)
        self._cast(self._prefix + "/out", source, have, host.dtype(target.host))
        old = next(node for node in self._graph.node if node.name == name)
        outputs = host.imported.get_operation_by_name(name).outputs
        new = self._graph.node.add(name=name, op="IdentityN")
        old.name = self._prefix + "/replaced"
        new.input.extend(
            [self._prefix + "/out" if at == index else "{}:{}".format(old.name, at) for at in range(len(outputs))]
        )
        new.attr["T"].list.type.extend([output.dtype.base_dtype.as_datatype_enum for output in outputs])

    def _turned(
        self, name: str, source: str, axes: Optional[List[int]], shapes: Tuple[Sequence[int], Sequence[int]], kind: int
    ) -> str:
        have, want = shapes
        if axes is not None:
            return self._with_constant("Transpose", name + "/turned", source, ("perm", axes), kind)
        if list(have[1:]) != list(want[1:]) and want:
            return self._with_constant("Reshape", name + "/shaped", source, ("shape", [-1] + list(want[1:])), kind)
        return source

    def _with_constant(self, op: str, name: str, source: str, given: Tuple[str, List[int]], kind: int) -> str:
        attribute, values = given
        constant = self._graph.node.add(name=name + "/" + attribute, op="Const")
        constant.attr["dtype"].type = tf.int32.as_datatype_enum
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.array(values, np.int32)))
        node = self._graph.node.add(name=name, op=op)
        node.input.extend([source, constant.name])
        node.attr["T"].type = kind
        node.attr["T" + attribute].type = tf.int32.as_datatype_enum
        return name

    def _cast(self, name: str, source: str, have: int, want: int) -> None:
        node = self._graph.node.add(name=name, op="Identity" if have == want else "Cast")
        node.input.append(source)
        if have == want:
            node.attr["T"].type = have
        else:
            node.attr["SrcT"].type, node.attr["DstT"].type = have, want

    def _rename_calls(self, node: Any) -> None:
        node.op = self._functions.get(node.op, node.op)
        for value in node.attr.values():
            if value.HasField("func"):
                value.func.name = self._functions.get(value.func.name, value.func.name)
            for function in value.list.func if value.HasField("list") else ():
                function.name = self._functions.get(function.name, function.name)

    def _named(self, name: str) -> str:
        return "{}/{}".format(self._prefix, name)
