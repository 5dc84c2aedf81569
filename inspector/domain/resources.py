"""Where the files lie that come with the program: icons, the demo pair, the report's template, the pages of causes."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# In a wheel `resources` lies inside the package, the causes' pages in it; in a checkout (also an editable install)
# both lie beside it.
_ROOTS = (_PACKAGE / "resources", _PACKAGE.parent / "resources", _PACKAGE.parent / "docs")


def resource(*parts: str) -> Path:
    """The path of a file or folder of `resources/`, or of `causes` in `docs/`: from a checkout, an editable install
    or a wheel.

    Raises FileNotFoundError, naming the path, when the installation is not whole."""
    for root in _ROOTS:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from {_ROOTS[1]}: install Model Inspector again.")
