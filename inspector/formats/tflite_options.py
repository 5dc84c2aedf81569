"""The options of operators by name: the tables of BuiltinOptions in tensorflow/lite/schema/schema.fbs.

Each table's fields stand in their order with struct's letter for their kind (`*i`: a vector of them, `-`: a
field that is no longer used)."""

from __future__ import annotations

from typing import Any

from inspector.formats.flatbuffer import Table
from inspector.formats.tflite_model import Operator

PADDING = ("same", "valid")
FUSED = ("", "relu", "relu_n1_to_1", "relu6", "tanh", "sign_bit")
FUSED_PLACE = {
    "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 3, "ADD": 0, "SUB": 0, "MUL": 0,
    "DIV": 0, "CONCATENATION": 1, "AVERAGE_POOL_2D": 5, "MAX_POOL_2D": 5,
}  # fmt: skip
MIRRORS = ("reflect", "symmetric")
WORDS = {"padding": PADDING, "fused_activation_function": FUSED, "mode": MIRRORS}
VECTORS = {"i": "<i4", "f": "<f4"}
SHOWN = 16  # numbers of a vector
FIELDS = {
    1: "padding:b stride_w:i stride_h:i fused_activation_function:b "  # Conv2DOptions
    "dilation_wfactor:i dilation_hfactor:i quantized_bias_type:b",
    2: "padding:b stride_w:i stride_h:i depth_multiplier:i "  # DepthwiseConv2DOptions
    "fused_activation_function:b dilation_wfactor:i dilation_hfactor:i",
    3: "num_channels:i num_columns_per_channel:*i embedding_dim_per_channel:*i",  # ConcatEmbeddingsOptions
    4: "type:b",  # LSHProjectionOptions
    5: "padding:b stride_w:i stride_h:i filter_width:i filter_height:i fused_activation_function:b",  # Pool2DOptions
    6: "rank:i fused_activation_function:b asymmetric_quantize_inputs:?",  # SVDFOptions
    7: "fused_activation_function:b asymmetric_quantize_inputs:?",  # RNNOptions
    8: "fused_activation_function:b weights_format:b keep_num_dims:? "
    "asymmetric_quantize_inputs:? quantized_bias_type:b",  # FullyConnectedOptions
    9: "beta:f",  # SoftmaxOptions
    10: "axis:i fused_activation_function:b",  # ConcatenationOptions
    11: "fused_activation_function:b pot_scale_int16:?",  # AddOptions
    12: "fused_activation_function:b",  # L2NormOptions
    13: "radius:i bias:f alpha:f beta:f",  # LocalResponseNormalizationOptions
    14: "fused_activation_function:b cell_clip:f proj_clip:f kernel_type:b "  # LSTMOptions
    "asymmetric_quantize_inputs:?",
    15: "- - align_corners:? half_pixel_centers:?",  # ResizeBilinearOptions
    16: "subgraph:I",  # CallOptions
    17: "new_shape:*i",  # ReshapeOptions
    18: "ngram_size:i max_skip_size:i include_all_ngrams:?",  # SkipGramOptions
    19: "block_size:i",  # SpaceToDepthOptions
    20: "combiner:b",  # EmbeddingLookupSparseOptions
    21: "fused_activation_function:b",  # MulOptions
    23: "axis:i batch_dims:i",  # GatherOptions
    27: "keep_dims:?",  # ReducerOptions
    28: "fused_activation_function:b pot_scale_int16:?",  # SubOptions
    29: "fused_activation_function:b",  # DivOptions
    30: "squeeze_dims:*i",  # SqueezeOptions
    31: "time_major:? fused_activation_function:b asymmetric_quantize_inputs:?",  # SequenceRNNOptions
    32: "begin_mask:i end_mask:i ellipsis_mask:i new_axis_mask:i shrink_axis_mask:i offset:?",  # StridedSliceOptions
    35: "num_splits:i",  # SplitOptions
    37: "in_data_type:b out_data_type:b",  # CastOptions
    40: "output_type:b",  # ArgMaxOptions
    49: "padding:b stride_w:i stride_h:i fused_activation_function:b quantized_bias_type:b",  # TransposeConvOptions
    50: "validate_indices:?",  # SparseToDenseOptions
    55: "out_type:b",  # ShapeOptions
    57: "output_type:b",  # ArgMinOptions
    58: "min:f max:f num_bits:i narrow_range:?",  # FakeQuantOptions
    59: "values_count:i axis:i",  # PackOptions
    61: "axis:i",  # OneHotOptions
    64: "num:i axis:i",  # UnpackOptions
    69: "fused_activation_function:b cell_clip:f proj_clip:f merge_outputs:? "  # BidirectionalSequenceLSTMOptions
    "time_major:? asymmetric_quantize_inputs:?",
    70: "time_major:? fused_activation_function:b merge_outputs:? "
    "asymmetric_quantize_inputs:?",  # BidirectionalSequenceRNNOptions
    71: "fused_activation_function:b cell_clip:f proj_clip:f time_major:? "  # UnidirectionalSequenceLSTMOptions
    "asymmetric_quantize_inputs:? diagonal_recurrent_tensors:?",
    74: "align_corners:? half_pixel_centers:?",  # ResizeNearestNeighborOptions
    75: "alpha:f",  # LeakyReluOptions
    77: "mode:b",  # MirrorPadOptions
    79: "num_splits:i",  # SplitVOptions
    80: "idx_out_type:b",  # UniqueOptions
    87: "seq_dim:i batch_dim:i",  # ReverseSequenceOptions
    92: "then_subgraph_index:i else_subgraph_index:i",  # IfOptions
    93: "cond_subgraph_index:i body_subgraph_index:i",  # WhileOptions
    94: "block_size:i",  # DepthToSpaceOptions
    101: "adj_x:? adj_y:? asymmetric_quantize_inputs:?",  # BatchMatMulOptions
    102: "exclusive:? reverse:?",  # CumsumOptions
    103: "init_subgraph_index:i",  # CallOnceOptions
    106: "padding:b stride_d:i stride_w:i stride_h:i "  # Conv3DOptions
    "fused_activation_function:b dilation_dfactor:i dilation_wfactor:i dilation_hfactor:i",
    107: "table_id:i key_dtype:b value_dtype:b",  # HashtableOptions
    114: "seed:q seed2:q",  # RandomOptions
    115: "boundaries:*f",  # BucketizeOptions
    116: "approximate:?",  # GeluOptions
}


def options_of(kind: int, table: Table | None) -> dict[str, Any]:
    """The options of a BuiltinOptions table by name, {} where there are none or the kind is not known.

    Padding and activations are words (an activation that is none is ""), vectors tuples. Raises CORRUPT."""
    if table is None or kind not in FIELDS:
        return {}
    found: dict[str, Any] = {}
    for place, field in enumerate(FIELDS[kind].split()):
        name, _, letter = field.partition(":")
        if letter.startswith("*"):
            found[name] = tuple(table.numbers(place, VECTORS[letter[1:]])[:SHOWN].tolist())
        elif letter:
            found[name] = _word(name, table.number(place, letter))
    return found


def _word(name: str, value: Any) -> Any:
    words = WORDS.get(name, ())
    return words[value] if isinstance(value, int) and 0 <= value < len(words) else value


def fused_activation(operator: Operator) -> str:
    """The activation that the operator does as well, "" for none."""
    place = FUSED_PLACE.get(operator.name)
    code = int(operator.options.number(place, "b", 0)) if place is not None and operator.options is not None else 0
    return FUSED[code] if 0 <= code < len(FUSED) else ""
