"""`vocabulary` and `bins`: what a layer looks up in is another one in B: words in another order, another boundary."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Edit, SetAttribute, SetTable, Suspicion, Trial
from inspector.compare.lookups import Unlike, unlike
from inspector.domain.lookups import LookupPair

CAUSES = {"vocabulary": "vocabulary", "boundaries": "bins", "buckets": "bins"}
TITLES = {"vocabulary": "vocabulary", "boundaries": "bin boundaries", "buckets": "hash buckets"}


def suspect(case: Case) -> Iterator[Suspicion]:
    """Every lookup that differs. Both sides hold it, so that nothing is guessed."""
    for pair in case.lookups:
        found = unlike(pair.a, pair.b)
        if found is not None:
            yield suspicion(pair, found)


def suspicion(pair: LookupPair, found: Unlike) -> Suspicion:
    """What is said of a lookup that differs."""
    what = TITLES[pair.a.kind]
    return Suspicion(
        cause=CAUSES[pair.a.kind],
        title=f"`{pair.layer_a}` has {_how(pair, found)}",
        layer_a=pair.layer_a,
        layer_b=pair.layer_b,
        layers=(pair.layer_a,),
        confidence=0.98,
        evidence=found.detail,
        mend=_mend(pair),
        trial=Trial(text=f"A's {what} put into `{pair.layer_b or pair.b.node}`", edits=_edits(pair)),
    )


def _how(pair: LookupPair, found: Unlike) -> str:
    what = TITLES[pair.a.kind]
    if pair.a.kind == "vocabulary":
        order = found.moved and not found.only_a and not found.only_b
        return f"its {what} in another order in B" if order else f"another {what} in B"
    return f"other {what} in B"


def _mend(pair: LookupPair) -> str:
    if pair.a.kind == "vocabulary":
        return (
            f"give `{pair.layer_a}` the vocabulary with which the weights were trained, in its order "
            "(get_vocabulary() of the trained layer), and export B again; never adapt it anew"
        )
    return f"give `{pair.layer_a}` the {TITLES[pair.a.kind]} of A and export B again"


def _edits(pair: LookupPair) -> tuple[Edit, ...]:
    if pair.a.kind == "vocabulary":
        return (SetTable(node=pair.b.node, keys=pair.a.keys, values=pair.a.values),)
    if pair.a.kind == "boundaries":
        values = tuple(float(number) for number in pair.a.keys)
        return (SetAttribute(node=pair.b.node, name="boundaries", value=values),)
    if len(pair.a.keys) == len(pair.b.keys):
        edits = [SetAttribute(node=pair.b.node, name="num_buckets", value=int(pair.a.keys[0]))]
        key = tuple(int(number) for number in pair.a.keys[1:])
        return (*edits, SetAttribute(node=pair.b.node, name="key", value=key)) if key else tuple(edits)
    return ()
