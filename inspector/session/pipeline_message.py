"""A preprocessing pipeline as the plain lists that a runner writes into a model."""

from __future__ import annotations

from typing import Any

from inspector.session import steps
from inspector.session.preprocess import Pipeline

WORDS: dict[type, str] = {
    steps.Resize: "resize",
    steps.Crop: "crop",
    steps.Colour: "colour",
    steps.Scale: "scale",
    steps.Range: "range",
    steps.Mean: "mean",
    steps.Deviation: "std",
    steps.Mode: "mode",
    steps.Order: "order",
    steps.Flip: "flip",
    steps.Cast: "cast",
    steps.Batch: "batch",
}


def as_message(pipeline: Pipeline) -> list[list[Any]]:
    """Each step as its word and its numbers."""
    return [[WORDS[type(step)], *_values(step)] for step in pipeline.steps]


def _values(step: Any) -> list[Any]:
    match step:
        case steps.Resize(width, height, method):
            return [width, height, method]
        case steps.Crop(width, height):
            return [width, height]
        case steps.Scale(numerator, denominator):
            return [numerator, denominator]
        case steps.Range(low, high):
            return [low, high]
        case steps.Mean(values) | steps.Deviation(values):
            return list(values)
        case steps.Flip(word) | steps.Cast(word) | steps.Colour(word) | steps.Mode(word) | steps.Order(word):
            return [word]
        case _:
            return []
