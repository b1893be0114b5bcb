"""What cannot be used as an image is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from tests.support.mangled import encoded, picture
from tests.support.refusals import refused
from visualcrop import Image
from visualcrop.errors import ImageError

_PNG = encoded(picture(), "PNG")


_READABLE = "AVIF, BMP, GIF, ICO, JPEG, JPEG2000, PNG, PPM, TGA, TIFF or WEBP"


class TestRefusals:
    """What cannot be used is said in one sentence."""

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (b"", "The image is empty (0 bytes); export it again."),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", f"use {_READABLE}."),
            (b"\x89PNG\r\n\x1a\n", "The image is not an image that can be read"),
            (_PNG[:100], "The image is damaged or cut short ("),
            (np.zeros((0, 5, 3), np.uint8), "The image is empty (5 x 0 pixels)"),
            (np.zeros((5, 0), np.uint8), "The image is empty (0 x 5 pixels)"),
            (np.zeros((5, 5), np.float32), "of uint8, not (5, 5) of float32; scale and cast it"),
            (np.zeros((5, 5, 2), np.uint8), "not (5, 5, 2) of uint8"),
            (np.zeros(5, np.uint8), "not (5,) of uint8"),
            (PIL.Image.new("RGB", (0, 4)), "The image is empty (0 x 4 pixels)"),
            (None, "An image cannot be made from NoneType; give a path, bytes, a file opened"),
            ("https://example.org/a.png", "is an address; download the image and give its path."),
            ("nul\0.png", r"There is no image at 'nul\x00.png'; "),
            ("~nobody-at-all/a.png", "Could not determine home directory"),
        ],
    )
    def test_says_what_is_wrong(self, source: object, message: str) -> None:
        """Each wrong source has a message of its own, with the way out."""
        assert message in refused(ImageError, Image.open, source)

    def test_names_the_file(self, tmp_path: Path) -> None:
        """Empty, cut short, a folder: the message has the path."""
        empty, short = tmp_path / "empty.png", tmp_path / "short.png"
        empty.write_bytes(b"")
        short.write_bytes(_PNG[:150])
        messages = {
            empty: "is empty (0 bytes); export it again.",
            short: "is damaged or cut short (image file is truncated); export it again.",
            tmp_path: "is a folder, not an image; give the path of one image.",
        }
        for path, message in messages.items():
            assert refused(ImageError, Image.open, path) == f"{str(path)!r} {message}"

    def test_names_the_nearest_file(self, tmp_path: Path) -> None:
        """A path to nothing is refused with the images that lie there, the nearest first."""
        for name in ("shelf.jpg", "mug.png", "notes.txt"):
            (tmp_path / name).write_bytes(b"-")
        path = str(tmp_path / "shelve.jpg")
        message = refused(ImageError, Image.open, path)
        hint = "did you mean 'shelf.jpg'? (images there: mug.png, shelf.jpg)."
        assert message == f"There is no image at {path!r}; {hint}"

    def test_in_an_empty_folder(self, tmp_path: Path) -> None:
        """Where there are no images, the path is to be checked."""
        path = str(tmp_path / "a.png")
        assert refused(ImageError, Image.open, path).endswith("; check the path.")

    def test_a_path_too_long(self) -> None:
        """What the system says is passed on."""
        message = refused(ImageError, Image.open, "x" * 300)
        assert message.endswith("cannot be opened: File name too long.")
