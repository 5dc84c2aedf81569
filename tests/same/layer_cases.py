"""Every layer class of both Keras with settings: alone as it comes, and in a small net with settings of its own.

A class that stands in neither table fails `test_layer_cases.py`, so that none of a later Keras is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Settings = dict[str, Any]
Make = Callable[[Any], Any]  # of a Keras module, the layer

# what a layer is fed: shapes without the batch, one for each input
KINDS: dict[str, tuple[tuple[int, ...], ...]] = {
    "row": ((6,),), "steps": ((8, 4),), "image": ((8, 8, 3),), "volume": ((4, 6, 6, 2),), "hyper": ((3, 4, 4, 4, 2),),
    "lines": ((4, 8, 3),), "wave": ((400,),), "ids": ((7,),), "words": ((3,),), "text": ((1,),), "masked": ((8, 4),),
    "picture": ((8, 8, 3),), "signal": ((400, 1),), "rows": ((6,), (6,)), "sequences": ((8, 4), (8, 4)),
    "images": ((8, 8, 3), (8, 8, 3)), "id pair": ((1,), (1,)),
}  # fmt: skip
DTYPES = {"ids": "int32", "id pair": "int64", "words": "string", "text": "string"}
VOCABULARY = ["red", "green", "blue", "sky"]


@dataclass(frozen=True, slots=True)
class Case:
    """`alone` and `inside` make the layer; `kind_inside` is what the small net takes. `as_list`: several inputs come
    as one list, not as arguments. `trust`: its file holds code of its own."""

    kind: str
    alone: Make
    inside: Make
    kind_inside: str
    as_list: bool = True
    trust: bool = False


def case(
    name: str, kind: str, alone: Settings | Make, inside: Settings | Make | None = None, **more: Any
) -> dict[str, Case]:
    """The table's line of one class."""

    def made(settings: Settings | Make) -> Make:
        if callable(settings):
            return settings
        return lambda keras: getattr(keras.layers, name)(name="layer", **_plain(settings, keras))

    kind_inside = more.pop("kind_inside", kind)
    return {name: Case(kind, made(alone), made(alone if inside is None else inside), kind_inside, **more)}


def _plain(settings: Settings, keras: Any) -> Settings:
    """Settings that are layers themselves are made, and what is called otherwise in legacy Keras is renamed."""
    legacy = keras.__name__ == "tf_keras"
    return {
        (key.partition("|")[2] or key) if legacy else key.partition("|")[0]: value(keras) if callable(value) else value
        for key, value in settings.items()
    }


def each(names: str, kind: str, alone: Settings, inside: Settings | None = None, **more: Any) -> dict[str, Case]:
    """The same settings for several classes."""
    return {key: value for name in names.split() for key, value in case(name, kind, alone, inside, **more).items()}


def cells(cell: str, **settings: Any) -> Make:
    return lambda keras: keras.layers.RNN(getattr(keras.layers, cell)(5, **settings), name="layer")


def stacked(keras: Any) -> Any:
    parts = [keras.layers.LSTMCell(5), keras.layers.GRUCell(4)]
    return keras.layers.RNN(keras.layers.StackedRNNCells(parts), return_sequences=True, name="layer")


def adapted(**settings: Any) -> Make:
    """A Normalization with the statistics of data."""

    def make(keras: Any) -> Any:
        import numpy as np

        made = keras.layers.Normalization(name="layer", **settings)
        shape = (50, 8, 8, 3) if settings else (50, 6)
        made.adapt(np.random.default_rng(5).normal(0.4, 0.3, shape).astype("f4"))
        return made

    return make


def text_vectors(**settings: Any) -> Make:
    def make(keras: Any) -> Any:
        made = keras.layers.TextVectorization(name="layer", **settings)
        made.adapt(["red sky", "green sky blue", "red red sky"])
        return made

    return make


