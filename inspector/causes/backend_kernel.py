"""`backend-kernel`: the same graph on another kernel: an optimiser's fusion, oneDNN, a browser's backend."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Facts, Suspicion, Trial

CAUSE = "backend-kernel"
WATCHED = "WATCHING_CHANGES"
# name of the option, in words, what it is set to
TRIED = (("optimise", "graph optimisation", False), ("onednn", "oneDNN", False), ("xla", "XLA", False))


def suspect(case: Case) -> Iterator[Suspicion]:
    """A run that changes when it is watched; the same file on two backends; else a search over the options."""
    if not case.ran:
        return
    differing = [item for item in case.layers if item.status == "different"]
    watched = next((warn for warn in case.warnings if warn.code == WATCHED), None)
    if watched is not None:
        side = "a" if " side A " in f"{watched.text} " else "b"
        yield _watched(side, watched.text)
        return
    backends = [_backend(side) for side in (case.a, case.b)]
    if all(backends) and backends[0] != backends[1] and case.a.file.path == case.b.file.path:
        first = next(iter(differing), None)
        yield Suspicion(
            cause=CAUSE,
            title=f"`{backends[0]}` and `{backends[1]}` compute "
            + (f"`{first.a}` otherwise" if first is not None else "the outputs otherwise"),
            layer_a=first.a if first is not None else "",
            layer_b=(first.b or "") if first is not None else "",
            confidence=0.95,
            evidence=f"one file, {backends[0]} in A and {backends[1]} in B",
            mend=f"run it on `{backends[0]}`, or report the kernel to the backend's authors with this layer and input",
        )
        return
    if differing or all(pair.difference.within_noise for pair in case.outputs):
        return
    for option, words, value in TRIED:
        for name, facts in (("B", case.b), ("A", case.a)):
            if getattr(facts.options, option) is not value:
                yield _searched(name, option, words, value=value)


def _watched(side: str, text: str) -> Suspicion:
    changed = {"optimise": False}
    return Suspicion(
        cause=CAUSE,
        title=f"side {side.upper()} computes something else once TensorFlow has optimised its graph",
        layer_a="",
        layer_b="",
        confidence=0.96,
        evidence=text,
        mend="run it with graph optimisation off (rewrite_options.disable_meta_optimizer) or TF_ENABLE_ONEDNN_OPTS=0",
        trial=Trial(
            text=f"side {side.upper()} run without graph optimisation",
            options_a=changed if side == "a" else None,
            options_b=changed if side == "b" else None,
        ),
    )


def _searched(name: str, option: str, words: str, *, value: bool) -> Suspicion:
    changed = {option: value}
    return Suspicion(
        cause=CAUSE,
        title=f"{words} makes side {name} compute something else",
        layer_a="",
        layer_b="",
        confidence=0.4,
        evidence=f"no layer differs from the same inputs, and without {words} the outputs agree",
        mend=f"run side {name} without {words}",
        trial=Trial(
            text=f"side {name} run without {words}",
            options_a=changed if name == "A" else None,
            options_b=changed if name == "B" else None,
        ),
        needs_proof=True,
        family="backend",
    )


def _backend(side: Facts) -> str:
    return side.options.choices.get("backend") or next(
        (choice.chosen for choice in side.file.choices if choice.name == "backend"), ""
    )
