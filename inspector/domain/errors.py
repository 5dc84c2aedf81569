"""The one error type that reaches a person: a stable code, what, where, and what to do."""

from __future__ import annotations


class InspectorError(Exception):
    """A failure that a person can act on.

    `code` is stable (scripts depend on it), `what` says what happened, `where` names the file, layer,
    tensor or process, `todo` says how to mend it. `str()` is the one line that the command prints.
    """

    def __init__(self, code: str, what: str, *, where: str = "", todo: str = "") -> None:
        super().__init__(code, what, where, todo)
        self.code = code
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        where = f" [{self.where}]" if self.where else ""
        todo = f" {self.todo}" if self.todo else ""
        return f"{self.code}: {self.what}{where}.{todo}"

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "what": self.what, "where": self.where, "todo": self.todo}


class Cancelled(InspectorError):
    """The person stopped the job; nothing is wrong."""

    def __init__(self, what: str = "stopped") -> None:
        super().__init__("CANCELLED", what)
