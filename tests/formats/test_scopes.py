"""Names as a tree: every node once, no matter how the names are made."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from inspector.formats.scopes import CROWD, DEEPEST, GROUP, Child, Scopes, scope_of

NAMES = st.lists(st.text("ab/", min_size=1, max_size=8), unique=True, max_size=30)


def nodes_below(scopes: Scopes, scope: str) -> list[str]:
    found = []
    for child in scopes.children[scope]:
        found += nodes_below(scopes, child.name) if child.is_scope else [child.name]
    return found


@given(NAMES)
def test_every_node_stands_in_the_tree_once_and_its_path_leads_there(names: list[str]) -> None:
    scopes = Scopes(names)
    assert sorted(nodes_below(scopes, "")) == sorted(names)
    for name in names:
        around = ("", *scopes.above(name))
        assert Child(name, is_scope=False) in scopes.children[around[-1]]
        for outer, inner in itertools.pairwise(around):
            assert Child(inner, is_scope=True) in scopes.children[outer]


@given(NAMES)
def test_local_names_put_together_give_the_name(names: list[str]) -> None:
    scopes = Scopes(names)
    for name in names:
        parts = [scopes.local(Child(scope, is_scope=True)) for scope in scopes.above(name)]
        assert "/".join([*parts, scopes.local(Child(name, is_scope=False))]) in (name, name.removeprefix("/"))


def test_a_name_of_many_parts_is_not_a_tree_of_as_many_scopes() -> None:
    name = "/".join("a" * 30_000)
    scopes = Scopes([name])
    assert len(scopes.above(name)) == DEEPEST
    assert len(scopes.local(Child(name, is_scope=False))) == len(name) - 2 * DEEPEST
    assert scope_of("a/b/c") == "a/b"


def test_a_crowd_stands_in_groups() -> None:
    names = [f"n{i}" for i in range(CROWD + 1)]
    scopes = Scopes(names)
    groups = scopes.children[""]
    assert [len(scopes.children[group.name]) for group in groups] == [GROUP] * 4 + [1]
    assert scopes.local(groups[1]) == f"n{GROUP} … n{2 * GROUP - 1}"
    assert scopes.above("n700") == (groups[1].name,)
    assert nodes_below(scopes, "") == names
    assert not Scopes(names[:-1]).groups


def test_a_crowd_of_scopes_keeps_their_names() -> None:
    names = [f"top/s{i}/x" for i in range(CROWD + 1)]
    scopes = Scopes(names)
    above = scopes.above("top/s600/x")
    assert (above[0], above[-1], len(above)) == ("top", "top/s600", 3)
    assert scopes.local(Child("top/s600", is_scope=True)) == "s600"
