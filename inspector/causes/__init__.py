"""One module per cause: how it is detected and how it is mended. A cause never runs anything itself."""

from inspector.causes import batchnorm_epsilon, weights_changed
from inspector.causes.case import Case, Suspicion

CAUSES = (batchnorm_epsilon, weights_changed)

__all__ = ["CAUSES", "Case", "Suspicion", "suspicions"]


def suspicions(case: Case) -> list[Suspicion]:
    """What every cause suspects, the surest first."""
    found = [item for cause in CAUSES for item in cause.suspect(case)]
    return sorted(found, key=lambda item: -item.confidence)
