"""Pictures in all formats and modes that are read: what has to open, and how large it then is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
import PIL.PngImagePlugin

from tests.support.mangled import encoded, picture

SIZE = (48, 32)
LARGE = (5000, 4000)  # pixels enough to be told from what else a process does


def _modes(mode: str, size: tuple[int, int] = SIZE) -> PIL.Image.Image:
    """A picture of that mode with something in it."""
    plain = picture(*size)
    if mode == "LAB":
        return PIL.Image.merge("LAB", [*plain.split()])
    if mode == "I;16":
        return PIL.Image.fromarray(np.asarray(plain.convert("L")).astype(np.uint16) * 257)
    if mode in {"RGBA", "LA"}:
        plain.putalpha(PIL.Image.linear_gradient("L").resize(size))
    if mode == "P":
        return plain.quantize(16)
    return plain.convert(mode)


# Name of a file, then its mode and what Pillow is told besides.
_SAVED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "jpeg": ("JPEG", "RGB", {}),
    "jpeg-progressive": ("JPEG", "RGB", {"progressive": True}),
    "jpeg-grey": ("JPEG", "L", {}),
    "jpeg-cmyk": ("JPEG", "CMYK", {}),
    "jpeg-icc-of-nonsense": ("JPEG", "RGB", {"icc_profile": b"nonsense" * 9000}),
    "jpeg-exif-of-nonsense": ("JPEG", "RGB", {"exif": b"Exif\0\0MM\0*\xff\xff\xff\xff" * 50}),
    "jpeg-script-in-comment": ("JPEG", "RGB", {"comment": b"<?php system($_GET[0]); ?>"}),
    "png": ("PNG", "RGB", {}),
    "png-1": ("PNG", "1", {}),
    "png-16": ("PNG", "I;16", {}),
    "png-16-clear": ("PNG", "I;16", {"transparency": 0}),
    "png-grey-alpha": ("PNG", "LA", {}),
    "png-rgba": ("PNG", "RGBA", {}),
    "png-rgb-clear": ("PNG", "RGB", {"transparency": (0, 0, 0)}),
    "png-palette-clear": ("PNG", "P", {"transparency": bytes(range(16))}),
    "gif": ("GIF", "P", {}),
    "gif-clear": ("GIF", "P", {"transparency": 3}),
    "tiff-lzw": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "tiff-g4": ("TIFF", "1", {"compression": "group4"}),
    "tiff-16": ("TIFF", "I;16", {}),
    "tiff-32": ("TIFF", "I", {}),
    "tiff-float": ("TIFF", "F", {}),
    "tiff-cmyk": ("TIFF", "CMYK", {}),
    "tiff-lab": ("TIFF", "LAB", {}),
    "tiff-rgba": ("TIFF", "RGBA", {}),
    "webp": ("WEBP", "RGB", {"lossless": True}),
    "webp-rgba": ("WEBP", "RGBA", {}),
    "avif": ("AVIF", "RGB", {}),
    "jpeg2000": ("JPEG2000", "RGB", {}),
    "bmp": ("BMP", "RGB", {}),
    "bmp-palette": ("BMP", "P", {}),
    "ico": ("ICO", "RGBA", {"sizes": [SIZE]}),
    "ppm": ("PPM", "RGB", {}),
    "ppm-16": ("PPM", "I;16", {}),
    "tga-rle": ("TGA", "RGB", {"compression": "tga_rle"}),
}
_LARGE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "large-jpeg": ("JPEG", "RGB", {}),
    "large-png": ("PNG", "RGB", {"compress_level": 1}),
    "large-jpeg-progressive": ("JPEG", "RGB", {"progressive": True}),
    "large-jpeg-grey": ("JPEG", "L", {}),
    "large-jpeg-cmyk": ("JPEG", "CMYK", {}),
    "large-png-rgba": ("PNG", "RGBA", {"compress_level": 1}),
    "large-png-palette-clear": ("PNG", "P", {"compress_level": 1, "transparency": b"\0\x80"}),
    "large-png-16": ("PNG", "I;16", {"compress_level": 1}),
    "large-webp": ("WEBP", "RGB", {"method": 0}),
    "large-tiff": ("TIFF", "RGB", {}),
    "large-tiff-float": ("TIFF", "F", {}),
    "large-bmp": ("BMP", "RGB", {}),
}
_MOVING = {"apng": "PNG", "gif-moving": "GIF", "tiff-pages": "TIFF", "webp-moving": "WEBP"}


_Each: TypeAlias = Iterator[tuple[str, Callable[[], bytes], tuple[int, int]]]


def sound() -> _Each:
    """Each by its name, with its size once it is upright."""
    for name, (form, mode, given) in _SAVED.items():
        yield name, partial(_saved, SIZE, form, mode, given), SIZE
    for name, form in _MOVING.items():
        yield name, partial(_moving, form), SIZE
    for turn in (3, 6, 8, 99):
        size = SIZE[::-1] if turn in {6, 8} else SIZE
        yield f"jpeg-turned-{turn}", partial(_turned, turn, SIZE), size
    for name, strip in (("png-strip", (60_000, 1)), ("png-tower", (1, 60_000))):
        yield name, partial(_saved, strip, "PNG", "RGB", {}), strip
    yield "ppm-plain", lambda: b"P3 2 1 255 " + b"1 2 3 " * 2, (2, 1)


def large() -> _Each:
    """Large ones, of which the promise about memory is kept or not."""
    for name, (form, mode, given) in _LARGE.items():
        yield name, partial(_saved, LARGE, form, mode, given), LARGE
    yield "large-jpeg-turned-6", partial(_turned, 6, LARGE), LARGE[::-1]


def _saved(size: tuple[int, int], form: str, mode: str, given: dict[str, Any]) -> bytes:
    return encoded(_modes(mode, size), form, **given)


def _moving(form: str) -> bytes:
    frames = [picture().rotate(180), picture()]
    return encoded(picture(), form, save_all=True, append_images=frames)


def _turned(turn: int, size: tuple[int, int]) -> bytes:
    exif = PIL.Image.Exif()
    exif[0x0112] = turn
    return encoded(picture(*size), "JPEG", exif=exif)
