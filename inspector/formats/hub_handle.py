"""A TF Hub handle in place of a path: the folder in which the cache of TF Hub keeps its module.

Source: tensorflow_hub/resolver.py: a folder named after the SHA-1 of the handle, in TFHUB_CACHE_DIR.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from inspector.domain.errors import InspectorError

SCHEMES = ("https://", "http://")


def is_handle(text: str) -> bool:
    """Whether this is the address of a module rather than a path."""
    return text.startswith(SCHEMES)


def cached_copy(handle: str) -> Path:
    """Where the cache would keep a module, whether or not it does."""
    cache = Path(os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir()) / "tfhub_modules")
    return cache / hashlib.sha1(handle.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def cached_folder(handle: str) -> Path:
    """The folder of a module. Raises HUB_MODULE_MISSING where the cache has none; nothing is fetched."""
    folder = cached_copy(handle)
    if folder.is_dir():
        return folder
    raise InspectorError(
        "HUB_MODULE_MISSING",
        f"this module is not in the cache of TF Hub ({folder.parent})",
        where=handle,
        todo="Load it once with tensorflow_hub, or set TFHUB_CACHE_DIR to where it was cached.",
    )
