"""Model Inspector: why two files of one model differ, where it starts, and how to mend it.

`inspector.compare(a, b, inputs=...)` gives the command's result as an object, `inspector.record(model, inputs,
path)` keeps what a model gives here, to be compared with what it gives elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.domain.comparison import Comparison
    from inspector.domain.options import SideOptions
    from inspector.session.settings import Outputs

__version__ = "0.1.0"
__all__ = ["compare", "record"]


def compare(
    a: str | Path,
    b: str | Path,
    *,
    inputs: Sequence[str] | str = "random:0",
    preprocess_a: str = "",
    preprocess_b: str = "",
    low: float = 0.0,
    high: float = 1.0,
    batch: int | None = None,
    outputs: Outputs = "by-order",
    trust: bool = False,
    options_a: SideOptions | None = None,
    options_b: SideOptions | None = None,
) -> Comparison:
    """Run two model files on the same inputs and say where they differ.

    `inputs` are specs as on the command line (docs/inputs.md): `random:0`, an image, `x=data.npy`, ...
    `outputs`: "by-value" where the order of the outputs shall not count.
    `options_a`, `options_b`: each side's environment, choices and run options (inspector.domain.options).
    Returns a frozen Comparison: `verdict`, `sentence`, `outputs`, `layers`, `findings`. Needs no display.
    Raises inspector.domain.errors.InspectorError (code, what, where, what to do).
    """
    from inspector.domain.options import SideOptions
    from inspector.session.session import Session
    from inspector.session.settings import Settings

    plain = SideOptions(trust=trust)
    with Session(options_a=options_a or plain, options_b=options_b or plain) as session:
        session.settings = Settings(
            inputs=(inputs,) if isinstance(inputs, str) else tuple(inputs),
            preprocess_a=preprocess_a,
            preprocess_b=preprocess_b,
            low=low,
            high=high,
            batch=batch,
            outputs=outputs,
        )
        session.warm()
        session.open("a", a)
        session.open("b", b)
        return session.compare()


def record(model: Any, inputs: Any, path: str | Path, *, activations: Any = None) -> str:
    """Run a Keras model, a tf.function or any callable on `inputs` and write inputs, outputs and activations to
    one file, which opens as a side. Returns the path. Everything about it stands in `inspector.recorder`, one
    file for Python 3.7 and later that needs numpy only and may be copied beside a training script."""
    from inspector import recorder

    return recorder.record(model, inputs, path, activations=activations)


class _Package(ModuleType):
    """The function `compare` and the room `compare/` share a name: importing the room must not hide the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if name != "compare" or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
