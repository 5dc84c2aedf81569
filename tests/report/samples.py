"""Hand-made comparisons: one culprit among thirty layers, all within noise, and a hostile one with 400."""

from __future__ import annotations

import math
from dataclasses import replace

from inspector.domain.comparison import (
    Comparison,
    Finding,
    InputUsed,
    LayerDifference,
    Metrics,
    OutputDifference,
    Proof,
    Scores,
    SideRun,
)
from inspector.domain.files import Warn
from inspector.domain.match import Evidence, WeightDifference

SCRIPT = "<script>alert(1)</script>"
IMAGE = "<img src=file:///etc/passwd>"
RTL = "שכבה/\u202egnihtyreve\u2066 سطر"
LONG = "scope/" + "x" * 4988 + "/end\n\x1b["
HOSTILE = (SCRIPT, IMAGE, RTL, LONG)
FLOOR = 3.1e-7


def metrics(max_abs: float, *, beyond: float = 0.0, **more: int) -> Metrics:
    """Metrics whose other numbers hang together with the largest difference."""
    if max_abs == 0:
        return Metrics(
            max_abs=0.0,
            mean_abs=0.0,
            max_rel=0.0,
            cosine=1.0,
            sqnr_db=math.inf,
            fraction_beyond_noise=0.0,
            worst_index=(0, 0, 0, 0),
            **more,
        )
    return Metrics(
        max_abs=max_abs,
        mean_abs=max_abs / 9.37,
        max_rel=max_abs / 6.02,
        cosine=1 - max_abs / 240,
        sqnr_db=-20 * math.log10(max_abs / 11.3),
        fraction_beyond_noise=beyond,
        worst_index=(0, 3, 7, 12),
        **more,
    )


PARTS = ("expand", "expand_BN", "expand_relu", "depthwise", "depthwise_BN", "relu")
BLOCK = ("Conv2D", "BatchNormalization", "ReLU", "DepthwiseConv2D", "BatchNormalization", "ReLU")


def _layer(index: int, count: int, *, culprit: int | None, name: str | None = None) -> LayerDifference:
    class_name = BLOCK[index % 6] if index < count - 2 else ("GlobalAveragePooling2D", "Dense")[index - count + 2]
    kind = {"Conv2D": "conv2d", "BatchNormalization": "batch_norm", "Dense": "dense"}.get(class_name, "other")
    a = name or f"block_{index // 6}_{PARTS[index % 6]}"
    after = culprit is not None and index >= culprit
    introduced = 0.0241873 if index == culprit else (0.0 if index % 3 == 2 else FLOOR * (0.2 + (index * 7 % 11) / 16))
    total = (
        0.0241873 * 0.97 ** (index - culprit)
        if after and culprit is not None
        else FLOOR * (0.5 + (index * 3 % 8) / 9 + index / 30)
    )
    weights = ()
    if kind in ("conv2d", "batch_norm", "dense"):
        role = "gamma" if kind == "batch_norm" else "kernel"
        weights = (
            WeightDifference(
                a=f"model_weights/{a}/{a}/{role}:0",
                b=f"{a}/{role}",
                role=role,
                relation="transposed" if kind == "dense" else "exact",
                shape_a=(3, 3, 32, 32),
                shape_b=(3, 3, 32, 32),
                max_abs=0.0,
                max_rel=0.0,
            ),
        )
    return LayerDifference(
        index=index,
        a=a,
        b=f"import/model/{a}/out:0",
        class_name=class_name,
        kind=kind,
        status="different" if index == culprit else "same" if introduced == 0 else "within-noise",
        shape=(1, 28, 28, 32),
        evidence=(
            Evidence("name", 0.98, "the same name after `import/model/`"),
            Evidence("weights", 1.0, "2 of 2 weights are exactly equal"),
            Evidence("values", 0.9999, "the activations agree to 4.1e-7"),
        ),
        total=metrics(total, beyond=0.81 if after else 0.0),
        introduced=metrics(introduced, beyond=0.92 if index == culprit else 0.0),
        noise_floor=FLOOR * (1 + (index * 5 % 7) / 3),
        error_a=FLOOR / 3,
        error_b=FLOOR / 2,
        weights=weights,
    )


