"""What a framework said when it was given a file as it stands, where the file could be run all the same."""

from typing import Any, Dict

from .upgrading import Changes

Refusal = Dict[str, Any]


def refusal(framework: str, version: str, said: str, changes: Changes, todo: str) -> Refusal:
    """As a message: who refused, in which words, what was changed so that it loads, and how the file is mended."""
    changed = changes.texts()
    return {"framework": framework, "version": version, "said": said, "changes": changed, "todo": todo}
