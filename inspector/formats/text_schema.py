"""The messages of TensorFlow's graphs as text format needs them: field name -> number and type.

tensorflow/core/framework: graph, node_def, attr_value, tensor, tensor_shape, function, op_def, versions;
tensorflow/core/protobuf: meta_graph, saved_model, saver, saved_object_graph (what is not listed is skipped).
"""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """`kind`: `int`, `float`, `double`, `bool`, `string`, `bytes`, `fixed32`, an enum (`DataType`), or a message."""

    number: int
    kind: str


_MESSAGES = """
GraphDef: node=1 NodeDef, library=2 FunctionDefLibrary, version=3 int, versions=4 VersionDef
VersionDef: producer=1 int, min_consumer=2 int, bad_consumers=3 int
NodeDef: name=1 string, op=2 string, input=3 string, device=4 string, attr=5 AttrEntry
AttrEntry: key=1 string, value=2 AttrValue
AttrValue: list=1 ListValue, s=2 bytes, i=3 int, f=4 float, b=5 bool, type=6 DataType, shape=7 TensorShapeProto, \
tensor=8 TensorProto, placeholder=9 string, func=10 NameAttrList
ListValue: s=2 bytes, i=3 int, f=4 float, b=5 bool, type=6 DataType, shape=7 TensorShapeProto, tensor=8 TensorProto, \
func=9 NameAttrList
NameAttrList: name=1 string, attr=2 AttrEntry
TensorShapeProto: dim=2 Dim, unknown_rank=3 bool
Dim: size=1 int, name=2 string
TensorProto: dtype=1 DataType, tensor_shape=2 TensorShapeProto, version_number=3 int, tensor_content=4 bytes, \
float_val=5 float, double_val=6 double, int_val=7 int, string_val=8 bytes, scomplex_val=9 float, int64_val=10 int, \
bool_val=11 bool, dcomplex_val=12 double, half_val=13 int, uint32_val=16 int, uint64_val=17 int, float8_val=18 bytes
FunctionDefLibrary: function=1 FunctionDef, gradient=2 GradientDef
GradientDef: function_name=1 string, gradient_func=2 string
FunctionDef: signature=1 OpDef, node_def=3 NodeDef, ret=4 TextEntry, attr=5 AttrEntry, control_ret=6 TextEntry
TextEntry: key=1 string, value=2 string
OpDef: name=1 string, input_arg=2 ArgDef, output_arg=3 ArgDef, attr=4 AttrDef, summary=5 string, description=6 string, \
is_stateful=17 bool, is_commutative=18 bool, is_aggregate=16 bool, control_output=20 string
ArgDef: name=1 string, description=2 string, type=3 DataType, type_attr=4 string, number_attr=5 string, \
type_list_attr=6 string, is_ref=16 bool
AttrDef: name=1 string, type=2 string, default_value=3 AttrValue, has_minimum=5 bool, minimum=6 int, \
allowed_values=7 AttrValue
SavedModel: saved_model_schema_version=1 int, meta_graphs=2 MetaGraphDef
MetaGraphDef: meta_info_def=1 MetaInfoDef, graph_def=2 GraphDef, saver_def=3 SaverDef, \
collection_def=4 CollectionEntry, \
signature_def=5 SignatureEntry, asset_file_def=6 AssetFileDef, object_graph_def=7 SavedObjectGraph
MetaInfoDef: meta_graph_version=1 string, stripped_op_list=2 OpList, tags=4 string, tensorflow_version=5 string, \
tensorflow_git_version=6 string, stripped_default_attrs=7 bool
OpList: op=1 OpDef
SaverDef: filename_tensor_name=1 string, save_tensor_name=2 string, restore_op_name=3 string, max_to_keep=4 int, \
sharded=5 bool, keep_checkpoint_every_n_hours=6 float, version=7 SaverVersion
CollectionEntry: key=1 string, value=2 CollectionDef
CollectionDef: node_list=1 NodeList, bytes_list=2 BytesList, int64_list=3 Int64List, float_list=4 FloatList
NodeList: value=1 string
BytesList: value=1 bytes
Int64List: value=1 int
FloatList: value=1 float
SignatureEntry: key=1 string, value=2 SignatureDef
SignatureDef: inputs=1 TensorInfoEntry, outputs=2 TensorInfoEntry, method_name=3 string
TensorInfoEntry: key=1 string, value=2 TensorInfo
TensorInfo: name=1 string, dtype=2 DataType, tensor_shape=3 TensorShapeProto
AssetFileDef: tensor_info=1 TensorInfo, filename=2 string
SavedObjectGraph: nodes=1 SavedObject
SavedObject: children=1 ObjectReference, user_object=4 SavedUserObject, variable=7 SavedVariable
ObjectReference: node_id=1 int, local_name=2 string
SavedUserObject: identifier=1 string, metadata=3 string
SavedVariable: dtype=1 DataType, shape=2 TensorShapeProto, trainable=3 bool, name=6 string
"""

_TYPES = """
INVALID FLOAT DOUBLE INT32 UINT8 INT16 INT8 STRING COMPLEX64 INT64 BOOL QINT8 QUINT8 QINT32 BFLOAT16 QINT16 QUINT16
UINT16 COMPLEX128 HALF RESOURCE VARIANT UINT32 UINT64 FLOAT8_E5M2 FLOAT8_E4M3FN
"""


def _fields(line: str) -> tuple[str, dict[str, Field]]:
    message, _, rest = line.partition(":")
    found = {}
    for entry in rest.split(","):
        name, number, kind = entry.replace("=", " ").split()
        found[name] = Field(int(number), kind)
    return message, found


MESSAGES: dict[str, dict[str, Field]] = dict(_fields(line) for line in _MESSAGES.strip().splitlines())
ENUMS: dict[str, dict[str, int]] = {
    "DataType": {
        **{f"DT_{name}": number for number, name in enumerate(_TYPES.split())},
        **{f"DT_{name}_REF": number + 100 for number, name in enumerate(_TYPES.split())},
        "DT_INT4": 29,
        "DT_UINT4": 30,
    },
    "SaverVersion": {"LEGACY": 0, "V1": 1, "V2": 2},
}
