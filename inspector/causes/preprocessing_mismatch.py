"""`preprocessing-mismatch`: a scale, a mean or the colours' order on one side only, or twice.

Three places: what the sides were fed differs; one file has arithmetic in front that the other has not, which the
first layer's own numbers tell even where the graph does not show it; or neither is seen, and the usual
preprocessings of B's input are tried one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Array, Case, Graft, InputPair, Suspicion, Trial
from inspector.causes.image_decoding import TURNS, told_apart
from inspector.causes.inputs import (
    FRONT,
    IDENTITY,
    USUAL,
    Affine,
    Numbers,
    Reader,
    as_laid_out,
    between,
    in_words,
    numbers_of,
    pipeline_of,
    readers,
    uniform,
)
from inspector.domain.computation import Layer
from inspector.domain.wording import short

__all__ = ["CAUSE", "FRONT", "suspect"]
CAUSE = "preprocessing-mismatch"
NORMS = ("batch_norm", "layer_norm", "group_norm")
RESIZES = ("nearest", "bilinear", "bicubic", "area")
SEARCHED = 1 << 24  # elements of an input that the search makes copies of
# what B's input may lack beside the usual pipelines and their inverses
MORE: tuple[Affine, ...] = (uniform(2.0, -1.0), uniform(0.5, 0.5), uniform(1.0, -0.5), uniform(-1.0, 1.0))


def suspect(case: Case) -> Iterator[Suspicion]:
    """What is stated or solved for first; the search only for an input whose readers nothing else explains."""
    fed = _fed(case)
    if fed is not None:
        yield fed
    searched: list[InputPair] = []
    ports = case.inputs if case.ran else _unfed(case)
    for pair in ports:
        found = _in_front(case, pair)
        if found is not None:
            yield found
        elif case.ran and fed is None and _is_open(case, pair):
            searched.append(pair)
    yield from (item for pair in searched for item in _searched(case, pair))


def _fed(case: Case) -> Suspicion | None:
    """The sides were fed different numbers: what turns B's into A's."""
    apart = [(pair, b) for pair in case.inputs if (b := _differs(pair)) is not None and _matters(case, pair)]
    if not apart or all(pair.difference.within_noise for pair in case.outputs):
        return None
    pair, b = apart[0]
    a = np.asarray(pair.array_a, np.float64)
    relation = related(a, b)
    stated = f"A gets `{pair.preprocess_a or 'what was given'}`, B gets `{pair.preprocess_b or 'what was given'}`"
    return Suspicion(
        cause=CAUSE,
        title=f"the sides are fed differently at `{pair.a.name}`" + (f": B gets x, A gets {relation}" * bool(relation)),
        layer_a=pair.a.tensor,
        layer_b=pair.b.tensor,
        layers=tuple(item.a.tensor for item, _ in apart),
        confidence=0.95,
        evidence=f"{stated}; they differ by up to {short(float(np.abs(a - b).max()))}"
        + f"; with x for B's input, A's is {relation}" * bool(relation),
        mend=f'preprocess B as A: --preprocess-b "{pair.preprocess_a}"',
        trial=Trial(
            text="B fed what A is fed", feeds_b={item.b.tensor: _as_b(item.array_a, item) for item, _ in apart}
        ),
    )


def _matters(case: Case, pair: InputPair) -> bool:
    """Not where what reads it agrees all the same: then the files make up for it."""
    read = [item.row for item in readers(case, pair.a.tensor) if item.row.introduced is not None]
    return not read or any(row.status == "different" for row in read)


def _differs(pair: InputPair) -> Array | None:
    """B's array in A's layout where it holds other numbers, for another reason than decoding."""
    a, b = pair.array_a, _as_a(pair.array_b, pair)
    if b is None or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub" or told_apart(pair) is not None:
        return None
    one, other = np.asarray(a, np.float64), np.asarray(b, np.float64)
    rounding = 4 * max(_spacing(a), _spacing(b)) * float(np.abs(one[np.isfinite(one)]).max(initial=0.0))
    return None if np.allclose(one, other, rtol=0.0, atol=rounding, equal_nan=True) else other


def _spacing(array: Array) -> float:
    return float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0


def related(a: Array, b: Array) -> str:
    """In words, what of B's numbers (x) gives A's; empty where no scale, offset, mixing or turn does."""
    if not np.isfinite(a).all() or not np.isfinite(b).all() or a.ndim < 2 or not a.size:
        return ""
    tolerance = 1e-5 * float(np.abs(a).max())
    found = between(b, a, tolerance)
    if found is not None:
        return in_words(found)
    for name, turn in TURNS.items() if a.ndim == 4 else ():
        turned = turn(b)
        found = between(turned, a, tolerance) if turned.shape == a.shape else None
        if found is not None:
            return name if found.is_near(IDENTITY) else f"{in_words(found)}, {name}"
    return ""


def _in_front(case: Case, pair: InputPair) -> Suspicion | None:
    """Arithmetic between an input and its readers that is on one side alone, or has other numbers there."""
    found = [item for item in readers(case, pair.a.tensor) if item.row.status == "different" or not case.ran]
    for item in found:
        numbers = numbers_of(case, pair, item) if case.ran else None
        if numbers is not None and numbers.differ and _believed(item, numbers):
            return _solved(case, pair, found, item, numbers)
    stated = [item for item in found if item.own is False and _is_stated(item)]
    return _stated(case, pair, stated) if stated else None


def _believed(item: Reader, numbers: Numbers) -> bool:
    """A scale for each channel is also what a wrong batch norm or a depthwise kernel looks like."""
    if item.own or item.lost or item.arithmetic or item.layer.kind not in (*NORMS, "depthwise_conv2d"):
        return True
    back = numbers.a.inverse()
    return back is not None and numbers.b.after(back).is_uniform


def _is_stated(item: Reader) -> bool:
    """One side alone has arithmetic in front of a reader. A norm's own parts are none."""
    if bool(item.lost) == bool(item.arithmetic) or not item.keeps_weights:
        return False
    return not item.arithmetic or item.layer.kind not in NORMS or _apart(item.arithmetic[-1], item.layer_b)


