"""One module per cause or close family: how it is detected and how it is mended. A cause never runs anything itself."""

from inspector.causes import (
    activation,
    backend_kernel,
    batchnorm_statistics,
    batchnorm_training_mode,
    custom_layer,
    depthwise_layout,
    dropout_active,
    epsilon,
    folding,
    hub_module,
    image_decoding,
    input_order,
    label_order,
    layout,
    missing_layer,
    nan_or_infinity,
    not_loadable,
    output_order,
    padding,
    pooling,
    precision,
    preprocessing_mismatch,
    quantization,
    recurrent_variant,
    resize,
    state_kept,
    tensor_name,
    version_drift,
    vocabulary,
    weight_order,
    weights_changed,
    weights_not_loaded,
)
from inspector.causes.case import Case, Suspicion
from inspector.causes.failures import Failures

CAUSES = (
    activation,
    backend_kernel,
    batchnorm_statistics,
    batchnorm_training_mode,
    custom_layer,
    depthwise_layout,
    dropout_active,
    epsilon,
    folding,
    hub_module,
    image_decoding,
    input_order,
    label_order,
    layout,
    missing_layer,
    nan_or_infinity,
    not_loadable,
    output_order,
    padding,
    pooling,
    precision,
    preprocessing_mismatch,
    quantization,
    recurrent_variant,
    resize,
    state_kept,
    tensor_name,
    version_drift,
    vocabulary,
    weight_order,
    weights_changed,
    weights_not_loaded,
)

__all__ = ["CAUSES", "Case", "Failures", "Suspicion", "suspicions"]


def suspicions(case: Case, failures: Failures) -> list[Suspicion]:
    """What every cause suspects, the surest first; of one that raises what it had said by then."""
    found: list[Suspicion] = []
    for cause in CAUSES:
        with failures.of(cause.__name__.rpartition(".")[2].replace("_", "-")):
            found.extend(cause.suspect(case))
    return sorted(found, key=lambda item: -item.confidence)
