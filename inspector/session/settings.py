"""What a person sets for a run: inputs, a pipeline for each side, the range and size of drawn numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outputs = Literal["by-order", "by-value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`inputs` are specs (see docs/inputs.md), each for one input, or one for all.

    `preprocess_a` and `preprocess_b` are pipelines, empty for none. `low` and `high` bound random
    numbers. `batch` is how many samples are drawn, repeated or cut to, None to follow the model and
    the data. `size` fills the model's unknown dimensions behind the batch in order (its last number is
    used again when there are more), None for the defaults. `outputs`: whether outputs that stand in another
    order in B, where their order is their only name, make a difference, or only what they compute counts."""

    inputs: tuple[str, ...] = ("random:0",)
    preprocess_a: str = ""
    preprocess_b: str = ""
    low: float = 0.0
    high: float = 1.0
    batch: int | None = None
    size: tuple[int, ...] | None = None
    outputs: Outputs = "by-order"