def _apart(one: Layer, other: Layer | None) -> bool:
    """Whether two layers of a graph stand in scopes of their own."""
    scopes = one.name.rpartition("/")[0], other.name.rpartition("/")[0] if other is not None else ""
    return all(scopes) and not scopes[0].startswith(scopes[1]) and not scopes[1].startswith(scopes[0])


def _solved(case: Case, pair: InputPair, found: list[Reader], item: Reader, numbers: Numbers) -> Suspicion:
    twice = not numbers.a.is_near(IDENTITY) and numbers.b.is_near(numbers.a.after(numbers.a))
    verb = "gives" if item.own else "reads"
    title = f"`{item.row.a}` {verb} {in_words(numbers.a)} in A and {in_words(numbers.b)} in B"
    told = _told(item)
    return _suspicion(
        case,
        pair,
        found,
        item,
        title=f"the input is preprocessed twice in B: {title}" if twice else title,
        confidence=0.97,
        evidence=f"with x for what {'comes in' if item.deep else 'a side is fed'}, and the same weights, {title}, "
        "to its noise floor "
        f"{short(item.row.noise_floor)}" + f"; {told}" * bool(told),
        wanted=numbers.wanted,
    )


def _stated(case: Case, pair: InputPair, found: list[Reader]) -> Suspicion:
    item = found[0]
    return _suspicion(
        case,
        pair,
        found,
        item,
        title=_told(item),
        confidence=0.96 if not item.arithmetic or _apart(item.arithmetic[-1], item.layer_b) else 0.92,
        evidence=f"{_told(item)}; `{item.row.a}` behind it holds the same weights"
        + " and introduces a difference" * case.ran,
        wanted=None,
    )


