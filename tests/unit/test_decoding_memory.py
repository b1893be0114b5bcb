"""Opening a picture takes the memory that its header says, and no more."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import PIL.Image
import pytest

from tests.support.large_files import write_files
from tests.support.mangled import chunk, encoded, picture, png
from tests.support.refusals import is_one_sentence, refused
from visualcrop import Image
from visualcrop.errors import ImageError

_WIDTH, _HEIGHT = 3072, 2560
_BESIDE = 32 << 20  # bytes that may come on top, whatever the size: see decoding/cost.py


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int, int, int]]:
    """By file: pixels, bytes that were told, taken at most, and left."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux tells the peak of a process")
    folder = tmp_path_factory.mktemp("large")
    write_files(folder / "small", 64, 48)
    write_files(folder / "large", _WIDTH, _HEIGHT)
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.decoding_memory", folder / "small", folder / "large"],
        check=True,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
    )
    found: dict[str, tuple[int, int, int, int]] = json.loads(run.stdout)
    return found


class TestPeak:
    """The most that is held at a time, in a process of its own."""

    @pytest.mark.slow
    def test_is_no_more_than_was_told(self, taken: dict[str, tuple[int, int, int, int]]) -> None:
        """Of 26 kinds of file, none takes more than its header says; what is left is the result."""
        over = {name: peak - told for name, (_, told, peak, _) in taken.items()}
        assert {name: more for name, more in over.items() if more > _BESIDE} == {}
        kept = {name: left - 4 * pixels for name, (pixels, _, _, left) in taken.items()}
        assert {name: more for name, more in kept.items() if more > _BESIDE} == {}
        assert len(taken) >= 25

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["rgb.jpg", "rgb.png"])
    def test_four_bytes_a_pixel(
        self, taken: dict[str, tuple[int, int, int, int]], name: str
    ) -> None:
        """A usual picture is decoded once and never copied, fingerprint included."""
        pixels, told, peak, _ = taken[name]
        assert pixels == _WIDTH * _HEIGHT
        assert told == 4 * pixels
        assert peak < 4 * pixels + (8 << 20)


class TestRefusedByTheHeader:
    """What would take too much is refused before a pixel is decoded."""

    def test_a_small_file_of_a_large_picture(self) -> None:
        """22,000 x 22,000 pixels with transparency are 1.9 MB on the disk and 4 GB in memory."""
        message = refused(ImageError, Image.open, png(22_000, 22_000, body=b"", kind=(8, 6)))
        assert message == (
            "The image has 22000 x 22000 pixels, which take 3,872,000,000 bytes of memory, "
            "over the limit of 2,147,483,648; make it smaller or raise max_bytes (--max-bytes)."
        )

    def test_a_picture_hidden_in_an_icon(self) -> None:
        """An icon says 16 x 16 pixels, and the PNG in it is what counts."""
        icon = bytearray(encoded(picture(16, 16), "ICO", sizes=[(16, 16)]))
        inner = png(9_000, 9_000)
        icon[14:18] = len(inner).to_bytes(4, "little")
        hidden = bytes(icon[:22]) + inner
        message = refused(ImageError, Image.open, hidden, max_bytes=10_000_000)
        assert message == (
            "The image takes 972,000,000 bytes of memory, over the limit of 10,000,000; "
            "make it smaller or raise max_bytes (--max-bytes)."
        )

    def test_a_photograph_in_several_scans(self) -> None:
        """A JPEG that is not progressive may have its colours one after the other, and is kept."""
        whole = encoded(picture(400, 300), "JPEG")
        assert Image.open(whole, max_bytes=480_000).width == 400
        before, scan, after = whole.partition(b"\xff\xda")
        first = scan + b"\0\x08\1" + after[3:5] + after[9:]  # of one component
        message = refused(ImageError, Image.open, before + first, max_bytes=1_000_000)
        assert "which take 1,200,000 bytes of memory" in message

    def test_a_strip_that_is_larger_than_its_picture(self) -> None:
        """Tiles of a TIFF are decoded whole, however little of them is shown."""
        fields = {256: 64, 257: 64, 258: 8, 259: 5, 262: 1, 277: 1, 322: 60_000, 323: 60_000}
        fields |= {324: 8, 325: 9}
        listed = b"".join(struct.pack("<HHII", tag, 4, 1, n) for tag, n in fields.items())
        head = b"II*\0" + struct.pack("<IQH", 16, 0, len(fields))
        message = refused(ImageError, Image.open, head + listed + bytes(4))
        assert "64 x 64 pixels, which take 3,600,0" in message

    def test_what_pillow_itself_refuses(self) -> None:
        """A limit of Pillow that stands before any header of ours is a sentence that names it."""
        sides = (16_382).to_bytes(3, "little") * 2
        boast = b"RIFF" + (22).to_bytes(4, "little") + b"WEBPVP8X" + (10).to_bytes(4, "little")
        message = refused(ImageError, Image.open, boast + bytes(4) + sides, max_bytes=1 << 40)
        assert "PIL.Image.MAX_IMAGE_PIXELS" in message

    def test_text_that_grows(self) -> None:
        """Texts that unpack to 100 MB beside a picture of one pixel are refused, not kept."""
        text = encoded(PIL.Image.new("RGB", (1, 1)), "PNG")
        bomb = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1 << 20)))
        message = refused(ImageError, Image.open, text[:33] + bomb * 100 + text[33:])
        assert is_one_sentence(message)
