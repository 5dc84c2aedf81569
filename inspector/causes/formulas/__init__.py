"""What layers compute, in float64 numpy: from A's settings and weights, and with one thing changed at a time.

Everything takes and gives channels-last arrays with the samples first; one sample is enough to tell formulas apart."""

from inspector.causes.formulas.activations import ACTIVATIONS, activation, leaky
from inspector.causes.formulas.fit import Fit, fit_of, fits
from inspector.causes.formulas.linear import linear, paddings
from inspector.causes.formulas.pools import pool
from inspector.causes.formulas.recurrent import recurrent
from inspector.causes.formulas.weights import roles

__all__ = [
    "ACTIVATIONS",
    "Fit",
    "activation",
    "fit_of",
    "fits",
    "leaky",
    "linear",
    "paddings",
    "pool",
    "recurrent",
    "roles",
]
