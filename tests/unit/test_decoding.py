"""Any source becomes an upright RGB picture, or one sentence that says why not."""

from __future__ import annotations

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.ImageOps
import pytest

from tests.support.mangled import encoded, picture
from visualcrop import Image

_RGB = np.asarray(picture())
_DEEP = np.arange(0, 65536, 128).astype(np.uint16).reshape(16, 32)
_ORIENTED = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_90,  # stored so, shown by turning it back
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_270,
}


def _lab() -> PIL.Image.Image:
    srgb, lab = PIL.ImageCms.createProfile("sRGB"), PIL.ImageCms.createProfile("LAB")
    found = PIL.ImageCms.profileToProfile(picture(), srgb, lab, outputMode="LAB")
    assert found is not None
    return found


def _in_mode(mode: str) -> PIL.Image.Image:
    if mode == "LAB":
        return _lab()
    if mode in {"La", "RGBa"}:
        return picture().convert(mode.upper()).convert(mode)
    return picture().convert("P").convert(mode) if mode == "PA" else picture().convert(mode)


class TestModes:
    """Every mode of Pillow."""

    @pytest.mark.parametrize("mode", "RGB RGBA RGBX RGBa CMYK YCbCr HSV LAB".split())
    def test_colours_stay(self, mode: str) -> None:
        """A mode that holds colours gives them back, to a few steps of rounding."""
        assert _in_mode(mode).mode == mode
        found = Image.open(_in_mode(mode))
        assert found.picture.mode == "RGB"
        assert np.abs(found.pixels.astype(int) - _RGB).mean() < 2

    @pytest.mark.parametrize("mode", "1 L LA La P PA".split())
    def test_poorer_modes_look_as_they_did(self, mode: str) -> None:
        """A mode of fewer colours looks as Pillow shows it."""
        given = _in_mode(mode)
        shown = given.convert("LA").convert("RGB") if mode == "La" else given.convert("RGB")
        assert np.array_equal(Image.open(given).pixels, np.asarray(shown))

    @pytest.mark.parametrize("mode", ["I", "F"])
    def test_numbers_fill_their_range(self, mode: str) -> None:
        """Of whole and broken numbers, the least is black and the greatest white."""
        dtype = np.int32 if mode == "I" else np.float32
        given = PIL.Image.fromarray(np.linspace(-7, 900, 64).reshape(8, 8).astype(dtype))
        assert given.mode == mode
        pixels = Image.open(given).pixels[..., 0]
        assert (pixels[0, 0], pixels[-1, -1]) == (0, 255)
        assert (np.diff(pixels.ravel().astype(int)) >= 0).all()

    @pytest.mark.parametrize("value", [np.nan, np.inf, 0])
    def test_numbers_without_a_range(self, value: float) -> None:
        """A picture of one value, or of none, is opened and not divided by zero."""
        flat = PIL.Image.fromarray(np.full((4, 4), value, np.float32))
        assert Image.open(flat).pixels.shape == (4, 4, 3)

    @pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
    def test_sixteen_bits_keep_their_scale(self, mode: str) -> None:
        """Sixteen bits become the top eight, even where not all of the range is used."""
        half = (_DEEP // 2).astype(">u2" if mode.endswith("B") else "<u2")
        given = PIL.Image.frombytes(mode, (32, 16), half.tobytes())
        found = Image.open(given).pixels[..., 0].astype(int)
        assert np.abs(found - _DEEP // 2 // 257).max() <= 1

    def test_sixteen_bits_of_a_file(self) -> None:
        """A PNG of sixteen bits is as bright as it was saved."""
        found = Image.open(encoded(PIL.Image.fromarray(_DEEP), "PNG")).pixels[..., 0].astype(int)
        assert np.abs(found - _DEEP // 257).max() <= 1


class TestTransparency:
    """What one can see through lies on white paper."""

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "RGBa", "La"])
    def test_by_alpha(self, mode: str) -> None:
        """Clear pixels are white, half-clear ones halfway to it."""
        base = PIL.Image.new("RGBA", (3, 1), (0, 0, 0, 255))
        base.putpixel((1, 0), (0, 0, 0, 128))
        base.putpixel((2, 0), (0, 0, 0, 0))
        given = base.convert(mode.upper()).convert(mode)
        assert Image.open(given).pixels[0, :, 0].tolist() == [0, 127, 255]

    @pytest.mark.parametrize("mode", ["RGB", "L", "P"])
    def test_by_colour(self, mode: str) -> None:
        """A colour or palette entry that the file calls transparent is white."""
        given = PIL.Image.new(mode, (2, 1))
        given.putpixel((1, 0), (9, 8, 7) if mode == "RGB" else 1)
        clear = (0, 0, 0) if mode == "RGB" else 0
        pixels = Image.open(encoded(given, "PNG", transparency=clear)).pixels
        assert pixels[0, 0].tolist() == [255, 255, 255]
        assert pixels[0, 1].max() < 10

    def test_by_a_grey_of_sixteen_bits(self) -> None:
        """So is a grey of sixteen bits, and its neighbours, as dark in eight, are not."""
        deep = np.array([[700, 701], [699, 65535]], np.uint16)
        file = encoded(PIL.Image.fromarray(deep), "PNG", transparency=700)
        assert Image.open(file).pixels[..., 0].tolist() == [[255, 2], [2, 255]]


class TestOrientation:
    """EXIF says which side is up."""

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_is_turned_upright(self, orientation: int) -> None:
        """Stored in any of the eight ways, the picture is shown as it was taken."""
        turn = _ORIENTED.get(orientation)
        stored = picture() if turn is None else picture().transpose(turn)
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        found = Image.open(encoded(stored, "PNG", exif=exif))
        assert np.array_equal(found.pixels, _RGB)

    @pytest.mark.parametrize("exif", [b"nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"])
    def test_a_broken_block_costs_nothing(self, exif: bytes) -> None:
        """A picture whose EXIF is nonsense is shown as it is stored."""
        data = encoded(picture(), "PNG", exif=exif)
        assert np.array_equal(Image.open(data).pixels, _RGB)
