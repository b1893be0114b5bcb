"""
Computes the peak memory of decoding a picture from its header.

Figures are those of Pillow 13 and the libraries in its wheels, as measured by
tests/unit/test_decoding_memory.py; 32 MiB at most come on top, whatever the size.
"""

from __future__ import annotations

import os
import struct
from typing import IO, Any

import PIL.Image

from ..errors import ImageError
from .raw import Raw

MAX_BYTES = 2 << 30  # a quarter of 8 GB: 536 million pixels of a JPEG or an RGB PNG
_RGB = 4  # Pillow keeps three channels in four bytes
_HELD = {"1": 1, "L": 1, "P": 1}  # bytes for each pixel; two of I;16, and four of all else
_BESIDE = {"AVIF": 20, "WEBP": 13, "GIF": 1}  # what the decoder holds, for each pixel


def check_size(size: tuple[int, int], label: str) -> None:
    """Refuse a picture without pixels."""
    if min(size) < 1:
        raise ImageError(f"{label} is empty ({size[0]} x {size[1]} pixels); give one with pixels.")


def check_cost(raw: Raw, label: str, max_bytes: int) -> None:
    """Refuse a picture whose decoding takes more than *max_bytes*."""
    width, height = raw.picture.size
    if (needed := decoding_cost(raw)) > max_bytes:
        what = f"has {width} x {height} pixels, which take {needed:,} bytes of memory"
        raise limit_error(label, what, max_bytes)


def limit_error(label: str, what: str, limit: int) -> ImageError:
    """The error for a picture that is too large because of *what*."""
    return ImageError(
        f"{label} {what}, over the limit of {limit:,}; "
        "make it smaller or raise max_bytes (--max-bytes)."
    )


def decoding_cost(raw: Raw) -> int:
    """Peak memory in bytes until the picture is RGB and upright."""
    picture, pixels = raw.picture, raw.picture.width * raw.picture.height
    waits = _is_undecoded(picture)
    held = pixels * _bytes_per_pixel(picture.mode) if waits else 0
    beside = _extra_bytes(picture) if waits else 0
    converted = 0 if raw.ours and waits and is_plain(picture) and raw.orientation == 1 else _RGB
    return raw.copied + held + max(beside, pixels * converted)


def _is_undecoded(picture: Any) -> bool:
    """Whether the picture is not decoded yet; Pillow does not show it for AVIF and WEBP."""
    return bool(getattr(picture, "tile", ())) or picture.format in {"AVIF", "WEBP"}


def is_plain(picture: PIL.Image.Image) -> bool:
    """Whether the picture is RGB without transparency."""
    return picture.mode == "RGB" and "transparency" not in picture.info


def _bytes_per_pixel(mode: str) -> int:
    return 2 if mode.startswith("I;16") else _HELD.get(mode, 4)


def _extra_bytes(picture: Any) -> int:
    """Bytes that the decoder holds beside the picture."""
    format, bands = picture.format, len(picture.getbands())
    each = _BESIDE.get(format, 0)
    if format == "JPEG2000":
        each = 7 * bands  # whole numbers of four bytes, and what the wavelets need
    elif format in {"JPEG", "MPO"} and _is_progressive(picture):
        each = 2 * bands  # coefficients of two bytes, until the last scan is read
    elif format in {"BMP", "PPM"} and picture.tile[0][0] != "raw":  # these decoders are Python
        each = 2 * bands
    beside: int = picture.width * picture.height * each
    return max(beside, _tiff_cost(picture)) if format == "TIFF" else beside


def _is_progressive(picture: Any) -> bool:
    """Whether a JPEG is progressive, or has scans of some components only."""
    if picture.info.get("progressive") or picture.info.get("progression"):
        return True
    if picture.format == "MPO":  # of several pictures, whose heads have been read
        return False
    place = picture.fp.tell()  # after the head of the first scan, which names its components
    picture.fp.seek(place - 8 - 2 * picture.layers)
    marker = picture.fp.read(2)
    picture.fp.seek(place)
    return bool(marker != b"\xff\xda")


def _tiff_cost(picture: Any) -> int:
    """Bytes of the file and one strip or tile, or of the turned copy, whichever is more."""
    tags = picture.tag_v2
    bits: int = sum(tags.get(258, (1,)))  # of all samples of a pixel
    columns = tags.get(322) or picture.width
    rows = tags.get(323) or min(tags.get(278) or picture.height, picture.height)
    compressed = tags.get(259, 1) != 1
    strip: int = _length(picture.fp) + columns * rows * bits // 8 if compressed else 0
    turned: int = _bytes_per_pixel(picture.mode) if tags.get(274, 1) != 1 else 0
    return max(strip, turned * int(picture.width) * int(picture.height))


def _length(file: IO[bytes]) -> int:
    place = file.tell()
    length = file.seek(0, os.SEEK_END)
    file.seek(place)
    return length


def icon_cost(file: IO[bytes]) -> int:
    """Bytes of the largest picture inside, whose size may differ from the icon's header."""
    file.seek(4)
    (count,) = struct.unpack("<H", file.read(2))
    entries = [file.read(16) for _ in range(count)]
    offsets = {struct.unpack_from("<I", entry, 12)[0] for entry in entries}
    return max((12 * _count_pixels_inside(file, offset) for offset in offsets), default=0)


def _count_pixels_inside(file: IO[bytes], offset: int) -> int:
    """Pixels of the PNG or BMP at *offset*, from its header."""
    file.seek(offset)
    head = file.read(24)
    png = head.startswith(b"\x89PNG")
    width, height = struct.unpack_from(">II" if png else "<ii", head, 16 if png else 4)
    return abs(int(width) * int(height))
