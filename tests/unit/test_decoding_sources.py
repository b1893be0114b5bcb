"""Paths, bytes, pictures and arrays; and what arrives damaged."""

from __future__ import annotations

import contextlib
import gc
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.ImageOps
import pytest

from tests.support.mangled import mangled_images, picture, png, sound_files
from tests.support.refusals import is_one_sentence, refused
from visualcrop import Image
from visualcrop.errors import ImageError

_RGB = np.asarray(picture())


class TestSources:
    """Paths, bytes, pictures and arrays."""

    @pytest.mark.parametrize("format", sound_files())
    def test_of_each_format(self, tmp_path: Path, format: str) -> None:
        """Path, text, bytes, bytearray and memoryview of one file give one image; it is closed."""
        data = sound_files()[format]
        path = tmp_path / "image"
        path.write_bytes(data)
        sources = [path, str(path), data, bytearray(data), memoryview(data)]
        assert len({Image.open(source) for source in sources}) == 1
        gc.collect()  # a file left open would be a warning now, and so an error

    def test_open_files(self, tmp_path: Path) -> None:
        """As a web application has them, wherever they have been read to; they are not closed."""
        path = tmp_path / "image.png"
        picture().save(path)
        with path.open("rb") as file, SpooledTemporaryFile() as spooled:
            spooled.write(file.read())
            for source in (file, spooled, BytesIO(path.read_bytes())):
                assert Image.open(source) == Image.open(path)
                assert not source.closed
        with path.open("r") as text, pytest.raises(ImageError, match="opened with 'rb'"):
            Image.open(text)

    @pytest.mark.parametrize("format", sound_files())
    def test_pictures_of_pillow(self, format: str) -> None:
        """Opened by somebody else, decoded already or not, from files that are closed or not."""
        data = sound_files()[format]
        lazy, eager = (PIL.Image.open(BytesIO(data)) for _ in range(2))
        eager.load()
        assert Image.open(lazy) == Image.open(eager) == Image.open(data)
        assert Image.open(lazy).picture is not lazy

    def test_arrays(self) -> None:
        """Grey with and without a channel, RGB, RGBA, and views into larger arrays."""
        grey = _RGB[..., 0]
        assert Image.open(grey) == Image.open(grey[..., None])
        assert np.array_equal(Image.open(_RGB).pixels, _RGB)
        assert np.array_equal(Image.open(_RGB[::2, ::-1]).pixels, _RGB[::2, ::-1])
        clear = np.dstack([_RGB, np.zeros_like(grey)])
        assert (Image.open(clear).pixels == 255).all()

    def test_the_source_is_left_alone(self) -> None:
        """Drawing on what was given does not change the image."""
        given = picture()
        image = Image.open(given)
        given.paste("red", (0, 0, 10, 10))
        assert np.array_equal(image.pixels, _RGB)


class Heavy(PIL.Image.Image):
    """A picture that does not fit into memory."""

    size = (40_000, 10_000)

    def load(self) -> None:
        raise MemoryError


class TestMangled:
    """A thousand sources, all of them damaged or wrong."""

    @pytest.mark.parametrize("format", sound_files())
    def test_no_half_pictures(self, format: str) -> None:
        """A file cut short anywhere is refused, or has all its pixels all the same."""
        data = sound_files()[format]
        whole, cuts = Image.open(data), range(1, len(data), len(data) // 20)
        for cut in cuts:
            with contextlib.suppress(ImageError):
                assert Image.open(data[:cut]) == whole
        refused(ImageError, Image.open, data[: len(data) // 2])

    def test_end_in_an_image_or_a_sentence(self) -> None:
        """Each is opened or refused in one sentence, without a warning; both happen."""
        opened, refusals = 0, []
        for source in mangled_images(1000, seed=3):
            try:
                opened += Image.open(source, max_bytes=4_000_000).pixels.shape[2] == 3
            except ImageError as exc:
                refusals.append(str(exc))
        assert not [message for message in refusals if not is_one_sentence(message)]
        assert opened + len(refusals) == 1000
        assert opened > 50
        assert len(set(refusals)) > 50

    def test_too_much_for_this_machine(self) -> None:
        """Within the limit but beyond the memory is a sentence, too."""
        message = refused(ImageError, Image.open, Heavy())
        assert message == "The image does not fit into memory; give a smaller copy."

    def test_boasting_is_refused_before_it_is_believed(self) -> None:
        """By default, too: a head that declares four billion pixels costs no memory."""
        message = refused(ImageError, Image.open, png(65_000, 65_000, body=b""))
        limit = "over the limit of 2,147,483,648; make it smaller or raise max_bytes (--max-bytes)."
        taken = "which take 21,125,000,000 bytes of memory"
        assert message == f"The image has 65000 x 65000 pixels, {taken}, {limit}"