def _side(path: str, file_format: str, framework: str) -> SideRun:
    return SideRun(
        path=path,
        format=file_format,
        framework=framework,
        python="3.11.2",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        environment={"tensorflow": "2.21.0", "keras": "3.15.0", "numpy": "2.3.1"},
    )


SIDE_A = _side("/models/mobilenet.h5", "Keras 3 .h5", "tf_keras 2.21.0")
SIDE_B = _side("/models/mobilenet_frozen.pb", "TensorFlow GraphDef", "TensorFlow 2.21.0")
INPUT = InputUsed(
    name_a="input_1",
    name_b="x:0",
    shape_a=(1, 224, 224, 3),
    shape_b=(1, 224, 224, 3),
    dtype_a="float32",
    dtype_b="float32",
    spec="cat.png",
    preprocess_a="resize 224x224 bilinear, /127.5, -1",
    preprocess_b="resize 224x224 bilinear, /255",
    stats_a=(-1.0, 1.0, -0.0731, 0.5123),
    stats_b=(0.0, 1.0, 0.4634, 0.2561),
)
SCORES = Scores(
    top5_a=(281, 282, 285, 287, 292),
    top5_b=(282, 281, 285, 904, 287),
    top5_overlap=4,
    top1_agreement=0.0,
    values_a=(0.6123, 0.2114, 0.0871, 0.0233, 0.0102),
    values_b=(0.4011, 0.3528, 0.0914, 0.0409, 0.0301),
)


def one_culprit(count: int = 30, culprit: int = 13) -> Comparison:
    """Thirty layers, of which one batch norm introduces a difference; a finding, proved."""
    layers = tuple(_layer(index, count, culprit=culprit) for index in range(count))
    layer = layers[culprit]
    finding = Finding(
        cause="batchnorm-epsilon",
        title="Batch norm's epsilon differs",
        layer_a=layer.a,
        layer_b=layer.b or "",
        confidence=0.99,
        evidence="epsilon is 0.001 in A and 1e-05 in B; all four weights are exactly equal",
        mend=f'model.get_layer("{layer.a}").epsilon = 1e-05  # then freeze again',
        proof=Proof(edit=f"{layer.b}: epsilon 1e-05 -> 0.001", before=0.2113, after=4.2e-7, gone=0.999998),
    )
    return Comparison(
        verdict="different",
        sentence=f"B differs from `{layer.a}` on: this layer alone introduces 2.4e-2;"
        f" {count - 1} others introduce nothing beyond rounding.",
        a=SIDE_A,
        b=SIDE_B,
        inputs=(INPUT,),
        outputs=(
            OutputDifference(
                a="predictions",
                b="Identity:0",
                shape=(1, 1000),
                noise_floor=5e-7,
                scores=SCORES,
                metrics=metrics(0.2113, beyond=0.44),
                within_noise=False,
                identical=False,
            ),
        ),
        layers=layers,
        findings=(finding,),
        unmatched_a=("dropout_1",),
        unmatched_b=("import/model/Shape:0", "import/model/strided_slice:0"),
        warnings=(Warn("TAPS_CHANGE_OUTPUTS", "With taps the output of B differs by 6e-8: ops were fused otherwise."),),
        timings={"open": 0.41, "match": 0.2, "run": 1.9, "replay": 2.7, "reference": 3.4},
    )


