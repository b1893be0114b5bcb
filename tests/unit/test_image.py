"""A picture that can be trusted: refused if wrong, frozen, comparable, and cropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given

from tests.unit.drawn import boxes
from tests.unit.mangled import encoded, picture, png
from tests.unit.refusals import refused
from visualcrop import Box, Image
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
            (None, "An image cannot be made from NoneType; give a path, bytes, a PIL image or"),
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


class TestLimit:
    """Pixels at most."""

    def test_is_an_option(self) -> None:
        """A picture of exactly the limit opens; one of a pixel more does not."""
        assert Image.open(_PNG, max_pixels=48 * 32).width == 48
        message = refused(ImageError, Image.open, _PNG, max_pixels=48 * 32 - 1)
        assert message.startswith(
            "The image has 48 x 32 pixels, over the limit of 0.001535 million;"
        )

    def test_holds_for_arrays_and_pictures(self) -> None:
        """What is decoded already is held to the limit, too."""
        for source in (picture(), np.asarray(picture())):
            assert "over the limit" in refused(ImageError, Image.open, source, max_pixels=100)

    def test_takes_the_place_of_pillows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Pillow's own limit, a global, neither stops nor warns, and is left as it was found."""
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
        assert Image.open(_PNG).width == 48
        refused(ImageError, Image.open, _PNG[:100])
        assert PIL.Image.MAX_IMAGE_PIXELS == 100

    def test_a_picture_that_pillow_calls_a_bomb(self) -> None:
        """180 million pixels open by default, and a crop of them is what was drawn there."""
        image = Image.open(png(13_400, 13_400))
        assert image.width * image.height > 2 * (PIL.Image.MAX_IMAGE_PIXELS or 0) > 0
        crop = image.crop(Box(13_000, 13_300, 13_400, 13_400))
        assert (crop.size, crop.getextrema()) == ((400, 100), ((0, 0),) * 3)


class TestIdentity:
    """Equal means equal pixels."""

    def test_equal_pixels_are_equal(self) -> None:
        """The same picture by two ways is one image, one digest and one key."""
        one, other = Image.open(_PNG), Image.open(np.asarray(picture()))
        assert one == other
        assert one.digest == other.digest
        assert len({one, other}) == 1

    def test_a_single_pixel_tells(self) -> None:
        """Pixels and shape both count; nothing else is equal to an image."""
        pixels = np.asarray(picture()).copy()
        pixels[3, 4, 1] ^= 1
        assert Image.open(_PNG) != Image.open(pixels)
        assert Image.open(np.zeros((2, 8), np.uint8)) != Image.open(np.zeros((8, 2), np.uint8))
        assert Image.open(_PNG) != "image"

    def test_an_image_is_itself(self) -> None:
        """Opening an image gives it back."""
        image = Image.open(_PNG)
        assert Image.open(image) is image

    def test_pixels_are_read_only(self) -> None:
        """Nobody can draw on the array."""
        with pytest.raises(ValueError, match="read-only"):
            Image.open(_PNG).pixels[0, 0, 0] = 1


class TestCrop:
    """Part of a picture."""

    @given(boxes(within=30))
    def test_is_the_pixels_that_the_box_touches(self, box: Box) -> None:
        """Rounded outwards and cut to the picture; the pixels are those of the array."""
        image = Image.open(picture())
        left, top, right, bottom = box.whole_pixels()
        assert np.array_equal(np.asarray(image.crop(box)), image.pixels[top:bottom, left:right])

    def test_all_of_it_is_no_copy(self) -> None:
        """The whole picture is given as it is."""
        image = Image.open(picture())
        assert image.crop(Box(-5, -5, 100, 100)) is image.picture

    def test_none_of_it_is_refused(self) -> None:
        """A box outside is an error with box and size."""
        message = refused(ImageError, Image.open(picture()).crop, Box(48, 0, 60, 9))
        assert message == "The box [48, 0, 60, 9] lies outside the 48 x 32 image."
