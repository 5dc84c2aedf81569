"""The named outputs of ops that have several, for references such as `node:batch_mean:0` in functions.

Every other op has one output argument, which may be a list. From TensorFlow's op registry (2.21); `name*attribute`
is a list as long as the attribute says. tensorflow/core/framework/op_def.proto
"""

from typing import Callable, Dict, List, Tuple

# outputs | the ops that have them
_TABLE = """
sampled_candidates true_expected_count sampled_expected_count | AllCandidateSampler FixedUnigramCandidateSampler \
    LearnedUnigramCandidateSampler LogUniformCandidateSampler ThreadUnsafeUnigramCandidateSampler \
    UniformCandidateSampler
values indices | ApproxTopK TopK TopKV2
e v | BatchSelfAdjointEigV2 Eig SelfAdjointEigV2
s u v | BatchSvd Svd
i cs f o ci co h | BlockLSTM BlockLSTMV2 LSTMBlockCell
decoded_indices*top_paths decoded_values*top_paths decoded_shape*top_paths log_probability | CTCBeamSearchDecoder
decoded_indices decoded_values decoded_shape log_probability | CTCGreedyDecoder
loss gradient | CTCLoss CTCLossV2
nmsed_boxes nmsed_scores nmsed_classes valid_detections | CombinedNonMaxSuppression
output output_h output_c reserve_space | CudnnRNN
weights*num_params biases*num_params | CudnnRNNParamsToCanonical
weights*num_params_weights biases*num_params_biases | CudnnRNNParamsToCanonicalV2
output output_h output_c reserve_space host_reserved | CudnnRNNV2 CudnnRNNV3
sizes values*output_types | DecodeProtoV2
audio sample_rate | DecodeWav
output_indices output_values output_dense_shape | DenseCountSparseOutput RaggedCountSparseOutput \
    SparseCountSparseOutput
result_indices result_values result_shape | DenseToDenseSetOperation DenseToSparseSetOperation \
    SparseToSparseSetOperation
sparse_indices sparse_values sparse_shape | DeserializeManySparse DeserializeSparse TakeManySparseFromTensorsMap
a b | FloatOutputStringOutput RefOutputFloatOutput
output row_pooling_sequence col_pooling_sequence | FractionalAvgPool FractionalMaxPool
y batch_mean batch_variance reserve_space_1 reserve_space_2 | FusedBatchNorm FusedBatchNormV2
y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3 | FusedBatchNormV3
r u c h | GRUBlockCell
rois roi_probabilities | GenerateBoundingBoxProposals
remapping num_present | GenerateVocabRemapping
output segments | IsotonicRegression
sign log_abs_determinant | LogMatrixDeterminant
keys values | LookupTableExport LookupTableExportV2
lu p | Lu
output argmax | MaxPoolWithArgmax
output value_index | Merge RefMerge
output1 output2 | Namespace>TestStringOutput
selected_indices valid_outputs | NonMaxSuppressionV4
selected_indices selected_scores valid_outputs | NonMaxSuppressionV5
sparse_indices*Nsparse sparse_values*sparse_types sparse_shapes*Nsparse dense_values*Tdense | ParseExample
sparse_indices*num_sparse sparse_values*sparse_types sparse_shapes*num_sparse dense_values*Tdense \
    ragged_values*ragged_value_types ragged_row_splits*ragged_split_types | ParseExampleV2
context_sparse_indices*Ncontext_sparse context_sparse_values*context_sparse_types \
    context_sparse_shapes*Ncontext_sparse context_dense_values*Tcontext_dense \
    feature_list_sparse_indices*Nfeature_list_sparse feature_list_sparse_values*feature_list_sparse_types \
    feature_list_sparse_shapes*Nfeature_list_sparse feature_list_dense_values*feature_list_dense_types \
    feature_list_dense_lengths*Nfeature_list_dense | ParseSequenceExample
context_sparse_indices*Ncontext_sparse context_sparse_values*context_sparse_types \
    context_sparse_shapes*Ncontext_sparse context_dense_values*Tcontext_dense \
    context_ragged_values*context_ragged_value_types context_ragged_row_splits*context_ragged_split_types \
    feature_list_sparse_indices*Nfeature_list_sparse feature_list_sparse_values*feature_list_sparse_types \
    feature_list_sparse_shapes*Nfeature_list_sparse feature_list_dense_values*feature_list_dense_types \
    feature_list_dense_lengths*Nfeature_list_dense feature_list_ragged_values*feature_list_ragged_value_types \
    feature_list_ragged_outer_splits*feature_list_ragged_split_types \
    feature_list_ragged_inner_splits*feature_list_ragged_split_types | ParseSequenceExampleV2
sparse_indices*num_sparse sparse_values*sparse_types sparse_shapes*num_sparse dense_values*Tdense | ParseSingleExample
context_sparse_indices*Ncontext_sparse context_sparse_values*context_sparse_types \
    context_sparse_shapes*Ncontext_sparse context_dense_values*Tcontext_dense \
    feature_list_sparse_indices*Nfeature_list_sparse feature_list_sparse_values*feature_list_sparse_types \
    feature_list_sparse_shapes*Nfeature_list_sparse feature_list_dense_values*feature_list_dense_types | \
    ParseSingleSequenceExample
q r | Qr
output output_min output_max | QuantizeDownAndShrinkRange QuantizeV2 QuantizedConcat QuantizedConcatV2 \
    QuantizedReshape Requantize RequantizePerChannel
z min_z max_z | QuantizedAdd QuantizedMul
output min_output max_output | QuantizedAvgPool QuantizedConv2D QuantizedConv2DAndRelu \
    QuantizedConv2DAndReluAndRequantize QuantizedConv2DAndRequantize QuantizedConv2DPerChannel QuantizedConv2DWithBias \
    QuantizedConv2DWithBiasAndRelu QuantizedConv2DWithBiasAndReluAndRequantize QuantizedConv2DWithBiasAndRequantize \
    QuantizedConv2DWithBiasSignedSumAndReluAndRequantize QuantizedConv2DWithBiasSumAndRelu \
    QuantizedConv2DWithBiasSumAndReluAndRequantize QuantizedDepthwiseConv2D QuantizedDepthwiseConv2DWithBias \
    QuantizedDepthwiseConv2DWithBiasAndRelu QuantizedDepthwiseConv2DWithBiasAndReluAndRequantize QuantizedMaxPool
result result_min result_max | QuantizedBatchNormWithGlobalNormalization
output min_out max_out | QuantizedBiasAdd
y y_min y_max | QuantizedInstanceNorm
out min_out max_out | QuantizedMatMul QuantizedMatMulWithBias QuantizedMatMulWithBiasAndRelu \
    QuantizedMatMulWithBiasAndReluAndRequantize QuantizedMatMulWithBiasAndRequantize
activations min_activations max_activations | QuantizedRelu QuantizedRelu6 QuantizedReluX
resized_images out_min out_max | QuantizedResizeBilinear
output_values output_row_splits | RaggedCross
output_value_rowids output_values empty_row_indicator reverse_index_map | RaggedFillEmptyRows
output_nested_splits*OUTPUT_RAGGED_RANK output_dense_values | RaggedGather
rt_nested_splits rt_dense_values | RaggedRange
output_nested_splits*output_ragged_rank output_dense_values | RaggedTensorFromVariant
sparse_indices sparse_values sparse_dense_shape | RaggedTensorToSparse
output_false output_true | RefSwitch Switch
output_min output_max | RequantizationRange RequantizationRangePerChannel
future deleter | RpcCall
error_code error | RpcCheckStatus
begin size bboxes | SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 StatelessSampleDistortedBoundingBox
vocab_word vocab_freq words_per_epoch current_epoch total_words_processed examples labels | Skipgram
loss backprop | SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits
sorted_row_ids sorted_col_ids sorted_gains id_counts | SortListOfSparseCoreCooTensors
sum_indices sum_values sum_shape | SparseAdd
output_indices output_values output_shape | SparseConcat SparseCross SparseCrossHashed SparseCrossV2 \
    SparseReduceMaxSparse SparseReduceSumSparse SparseSlice
output_indices output_values empty_row_indicator reverse_index_map | SparseFillEmptyRows
output_indices output_values | SparseReorder SparseSparseMaximum SparseSparseMinimum
output_indices output_shape | SparseReshape
output_indices*num_split output_values*num_split output_shape*num_split | SparseSplit
key counter | StatelessRandomGetKeyCounter
key counter alg | StatelessRandomGetKeyCounterAlg
ngrams ngrams_splits | StringNGrams
indices values shape | StringSplit StringSplitV2
value lengths | TensorArrayConcat TensorArrayConcatV2 TensorArrayConcatV3
handle flow | TensorArrayV3
tensor lengths | TensorListConcat TensorListConcatV2
output_handle tensor | TensorListPopBack
topk topk_indices | TopKUnique TopKWithUnique
row_splits char_values | UnicodeDecode
row_splits char_values char_to_byte_starts | UnicodeDecodeWithOffsets
y idx | Unique UniqueV2
y idx count | UniqueWithCounts UniqueWithCountsV2
"""


def _parsed(table: str) -> Dict[str, Tuple[str, ...]]:
    lines = [line.partition("|") for line in table.strip().splitlines()]
    return {op: tuple(outputs.split()) for outputs, _, ops in lines for op in ops.split()}


OUTPUTS = _parsed(_TABLE)


def offset(op: str, output: str, length: Callable[[str], int]) -> int:
    """The flat index at which the outputs of a named output argument begin; 0 for an op with one of them.

    `length` gives what a node's attribute says: a number, or how many entries its list has."""
    names: List[str] = []
    for entry in OUTPUTS.get(op, ()):
        name, _, attribute = entry.partition("*")
        if name == output:
            return sum(length(text) if text else 1 for text in names)
        names.append(attribute)
    return 0