def three_findings() -> Comparison:
    """One proved wholly, for three layers; one proved in part; one unexplained, without a proof; and a note."""
    whole = one_culprit()
    [first] = whole.findings
    first = replace(first, layers=(first.layer_a, "block_0_relu", "block_1_relu"), proof=replace(first.proof, gone=1.0))
    second = replace(
        first,
        cause="activation",
        title="`block_4_relu` is a ReLU6 in A and a ReLU in B",
        layer_a="block_4_relu",
        layers=("block_4_relu",),
        proof=Proof(edit="A's `block_4_relu` put in the place of B's", before=0.04, after=0.01, gone=0.75),
    )
    third = replace(
        second, cause="unexplained", title="no known cause fits", proof=None, unproved="side B cannot be edited"
    )
    note = replace(
        third, cause="label-order", title="labels are in another order", layer_a="", layer_b="", layers=(),
        unproved="", note_only=True, mend="",
    )  # fmt: skip
    return replace(whole, findings=(first, second, third, note))


def within_noise(count: int = 5) -> Comparison:
    """A small model whose sides agree up to rounding; no findings."""
    layers = tuple(_layer(index, count, culprit=None) for index in range(count))
    return Comparison(
        verdict="within-noise",
        sentence="A and B compute the same: nothing beyond rounding, 4.2e-7 at most.",
        a=SIDE_A,
        b=SIDE_B,
        inputs=(INPUT,),
        outputs=(
            OutputDifference(
                a="probability",
                b="y:0",
                shape=(1, 1),
                noise_floor=5e-7,
                metrics=metrics(4.2e-7),
                within_noise=True,
                identical=False,
            ),
        ),
        layers=layers,
        findings=(),
        unmatched_a=(),
        unmatched_b=(),
        warnings=(),
        timings={"run": 0.3},
    )


def hostile(count: int = 400) -> Comparison:
    """400 layers with names that try to be markup, NaNs, infinities, and layers without numbers."""
    layers = [
        _layer(index, count, culprit=None, name=HOSTILE[index] if index < 4 else f"layer_{index}")
        for index in range(count)
    ]
    bad = metrics(math.nan, nan_a=0, nan_b=512, inf_b=3)
    layers[2] = LayerDifference(
        index=2,
        a=RTL,
        b=LONG,
        class_name=SCRIPT,
        kind="other",
        status="different",
        shape=(1, 512),
        evidence=(Evidence("structure", 0.5, IMAGE),),
        total=bad,
        introduced=bad,
        noise_floor=FLOOR,
        weights=(
            WeightDifference(
                a=LONG,
                b=SCRIPT,
                role="kernel",
                relation="different",
                shape_a=(3, 3),
                shape_b=(3, 3),
                max_abs=math.inf,
                max_rel=math.nan,
                worst_index=(1, 2),
            ),
        ),
    )
    layers[5] = LayerDifference(
        index=5,
        a="folded",
        b=None,
        class_name="BatchNormalization",
        kind="batch_norm",
        status="not-compared",
        note="folded into layer_4",
    )
    finding = Finding(
        cause="nan-or-infinity",
        title=IMAGE,
        layer_a=RTL,
        layer_b=LONG,
        confidence=0.7,
        evidence=SCRIPT + LONG,
        mend=SCRIPT,
    )
    return Comparison(
        verdict="different",
        sentence=f"B differs from `{SCRIPT}` on: 512 NaN.",
        a=SIDE_A,
        b=_side(LONG, SCRIPT, IMAGE),
        inputs=(INPUT,),
        layers=tuple(layers),
        findings=(finding,),
        unmatched_a=HOSTILE,
        unmatched_b=HOSTILE,
        outputs=(
            OutputDifference(
                a=SCRIPT,
                b=LONG,
                shape=(1, 10),
                noise_floor=math.inf,
                metrics=bad,
                within_noise=False,
                identical=False,
                scores=SCORES,
            ),
        ),
        warnings=(Warn("HOSTILE", IMAGE), Warn("LONG", LONG)),
        timings={"run": math.inf},
    )


def nothing_compared() -> Comparison:
    """Two files without one layer or output in common."""
    return Comparison(
        verdict="not-comparable",
        sentence="A and B cannot be compared: no output of A was found in B.",
        a=SIDE_A,
        b=SIDE_B,
        inputs=(),
        outputs=(),
        layers=(),
        findings=(),
        unmatched_a=("dense",),
        unmatched_b=("add:0",),
        warnings=(),
        timings={},
    )
