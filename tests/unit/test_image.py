"""A picture that can be trusted: refused if wrong, frozen, comparable, and cropped."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import numpy as np
import PIL.Image
import pytest
from hypothesis import given

import visualcrop.image_io
from tests.support.drawn import boxes
from tests.support.mangled import encoded, picture, png
from tests.support.refusals import refused
from tests.support.waiting import until
from visualcrop import Box, Image
from visualcrop.errors import ImageError
from visualcrop.image_io.sources import state_of

_PNG = encoded(picture(), "PNG")


class TestLimit:
    """Bytes at most."""

    def test_is_an_option(self) -> None:
        """Four bytes a pixel are enough for a PNG; with one byte less it is refused."""
        assert Image.open(_PNG, max_bytes=48 * 32 * 4).width == 48
        message = refused(ImageError, Image.open, _PNG, max_bytes=48 * 32 * 4 - 1)
        assert message == (
            "The image has 48 x 32 pixels, which take 6,144 bytes of memory, over the limit of "
            "6,143; make it smaller or raise max_bytes (--max-bytes)."
        )

    def test_holds_for_arrays_and_pictures(self) -> None:
        """What is decoded already is held to the limit, too."""
        for source in (picture(), np.asarray(picture())):
            assert "over the limit" in refused(ImageError, Image.open, source, max_bytes=100)

    def test_takes_the_place_of_pillows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Pillow's own limit, a global, neither stops nor warns, and is left as it was found."""
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
        assert Image.open(_PNG).width == 48
        refused(ImageError, Image.open, _PNG[:100])
        assert PIL.Image.MAX_IMAGE_PIXELS == 100  # nobody has touched it

    def test_a_picture_that_pillow_calls_a_bomb(self) -> None:
        """180 million pixels open by default, and a crop of them is what was drawn there."""
        image = Image.open(png(13_400, 13_400))
        assert image.width * image.height > 2 * (PIL.Image.MAX_IMAGE_PIXELS or 0) > 0
        crop = image.crop(Box(13_000, 13_300, 13_400, 13_400))
        assert (crop.size, crop.getextrema()) == ((400, 100), ((0, 0),) * 3)


class TestIdentity:
    """Equal means equal pixels."""

    def test_equal_pixels_are_equal(self) -> None:
        """The same picture by two ways is one image, and has one digest."""
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


class TestKey:
    """What caches know a picture by."""

    def test_same_file_has_the_same_key(self, tmp_path: Path) -> None:
        """Opened twice, by path or as bytes; another file has another."""
        path = tmp_path / "a.png"
        path.write_bytes(_PNG)
        assert Image.open(path).key == Image.open(str(path)).key == Image.open(_PNG).key
        other = Image.open(encoded(picture().rotate(180), "PNG"))
        assert other.key != Image.open(_PNG).key

    def test_another_picture_has_another_key(self) -> None:
        """Also where it takes the place of one that was opened from encoded bytes."""
        changed = attrs.evolve(Image.open(_PNG), picture=picture().rotate(90))
        assert changed.key == changed.digest

    def test_pixels_are_not_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With encoded bytes, or a key that is given, nothing is hashed but those."""
        monkeypatch.setattr("visualcrop.image.iterate_tiles", lambda *size: 1 / 0)
        assert Image.open(_PNG).key
        assert Image.open(picture(), key="mine").key == "mine"
        with pytest.raises(ZeroDivisionError):
            _ = Image.open(picture()).key

    def test_of_pixels_alone_is_their_digest(self) -> None:
        """A picture or an array that is drawn on has another key each time it is opened."""
        drawn = picture()
        before = Image.open(drawn)
        drawn.putpixel((0, 0), (1, 2, 3))
        assert before.key == before.digest != Image.open(drawn).key

    def test_a_file_that_changes_meanwhile(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """If it was written while it was read, the pixels are hashed: they may be the old ones."""
        path = tmp_path / "a.png"
        path.write_bytes(_PNG)
        decode = visualcrop.image_io.decode

        def write_after(source: object, max_bytes: int) -> PIL.Image.Image:
            found = decode(source, max_bytes)
            path.write_bytes(encoded(picture().rotate(180), "PNG"))
            return found

        monkeypatch.setattr("visualcrop.image_io.decode", write_after)
        found = Image.open(path)
        assert found.key == found.digest == Image.open(_PNG).digest

    def test_a_file_whose_time_is_set_back(self, tmp_path: Path) -> None:
        """As copying tools do: it is seen to have changed, once the file system's clock has."""
        path = tmp_path / "a.png"
        path.write_bytes(_PNG)
        written, before = path.stat(), state_of(path)

        def has_changed() -> bool:
            path.write_bytes(_PNG)
            os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
            return state_of(path) != before

        until(has_changed)

    def test_a_file_of_many_bytes_is_not_hashed(self, tmp_path: Path) -> None:
        """With more bytes than pixels, such as trailing ones, the pixels are hashed instead."""
        path = tmp_path / "a.png"
        path.write_bytes(_PNG + bytes(48 * 32 * 3))
        found = Image.open(path)
        assert found.key == found.digest


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