def _suspicion(
    case: Case,
    pair: InputPair,
    found: list[Reader],
    item: Reader,
    *,
    title: str,
    confidence: float,
    evidence: str,
    wanted: Affine | None,
) -> Suspicion:
    first = item.front[0] if item.front else item.layer
    names = [reader.row.a for reader in found]
    fed = _fed_with(pair, wanted)
    same = wanted is None or _differs(pair) is None
    edits = fed is None or (same and "edit" in case.b.can)
    return Suspicion(
        cause=CAUSE,
        title=title,
        layer_a=first.name,
        layer_b=item.arithmetic[0].name if item.arithmetic else item.row.b or "",
        layers=tuple(dict.fromkeys((first.name, *names))),
        confidence=confidence,
        evidence=evidence,
        mend=_mend(case, pair, item, wanted),
        trial=Trial(
            text=_experiment(item),
            edits=tuple(Graft(layer=name) for name in names) if edits else (),
            feeds_b=None if edits else fed,
        ),
    )


def _experiment(item: Reader) -> str:
    if item.own:
        return f"A's `{item.row.a}` put in the place of B's"
    if item.arithmetic:
        return f"`{item.arithmetic[0].name}` left out of B"
    if item.lost:
        return f"A's `{item.lost[0].name}` put in front of B"
    return f"`{item.row.a}` in B given what A's reads"


def _told(item: Reader) -> str:
    """What the files show."""
    if item.lost:
        names = ", ".join(f"`{layer.name}` ({_text(layer)})" for layer in item.lost)
        return f"A has {names} in front, B has not"
    if item.extra and (item.arithmetic or len(item.extra) < 4):
        extra = item.arithmetic or item.extra
        names = ", ".join(f"`{layer.name}` ({layer.class_name})" for layer in extra)
        return f"B has {names} before `{item.row.a}`, " + ("too" if item.front else "A has nothing there")
    return ""


def _text(layer: Layer) -> str:
    scale, offset = layer.settings.get("scale"), layer.settings.get("offset")
    if isinstance(scale, int | float) and not isinstance(scale, bool) and isinstance(offset or 0.0, int | float):
        return in_words(uniform(float(scale), float(offset or 0.0)))
    return layer.class_name


def _mend(case: Case, pair: InputPair, item: Reader, wanted: Affine | None) -> str:
    line = _line(case, pair, wanted)
    fed = f'feed B through --preprocess-b "{line}"'
    if item.own:
        return f"export B again with the numbers of A's `{item.row.a}` ({_text(item.layer)})"
    if item.lost:
        export = f"export B again with `{item.lost[0].name}` inside"
        return f"{fed}, or {export}" if line else f"{export}, or do what it does before B is fed"
    if item.arithmetic:
        name = item.arithmetic[0].name
        feeding = "" if line is None else f": {fed}"
        return f"leave out of B's input what `{name}` does already{feeding}, or export B without it"
    return "give both sides the same preprocessing, inside the file or outside" if line is None else fed


def _line(case: Case, pair: InputPair, wanted: Affine | None) -> str | None:
    """The pipeline that feeds B rightly: of a picture one of the usual ones, where one does; else B's own and what
    it lacks. None where there is none to write down."""
    if wanted is None:
        return None
    if pair.picture:
        array = wanted(np.asarray(_as_a(pair.array_b, pair)))
        near = 1e-5 * float(np.abs(array).max(initial=0.0))
        for line in _lines(pair):
            fed = (case.feeds("b", line) or {}).get(pair.b.tensor)
            made = None if fed is None else _as_a(fed, pair)
            if made is not None and made.shape == array.shape and np.abs(made - array).max() <= near:
                return line
    lacking = pipeline_of(wanted)
    return None if lacking is None else " | ".join(part for part in (pair.preprocess_b, lacking) if part)


def _fed_with(pair: InputPair, wanted: Affine | None) -> dict[str, Array] | None:
    """B's input put right, where its dtype and its layout can hold it."""
    b = _as_a(pair.array_b, pair)
    if wanted is None or b is None or pair.array_b.dtype.kind != "f" or b.ndim < 2:
        return None
    if len(wanted.offset) not in (1, b.shape[-1]):
        return None
    return {pair.b.tensor: _as_b(wanted(b), pair)}


