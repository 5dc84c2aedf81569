"""What a Keras class is called here: its kind, and whether it is Keras's own."""

from __future__ import annotations

import re
from typing import Any

from inspector.formats import keras_3_ops
from inspector.formats.keras_operations import WRAPPED, is_operation, operation_kind

Config = dict[str, Any]

KINDS = {
    "InputLayer": "input",
    "Conv1D": "conv1d",
    "Conv2D": "conv2d",
    "Conv3D": "conv3d",
    "Conv1DTranspose": "conv1d_transpose",
    "Conv2DTranspose": "conv2d_transpose",
    "Conv3DTranspose": "conv3d_transpose",
    "DepthwiseConv1D": "depthwise_conv1d",
    "DepthwiseConv2D": "depthwise_conv2d",
    "SeparableConv1D": "separable_conv1d",
    "SeparableConv2D": "separable_conv2d",
    "Dense": "dense",
    "EinsumDense": "dense",
    "BatchNormalization": "batch_norm",
    "BatchNormalizationV1": "batch_norm",
    "BatchNormalizationV2": "batch_norm",
    "SyncBatchNormalization": "batch_norm",
    "LayerNormalization": "layer_norm",
    "GroupNormalization": "group_norm",
    "Activation": "activation",
    "ReLU": "activation",
    "ThresholdedReLU": "activation",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Softmax": "softmax",
    "Embedding": "embedding",
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "Average": "average",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Concatenate": "concat",
    "Dot": "dot",
    "Flatten": "flatten",
    "Reshape": "reshape",
    "Permute": "permute",
    "RepeatVector": "repeat",
    "LSTM": "lstm",
    "CuDNNLSTM": "lstm",
    "GRU": "gru",
    "CuDNNGRU": "gru",
    "SimpleRNN": "simple_rnn",
    "ConvLSTM1D": "conv_lstm1d",
    "ConvLSTM2D": "conv_lstm2d",
    "ConvLSTM3D": "conv_lstm3d",
    "Bidirectional": "bidirectional",
    "TimeDistributed": "time_distributed",
    "Attention": "attention",
    "AdditiveAttention": "attention",
    "MultiHeadAttention": "multi_head_attention",
    "Dropout": "dropout",
    "AlphaDropout": "dropout",
    "GaussianDropout": "dropout",
    "GaussianNoise": "dropout",
    "SpatialDropout1D": "dropout",
    "SpatialDropout2D": "dropout",
    "SpatialDropout3D": "dropout",
    "ActivityRegularization": "identity",
    "Identity": "identity",
    "Rescaling": "rescaling",
    "Normalization": "normalization",
    "UnitNormalization": "other",
    "Lambda": "lambda",
    "Masking": "masking",
    "Resizing": "upsample",
    "CenterCrop": "crop",
}
CELLS = {"LSTMCell": "lstm", "GRUCell": "gru", "SimpleRNNCell": "simple_rnn"}
RECURRENT = {"lstm", "gru", "simple_rnn", "conv_lstm1d", "conv_lstm2d", "conv_lstm3d"}
_FAMILIES = (
    (re.compile(r"Global(Max|Average)Pooling\dD$"), "global_pool"),
    (re.compile(r"(Max|Average)Pooling\dD$"), "pool"),
    (re.compile(r"Adaptive(Max|Average)Pooling\dD$"), "pool"),
    (re.compile(r"ZeroPadding\dD$"), "pad"),
    (re.compile(r"Cropping\dD$"), "crop"),
    (re.compile(r"UpSampling\dD$"), "upsample"),
    (re.compile(r"Random[A-Z]\w+$"), "dropout"),
)
# other classes that Keras itself brings, so that what is left is somebody's own
KEPT = frozenset(
    {
        "Functional",
        "Sequential",
        "Model",
        "RNN",
        "StackedRNNCells",
        *CELLS,
        "GroupQueryAttention",
        "Discretization",
        "Hashing",
        "IntegerLookup",
        "StringLookup",
        "TextVectorization",
        "CategoryEncoding",
        "HashedCrossing",
        "SpectralNormalization",
        "RMSNormalization",
        "LocallyConnected1D",
        "LocallyConnected2D",
        "Highway",
        "MaxoutDense",
        "DenseFeatures",
        "TFSMLayer",
        "JaxLayer",
        "FlaxLayer",
        "TorchModuleWrapper",
        "Layer",
        "Wrapper",
        "AbstractRNNCell",
        "ReversibleEmbedding",
        "AugMix",
        "AutoContrast",
        "ContrastLimitedAdaptiveHistogramEqualization",
        "CutMix",
        "Equalization",
        "MaxNumBoundingBoxes",
        "MelSpectrogram",
        "MixUp",
        "Pipeline",
        "RandAugment",
        "STFTSpectrogram",
        "Solarization",
        "ClassMethod",
        "InstanceMethod",
        "InstanceProperty",
        "Merge",
        "ParametricSoftplus",
        "SReLU",
    }
)


def is_custom(class_name: str, stated: Config) -> bool:
    """Whether a class is not Keras's own, so that its code is not in the file. A layer of somebody's own whose
    config says next to nothing is written as an op is: Keras's ops are known by their names."""
    if class_name in (*KEPT, *KINDS, *WRAPPED) or str(stated.get("module") or "").startswith("keras"):
        return False
    if is_operation(class_name, stated):
        return class_name not in keras_3_ops.NAMES
    return kind_of(class_name, {}, stated) == "other"


def kind_of(class_name: str, config: Config, stated: Config) -> str:
    """The kind of a layer, `other` for classes that are not known."""
    if is_operation(class_name, stated):
        return operation_kind(class_name, config, stated)
    if class_name == "RNN":
        return CELLS.get(_inner(config, "cell").get("class_name", ""), "other")
    if class_name in KINDS:
        return KINDS[class_name]
    return next((kind for pattern, kind in _FAMILIES if pattern.match(class_name)), "other")


def _inner(config: Config, key: str) -> Config:
    value = config.get(key)
    return value if isinstance(value, dict) else {}
