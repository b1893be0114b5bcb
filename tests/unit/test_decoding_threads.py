"""Pictures are opened in threads that know nothing of one another."""

from __future__ import annotations

import threading
import warnings
from io import BytesIO

import numpy as np
import PIL.Image
import pytest

from tests.support.mangled import chunk, encoded, picture, sound_files
from visualcrop import Image
from visualcrop.image_io import size_of

_PATIENCE = 60  # seconds until a thread is given up


class Watching(BytesIO):
    """A file that looks around whenever it is read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.seen: list[object] = []
        self.taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.seen.append((PIL.Image.MAX_IMAGE_PIXELS, tuple(warnings.filters)))
        found = super().read(size)
        self.taken += len(found)
        return found


class Waiting(BytesIO):
    """A file that is not read on until it may be, like one that comes over a line."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked, self.may = threading.Event(), threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.set()
        assert self.may.wait(_PATIENCE)
        return super().read(size)


@pytest.mark.parametrize("format", sound_files())
@pytest.mark.parametrize("ask", [Image.open, size_of])
def test_nothing_global_is_touched(format: str, ask: object) -> None:
    """Pillow's limit and the filters of warnings are, all along, what others have set."""
    before = (PIL.Image.MAX_IMAGE_PIXELS, tuple(warnings.filters))
    file = Watching(sound_files()[format])
    assert callable(ask)
    ask(file)
    assert file.seen
    assert set(file.seen) == {before}


def test_a_slow_file_holds_nobody_up() -> None:
    """While one thread waits for its file, another opens its own."""
    slow, done = Waiting(encoded(picture(), "PNG")), threading.Event()
    first = threading.Thread(target=Image.open, args=(slow,))

    def opens() -> None:
        Image.open(encoded(picture(), "PNG"))
        done.set()

    second = threading.Thread(target=opens, daemon=True)
    first.start()
    try:
        assert slow.asked.wait(_PATIENCE)
        second.start()
        assert done.wait(_PATIENCE)
        assert first.is_alive()
    finally:
        slow.may.set()
        first.join(_PATIENCE)


class TestSize:
    """Width and height, upright, without a pixel decoded."""

    def test_reads_the_header_alone(self) -> None:
        """Of a PNG of a megabyte, which says nothing of its orientation, a few bytes are read."""
        noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
        file = Watching(encoded(PIL.Image.fromarray(noise), "PNG"))
        assert size_of(file) == (600, 600)
        assert file.taken < 20_000 < len(file.getvalue())

    @pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
    def test_is_that_of_the_opened_image(self, format: str) -> None:
        """Turned as the image is, whatever the format says it by."""
        exif = PIL.Image.Exif()
        exif[0x0112] = 6
        data = encoded(picture(48, 32), format, exif=exif)
        assert size_of(data) == Image.open(data).picture.size == (32, 48)

    def test_orientation_after_the_pixels(self) -> None:
        """A PNG may say at its very end which side is up."""
        exif = PIL.Image.Exif()
        exif[0x0112] = 8
        data = encoded(picture(48, 32), "PNG")
        late = data[:-12] + chunk(b"eXIf", exif.tobytes()[6:]) + data[-12:]
        assert size_of(late) == Image.open(late).picture.size == (32, 48)
