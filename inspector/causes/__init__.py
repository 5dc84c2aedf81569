"""One module per cause or close family: how it is detected and how it is mended. A cause never runs anything itself."""

from inspector.causes import (
    activation,
    epsilon,
    hub_module,
    image_decoding,
    input_order,
    label_order,
    layout,
    output_order,
    padding,
    pooling,
    preprocessing_mismatch,
    recurrent_variant,
    resize,
    tensor_name,
    weights_changed,
)
from inspector.causes.case import Case, Suspicion

CAUSES = (
    activation,
    epsilon,
    hub_module,
    image_decoding,
    input_order,
    label_order,
    layout,
    output_order,
    padding,
    pooling,
    preprocessing_mismatch,
    recurrent_variant,
    resize,
    tensor_name,
    weights_changed,
)

__all__ = ["CAUSES", "Case", "Suspicion", "suspicions"]


def suspicions(case: Case) -> list[Suspicion]:
    """What every cause suspects, the surest first."""
    found = [item for cause in CAUSES for item in cause.suspect(case)]
    return sorted(found, key=lambda item: -item.confidence)
