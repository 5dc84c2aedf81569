"""Pictures as arrays: RGB, 8 bits, upright; every conversion on the way is stated."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn

Rgb = NDArray[np.uint8]
# What is only a picture: EPS would start Ghostscript, other exotic decoders are seldom looked at.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "TGA", "JPEG2000", "MPO", "ICO")
SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm",
    ".tga", ".jp2", ".j2k", ".mpo", ".ico",
)  # fmt: skip
MAX_PIXELS = 89_478_485  # Pillow's own threshold: a quarter of a gigabyte as RGB
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error)
_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)
_TURNS = {
    2: "mirrored", 3: "turned by 180 degrees", 4: "flipped", 5: "turned and mirrored",
    6: "turned by 90 degrees clockwise", 7: "turned and mirrored", 8: "turned by 90 degrees anticlockwise",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """One image file as (rows, columns, 3) uint8 RGB, and what was done to it."""

    path: Path
    rgb: Rgb
    notes: tuple[Warn, ...]


def load(path: Path) -> Picture:
    """Reads one image. The EXIF turn is applied; alpha is laid over white; the first frame of an
    animation is taken; palettes, gray, CMYK and others become RGB; 16 bits become 8.

    Raises InspectorError NOT_AN_IMAGE, IMAGE_TOO_LARGE, NO_PERMISSION."""
    with _opened(path) as image:
        return _picture(path, image)


def size_of(path: Path) -> tuple[int, int]:
    """Rows and columns of the upright image, from its header. Raises as `load`."""
    with _opened(path) as image:
        turned = image.getexif().get(_ORIENTATION, 1) in _SIDEWAYS
        return (image.width, image.height) if turned else (image.height, image.width)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The image, its pixels counted; whatever the decoder raises becomes an InspectorError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _too_large(path, f"{image.width}x{image.height} pixels")
                yield image
    except Image.DecompressionBombError as error:
        raise _too_large(path, "more pixels than can be held") from error
    except UnidentifiedImageError as error:
        raise _not_an_image(path, "it is in no image format that is read here") from error
    except PermissionError as error:
        raise InspectorError("NO_PERMISSION", f"{path.name} may not be read", where=str(path)) from error
    except _BROKEN as error:
        raise _not_an_image(path, f"it is damaged ({error})") from error


def files_of(folder: Path) -> tuple[Path, ...]:
    """The image files of a folder by name, hidden ones and other files left aside.

    Raises InspectorError NOT_AN_IMAGE when there are none, NO_PERMISSION."""
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except PermissionError as error:
        raise InspectorError("NO_PERMISSION", f"{folder} may not be read", where=str(folder)) from error
    files = tuple(path for path in found if path.is_file() and not path.name.startswith("."))
    if not files:
        raise InspectorError(
            "NOT_AN_IMAGE", "the folder holds no images", where=str(folder),
            todo=f"Images end in {', '.join(SUFFIXES[:6])} and the like.",
        )  # fmt: skip
    return files


def together(notes: list[Warn]) -> tuple[Warn, ...]:
    """One note for each code: the first text, and how many more images it is true of."""
    texts: dict[str, list[str]] = {}
    for note in notes:
        texts.setdefault(note.code, []).append(note.text)
    return tuple(
        Warn(code, found[0] + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""))
        for code, found in texts.items()
    )


def _picture(path: Path, image: Image.Image) -> Picture:
    notes = list(_first_frame(path, image))
    deep = _is_deep(image)
    upright, turn = _upright(image)
    notes += [Warn("IMAGE_TURNED", f"{path.name}: {turn}, as its EXIF data asks")] if turn else []
    rgb, more = _to_rgb(path, upright, deep=deep)
    return Picture(path, np.array(rgb, np.uint8), (*notes, *more))


def _first_frame(path: Path, image: Image.Image) -> Iterator[Warn]:
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        yield Warn("IMAGE_FIRST_FRAME", f"{path.name}: the first of {frames} frames")


def _is_deep(image: Image.Image) -> bool:
    """Whether Pillow is about to cut 16 bits of each colour to 8 (it says so in the raw mode only)."""
    tiles = getattr(image, "tile", [])
    return image.mode in ("RGB", "RGBA", "LA") and any(";16" in str(tile[3]) for tile in tiles)


def _upright(image: Image.Image) -> tuple[Image.Image, str]:
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1), "")
    return (ImageOps.exif_transpose(image), turn) if turn else (image, "")


def _to_rgb(path: Path, image: Image.Image, *, deep: bool) -> tuple[Image.Image, tuple[Warn, ...]]:
    notes, name = [], path.name
    if deep:
        notes.append(Warn("IMAGE_16_BIT", f"{name}: 16 bits cut to the upper 8"))
    if image.mode.startswith(("I", "F")):
        notes.append(Warn("IMAGE_16_BIT", f"{name}: 16 bits scaled to 8 (divided by 257)"))
        image = _sixteen_bit(path, image)
    if image.mode in ("P", "PA"):
        notes.append(Warn("IMAGE_PALETTE", f"{name}: palette expanded to RGB"))
    if image.has_transparency_data:
        notes.append(Warn("IMAGE_ALPHA", f"{name}: alpha laid over white"))
        image = _over_white(image)
    elif image.mode not in ("RGB", "L", "P", "PA", "1"):
        notes.append(Warn("IMAGE_CONVERTED", f"{name}: {image.mode} converted to RGB"))
    return image.convert("RGB"), tuple(notes)


def _sixteen_bit(path: Path, image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if values.dtype.kind == "f" or values.min(initial=0) < 0 or values.max(initial=0) > 65535:
        raise InspectorError(
            "NOT_AN_IMAGE", f"{path.name} holds 32-bit numbers, which have no agreed range", where=str(path),
            todo="Save them as .npy.",
        )  # fmt: skip
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _over_white(image: Image.Image) -> Image.Image:
    colours = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)


def _not_an_image(path: Path, why: str) -> InspectorError:
    return InspectorError(
        "NOT_AN_IMAGE", f"{path.name} is not an image: {why}", where=str(path),
        todo="Give an image, a folder of images, .npy, .npz, .csv or file.h5#/path.",
    )  # fmt: skip


def _too_large(path: Path, how: str) -> InspectorError:
    return InspectorError(
        "IMAGE_TOO_LARGE", f"{path.name} has {how}", where=str(path),
        todo=f"Images of up to {MAX_PIXELS:,} pixels are read; make it smaller.",
    )  # fmt: skip
