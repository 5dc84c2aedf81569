"""Where the files lie that come with the program: icons, themes, the demo pair, the report's template."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# In a wheel `resources` lies inside the package; in a checkout (also an editable install) beside it.
_ROOTS = (_PACKAGE / "resources", _PACKAGE.parent / "resources")


def resource(*parts: str) -> Path:
    """The path of a file or folder of `resources/`, from a checkout, an editable install or a wheel.

    Raises FileNotFoundError, naming the path, when the installation is not whole."""
    for root in _ROOTS:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from {_ROOTS[-1]}: install Model Inspector again.")
