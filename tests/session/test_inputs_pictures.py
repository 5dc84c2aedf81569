"""Pipelines and pictures as each side receives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from feeding import FIRST, IMAGE, X, codes, one, port, prepare, refused
from PIL import Image


class TestPipelines:
    def test_each_side_has_its_own(self, tmp_path: Path) -> None:
        x = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3)).astype(np.uint8)
        np.save(tmp_path / "x.npy", x)
        p = one(str(tmp_path / "x.npy"), IMAGE, FIRST, preprocess_a="scale 1/255", preprocess_b="caffe | nchw")
        assert np.array_equal(p.array_a, x.astype(np.float32) / np.float32(255))
        mean = np.float32([103.939, 116.779, 123.68])
        assert np.array_equal(p.array_b, (x[..., ::-1].astype(np.float32) - mean).transpose(0, 3, 1, 2))
        assert (p.used.preprocess_a, p.used.preprocess_b, p.notes) == ("scale 1/255", "caffe | nchw", ())
        assert np.array_equal(p.raw, x)

    def test_drawn_numbers_take_a_pipeline_too(self) -> None:
        p = one("ones", IMAGE, preprocess_a="scale 3", preprocess_b="scale 5")
        assert (p.used.stats_a[0], p.used.stats_b[0]) == (3, 5)
        assert one("random:0", FIRST, preprocess_a="nchw", preprocess_b="nchw").array_a.shape == (1, 3, 6, 8)

    def test_of_several_inputs_ids_and_vectors_have_none(self) -> None:
        ids = port("ids", (None, 4), "int32", 9)
        picture, number, vector = prepare("ones", [IMAGE, ids, X], preprocess_a="flip | scale 3")
        assert picture.used.stats_a[0] == 3
        assert (number.used.stats_a[0], vector.used.stats_a[0]) == (1, 1)
        assert (number.used.preprocess_a, vector.used.preprocess_a) == ("", "")

    def test_a_resize_makes_the_size(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.ones((12, 16, 3), np.float32))
        p = one(str(tmp_path / "x.npy"), IMAGE, preprocess_a="resize 8x6", preprocess_b="resize 8x6 area")
        assert p.array_a.shape == p.array_b.shape == (1, 6, 8, 3)
        message = refused(str(tmp_path / "x.npy"), IMAGE, preprocess_a="resize 6x8")
        assert message.startswith("WRONG_SHAPE: input `image` of A takes [?, 6, 8, 3], and [1, 8, 6, 3] came")

    def test_a_bad_line_is_refused(self) -> None:
        assert refused("zeros", X, preprocess_b="skale 3").startswith("BAD_PIPELINE: step 1, `skale 3`, is not known")


class TestPictures:
    @pytest.fixture
    def photo(self, tmp_path: Path) -> Path:
        rgb = np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(rgb).save(tmp_path / "photo.png")
        return tmp_path / "photo.png"

    def test_a_picture_is_fed_as_it_is(self, photo: Path) -> None:
        rgb = np.asarray(Image.open(photo))
        p = one(str(photo), IMAGE, FIRST)
        assert np.array_equal(p.array_a[0], rgb.astype(np.float32))
        assert np.array_equal(p.array_b[0], rgb.transpose(2, 0, 1).astype(np.float32))
        assert np.array_equal(p.raw[0], rgb)
        assert p.used.preprocess_b == "nchw"
        assert p.notes == ()

    def test_another_size_is_resized_and_said(self, photo: Path) -> None:
        p = one(str(photo), port("x", (None, 3, 4, 3)), port("x", (None, None, None, 3)), preprocess_a="scale 1/255")
        small = np.asarray(Image.open(photo).resize((4, 3), Image.BILINEAR)).astype(np.float32)
        assert np.array_equal(p.array_b[0], small)
        assert np.array_equal(p.array_a[0], small / np.float32(255))
        assert p.used.preprocess_a == "resize 4x3 bilinear | scale 1/255"
        assert codes(p) == ["IMAGE_RESIZED", "IMAGE_RESIZED"]
        assert "8x6 resized to 4x3 for A (bilinear, as Pillow does)" in p.notes[0].text

    @pytest.mark.parametrize(
        "shape", [(None, 6, 8, 1), (None, 1, 6, 8), (None, 6, 8), (None, 48)], ids=["last", "first", "none", "flat"]
    )
    def test_gray_models_get_gray(self, photo: Path, shape) -> None:
        p = one(str(photo), port("x", shape))
        gray = np.asarray(Image.open(photo).convert("L")).astype(np.float32)
        assert np.array_equal(p.array_a.reshape(6, 8), gray)
        assert p.array_a.shape == (1, *shape[1:])
        assert "IMAGE_GRAY" in codes(p)

    def test_the_persons_own_resize_is_taken(self, photo: Path) -> None:
        p = one(str(photo), port("x", (None, 3, 4, 3)), preprocess_a="resize 4x3 nearest", preprocess_b="crop 4x3")
        assert np.array_equal(p.array_b[0], np.asarray(Image.open(photo))[1:4, 2:6])
        assert p.notes == ()

    def test_a_folder_is_one_batch_by_name(self, tmp_path: Path) -> None:
        for name, level, size in (("b.png", 20, (8, 6)), ("a.jpg", 200, (16, 12)), (".c.png", 1, (8, 6))):
            Image.new("RGB", size, (level,) * 3).save(tmp_path / name)
        (tmp_path / "notes.txt").write_text("no picture")
        p = one(str(tmp_path), IMAGE)
        assert p.array_a.shape == (2, 6, 8, 3)
        assert p.array_a.mean(axis=(1, 2, 3)).tolist() == [200, 20]
        p = one(str(tmp_path), port("x", (None, None, None, 3)))
        assert p.array_a.shape == (2, 12, 16, 3)
        assert "pictures of several sizes resized to 16x12" in p.notes[0].text
        assert one(str(tmp_path), IMAGE, batch=1).array_a.mean() == 200
        assert one(str(tmp_path), IMAGE, batch=3).array_a.mean(axis=(1, 2, 3)).tolist() == [200, 20, 200]

    def test_what_is_no_picture(self, tmp_path: Path) -> None:
        (tmp_path / "x.png").write_text("<html>")
        assert refused(str(tmp_path / "x.png"), IMAGE).startswith("NOT_AN_IMAGE: x.png is not an image")
        (tmp_path / "empty").mkdir()
        assert "NOT_AN_IMAGE: the folder holds no images" in refused(str(tmp_path / "empty"), IMAGE)

    def test_a_picture_for_a_model_that_takes_none(self, photo: Path) -> None:
        assert refused(str(photo), X).startswith("WRONG_SHAPE: input `x` of A takes [?, 4], and [1, 6, 8, 3] came")
