"""Words of one's own: from `.npy`, `.npz` and `.csv`, objects without unpickling anything."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from feeding import one, port, refused

from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.session import arrays
from inspector.session.sources import load
from inspector.session.specs import parse

WORDS = [["ä", "b"], ["b", "zz"], ["ä", "ä"]]
ENCODED = [[word.encode("utf-8") for word in row] for row in WORDS]


class Touching:
    """Pickles as a call that makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("kind", ["U", "S", "O"])
def test_an_array_of_words_comes_as_bytes(tmp_path: Path, kind: str) -> None:
    words = np.array(WORDS, object)
    if kind == "U":
        words = np.array(WORDS)
    elif kind == "S":
        words = np.array(ENCODED)
    np.save(tmp_path / "x.npy", words, allow_pickle=True)
    np.savez(tmp_path / "x.npz", text=words, other=np.ones(3))
    assert arrays.load_npy(tmp_path / "x.npy").tolist() == ENCODED
    assert arrays.load_npz(tmp_path / "x.npz", ("text",), 0, 1).tolist() == ENCODED
    assert arrays.load_npy(tmp_path / "x.npy").dtype.kind == "S"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_objects_of_any_protocol_in_either_order(tmp_path: Path, protocol: int) -> None:
    for order in ("C", "F"):
        words = np.array(WORDS, object, order=order)
        with (tmp_path / "x.npy").open("wb") as file:
            header = {"descr": "|O", "fortran_order": order == "F", "shape": words.shape}
            np.lib.format.write_array_header_1_0(file, header)
            pickle.dump(words, file, protocol=protocol)
        assert np.load(tmp_path / "x.npy", allow_pickle=True).tolist() == WORDS
        assert arrays.load_npy(tmp_path / "x.npy").tolist() == ENCODED


def test_objects_are_never_made(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([Touching(tmp_path / "made")], object), allow_pickle=True)
    with pytest.raises(InspectorError) as raised:
        arrays.load_npy(tmp_path / "x.npy")
    assert raised.value.code == "NOT_AN_ARRAY"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("item", [1, None, 2.5, ["a"], {"a": "b"}])
def test_objects_that_are_no_text_are_refused(tmp_path: Path, item: object) -> None:
    array = np.empty(2, object)
    array[0], array[1] = "a", item
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    with pytest.raises(InspectorError) as raised:
        arrays.load_npy(tmp_path / "x.npy")
    assert raised.value.code == "NOT_AN_ARRAY"


@pytest.mark.parametrize("cut", [90, 130, 150])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    np.save(tmp_path / "x.npy", np.array(WORDS, object), allow_pickle=True)
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:cut])
    with pytest.raises(InspectorError) as raised:
        arrays.load_npy(tmp_path / "x.npy")
    assert raised.value.code == "NOT_AN_ARRAY"


@pytest.mark.parametrize(
    ("text", "shape", "wanted"),
    [
        ("a,b\nz,a\n", (None, 2), [[b"a", b"b"], [b"z", b"a"]]),
        ("a;b\nz;a\n", (None, None), [[b"a", b"b"], [b"z", b"a"]]),
        ("good, film\nbad\n", (None, 1), [[b"good, film"], [b"bad"]]),
        ("good, film\nbad\n", (None,), [b"good, film", b"bad"]),
        ('"good, film"\nbad\n', (None,), [b"good, film", b"bad"]),
        ("1\n2\n", (None,), [b"1", b"2"]),
    ],
)
def test_a_table_of_words(
    tmp_path: Path, text: str, shape: tuple[int | None, ...], wanted: list[bytes] | list[list[bytes]]
) -> None:
    (tmp_path / "x.csv").write_text(text)
    port = Port(name="text", tensor="text", shape=shape, dtype="string")
    found = load((parse(str(tmp_path / "x.csv")),), ((port, port),), lambda _path, _name: np.zeros(1))
    assert found[0].array is not None
    assert found[0].array.tolist() == wanted


TEXT = Port(name="words", tensor="words:0", shape=(None, 1), dtype="string")
PAIRS = Port(name="pairs", tensor="pairs:0", shape=(None, 2), dtype="string")
FLAT = Port(name="flat", tensor="flat:0", shape=(None,), dtype="string")


@pytest.mark.parametrize(
    ("typed", "taking", "fed"),
    [
        ("text:good film|bad = film", TEXT, [[b"good film"], [b"bad = film"]]),
        ("words=text: ä |b", TEXT, [["ä".encode()], [b"b"]]),
        ("text:a|b|c|d", PAIRS, [[b"a", b"b"], [b"c", b"d"]]),
        ("text:a|b", FLAT, [b"a", b"b"]),
        ("text:", TEXT, [[b""]]),
    ],
)
def test_words_that_are_typed(typed: str, taking: Port, fed: list) -> None:
    prepared = one(typed, taking)
    assert prepared.array_a.tolist() == fed
    assert prepared.array_a.tolist() == prepared.array_b.tolist()
    assert prepared.used.spec == typed


def test_words_for_an_input_of_numbers_are_refused() -> None:
    assert refused("text:good film", port("image", (None, 4))).startswith("WRONG_DTYPE")
