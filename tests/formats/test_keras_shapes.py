"""Output shapes by rule, against the tables in Keras's documentation and sums done by hand."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.domain.computation import Weight
from inspector.formats.keras_shapes import output_shape

IMAGE = (None, 28, 30, 3)


@pytest.mark.parametrize(
    ("kind", "settings", "inputs", "shape"),
    [
        ("conv2d", {"filters": 8, "kernel_size": (3, 5), "padding": "valid"}, [IMAGE], (None, 26, 26, 8)),
        (
            "conv2d",
            {"filters": 8, "kernel_size": (3, 3), "padding": "same", "strides": (2, 2)},
            [IMAGE],
            (None, 14, 15, 8),
        ),
        ("conv2d", {"filters": 8, "kernel_size": (3, 3), "dilation": (2, 2)}, [IMAGE], (None, 24, 26, 8)),
        (
            "conv2d",
            {"filters": 8, "kernel_size": (3, 3), "data_format": "channels_first"},
            [(None, 3, 28, 30)],
            (None, 8, 26, 28),
        ),
        ("conv2d", {"filters": 8, "kernel_size": (3, 3)}, [(None, None, None, 3)], (None, None, None, 8)),
        ("conv1d", {"filters": 4, "kernel_size": 3, "padding": "causal", "strides": 2}, [(None, 9, 2)], (None, 5, 4)),
        (
            "conv2d_transpose",
            {"filters": 2, "kernel_size": (3, 3), "strides": (2, 2), "padding": "same"},
            [IMAGE],
            (None, 56, 60, 2),
        ),
        ("conv2d_transpose", {"filters": 2, "kernel_size": (5, 5), "strides": (2, 2)}, [IMAGE], (None, 59, 63, 2)),
        ("pool", {"pool": "max", "pool_size": (2, 2), "strides": (2, 2)}, [(None, 7, 8, 3)], (None, 3, 4, 3)),
        (
            "pool",
            {"pool": "max", "pool_size": (3, 3), "strides": (2, 2), "padding": "same"},
            [(None, 7, 8, 3)],
            (None, 4, 4, 3),
        ),
        ("global_pool", {"keepdims": True}, [IMAGE], (None, 1, 1, 3)),
        ("pad", {"padding": ((1, 2), (3, 4))}, [IMAGE], (None, 31, 37, 3)),
        ("pad", {"padding": 2}, [(None, 5, 3)], (None, 9, 3)),
        ("crop", {"cropping": ((1, 2), (3, 4))}, [IMAGE], (None, 25, 23, 3)),
        ("crop", {"cropping": ((20, 20), (0, 0))}, [IMAGE], (None, 0, 30, 3)),
        ("upsample", {"size": (2, 3)}, [IMAGE], (None, 56, 90, 3)),
        ("flatten", {}, [IMAGE], (None, 2520)),
        ("flatten", {}, [(None, None, 3)], (None, None)),
        ("reshape", {"target_shape": (4, -1)}, [(None, 2, 6)], (None, 4, 3)),
        ("permute", {"dims": (3, 1, 2)}, [IMAGE], (None, 3, 28, 30)),
        ("concat", {"axis": -1}, [(None, 4, 3), (None, 4, 5)], (None, 4, 8)),
        ("add", {}, [(None, 4, 3), (None, 1, 3)], (None, 4, 3)),
        ("dense", {"units": 6}, [(None, 4, 3)], (None, 4, 6)),
        ("dense", {"units": 6, "activation": "glu"}, [(None, 4, 3)], (None, 4, 3)),
        (
            "time_distributed",
            {"layer_kind": "dense", "units": 12, "activation": "glu"},
            [(None, 4, 3)],
            (None, 4, 6),
        ),
        ("activation", {"activation": "glu"}, [(*IMAGE[:-1], 4)], (None, 28, 30, 2)),
        ("embedding", {"output_dim": 6}, [(None, 10)], (None, 10, 6)),
        ("lstm", {"units": 6, "return_sequences": True}, [(None, 10, 3), None, None], (None, 10, 6)),
        ("bidirectional", {"units": 6, "layer_kind": "lstm", "merge_mode": "concat"}, [(None, 10, 3)], (None, 12)),
        ("bidirectional", {"units": 6, "layer_kind": "lstm", "merge_mode": "sum"}, [(None, 10, 3)], (None, 6)),
        ("time_distributed", {"units": 6, "layer_kind": "dense"}, [(None, 10, 3)], (None, 10, 6)),
        ("conv_lstm2d", {"filters": 4, "kernel_size": (3, 3)}, [(None, 5, 8, 8, 1)], (None, 6, 6, 4)),
        ("attention", {}, [(None, 4, 3), (None, 7, 5)], (None, 4, 5)),
        ("other", {}, [IMAGE], None),
        ("add", {}, [IMAGE, None], None),
        ("conv2d", {"filters": 8}, [(None, 4)], (None, 8)),
        ("permute", {"dims": (9, 1)}, [IMAGE], None),
        ("reshape", {"operation": "Reshape"}, [IMAGE], None),
    ],
)
def test_output_shapes(kind: str, settings: dict[str, Any], inputs: list, shape: Any) -> None:
    assert output_shape(kind, settings, inputs) == shape


def test_a_depthwise_convolution_has_channels_times_multiplier() -> None:
    kernel = Weight(id="k", role="depthwise_kernel", shape=(3, 3, 3, 2), dtype="float32")
    assert output_shape("depthwise_conv2d", {"kernel_size": (3, 3), "padding": "same"}, [IMAGE], [kernel]) == (
        None,
        28,
        30,
        6,
    )
