"""What layers compute, in float64 numpy: from A's settings and weights, and with one thing changed at a time.

Everything takes and gives arrays with the samples first and the channels last."""

from inspector.causes.formulas.activations import activation
from inspector.causes.formulas.chain import isolated
from inspector.causes.formulas.compute import LINEAR, STANDING_ALONE, compute, linear
from inspector.causes.formulas.fit import Fit, Refit, best, distance, fit_of, fits, refit, refit_anyway
from inspector.causes.formulas.weights import roles

__all__ = [
    "LINEAR",
    "STANDING_ALONE",
    "Fit",
    "Refit",
    "activation",
    "best",
    "compute",
    "distance",
    "fit_of",
    "fits",
    "isolated",
    "linear",
    "refit",
    "refit_anyway",
    "roles",
]
