"""How a number or a name is written for a person: three significant digits, plain text, one line."""

from __future__ import annotations

import math

ELLIPSIS = "…"
#: What turns or breaks the line around it: bidirectional marks and overrides, line and paragraph separators.
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def short(value: float | None) -> str:
    """Three significant digits: `0.0240`, `12.3`, `2.40e-5`; `0`, `NaN`, `∞` and `–` for None."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.2e}".split("e")
    power = int(exponent)
    if -3 <= power < 3:
        return f"{float(f'{value:.2e}'):.{2 - power}f}"
    return f"{mantissa}e{power}"


def full(value: float | None) -> str:
    """Every digit, for the hover text and for copying."""
    return "" if value is None else repr(float(value))


def six_places(value: float) -> str:
    """A cosine: what tells it from 1 stands late in it."""
    return f"{value:.6f}" if math.isfinite(value) else short(value)


def percent(share: float | None) -> str:
    """A share 0..1 as a percentage; what is not quite nothing or all is never rounded to it."""
    if share is None or math.isnan(share):
        return "–"
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    hundred = share * 100
    return "<0.1%" if hundred < 0.1 else ">99.9%" if hundred > 99.9 else f"{hundred:.3g}%"


def shape_text(shape: tuple[int | None, ...]) -> str:
    """A shape as `1x224x224x3`, `?` where unknown, `scalar` for ()."""
    return "x".join("?" if size is None else str(size) for size in shape) or "scalar"


def index_text(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]"


def visible(text: str) -> str:
    """The same text with control characters and bidirectional overrides written as escapes, so that a
    name can neither steer a terminal nor turn its neighbours around."""
    return "".join(_visible_character(character) for character in text)


def paragraph(text: str) -> str:
    """`visible(text)` that keeps its lines."""
    return "\n".join(visible(line) for line in text.splitlines())


def inside(sentence: str) -> str:
    """A sentence as it goes on inside another one; a side's letter stays one."""
    first, _, _ = sentence.partition(" ")
    return sentence if len(first) == 1 else sentence[:1].lower() + sentence[1:]


def capital(text: str) -> str:
    """A sentence with a capital; a name (between backquotes) at its beginning keeps its own letter."""
    return text[:1].upper() + text[1:]


def elided(text: str, limit: int = 48) -> str:
    """`visible(text)` with the middle left out when it is longer than `limit` characters."""
    if len(text) > 4 * limit:  # never walk through five million characters to show forty
        text = text[: 2 * limit] + text[-2 * limit :]
    text = visible(text)
    if len(text) <= limit:
        return text
    start = limit // 2
    return text[:start] + ELLIPSIS + text[len(text) - (limit - start - 1) :]


def _visible_character(character: str) -> str:
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return _ESCAPES.get(character, f"\\x{code:02x}")
    if character in _TURNING or 0xD800 <= code < 0xE000:
        return f"\\u{code:04x}"
    return character
