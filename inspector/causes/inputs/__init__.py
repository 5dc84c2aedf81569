"""What lies between what a side is fed and its first layers: read off the files, and solved for from numbers."""

from inspector.causes.inputs.affine import IDENTITY, Affine, between, solve, uniform
from inspector.causes.inputs.front import FRONT, Numbers, Reader, as_laid_out, numbers_of, readers
from inspector.causes.inputs.wording import USUAL, in_words, pipeline_of

__all__ = [
    "FRONT",
    "IDENTITY",
    "USUAL",
    "Affine",
    "Numbers",
    "Reader",
    "as_laid_out",
    "between",
    "in_words",
    "numbers_of",
    "pipeline_of",
    "readers",
    "solve",
    "uniform",
]
