"""Pictures of every awkward kind: what the pixels become, and what is said about it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.domain.errors import InspectorError
from inspector.session import images
from inspector.session.images import load


def codes(path: Path) -> list[str]:
    return [note.code for note in load(path).notes]


def png(path: Path, width: int, height: int, depth: int, colour: int, rows: bytes) -> Path:
    """A PNG written by hand: Pillow cannot write 16-bit colours."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )  # fmt: skip
    return path


def test_plain_pictures_say_nothing(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    Image.fromarray(rgb).save(tmp_path / "x.png")
    picture = load(tmp_path / "x.png")
    assert np.array_equal(picture.rgb, rgb)
    assert picture.notes == ()
    Image.fromarray(rgb[..., 0]).save(tmp_path / "gray.png")
    assert np.array_equal(load(tmp_path / "gray.png").rgb, np.repeat(rgb[..., :1], 3, -1))
    assert codes(tmp_path / "gray.png") == []


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (2, lambda x: x[:, ::-1]),
        (3, lambda x: x[::-1, ::-1]),
        (4, lambda x: x[::-1]),
        (5, lambda x: x.transpose(1, 0, 2)),
        (6, lambda x: np.rot90(x, -1)),
        (7, lambda x: x.transpose(1, 0, 2)[::-1, ::-1]),
        (8, lambda x: np.rot90(x, 1)),
    ],
)
def test_exif_turn(tmp_path: Path, orientation: int, turned) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "x.png", exif=exif)
    picture = load(tmp_path / "x.png")
    assert np.array_equal(picture.rgb, turned(stored))
    assert [note.code for note in picture.notes] == ["IMAGE_TURNED"]
    assert images.size_of(tmp_path / "x.png") == picture.rgb.shape[:2]


def test_alpha_is_laid_over_white(tmp_path: Path) -> None:
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)
    Image.fromarray(rgba).save(tmp_path / "x.png")
    assert load(tmp_path / "x.png").rgb.tolist() == [[[10, 20, 30], [255, 255, 255], [204, 204, 204]]]
    assert codes(tmp_path / "x.png") == ["IMAGE_ALPHA"]
    Image.fromarray(rgba[..., 2:]).save(tmp_path / "la.png")
    assert load(tmp_path / "la.png").rgb[0, :, 0].tolist() == [30, 255, 204]


def test_palette(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([1, 2, 3, 200, 100, 50])
    image.putdata([0, 1])
    image.save(tmp_path / "x.png")
    assert load(tmp_path / "x.png").rgb.tolist() == [[[1, 2, 3], [200, 100, 50]]]
    assert codes(tmp_path / "x.png") == ["IMAGE_PALETTE"]
    image.save(tmp_path / "clear.png", transparency=1)
    assert load(tmp_path / "clear.png").rgb.tolist() == [[[1, 2, 3], [255, 255, 255]]]
    assert codes(tmp_path / "clear.png") == ["IMAGE_PALETTE", "IMAGE_ALPHA"]


def test_sixteen_bit_gray(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 257, 65535, 32896]], np.uint16)).save(tmp_path / "x.png")
    assert load(tmp_path / "x.png").rgb[0, :, 0].tolist() == [0, 1, 255, 128]
    assert codes(tmp_path / "x.png") == ["IMAGE_16_BIT"]


def test_sixteen_bit_colour(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png", 1, 1, 16, 2, b"\0" + struct.pack(">HHH", 0x1234, 0xFF80, 0x00FF))
    assert load(path).rgb.tolist() == [[[0x12, 0xFF, 0x00]]]
    assert codes(path) == ["IMAGE_16_BIT"]


def test_cmyk(tmp_path: Path) -> None:
    Image.new("CMYK", (2, 2), (0, 255, 255, 0)).save(tmp_path / "x.tif")
    assert load(tmp_path / "x.tif").rgb[0, 0].tolist() == [255, 0, 0]
    assert load(tmp_path / "x.tif").notes[0].text == "x.tif: CMYK converted to RGB"


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (2, 2), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    assert load(tmp_path / "x.gif").rgb[0, 0].tolist() == [255, 0, 0]
    assert "x.gif: the first of 3 frames" in [note.text for note in load(tmp_path / "x.gif").notes]


def test_numbers_without_a_range_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0.5]], np.float32)).save(tmp_path / "x.tif")
    with pytest.raises(InspectorError, match=r"NOT_AN_IMAGE: x.tif holds 32-bit numbers.*Save them as \.npy"):
        load(tmp_path / "x.tif")


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_image_bomb(tmp_path: Path, side: int) -> None:
    path = png(tmp_path / "x.png", side, side, 1, 0, b"")
    with pytest.raises(InspectorError, match="IMAGE_TOO_LARGE") as caught:
        load(path)
    assert "89,478,485 pixels" in caught.value.todo


def test_damaged_pictures(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(tmp_path / "x.png")
    whole = (tmp_path / "x.png").read_bytes()
    for share in range(16):
        (tmp_path / "cut.png").write_bytes(whole[: len(whole) * share // 16])
        with pytest.raises(InspectorError) as caught:
            load(tmp_path / "cut.png")
        assert caught.value.code == "NOT_AN_IMAGE"


def test_postscript_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "x.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
    with pytest.raises(InspectorError, match="NOT_AN_IMAGE"):
        load(tmp_path / "x.eps")


def test_notes_of_many_pictures_are_put_together(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGBA", (1, 1), (0, 0, 0, 0)).save(tmp_path / name)
    notes = [note for path in images.files_of(tmp_path) for note in load(path).notes]
    assert [note.text for note in images.together(notes)] == ["a.png: alpha laid over white (and 2 more)"]
