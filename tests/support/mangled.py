"""Images as they arrive: cut short, flipped, spliced, boasting, or not images at all."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import PIL.Image

_FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 80},
    "PNG": {},
    "GIF": {"save_all": True},
    "WEBP": {"lossless": True},
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
    "PPM": {},
    "ICO": {},
    "TGA": {"compression": "tga_rle"},
}


def picture(width: int = 48, height: int = 32) -> PIL.Image.Image:
    """A picture with something in it."""
    down, across = np.mgrid[:height, :width]
    channels = (down * 7, across * 5, (down * across) // 3)
    return PIL.Image.fromarray(np.stack(channels, axis=2).astype(np.uint8))


def encoded(image: PIL.Image.Image, format: str, **options: Any) -> bytes:
    """The bytes of a file of that *format*."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def sound_files() -> dict[str, bytes]:
    """One file of each format."""
    return {name: encoded(picture(), name, **given) for name, given in _FORMATS.items()}


def png(
    width: int, height: int, *, body: bytes | None = None, kind: tuple[int, int] = (1, 0)
) -> bytes:
    """A black PNG, large to look at, small to keep; *kind* is bits and colour type."""
    rows = zlib.compress(bytes(height * (1 + (width + 7) // 8)), 1) if body is None else body
    head = struct.pack(">IIBBBBB", width, height, *kind, 0, 0, 0)
    chunks = {b"IHDR": head, b"IDAT": rows, b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks.items())


def chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def mangled_images(count: int, seed: int) -> Iterator[object]:
    """*count* sources, the same for the same *seed*."""
    rng = random.Random(seed)
    files = sound_files()
    for _ in range(count):
        kind, data = rng.random(), rng.choice(list(files.values()))
        if kind < 0.25:
            yield data[: rng.randrange(len(data))]
        elif kind < 0.6:
            yield _flipped(rng, data)
        elif kind < 0.75:
            other, cut = rng.choice(list(files.values())), rng.randrange(1, 200)
            yield other[:cut] + data[cut:]
        elif kind < 0.85:
            yield _boasting(rng, files)
        elif kind < 0.95:
            magic = data[: rng.choice([0, 4, 12, 30])]
            yield magic + rng.randbytes(rng.randrange(400))
        else:
            yield _array(rng)


def _flipped(rng: random.Random, data: bytes) -> bytes:
    """Some bytes replaced, mostly in the head, where they hurt."""
    broken = bytearray(data)
    for _ in range(rng.randrange(1, 12)):
        reach = 64 if rng.random() < 0.6 else len(data)
        broken[rng.randrange(min(reach, len(data)))] = rng.randrange(256)
    return bytes(broken)


def _boasting(rng: random.Random, files: dict[str, bytes]) -> bytes:
    """A head that declares more pixels than anybody has."""
    wide, high = (rng.choice([30_000, 65_535]) for _ in range(2))
    return rng.choice(
        [
            png(wide * 100, high, body=b""),
            files["GIF"][:6] + struct.pack("<HH", wide, high) + files["GIF"][10:],
            files["BMP"][:18] + struct.pack("<ii", wide, high) + files["BMP"][26:],
            files["TGA"][:12] + struct.pack("<HH", wide, high) + files["TGA"][16:],
            b"P6\n%d %d\n255\n" % (wide * 9, high) + files["PPM"][15:],
            files["JPEG"].replace(struct.pack(">HH", 32, 48), struct.pack(">HH", high, wide)),
        ]
    )


def _array(rng: random.Random) -> object:
    """Arrays of the wrong shape or type, and things that are no arrays."""
    shape = rng.choices([0, 1, 2, 3, 4, 5, 9], k=rng.randrange(5))
    dtype = rng.choice(["uint8", "uint8", "uint16", "float32", "bool", "complex64", "U3", "O"])
    return rng.choice(
        [np.zeros(shape, dtype), np.zeros(shape, dtype), None, 3, object(), [[1]], ""]
    )
