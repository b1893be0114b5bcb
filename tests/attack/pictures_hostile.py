"""Files that are made to hurt whoever opens them as pictures."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.support.mangled import encoded, picture

_MAGIC = b"\x89PNG\r\n\x1a\n"
_MIB = 1 << 20


def zeros(count: int) -> bytes:
    """A zlib stream of so many zeros, made without compressing them all."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"") or b"\x78\xda"
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = raw.compress(bytes(_MIB)) + raw.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    rest = last.compress(bytes(count % _MIB)) + last.flush()
    check = struct.pack(">HH", count % 65521, 1)
    return head + block * (count // _MIB) + rest + check


def chunk(name: bytes, data: bytes, *, crc: int | None = None, length: int | None = None) -> bytes:
    """A chunk of a PNG, which may lie about itself."""
    check = zlib.crc32(name + data) if crc is None else crc
    size = len(data) if length is None else length
    return struct.pack(">I", size) + name + data + struct.pack(">I", check)


def png(
    size: tuple[int, int],
    *more: bytes,
    depth: int = 8,
    kind: int = 2,
    laced: int = 0,
    body: bytes | None = None,
) -> bytes:
    """A black PNG; *more* are chunks before its pixels."""
    width, height = size
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    row = 1 + (width * channels * depth + 7) // 8
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, laced)
    pixels = zeros(row * height) if body is None else body
    parts = (chunk(b"IHDR", head), *more, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return _MAGIC + b"".join(parts)


def _tiff(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    """A TIFF of one directory."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return head + packed + struct.pack("<I", following)


def _boasting_tiff() -> bytes:
    sizes = ((256, 4, 1, 200_000), (257, 4, 1, 200_000), (258, 3, 1, 8), (259, 3, 1, 1))
    return _tiff(*sizes, (262, 3, 1, 1), (273, 4, 1, 8), (278, 4, 1, 200_000), (279, 4, 1, 9))


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("evil.py", "raise SystemExit")
    return file.getvalue()


def _cut(form: str) -> bytes:
    whole = encoded(picture(), form)
    return whole[: len(whole) // 2]


_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
)
_LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><svg>&b;</svg>'
_EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(owned) (w) file closefile\nshowpage\n"
_ICC = b"x\0\0" + zeros(1 << 30)

# What must not open: one sentence each.
REFUSED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"This is no picture.",
    "svg": lambda: _SVG,
    "svg-of-entities": lambda: _LAUGHS,
    "svg-packed": lambda: gzip.compress(_SVG),
    "png-packed": lambda: gzip.compress(encoded(picture(), "PNG")),
    "eps": lambda: _EPS,
    "pdf": lambda: encoded(picture(), "PDF"),
    "zip": _zip,
    "html": lambda: b"<!DOCTYPE html><img src=x onerror=alert(1)>",
    "psd": lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + bytes(64),
    "wmf": lambda: b"\xd7\xcd\xc6\x9a" + bytes(60),
    "gif-of-script": lambda: b"GIF89a/*\0\0*/=1;alert(1)//",
    "png-of-nothing": lambda: png((0, 0)),
    "png-of-2**31": lambda: png((2**31 - 1, 2**31 - 1), body=b""),
    "png-10-gigapixels": lambda: png((100_000, 100_000), depth=1, kind=0, body=zeros(_MIB)),
    "png-no-pixels": lambda: _MAGIC + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0)),
    "png-half": lambda: _cut("PNG"),
    "webp-half": lambda: _cut("WEBP"),
    "jpeg2000-head": lambda: encoded(picture(), "JPEG2000")[:60],
    "tiff-boasting": _boasting_tiff,
    "bmp-boasting": lambda: b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 60_000, 60_000, 1, 24),
    "ppm-boasting": lambda: b"P6 999999 999999 255 x",
    "ppm-of-digits": lambda: b"P6 " + b"9" * 5000 + b" 1 255 x",
    "gif-boasting": lambda: b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(20),
}
# What may open or not, but in bounds.
EITHER: dict[str, Callable[[], bytes]] = {
    "png-wrong-sum": lambda: _MAGIC + chunk(b"IHDR", bytes(13), crc=7) + png((9, 9))[33:],
    "png-long-chunk": lambda: png((9, 9), chunk(b"tEXt", b"a\0b", length=2**31)),
    "png-icc-bomb": lambda: png((9, 9), chunk(b"iCCP", _ICC)),
    "png-text-bomb": lambda: png((9, 9), chunk(b"zTXt", _ICC)),
    "png-many-texts": lambda: png((9, 9), *[chunk(b"tEXt", b"k\0" + b"v" * 60_000)] * 2000),
    "png-laced": lambda: png((900, 900), laced=1),
    "png-and-zip": lambda: encoded(picture(), "PNG") + _zip(),
    "jpeg-half": lambda: _cut("JPEG"),
    "gif-half": lambda: _cut("GIF"),
    "tiff-that-loops": lambda: _tiff((256, 4, 1, 9), (257, 4, 1, 9), following=8),
    "tiff-of-many": lambda: _tiff((256, 4, 2**31, 8), (257, 4, 1, 9), (270, 2, 2**32 - 1, 8)),
    "ico-of-itself": lambda: b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 9, 9, 0, 0, 1, 32, 22, 0),
}
# Under the default limit or not, they may take no more than the promise says; only in the long one.
BOMBS: dict[str, Callable[[], bytes]] = {
    "bomb-rgba-22000": lambda: png((22_000, 22_000), kind=6),
    "bomb-rgb-15000": lambda: png((15_000, 15_000)),
    "bomb-rgb16-12000": lambda: png((12_000, 12_000), depth=16),
}
