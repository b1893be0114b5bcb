"""
Reads the EXIF orientation without decoding a pixel.

Pillow's own reader warns about broken blocks, by filters that all threads share, and decodes a
whole PNG to see whether one comes at its end.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from typing import IO, Any

import PIL.Image

_TAG, _SHORT, _LONG = 0x0112, 3, 4
_ORDERS = {b"II": "<", b"MM": ">"}
_MAX_BLOCK = 1 << 20  # bytes of metadata that are read


def read_orientation(picture: PIL.Image.Image, file: IO[bytes] | None = None) -> int:
    """EXIF orientation from 1 to 8; 1 (upright) if it is missing or broken."""
    if picture.format == "TIFF":  # Pillow turns it when decoding, and gives the turned size
        return 1
    try:
        exif = _exif_block(picture.info) or (
            _read_after_pixels(file) if file is not None and picture.format == "PNG" else b""
        )
        found = _read_exif(exif) if exif else None
        found = _read_xmp(picture.info) if found is None else found
    except (struct.error, ValueError, TypeError, AttributeError):
        return 1
    return found if found is not None and 1 <= found <= 8 else 1


def _exif_block(info: Mapping[Any, Any]) -> bytes:
    """The EXIF block of any format; older PNGs have it in hexadecimal digits."""
    if exif := info.get("exif"):
        return bytes(exif[:_MAX_BLOCK])
    lines = str(info.get("Raw profile type exif", ""))[:_MAX_BLOCK].split("\n")[3:]
    return bytes.fromhex("".join(lines))


def _read_after_pixels(file: IO[bytes]) -> bytes:
    """The EXIF block of a PNG, wherever it stands among the chunks."""
    place = file.tell()
    try:
        file.seek(8)
        while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
            length = int.from_bytes(head[:4], "big")
            if head[4:] == b"eXIf":
                return file.read(min(length, _MAX_BLOCK))
            file.seek(length + 4, os.SEEK_CUR)
        return b""
    finally:
        file.seek(place)


def _read_exif(block: bytes) -> int | None:
    while block.startswith(b"Exif\0\0"):
        block = block[6:]
    order = _ORDERS.get(block[:2], "")
    if not order:
        return None
    (start,) = struct.unpack_from(f"{order}I", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, start)
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", block, place)
        if tag == _TAG and kind in {_SHORT, _LONG}:
            value: int = struct.unpack_from(order + "HI"[kind == _LONG], block, place + 8)[0]
            return value
    return None


def _read_xmp(info: Mapping[Any, Any]) -> int | None:
    xmp = info.get("XML:com.adobe.xmp") or info.get("xmp") or b""
    text = xmp if isinstance(xmp, str) else xmp.decode("ascii", "replace")
    _, name, value = text.partition("tiff:Orientation")
    digit = value.removeprefix('="').removeprefix(">")[:1]
    return int(digit) if name and digit.isdecimal() else None