def _is_open(case: Case, pair: InputPair) -> bool:
    """Whether what reads the input differs though its weights do not, or nothing is known of any layer."""
    if all(output.difference.within_noise for output in case.outputs):
        return False
    if all(item.introduced is None for item in case.layers):
        return True
    return any(item.row.status == "different" and item.keeps_weights for item in readers(case, pair.a.tensor))


def _searched(case: Case, pair: InputPair) -> Iterator[Suspicion]:
    if pair.array_b.dtype.kind != "f" or pair.array_b.ndim < 2:
        return
    for name, mend, array in _candidates(case, pair):
        yield Suspicion(
            cause=CAUSE,
            title=f"B agrees with A when its input `{pair.b.name}` is {name}",
            layer_a=pair.a.tensor,
            layer_b=pair.b.tensor,
            layers=(pair.a.tensor,),
            confidence=0.45,
            evidence=f"of the usual preprocessings, tried one by one, this one makes the sides agree: {name}",
            mend=mend,
            trial=Trial(text=f"B's input {name}", feeds_b={pair.b.tensor: array}),
            needs_proof=True,
            family="preprocess",
        )


def _candidates(case: Case, pair: InputPair) -> Iterator[tuple[str, str, Array]]:
    """Name, mend and array of everything that B might have been fed instead."""
    if pair.picture:
        for line in _lines(pair):
            fed = case.feeds("b", line)
            array = None if fed is None else fed.get(pair.b.tensor)
            if array is not None and array.shape == pair.array_b.shape and not np.array_equal(array, pair.array_b):
                yield f"preprocessed by `{line or 'nothing'}`", f'--preprocess-b "{line}"', array
    x = _as_a(pair.array_b, pair)
    if x is None or x.size > SEARCHED:
        return
    for change in _changes(x.shape[-1]):
        words = in_words(change)
        short_line = pipeline_of(change)
        yield (
            words,
            f'--preprocess-b "{short_line}"' if short_line else f"preprocess B's input: {words}",
            _as_b(change(x), pair),
        )


def _lines(pair: InputPair) -> Iterator[str]:
    """The usual pipelines with B's own steps of size, then every way to resize with B's own steps of numbers."""
    steps = [step.strip() for step in pair.preprocess_b.split("|") if step.strip()]
    sizes = [step for step in steps if step.split()[0] in ("resize", "crop")]
    yield from (" | ".join([*sizes, *([line] if line else [])]) for line in ("", *USUAL))
    rest = [step for step in steps if step not in sizes]
    for step in sizes:
        if step.startswith("resize"):
            size = step.split()[1]
            yield from (" | ".join([f"resize {size} {method}", *rest]) for method in RESIZES)


def _changes(channels: int) -> Iterator[Affine]:
    """The usual pipelines and their inverses; those of three channels for colours alone."""
    for change in (*(usual for _, usual in USUAL.values()), *MORE):
        if len(change.offset) not in (1, channels):
            continue
        yield change
        back = change.inverse()
        if back is not None and not back.is_near(change):
            yield back


def _unfed(case: Case) -> Iterator[InputPair]:
    """Without a run: A's inputs, with no numbers."""
    nothing = np.zeros(0)
    ports = {port.name: port for port in case.b.computation.inputs}
    for port in case.a.computation.inputs:
        yield InputPair(a=port, b=ports.get(port.name, port), array_a=nothing, array_b=nothing)


def _as_a(array: Array, pair: InputPair) -> Array | None:
    return as_laid_out(array, pair.array_a.shape)


def _as_b(array: Array, pair: InputPair) -> Array:
    """In B's layout and dtype."""
    moved = as_laid_out(array, pair.array_b.shape)
    return (array if moved is None else moved).astype(pair.array_b.dtype)
