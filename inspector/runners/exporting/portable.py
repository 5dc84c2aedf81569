"""Make a GraphDef that TensorFlow 1.15 loads: nothing newer than it, where the meaning allows it.

Of an op that both know, only attributes can be new, and a new attribute has a default that keeps the old meaning
(tensorflow/core/framework/op_def_util: backwards compatibility of ops): what has its default is left out.
"""

from typing import Any, List, Sequence

from ..op_table import op_def_of
from ..structure import RANDOM_PREFIXES
from .node_facts import is_training, of_node

# ops of inference that came after TensorFlow 1.15
NEWER = (
    "BandedTriangularSolve",
    "BatchMatMulV3",
    "BesselI0",
    "BesselI1",
    "Conv",
    "DenseBincount",
    "Dawsn",
    "Erfinv",
    "ImageProjectiveTransformV2",
    "ImageProjectiveTransformV3",
    "MatrixDiagPartV3",
    "MatrixDiagV3",
    "MatrixSetDiagV3",
    "Ndtri",
    "QuantizeAndDequantizeV4",
    "RaggedBincount",
    "SegmentMaxV2",
    "SegmentMinV2",
    "SegmentProdV2",
    "SegmentSumV2",
    "SparseBincount",
    "TensorScatterMax",
    "TensorScatterMin",
    "XlaCallModule",
    "Xlog1py",
)
# a newer op and the older one that is the same when all its types are
OLDER = {"BatchMatMulV3": "BatchMatMulV2"}
TRAINING = ("Assign", "Apply", "ResourceApply", "SparseApply", "ResourceSparseApply", "Save", "Restore")


def make_portable(graph_def: Any) -> None:
    """Leave out what says nothing, and write newer ops as older ones. In place."""
    for node in graph_def.node:
        _use_older(node)
        op_def = op_def_of(node.op)
        rules = {rule.name: rule for rule in op_def.attr} if op_def is not None else {}
        for name in list(node.attr):
            if name.startswith("_") or _says_nothing(node.attr[name], rules.get(name)):
                del node.attr[name]
        node.device = ""
        node.ClearField("experimental_debug_info")


def newer_ops(graph_def: Any) -> List[str]:
    """Ops in it that TensorFlow 1.15 does not know."""
    return sorted({node.op for node in graph_def.node if node.op in NEWER})


def training_nodes(graph_def: Any) -> List[str]:
    """Nodes that belong to training: they change variables, draw at random, or normalise with the batch's moments."""
    return [
        node.name
        for node in graph_def.node
        if node.op.startswith(TRAINING)
        or (node.op.startswith(RANDOM_PREFIXES) and not node.op.endswith(("PartitionedCall", "Shuffle")))
        or (node.op.startswith("FusedBatchNorm") and is_training(node))
    ]


def _use_older(node: Any) -> None:
    types: Sequence[str] = ("Ta", "Tb", "Tout")
    if node.op in OLDER and len({of_node(node, name).type for name in types}) == 1:
        node.attr["T"].type = node.attr["Ta"].type
        node.op = OLDER[node.op]
        for name in types:
            del node.attr[name]


def _says_nothing(value: Any, rule: Any) -> bool:
    return rule is not None and rule.HasField("default_value") and rule.default_value == value
