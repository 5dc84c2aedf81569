"""Names with slashes as a tree of scopes, made once for a whole graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

DEEPEST = 64  # scopes below this stay part of the name: 30,000 nested ones would need gigabytes
CROWD = 2000  # children of one scope beyond which they are shown in groups
GROUP = 500


@dataclass(frozen=True, slots=True)
class Child:
    """A row below a scope: a node by its whole name, or a scope (or group) by its path."""

    name: str
    is_scope: bool


class Scopes:
    """`children[scope]` in file order; the top is the empty path.

    A crowd stands in groups of GROUP, which are called after their first and last child."""

    def __init__(self, names: Iterable[str]) -> None:
        self.children: dict[str, list[Child]] = {"": []}
        self.groups: set[str] = set()
        self._parent: dict[str, str] = {}
        self._home: dict[str, str] = {}
        for name in names:
            self._make(scope_of(name)).append(Child(name, is_scope=False))
        for scope in [scope for scope, inside in self.children.items() if len(inside) > CROWD]:
            self._group(scope)

    def above(self, name: str) -> tuple[str, ...]:
        """Paths of the scopes and groups around a node, from the outermost inwards."""
        scope = self._home.get(name, scope_of(name))
        found = []
        while scope:
            found.append(scope)
            scope = self._parent[scope]
        return tuple(reversed(found))

    def local(self, child: Child) -> str:
        """What a row is called: the part of its name below its scope; for a group, from where to where."""
        if child.name in self.groups and child.is_scope:
            inside = self.children[child.name]
            return f"{self.local(inside[0])} … {self.local(inside[-1])}"
        scope = self._scope_around(child.name) if child.is_scope else scope_of(child.name)
        return child.name[len(scope) + 1 :] if scope else child.name

    def _scope_around(self, path: str) -> str:
        parent = self._parent[path]
        return self._parent[parent] if parent in self.groups else parent

    def _make(self, path: str) -> list[Child]:
        """The children of a scope, which is made with all scopes around it where it is new."""
        if path not in self.children:
            parts = path.split("/")
            around = ""
            for depth in range(1, len(parts) + 1):
                scope = "/".join(parts[:depth])
                if scope not in self.children:
                    self.children[scope] = []
                    self._parent[scope] = around
                    self.children[around].append(Child(scope, is_scope=True))
                around = scope
        return self.children[path]

    def _group(self, scope: str) -> None:
        inside = self.children[scope]
        groups = []
        for start in range(0, len(inside), GROUP):
            part = inside[start : start + GROUP]
            path = f"{scope}/[{start}:{start + len(part)}]".removeprefix("/")
            while path in self.children:  # a scope of the file may be called so
                path += "'"
            self.children[path], self._parent[path] = part, scope
            self.groups.add(path)
            for child in part:
                (self._parent if child.is_scope else self._home)[child.name] = path
            groups.append(Child(path, is_scope=True))
        self.children[scope] = groups


def scope_of(name: str) -> str:
    """The scope that a name tells: all but its last part, no deeper than DEEPEST."""
    return "/".join(name.split("/", DEEPEST)[:-1])
