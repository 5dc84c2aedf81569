"""Layer configs as Keras 1 wrote them, put into the words of Keras 2."""

from __future__ import annotations

from typing import Any

Config = dict[str, Any]
CLASSES = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
}
# old key -> new key, for all classes
KEYS = {
    "nb_filter": "filters",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "filter_length": "kernel_size",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "p": "rate",
    "inner_activation": "recurrent_activation",
    "pool_length": "pool_size",
    "stride": "strides",
    "dim_ordering": "data_format",
    "sigma": "stddev",
}
ORDERINGS = {"tf": "channels_last", "th": "channels_first"}
MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
    "cos": "Dot",
}
WITH_UNITS = ("Dense", "LSTM", "GRU", "SimpleRNN", "Highway", "MaxoutDense", "TimeDistributedDense")


def modern(class_name: str, config: Any) -> tuple[str, Config]:
    """Class and config in the words of Keras 2; what is modern already comes back as it is."""
    if not isinstance(config, dict):
        return class_name, {}
    found = dict(config)
    for old, new in KEYS.items():
        if old in found and new not in found:
            found[new] = found.pop(old)
    _sizes(found)
    if class_name in WITH_UNITS and "units" not in found and "output_dim" in found:
        found["units"] = found.pop("output_dim")
    if found.get("data_format") in ORDERINGS:
        found["data_format"] = ORDERINGS[found["data_format"]]
    if class_name == "Merge" and found.get("mode") in MERGES:
        return MERGES[found["mode"]], {"axis": found.get("concat_axis", -1), **found}
    return CLASSES.get(class_name, class_name), found


def _sizes(config: Config) -> None:
    """`nb_row`, `nb_col` and `kernel_dim1..3` as one `kernel_size`."""
    for keys in (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3")):
        if all(key in config for key in keys) and "kernel_size" not in config:
            config["kernel_size"] = [config[key] for key in keys]
