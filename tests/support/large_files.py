"""Files of every format and mode that costs memory in a way of its own."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageCms
from PIL import features

_Picture = PIL.Image.Image
_LOSSY = {"quality": 80}


def _lab(picture: _Picture) -> _Picture:
    srgb, lab = PIL.ImageCms.createProfile("sRGB"), PIL.ImageCms.createProfile("LAB")
    made = PIL.ImageCms.profileToProfile(picture, srgb, lab, outputMode="LAB")
    assert made is not None
    return made


def _numbers(dtype: Any, scale: int = 1) -> Callable[[_Picture], _Picture]:
    return lambda p: PIL.Image.fromarray(np.asarray(p.convert("L")).astype(dtype) * dtype(scale))


def _mode(mode: str) -> Callable[[_Picture], _Picture]:
    return lambda picture: picture.convert(mode)


def _sideways() -> PIL.Image.Exif:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    return exif


_PLAIN = _mode("RGB")
_OTHER = PIL.Image.new("RGB", (64, 64), "red")
_ONE_STRIP = {"compression": "tiff_lzw", "strip_size": 1 << 30}
_SAVED: dict[str, tuple[Callable[[_Picture], _Picture], dict[str, Any]]] = {
    "rgb.jpg": (_PLAIN, _LOSSY),
    "rgb.png": (_PLAIN, {"compress_level": 1}),
    "progressive.jpg": (_PLAIN, {"progressive": True, "subsampling": 0}),
    "sideways.jpg": (_PLAIN, {"exif": _sideways()}),
    "cmyk.jpg": (_mode("CMYK"), {}),
    "alpha.png": (_mode("RGBA"), {"compress_level": 1}),
    "grey alpha.png": (_mode("LA"), {"compress_level": 1}),
    "colour key.png": (_PLAIN, {"transparency": (0, 0, 0), "compress_level": 1}),
    "palette.png": (_mode("P"), {"transparency": b"\0\x80" * 100, "compress_level": 1}),
    "deep.png": (_numbers(np.uint16, 257), {"compress_level": 1}),
    "whole.tif": (_numbers(np.int32), {}),
    "broken.tif": (_mode("F"), {}),
    "lab.tif": (_lab, {}),
    "one strip.tif": (_PLAIN, _ONE_STRIP),
    "sideways.tif": (_PLAIN, {"compression": "tiff_lzw", "exif": _sideways()}),
    "rgb.bmp": (_PLAIN, {}),
    "rle.tga": (_PLAIN, {"compression": "tga_rle"}),
    "one.gif": (_mode("P"), {}),
    "first of two.mpo": (_PLAIN, {"save_all": True, "append_images": [_OTHER]}),
    "first of two.gif": (_mode("P"), {"save_all": True, "append_images": [_OTHER]}),
}
_SMALL: dict[str, tuple[Callable[[_Picture], _Picture], dict[str, Any]]] = {  # slow to write
    "alpha.webp": (_mode("RGBA"), {"method": 0}),
    "lossless.webp": (_PLAIN, {"method": 0, "lossless": True}),
    "rgb.jp2": (_PLAIN, {}),
    "alpha.jp2": (_mode("RGBA"), {}),
} | ({"alpha.avif": (_mode("RGBA"), {"speed": 10})} if "avif" in features.get_supported() else {})


def picture(width: int, height: int) -> _Picture:
    """A picture with something in it everywhere."""
    down, across = (np.arange(n, dtype=np.uint8) for n in (height, width))
    channels = (down[:, None] * 7 + 0 * across, across + 0 * down[:, None], down[:, None] + across)
    return PIL.Image.fromarray(np.stack(channels, axis=2))


def write_files(folder: Path, width: int, height: int) -> None:
    """One file of each kind, *width* x *height* pixels or, where that takes long, a sixteenth."""
    folder.mkdir()
    for (wide, high), files in (
        ((width, height), _SAVED),
        ((width // 4, height // 4), _SMALL),
    ):
        whole = picture(wide, high)
        for name, (change, options) in files.items():
            change(whole).save(folder / name, **options)
    for name, data in _written(width // 4, height // 4):
        (folder / name).write_bytes(data)


def _written(width: int, height: int) -> Iterator[tuple[str, bytes]]:
    """Formats that Pillow reads and does not write."""
    pixels = np.asarray(picture(width, height))
    yield "words.ppm", b"P3\n%d %d\n255\n" % (width, height) + b" ".join(
        b"%d" % number for number in pixels.ravel().tolist()
    ) + b"\n"  # fmt: skip
    yield "levels.ppm", b"P6\n%d %d\n200\n" % (width, height) + np.minimum(pixels, 200).tobytes()
    row = b"\xff\x05" * (width // 255) + bytes([width % 255, 5]) * (width % 255 > 0) + b"\0\0"
    grey = b"".join(bytes([n, n, n, 0]) for n in range(256))
    body = row * height + b"\0\1"
    head = struct.pack(
        "<IHHIIiiHHIIiiII", len(body) + 1078, 0, 0, 1078,
        40, width, height, 1, 8, 1, len(body), 0, 0, 256, 256,
    )  # fmt: skip
    yield "rle.bmp", b"BM" + head + grey + body
