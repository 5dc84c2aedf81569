"""Finding as one types: what must be first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inspector.domain.files import Entry
from inspector.formats.search import Search


def row(path: str, op: str, shape: tuple[int | None, ...] | None = None, dtype: str = "float32") -> Entry:
    return Entry(id=f"node:{path}", name=path.rpartition("/")[2], kind="node", class_name=op, shape=shape,
                 dtype=dtype, tensor=f"{path}:0")  # fmt: skip


ROWS = (
    row("input", "Placeholder", (None, 224, 224, 3)),
    row("block1/conv/kernel", "Const", (3, 3, 3, 32)),
    row("block1/conv/Conv2D", "Conv2D"),
    row("block1/conv_pad/Pad", "Pad"),
    row("block1/Relu6", "Relu6"),
    row("block2/preconv/kernel", "Const", (3, 3, 32, 64), "float16"),
    row("logits/kernel", "Const", (1024, 10)),
    row("conv_3x3x32", "Relu"),
)


class Rows:
    def __init__(self, rows: tuple[Entry, ...]) -> None:
        self._rows = rows

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        return ((entry, ("section:Graph",)) for entry in self._rows)


def found(query: str, limit: int = 200) -> list[str]:
    return [hit.entry.id.removeprefix("node:") for hit in Search(Rows(ROWS)).find(query, limit)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("input", ["input"]),
        ("block1/conv/Conv2D", ["block1/conv/Conv2D"]),
        ("block1/conv/conv2d:0", ["block1/conv/Conv2D"]),  # a tensor's name finds its node
        ("conv2d", ["block1/conv/Conv2D"]),  # an op
        ("3x3x3x32", ["block1/conv/kernel"]),
        ("3×3×3×32", ["block1/conv/kernel"]),  # as the window writes it
        ("?x224x224x3", ["input"]),
        ("*x10", ["logits/kernel"]),
        ("float16", ["block2/preconv/kernel"]),
        ("float1", ["block2/preconv/kernel"]),
        ("kernel 1024x10", ["logits/kernel"]),
        ("kernel block2", ["block2/preconv/kernel"]),
        ("logitz", ["logits/kernel"]),
        ("logitz kernel", ["logits/kernel"]),
        ("blokc2 const", ["block2/preconv/kernel"]),
    ],
)
def test_what_is_found_first(query: str, first: list[str]) -> None:
    assert found(query)[: len(first)] == first


def test_a_whole_part_comes_before_its_beginning_and_that_before_any_other_place() -> None:
    by_name = [path for path in found("conv") if path != "block1/conv/Conv2D"]
    assert by_name == ["block1/conv/kernel", "conv_3x3x32", "block1/conv_pad/Pad", "block2/preconv/kernel"]


def test_a_shape_within_a_shape_and_within_a_name() -> None:
    assert set(found("3x3x32")) == {"block1/conv/kernel", "block2/preconv/kernel", "conv_3x3x32"}


def test_every_word_must_hit() -> None:
    assert found("kernel relu6") == []
    assert found("kernel float16") == ["block2/preconv/kernel"]


def test_a_shape_that_nothing_has_is_not_guessed() -> None:
    assert found("9x9x9") == []


@pytest.mark.parametrize("query", ["", "  ", "zzzzqqq", "(", "[a-", "\\", "*", "a" * 5000])
def test_what_finds_nothing(query: str) -> None:
    assert found(query) == []


def test_an_empty_file_and_no_limit() -> None:
    assert Search(Rows(())).find("x") == []
    assert found("kernel", 0) == []
    assert len(found("kernel", 2)) == 2


def test_a_hit_tells_where_it_stands() -> None:
    [hit] = Search(Rows(ROWS)).find("relu6")
    assert (hit.ancestors, hit.score, hit.entry) == (("section:Graph",), 97.0, ROWS[4])


def test_names_with_line_breaks_stay_one_row() -> None:
    rows = (row("a\nb", "Relu"), row("c", "Relu"))
    assert [hit.entry.name for hit in Search(Rows(rows)).find("c")] == ["c"]
