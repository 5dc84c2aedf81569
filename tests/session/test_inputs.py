"""From specs to fed arrays, as seen from outside: what each side receives, and what is refused before a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from feeding import FIRST, IMAGE, X, codes, one, port, prepare, refused
from hypothesis import given, settings
from hypothesis import strategies as st

_KNOWN = st.lists(st.booleans(), min_size=5, max_size=5)


class TestDrawn:
    def test_random_is_the_same_everywhere(self) -> None:
        """The bits of PCG64 seeded with (seed, input), as the top 53 bits of each word over 2**53."""
        p = one("random:7", X, batch=2)
        words = np.random.PCG64(np.random.SeedSequence([7, 0])).random_raw(8)
        expected = np.array([int(word) >> 11 for word in words]) / 2.0**53
        assert np.array_equal(p.array_a, expected.astype(np.float32).reshape(2, 4))
        assert p.array_a[0].tolist() == pytest.approx([0.62509549, 0.89721382, 0.77568567, 0.22520719], rel=1e-6)
        assert np.array_equal(p.array_a, p.array_b)
        assert (p.array_a.dtype, p.used.spec, p.notes) == (np.float32, "random:7", ())

    def test_a_larger_batch_starts_with_the_smaller_one(self) -> None:
        assert np.array_equal(one("random:1", X, batch=5).array_a[:2], one("random:1", X, batch=2).array_a)

    def test_seeds_and_inputs_differ(self) -> None:
        p, q = prepare("random:3", [X, port("y", (None, 4))])
        assert not np.array_equal(p.array_a, q.array_a)
        assert not np.array_equal(p.array_a, one("random:4", X).array_a)
        assert np.array_equal(one("random", X).array_a, one("random:0", X).array_a)

    def test_range(self) -> None:
        p = one("random:0", port("x", (None, 1000)), low=-3.0, high=5.0)
        low, high, mean, deviation = p.used.stats_a
        assert -3 <= low < -2.9
        assert 4.9 < high < 5
        assert mean == pytest.approx(1, abs=0.3)
        assert deviation == pytest.approx(8 / 12**0.5, abs=0.15)
        assert "BAD_RANGE: no number lies between 2.0 and 1.0" in refused("random:0", X, low=2.0)

    def test_zeros_and_ones(self) -> None:
        assert one("zeros", X).array_a.tolist() == [[0, 0, 0, 0]]
        assert one("ones", port("x", (2, 2), "int32")).array_b.tolist() == [[1, 1], [1, 1]]

    def test_ids_stay_within_the_vocabulary_that_either_side_knows(self) -> None:
        p = one("random:0", port("x", (None, 500), "float32", 40), port("x", (None, 500), "int32"))
        assert (p.array_a.dtype, p.array_b.dtype) == (np.float32, np.int32)
        assert set(p.array_b.ravel().tolist()) == set(range(40))
        assert np.array_equal(p.array_a, p.array_b)
        assert p.notes == ()
        some = one("random:0", port("x", (None, 500), "int64", 40), low=5.0, high=60.0)
        assert set(some.array_a.ravel().tolist()) == set(range(5, 40))

    def test_whole_numbers_of_unknown_range_are_zero_and_one_and_said_so(self) -> None:
        p = one("random:0", port("x", (None, 50), "int32"))
        assert set(p.array_a.ravel().tolist()) == {0, 1}
        assert codes(p) == ["INPUT_RANGE_CHOSEN"]
        q = one("random:0", port("x", (None, 500), "int32"), low=-2.0, high=3.0)
        assert set(q.array_a.ravel().tolist()) == set(range(-2, 4))
        assert q.notes == ()

    def test_bytes_of_images_and_truth_values(self) -> None:
        assert one("random:0", port("x", (None, 20, 20, 3), "uint8")).used.stats_a[1] > 200
        assert one("random:0", port("x", (None, 50), "bool")).array_a.dtype == bool

    def test_unknown_dimensions_are_chosen_and_said_so(self) -> None:
        p = one("random:0", port("x", (None, None, None, 3)))
        assert (p.array_a.shape, codes(p)) == ((1, 96, 96, 3), ["INPUT_SIZE_CHOSEN"])
        assert "x leaves [?, ?, ?, 3] open: [1, 96, 96, 3] was chosen" in p.notes[0].text
        assert one("random:0", port("x", (None, None, 5))).array_a.shape == (1, 8, 5)
        p = one("random:0", port("x", (None, None, None, 3)), size=(32, 48), batch=2)
        assert (p.array_a.shape, p.notes) == ((2, 32, 48, 3), ())

    def test_what_one_side_knows_serves_both(self) -> None:
        p = one("random:0", port("x", (None, None, 3)), port("x", (2, 7, None)))
        assert (p.array_a.shape, p.array_b.shape, p.notes) == ((2, 7, 3), (2, 7, 3), ())
        assert one("random:0", port("x", None), port("x", (None, 3))).array_a.shape == (1, 3)
        assert "neither side knows the shape of `x`" in refused("random:0", port("x", None))

    def test_a_fixed_batch_wins_and_is_said(self) -> None:
        p = one("random:0", X, port("x", (3, 4)), batch=2)
        assert (p.array_a.shape, codes(p)) == ((3, 4), ["INPUT_BATCH_FIXED"])
        assert "A takes batches of 2 and B batches of 3" in refused("random", port("x", (2, 4)), port("x", (3, 4)))

    def test_a_scalar_input(self) -> None:
        assert one("ones", port("keep", ())).array_a.shape == ()

    def test_channels_are_turned_between_the_sides(self) -> None:
        p = one("random:0", IMAGE, FIRST)
        assert np.array_equal(p.array_b, p.array_a.transpose(0, 3, 1, 2))
        assert codes(p) == ["INPUT_TRANSPOSED"]
        assert "`image` of B: [1, 6, 8, 3] fed as [1, 3, 6, 8], channels brought first" in p.notes[0].text

    def test_one_side_is_flat(self) -> None:
        p = one("random:0", port("x", (None, 2, 3, 1)), port("x", (None, 6)))
        assert np.array_equal(p.array_b, p.array_a.reshape(1, 6))
        assert codes(p) == ["INPUT_RESHAPED"]
        assert refused("ones", port("x", (None, 2, 6)), port("x", (None, 3, 4))).startswith("WRONG_SHAPE")

    def test_sides_that_cannot_take_the_same(self) -> None:
        message = refused("random:0", port("x", (None, 4)), port("y", (None, 5)))
        assert message.startswith("WRONG_SHAPE: A's `x` takes [?, 4] and B's `y` [?, 5]")

    def test_text_is_drawn_too_the_same_for_a_seed(self) -> None:
        text = port("x", (None, 2), "string")
        one, other = (prepare(("random:3",), [text], [text], batch=2)[0].array_a for _ in range(2))
        assert (one.shape, one.dtype.kind) == ((2, 2), "S")
        assert one.tolist() == other.tolist()
        assert prepare(("zeros",), [text], [text])[0].array_b.tolist() == [[b"", b""]]

    def test_a_resource_is_no_input(self) -> None:
        assert "WRONG_DTYPE: input `x` takes resource, not numbers" in refused("zeros", port("x", (None,), "resource"))


class TestSpecs:
    def test_by_name_on_either_side_and_by_order(self) -> None:
        a, b = [X, port("y", (None, 2))], [port("in_1", (None, 4)), port("in_2", (None, 2))]
        p, q = prepare(("ones", "in_1=zeros"), a, b)
        assert (p.used.stats_a[1], q.used.stats_a[1]) == (0, 1)
        assert (p.name_a, p.name_b, p.tensor_b) == ("x", "in_1", "in_1:0")
        p, q = prepare(("y:0=ones", "x=zeros"), a, b)
        assert (p.used.stats_a[1], q.used.stats_a[1]) == (0, 1)
        p, q = prepare(("ones", "zeros"), a, b)
        assert (p.used.stats_a[1], q.used.stats_a[1]) == (1, 0)

    @pytest.mark.parametrize(
        ("specs", "text"),
        [
            (("z=zeros",), "INPUT_UNKNOWN: no input is called `z`. The inputs are x, image."),
            (("imag=zeros",), "Did you mean `image`?"),
            (("x=zeros", "x:0=ones"), "INPUT_TWICE: `x=zeros` and `x:0=ones` are for the same input"),
            (("ones", "ones", "ones"), "INPUT_MISSING: 3 unnamed input(s) given for 2"),
            (("x=ones",), "INPUT_MISSING: 0 unnamed input(s) given for 1: image"),
            (("random:x",), "BAD_INPUT: `random:x` is not an input"),
            (("",), "BAD_INPUT"),
            (("/nowhere/cat.png", "ones"), "NOT_FOUND: there is no input `/nowhere/cat.png`"),
        ],
    )
    def test_refusals(self, specs, text: str) -> None:
        assert text in refused(specs, [X, IMAGE])

    def test_no_spec_is_random(self) -> None:
        assert one((), X).used.spec == "random:0"

    def test_a_file_with_an_equals_sign_in_its_name(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a=b.npy", np.ones((1, 4), np.float32))
        assert one(str(tmp_path / "a=b.npy"), X).used.stats_a[1] == 1
        assert one(f"x={tmp_path}/a=b.npy", X).used.stats_a[1] == 1


class TestArrays:
    def test_npy_goes_to_both_sides_as_it_is(self, tmp_path: Path) -> None:
        x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
        np.save(tmp_path / "x.npy", x)
        p = one(str(tmp_path / "x.npy"), X)
        assert np.array_equal(p.array_a, x)
        assert np.array_equal(p.array_b, x)
        y = x.astype(np.float64)
        assert p.used.stats_b == pytest.approx((y.min(), y.max(), y.mean(), y.std()))
        assert (p.used.shape_a, p.used.dtype_a, p.notes) == ((3, 4), "float32", ())

    def test_dtype_of_each_side(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.array([[1, 2, 3, 4]], np.int64))
        p = one(str(tmp_path / "x.npy"), port("x", (None, 4), "float16"), port("x", (None, 4), "bfloat16"))
        assert (p.array_a.dtype, p.array_b.dtype) == (np.float16, np.float32)

    def test_wrong_shape_says_what_is_expected_where_and_what_came(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.zeros((3, 5)))
        message = refused(str(tmp_path / "x.npy"), port("x", None), port("y", (None, 4)))
        assert message.startswith("WRONG_SHAPE: input `y` of B takes [?, 4], and [3, 5] came")

    def test_steps_and_units_are_not_turned_unless_the_sides_differ_in_that(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.arange(6.0).reshape(1, 2, 3))
        assert refused(str(tmp_path / "x.npy"), port("x", (None, 3, 2))).startswith("WRONG_SHAPE")
        p = one(str(tmp_path / "x.npy"), port("x", (None, 2, 3)), port("x", (None, 3, 2)))
        assert p.array_b.tolist() == [[[0, 3], [1, 4], [2, 5]]]

    def test_fractions_for_ids_are_refused(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.array([[0.5, 1, 2, 3]]))
        message = refused(str(tmp_path / "x.npy"), port("x", (None, 4), "int32"))
        assert message.startswith("WRONG_DTYPE: input `x` of A takes int32, and fractions came (float64)")
        np.save(tmp_path / "x.npy", np.array([[0, 1, 2, 300]]))
        message = refused(str(tmp_path / "x.npy"), port("x", (None, 4), "uint8"))
        assert "numbers outside 0..255 came" in message

    def test_ids_outside_the_vocabulary_are_said(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.array([[0, 1, 2, 40]]))
        p = one(str(tmp_path / "x.npy"), port("x", (None, 4), "int32", 40), port("x", (None, 4), "int32"))
        assert [note.text.split(":")[0] for note in p.notes] == ["input `x` of A holds ids outside 0..39"]

    def test_nan_is_allowed_and_said(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.array([[np.nan, np.inf, 1, 2]], np.float32))
        p = one(str(tmp_path / "x.npy"), X)
        assert codes(p) == ["INPUT_HAS_NAN"]
        assert "1 NaN and 1 infinite" in p.notes[0].text
        assert np.isnan(p.array_b[0, 0])

    def test_overflow_is_said(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.array([[1e6, 1, 1, 1]], np.float32))
        p = one(str(tmp_path / "x.npy"), port("x", (None, 4), "float16"), X)
        assert "1 numbers are too large for float16" in p.notes[0].text

    def test_one_sample_without_its_axis(self, tmp_path: Path) -> None:
        picture = np.random.default_rng(0).normal(size=(6, 8, 3)).astype(np.float32)
        np.save(tmp_path / "x.npy", picture)
        p = one(str(tmp_path / "x.npy"), IMAGE, FIRST)
        assert np.array_equal(p.array_a, picture[np.newaxis])
        assert np.array_equal(p.array_b[0], picture.transpose(2, 0, 1))
        assert codes(p) == ["INPUT_RESHAPED", "INPUT_TRANSPOSED"]

    def test_gray_pictures_without_a_channel(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.ones((5, 6, 8), np.float32))
        assert one(str(tmp_path / "x.npy"), port("x", (None, 6, 8, 1))).array_a.shape == (5, 6, 8, 1)

    def test_npz_by_name_by_order_or_the_only_one(self, tmp_path: Path) -> None:
        y = port("y", (None, 2))
        np.savez(tmp_path / "named.npz", y=np.full((1, 2), 2.0), x=np.full((1, 4), 1.0))
        p, q = prepare(str(tmp_path / "named.npz"), [X, y])
        assert (p.used.stats_a[0], q.used.stats_a[0]) == (1, 2)
        np.savez(tmp_path / "order.npz", np.full((1, 4), 3.0), np.full((1, 2), 4.0))
        p, q = prepare(str(tmp_path / "order.npz"), [X, y])
        assert (p.used.stats_a[0], q.used.stats_a[0]) == (3, 4)
        np.savez_compressed(tmp_path / "only.npz", anything=np.full((1, 4), 5.0))
        assert one(str(tmp_path / "only.npz"), X).used.stats_a[0] == 5
        assert "The file holds y, x" in refused(str(tmp_path / "named.npz"), port("other", (None, 4)))

    def test_csv(self, tmp_path: Path) -> None:
        (tmp_path / "x.csv").write_text("\ufeffa;b;c;d\n1;2;3;4\n\n5;6;7;8e-1\n", encoding="utf-8")
        assert one(str(tmp_path / "x.csv"), X).array_a.tolist() == [[1, 2, 3, 4], [5, 6, 7, np.float32(0.8)]]
        (tmp_path / "y.csv").write_text("1,2,3,4,5,6\n")
        p = one(str(tmp_path / "y.csv"), port("x", (None, 2, 3, 1)))
        assert (p.array_a[0, 1, 2, 0], codes(p)) == (6, ["INPUT_RESHAPED"])

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("1,2\n3,x\n", "line 2, column 2: `x`"),
            ("1,2\n3\n", "line 2 has 1 columns, the first has 2"),
            ("a,b\n", "there are no numbers in it"),
            ("", "there are no numbers in it"),
        ],
    )
    def test_bad_tables(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "x.csv").write_text(text)
        assert f"BAD_TABLE: x.csv: {message}" in refused(str(tmp_path / "x.csv"), X)

    def test_hdf5_is_read_by_somebody_else(self, tmp_path: Path) -> None:
        def read(path: Path, dataset: str):
            assert (path, dataset) == (tmp_path / "f.h5", "/group/x")
            return np.ones((2, 4))

        assert one(f"{tmp_path}/f.h5#/group/x", X, read=read).array_a.shape == (2, 4)
        (tmp_path / "f.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
        assert "Name one: f.h5#/path" in refused(str(tmp_path / "f.h5"), X)

    def test_never_a_pickle(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.array([{}], object), allow_pickle=True)
        assert refused(str(tmp_path / "x.npy"), X).startswith("NOT_AN_ARRAY")
        np.savez(tmp_path / "x.npz", np.array([{}], object), allow_pickle=True)
        assert refused(str(tmp_path / "x.npz"), X).startswith("NOT_AN_ARRAY")

    def test_damaged_arrays(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.zeros((100, 4)))
        whole = (tmp_path / "x.npy").read_bytes()
        for name, content in (("a.npy", whole[:200]), ("b.npy", whole[:50]), ("c.npz", b"PK\x03\x04 nonsense")):
            (tmp_path / name).write_bytes(content)
            assert refused(str(tmp_path / name), X).startswith("NOT_AN_ARRAY"), name

    def test_a_header_that_promises_too_much(self, tmp_path: Path) -> None:
        import io
        import zipfile

        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
        with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
            archive.writestr("x.npy", header.getvalue() + b"\0" * 80)
        assert "x says shape [1099511627776] and holds only" in refused(str(tmp_path / "x.npz"), X)

    def test_pipes_are_not_opened(self, tmp_path: Path) -> None:
        import os

        os.mkfifo(tmp_path / "pipe")
        assert refused(str(tmp_path / "pipe"), X).startswith("NOT_A_FILE")

    def test_batch_cuts_and_repeats(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.arange(12.0).reshape(3, 4))
        p = one(str(tmp_path / "x.npy"), X, batch=2)
        assert (p.array_a[:, 0].tolist(), codes(p)) == ([0, 4], ["INPUT_BATCH"])
        p = one(str(tmp_path / "x.npy"), X, port("x", (5, 4)))
        assert p.array_b[:, 0].tolist() == [0, 4, 8, 0, 4]
        p = one(str(tmp_path / "x.npy"), X, preprocess_b="batch 1")
        assert p.array_a.shape == p.array_b.shape == (1, 4)

    def test_several_inputs_have_as_many_samples(self, tmp_path: Path) -> None:
        np.save(tmp_path / "three.npy", np.ones((3, 4)))
        np.save(tmp_path / "two.npy", np.ones((2, 4)))
        np.save(tmp_path / "one.npy", np.ones((1, 4)))
        y = port("y", (None, 4))
        for other in ("random:0", f"{tmp_path}/one.npy"):
            p, q = prepare((f"{tmp_path}/three.npy", other), [X, y])
            assert p.array_a.shape == q.array_a.shape == (3, 4)
        message = refused((f"{tmp_path}/three.npy", f"{tmp_path}/two.npy"), [X, y])
        assert "WRONG_SHAPE: input `y` has 2 samples and another has 3" in message


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_is_drawn_fits_both_sides(data: st.DataObject) -> None:
    """However much of a shape each side leaves open, both get the same numbers in a shape they take."""
    whole = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    a, b = (
        tuple(length if known else None for length, known in zip(whole, data.draw(_KNOWN), strict=False))
        for _ in range(2)
    )
    p = one(data.draw(st.sampled_from(["random:5", "zeros", "ones"])), port("x", a), port("x", b))
    for array, wanted in ((p.array_a, a), (p.array_b, b)):
        assert array.ndim == len(wanted)
        assert all(want in (None, got) for got, want in zip(array.shape, wanted, strict=True))
    assert np.array_equal(np.sort(p.array_a, axis=None), np.sort(p.array_b, axis=None))
