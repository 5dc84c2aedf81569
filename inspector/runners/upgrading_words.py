"""What Keras 1 called things, and what Keras 2 calls them.

Source: keras/legacy/interfaces.py and keras/legacy/layers.py of Keras 2.1, the layers of Keras 1.2.
"""

from typing import Dict, Tuple

CLASSES = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
}
MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
    "cos": "CosineMerge",
}
# old key -> new key, for every class
KEYS = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "dim_ordering": "data_format",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "input_dtype": "dtype",
    "beta_init": "beta_initializer",
    "gamma_init": "gamma_initializer",
}
# old key -> new key, for the classes named
KEYS_OF: Dict[str, Dict[str, str]] = {
    "Dropout": {"p": "rate"},
    "GaussianDropout": {"p": "rate"},
    "SpatialDropout1D": {"p": "rate"},
    "SpatialDropout2D": {"p": "rate"},
    "SpatialDropout3D": {"p": "rate"},
    "GaussianNoise": {"sigma": "stddev"},
    "MaxPooling1D": {"pool_length": "pool_size", "stride": "strides"},
    "AveragePooling1D": {"pool_length": "pool_size", "stride": "strides"},
    "UpSampling1D": {"length": "size"},
    "Embedding": {"init": "embeddings_initializer"},
    "PReLU": {"init": "alpha_initializer"},
    "Dense": {"output_dim": "units"},
    "LSTM": {"output_dim": "units"},
    "GRU": {"output_dim": "units"},
    "SimpleRNN": {"output_dim": "units"},
}
# several old keys -> one list
TOGETHER: Tuple[Tuple[Tuple[str, ...], str], ...] = (
    (("nb_row", "nb_col"), "kernel_size"),
    (("kernel_dim1", "kernel_dim2", "kernel_dim3"), "kernel_size"),
)
VALUES = {
    "data_format": {"tf": "channels_last", "th": "channels_first", "default": "channels_last"},
    "kernel_initializer": {
        "zero": "zeros",
        "one": "ones",
        "normal": "random_normal",
        "uniform": "random_uniform",
    },
}
INITIALIZERS = VALUES["kernel_initializer"]
# without effect on what a trained layer computes, or said elsewhere
WITHOUT_EFFECT = (
    "W_regularizer",
    "U_regularizer",
    "b_regularizer",
    "W_constraint",
    "U_constraint",
    "b_constraint",
    "consume_less",
    "weights",
    "forget_bias_init",
)
# layers that Keras 2 dropped and that are brought back with their numbers
GONE = ("MaxoutDense", "Highway", "SReLU", "ParametricSoftplus")