DENSE: Make = lambda keras: keras.layers.Dense(5, activation="tanh", name="inner")  # noqa: E731
CONV: Make = lambda keras: keras.layers.Conv2D(4, 3, name="inner")  # noqa: E731
PAIRS = {"as_list": False}
LSTM: Make = lambda keras: keras.layers.LSTM(5, return_sequences=True, name="inner")  # noqa: E731
GRU: Make = lambda keras: keras.layers.GRU(4, name="inner")  # noqa: E731

CASES: dict[str, Case] = {
    # convolutions
    **case(
        "Conv1D",
        "steps",
        {"filters": 5, "kernel_size": 3},
        {"filters": 5, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, "activation": "relu"},
    ),
    **case(
        "Conv2D",
        "image",
        {"filters": 5, "kernel_size": 3},
        {"filters": 5, "kernel_size": (3, 2), "strides": (1, 2), "padding": "same", "activation": "elu"},
    ),
    **case(
        "Conv3D",
        "volume",
        {"filters": 3, "kernel_size": 2},
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "use_bias": False},
    ),
    **case(
        "Conv1DTranspose",
        "steps",
        {"filters": 5, "kernel_size": 3},
        {"filters": 5, "kernel_size": 4, "strides": 2, "padding": "same"},
    ),
    **case(
        "Conv2DTranspose",
        "image",
        {"filters": 5, "kernel_size": 3},
        {"filters": 5, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
    ),
    **case(
        "Conv3DTranspose",
        "volume",
        {"filters": 3, "kernel_size": 2},
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"},
    ),
    **case(
        "DepthwiseConv1D", "steps", {"kernel_size": 3}, {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"}
    ),
    **case(
        "DepthwiseConv2D",
        "image",
        {"kernel_size": 3},
        {"kernel_size": 3, "depth_multiplier": 2, "strides": 2, "padding": "same"},
    ),
    **case(
        "SeparableConv1D",
        "steps",
        {"filters": 5, "kernel_size": 3},
        {"filters": 5, "kernel_size": 3, "depth_multiplier": 2, "padding": "same", "activation": "relu"},
    ),
    **case(
        "SeparableConv2D",
        "image",
        {"filters": 5, "kernel_size": 3},
        {"filters": 5, "kernel_size": 3, "depth_multiplier": 2, "strides": 2, "padding": "same"},
    ),
    **case(
        "LocallyConnected1D",
        "steps",
        {"filters": 5, "kernel_size": 3},
        {"filters": 5, "kernel_size": 3, "strides": 2, "implementation": 3},
    ),
    **case(
        "LocallyConnected2D",
        "image",
        {"filters": 5, "kernel_size": 3},
        {"filters": 5, "kernel_size": 3, "implementation": 2},
    ),
    **case(
        "ConvLSTM1D",
        "lines",
        {"filters": 4, "kernel_size": 3},
        {"filters": 4, "kernel_size": 3, "padding": "same", "return_sequences": True},
    ),
    **case(
        "ConvLSTM2D",
        "volume",
        {"filters": 3, "kernel_size": 3},
        {"filters": 3, "kernel_size": 3, "padding": "same", "go_backwards": True},
    ),
    **case(
        "ConvLSTM3D", "hyper", {"filters": 3, "kernel_size": 2}, {"filters": 3, "kernel_size": 3, "padding": "same"}
    ),
    # dense and embeddings
    **case("Dense", "row", {"units": 5}, {"units": 5, "activation": "relu"}, kind_inside="steps"),
    **case(
        "EinsumDense",
        "steps",
        {"equation": "abc,cd->abd", "output_shape": (8, 5), "bias_axes": "d"},
        {"equation": "abc,cde->abde", "output_shape": (8, 2, 3), "activation": "relu"},
    ),
    **case(
        "Embedding", "ids", {"input_dim": 12, "output_dim": 4}, {"input_dim": 12, "output_dim": 4, "mask_zero": True}
    ),
    **case(
        "ReversibleEmbedding",
        "ids",
        {"input_dim": 12, "output_dim": 4},
        {"input_dim": 12, "output_dim": 4, "tie_weights": False},
    ),
    # recurrent
    **case("LSTM", "steps", {"units": 5}, {"units": 5, "return_sequences": True, "use_bias": False}),
    **case("GRU", "steps", {"units": 5}, {"units": 5, "reset_after": False, "go_backwards": True}),
    **case("SimpleRNN", "steps", {"units": 5}, {"units": 5, "return_sequences": True, "activation": "relu"}),
    **case("RNN", "steps", cells("LSTMCell"), cells("SimpleRNNCell", activation="sigmoid")),
    **case(
        "LSTMCell",
        "steps",
        cells("LSTMCell"),
        cells("LSTMCell", unit_forget_bias=False, recurrent_activation="hard_sigmoid"),
    ),
    **case("GRUCell", "steps", cells("GRUCell"), cells("GRUCell", reset_after=False)),
    **case("SimpleRNNCell", "steps", cells("SimpleRNNCell"), cells("SimpleRNNCell", use_bias=False)),
    **case("StackedRNNCells", "steps", stacked),
    **case("Bidirectional", "steps", {"layer": LSTM}, {"layer": GRU, "merge_mode": "sum"}),
    **case("TimeDistributed", "steps", {"layer": DENSE}, {"layer": CONV}, kind_inside="volume"),
    **case("SpectralNormalization", "image", {"layer": CONV}, {"layer": DENSE}),
    **case("Masking", "masked", {"mask_value": 0.0}),
    # normalization
    **case("BatchNormalization", "image", {}, {"epsilon": 0.01, "scale": False}),
    **case("LayerNormalization", "steps", {}, {"axis": [1, 2], "epsilon": 0.01, "center": False}),
    **case("GroupNormalization", "image", {"groups": 3}, {"groups": 2, "epsilon": 0.01}),
    **case("RMSNormalization", "steps", {}, {"epsilon": 0.01}),
    **case("UnitNormalization", "steps", {}, {"axis": 1}),
    **case("Normalization", "row", adapted(), adapted(axis=-1), kind_inside="picture"),
    # activations
    **case("Activation", "row", {"activation": "tanh"}, {"activation": "relu"}),
    **case("ReLU", "row", {}, {"max_value": 0.6, "negative_slope": 0.1, "threshold": 0.05}),
    **case("LeakyReLU", "row", {}, {"negative_slope|alpha": 0.15}),
    **case("PReLU", "row", {}, {"shared_axes": [1, 2]}, kind_inside="image"),
    **case("ELU", "row", {}, {"alpha": 0.5}),
    **case("ThresholdedReLU", "row", {"theta": 0.4}),
    **case("Softmax", "row", {}, {"axis": 1}, kind_inside="steps"),
    # pooling
    **each(
        "MaxPooling1D AveragePooling1D", "steps", {"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": "same"}
    ),
    **each(
        "MaxPooling2D AveragePooling2D", "image", {"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": "same"}
    ),
    **each(
        "MaxPooling3D AveragePooling3D", "volume", {"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": "same"}
    ),
    **each("GlobalMaxPooling1D GlobalAveragePooling1D", "steps", {}, {"keepdims": True}),
    **each("GlobalMaxPooling2D GlobalAveragePooling2D", "image", {}, {"keepdims": True}),
    **each("GlobalMaxPooling3D GlobalAveragePooling3D", "volume", {}, {"keepdims": True}),
    **each("AdaptiveMaxPooling1D AdaptiveAveragePooling1D", "steps", {"output_size": 2}, {"output_size": 3}),
    **each("AdaptiveMaxPooling2D AdaptiveAveragePooling2D", "image", {"output_size": 2}, {"output_size": (3, 4)}),
    **each("AdaptiveMaxPooling3D AdaptiveAveragePooling3D", "volume", {"output_size": 2}, {"output_size": (2, 3, 4)}),
    # shapes
    **case("Flatten", "image", {}),
    **case("Identity", "row", {}),
    **case("RepeatVector", "row", {"n": 3}),
    **case("Reshape", "image", {"target_shape": (4, 48)}, {"target_shape": (-1, 4)}),
    **case("Permute", "image", {"dims": (3, 1, 2)}, {"dims": (2, 1, 3)}),
    **case("Cropping1D", "steps", {"cropping": 1}, {"cropping": (2, 1)}),
    **case("Cropping2D", "image", {"cropping": 1}, {"cropping": ((2, 1), (0, 3))}),
    **case("Cropping3D", "volume", {"cropping": 1}, {"cropping": ((0, 1), (2, 1), (0, 3))}),
    **case("ZeroPadding1D", "steps", {"padding": 1}, {"padding": (2, 1)}),
    **case("ZeroPadding2D", "image", {"padding": 1}, {"padding": ((2, 1), (0, 3))}),
    **case("ZeroPadding3D", "volume", {"padding": 1}, {"padding": ((0, 1), (2, 1), (0, 3))}),
    **case("UpSampling1D", "steps", {}, {"size": 3}),
    **case("UpSampling3D", "volume", {}, {"size": (1, 2, 3)}),
    **case("UpSampling2D", "image", {}, {"size": 2, "interpolation": "bilinear"}),
    # several inputs
    **each("Add Average Maximum Minimum Multiply Subtract", "rows", {}, kind_inside="images"),
    **case("Concatenate", "rows", {}, {"axis": 1}, kind_inside="images"),
    **case("Dot", "rows", {"axes": 1}, {"axes": (2, 2), "normalize": True}, kind_inside="sequences"),
    **case("Attention", "sequences", {}, {"use_scale": True, "score_mode": "concat"}),
    **case("AdditiveAttention", "sequences", {}, {"use_scale": False}),
    **case(
        "MultiHeadAttention",
        "sequences",
        {"num_heads": 2, "key_dim": 3},
        {"num_heads": 2, "key_dim": 3, "value_dim": 4, "use_bias": False},
        **PAIRS,
    ),
    **case(
        "GroupQueryAttention", "sequences", {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}, **PAIRS
    ),
    # regularization and augmentation: nothing in inference
    **each("Dropout AlphaDropout GaussianDropout", "row", {"rate": 0.3}),
    **case("GaussianNoise", "row", {"stddev": 0.3}),
    **case("SpatialDropout1D", "steps", {"rate": 0.3}),
    **case("SpatialDropout2D", "image", {"rate": 0.3}),
    **case("SpatialDropout3D", "volume", {"rate": 0.3}),
    **case("ActivityRegularization", "row", {"l2": 0.1}),
    **each(
        "AugMix AutoContrast CutMix MixUp Equalization RandAugment ContrastLimitedAdaptiveHistogramEqualization",
        "picture",
        {},
    ),
    **each(
        "RandomBrightness RandomColorDegeneration RandomContrast RandomHue RandomSaturation RandomSharpness",
        "picture",
        {"factor": 0.3},
    ),
    **each(
        "RandomColorJitter RandomErasing RandomFlip RandomGaussianBlur "
        "RandomElasticTransform RandomInvert RandomPerspective",
        "picture",
        {},
    ),
    **case("RandomPosterization", "picture", {"factor": 4}),
    **case("RandomGrayscale", "picture", {}),
    **case("RandomCrop", "picture", {"height": 5, "width": 6}),
    **case("RandomRotation", "picture", {"factor": 0.2}),
    **case("RandomShear", "picture", {"x_factor": 0.2}),
    **case("RandomTranslation", "picture", {"height_factor": 0.2, "width_factor": 0.2}),
    **case("RandomZoom", "picture", {"height_factor": 0.2}),
    **each("RandomHeight RandomWidth", "picture", {"factor": 0.2}),
    **case("Solarization", "picture", {"addition_factor": 0.0, "threshold_factor": 0.0}),
    **case(
        "Pipeline",
        "picture",
        lambda keras: keras.layers.Pipeline(
            [keras.layers.Rescaling(0.5, name="half"), keras.layers.CenterCrop(6, 6, name="crop")], name="layer"
        ),
    ),
    # preprocessing
    **case("CenterCrop", "image", {"height": 5, "width": 4}),
    **case("Rescaling", "image", {"scale": 0.5, "offset": -1.0}),
    **case("Resizing", "image", {"height": 6, "width": 5}, {"height": 12, "width": 12, "interpolation": "nearest"}),
    **case("CategoryEncoding", "ids", {"num_tokens": 12}, {"num_tokens": 12, "output_mode": "count"}),
    **case(
        "Discretization",
        "row",
        {"bin_boundaries": [0.2, 0.5, 0.7]},
        {"bin_boundaries": [0.2, 0.5, 0.7], "output_mode": "multi_hot"},
    ),
    **case("Hashing", "ids", {"num_bins": 9}, {"num_bins": 9, "salt": 133}, kind_inside="words"),
    **case("HashedCrossing", "id pair", {"num_bins": 9}, {"num_bins": 9, "output_mode": "one_hot"}),
    **case(
        "IntegerLookup",
        "ids",
        {"vocabulary": [3, 5, 7, 9]},
        {"vocabulary": [3, 5, 7], "num_oov_indices": 2, "output_mode": "multi_hot"},
    ),
    **case(
        "StringLookup",
        "words",
        {"vocabulary": VOCABULARY},
        {"vocabulary": VOCABULARY, "num_oov_indices": 2, "output_mode": "count"},
    ),
    **case(
        "TextVectorization",
        "text",
        text_vectors(output_sequence_length=4),
        text_vectors(output_mode="tf_idf"),
    ),
    **case(
        "MelSpectrogram",
        "wave",
        {
            "fft_length": 64,
            "sequence_stride": 32,
            "sequence_length": 64,
            "sampling_rate": 8000,
            "num_mel_bins": 8,
            "min_freq": 100.0,
        },
    ),
    **case("STFTSpectrogram", "signal", {"mode": "log", "frame_length": 64, "frame_step": 32, "fft_length": 64}),
    **case(
        "Lambda",
        "row",
        lambda keras: keras.layers.Lambda(lambda x: x * 2.0 + 1.0, output_shape=(6,), name="layer"),
        trust=True,
    ),
}

NO_NET = {
    "Layer": "the base of all layers", "Wrapper": "the base of wrappers", "AbstractRNNCell": "the base of cells",
    "InputLayer": "an input; every net has one", "JaxLayer": "takes JAX", "FlaxLayer": "takes Flax",
    "TorchModuleWrapper": "takes PyTorch", "TFSMLayer": "holds a SavedModel that lies elsewhere",
    "DenseFeatures": "takes feature columns, which no file can hold",
    "MaxNumBoundingBoxes": "takes a dictionary of bounding boxes, no tensor",
}  # fmt: skip
# a small step of what goes in may be a large one of what comes out, so that quantized nets are not the same
JUMPING = ("ContrastLimitedAdaptiveHistogramEqualization", "Equalization", "AutoContrast", "Discretization")
NO_ACTIVATION = {"threshold": "takes two numbers beside the tensor"}


def classes(keras: Any) -> list[str]:
    """Every layer class under its first public name that a table has, else its own name."""
    layers = keras.layers
    found: dict[type, list[str]] = {}
    for name, value in sorted(vars(layers).items()):
        if isinstance(value, type) and issubclass(value, layers.Layer):
            found.setdefault(value, []).append(name)
    known = CASES.keys() | NO_NET.keys()
    return [next((name for name in names if name in known), names[0]) for names in found.values()]


def activations(keras: Any) -> list[str]:
    """Every public activation, each once: `swish` is `silu`."""
    given = {name: value for name, value in sorted(vars(keras.activations).items()) if callable(value)}
    names = {value: name for name, value in reversed(given.items()) if name not in ("get", "serialize", "deserialize")}
    return sorted(names.values())
