"""Names with slashes as a tree of scopes, made once for a whole graph."""

from __future__ import annotations

from collections.abc import Iterable

DEEPEST = 64  # scopes below this stay part of the name: 30,000 nested ones would need gigabytes
CROWD = 2000  # children of one scope beyond which they are shown in groups
GROUP = 500
MARK = " …"  # ends the path of a group, which is no scope of the file


class Scopes:
    """`children[scope]` are names of nodes and paths of scopes, told apart by `is_scope`, in file order.

    The top is the empty path. A crowd stands in groups of GROUP, called after their first and last child."""

    def __init__(self, names: Iterable[str]) -> None:
        self.children: dict[str, list[tuple[str, bool]]] = {"": []}
        self.parent: dict[str, str] = {}
        self._home: dict[str, str] = {}
        for name in names:
            scope = self._scope(name)
            self.children[scope].append((name, False))
        for scope in [scope for scope, inside in self.children.items() if len(inside) > CROWD]:
            self._group(scope)

    def ancestors(self, name: str, *, is_scope: bool = False) -> tuple[str, ...]:
        """Paths of the scopes and groups around a node or a scope, from the outermost inwards."""
        scope = self.parent[name] if is_scope else self._home.get(name, self._named(name))
        found = []
        while scope:
            found.append(scope)
            scope = self.parent[scope]
        return tuple(reversed(found))

    def local(self, name: str, *, is_scope: bool = False) -> str:
        """What a row is called: the part of the name below its scope."""
        if is_scope and name.endswith(MARK):
            return name.removesuffix(MARK).removeprefix(f"{self.parent[name]}/")
        scope = self.parent[name] if is_scope else self._named(name)
        scope = self.parent[scope] if scope.endswith(MARK) else scope
        return name.removeprefix(f"{scope}/") if scope else name

    def _named(self, name: str) -> str:
        """The scope that a node's name tells; the groups come in on top of it."""
        scope = name.rpartition("/")[0]
        return scope if scope in self.children else "/".join(name.split("/", DEEPEST)[:DEEPEST]) if scope else ""

    def _scope(self, name: str) -> str:
        """The node's scope, made with all scopes around it where it is new."""
        path = self._named(name)
        below = path
        while below not in self.children:
            around = below.rpartition("/")[0]
            known = around in self.children
            self.children[below], self.parent[below] = self._first(below, path), around
            if known:
                self.children[around].append((below, True))
            below = around
        return path

    def _group(self, scope: str) -> None:
        inside = self.children[scope]
        groups = []
        for start in range(0, len(inside), GROUP):
            part = inside[start : start + GROUP]
            ends = [self.local(name, is_scope=is_scope) for name, is_scope in (part[0], part[-1])]
            path = f"{scope}/{ends[0]} … {ends[1]}{MARK}".removeprefix("/")
            self.children[path], self.parent[path] = part, scope
            for name, is_scope in part:
                (self.parent if is_scope else self._home)[name] = path
            groups.append((path, True))
        self.children[scope] = groups
