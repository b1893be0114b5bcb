"""Drawings as PDF: in vectors, with the font embedded where the text is ASCII."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import TypeAlias

import attrs
import PIL.Image
import PIL.ImageFont

from .vector import Circle, Drawing, Line, Picture, Polyline, Rectangle, Shape, Text, light_rgb

Corner: TypeAlias = tuple[float, float]  # of a path: x, y

_POINT = 0.75  # points, of which 72 are an inch, in a pixel
_BEND = 0.5523  # of a Bezier curve that is a quarter of a circle
_CODES = range(32, 256)  # of the encoding, which is Windows-1252
# Widths in thousandths of the size, of Helvetica's letters from the space on; others about 556.
_HELVETICA = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 "
    "556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 "
    "722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 "
    "556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 "
    "260 334 584"
)


@attrs.frozen
class _Font:
    """One of the two that a page has, with the widths of its codes from 32 to 255."""

    key: str
    widths: Sequence[int]
    embedded: bytes = b""  # the file, TrueType
    name: str = "Helvetica"

    def width(self, encoded: bytes, size: float) -> float:
        return sum(self.widths[code - 32] for code in encoded if code >= 32) * size / 1000


def to_pdf(drawing: Drawing) -> bytes:
    """One page, a pixel being 1/96 inch, in light colours and without a background."""
    page = _Page()
    for shape in drawing.shapes:
        page.add(shape)
    return page.to_bytes(drawing)


@attrs.define
class _Page:
    """Operators of a page whose y goes down, and the resources that they name."""

    _content: list[str] = attrs.field(factory=list)
    _opacities: dict[float, str] = attrs.field(factory=dict)
    _pictures: list[PIL.Image.Image] = attrs.field(factory=list)
    _fonts: dict[str, _Font] = attrs.field(factory=dict)

    def add(self, shape: Shape) -> None:
        """Draw one more, above the others."""
        match shape:
            case Line():
                self._add_path([(shape.x1, shape.y1), (shape.x2, shape.y2)], shape)
            case Polyline():
                self._add_path(shape.points, shape)
            case Rectangle():
                self._add_rectangle(shape)
            case Circle():
                self._add_circle(shape)
            case Text():
                self._add_text(shape)
            case Picture():
                self._add_picture(shape)

    def to_bytes(self, drawing: Drawing) -> bytes:
        """The document."""
        document, (width, height) = _Document(), (drawing.width * _POINT, drawing.height * _POINT)
        fonts = {key: _write_font(document, font) for key, font in self._fonts.items()}
        pictures = {
            f"P{n}": _write_picture(document, each) for n, each in enumerate(self._pictures, 1)
        }
        states = " ".join(
            f"/{key} << /ca {_n(a)} /CA {_n(a)} >>" for a, key in self._opacities.items()
        )
        drawn = "\n".join([f"{_n(_POINT)} 0 0 {_n(-_POINT)} 0 {_n(height)} cm", *self._content])
        content = document.add_stream("", drawn.encode("ascii"))
        pages = document.reserve()
        page = document.add(
            f"<< /Type /Page /Parent {pages} 0 R /Contents {content} 0 R "
            f"/MediaBox [0 0 {_n(width)} {_n(height)}] /Resources << "
            f"/Font << {_references(fonts)} >> /XObject << {_references(pictures)} >> "
            f"/ExtGState << {states} >> >> >>"
        )
        document.fill(pages, f"<< /Type /Pages /Kids [{page} 0 R] /Count 1 >>")
        root = document.add(f"<< /Type /Catalog /Pages {pages} 0 R >>")
        title = drawing.title.encode("utf-16", "replace").hex()  # with the mark that says so
        return document.to_bytes(root, document.add(f"<< /Title <{title}> >>"))

    def _add_path(self, points: Sequence[Corner], shape: Line | Polyline) -> None:
        (x, y), *others = points
        steps = " ".join(f"{_n(a)} {_n(b)} l" for a, b in others)
        dashes = "[3 3] 0 d " if isinstance(shape, Line) and shape.dashed else ""
        how = f"{_colour(shape.stroke, 'RG')} {_n(shape.stroke_width)} w {dashes}"
        self._put(f"{how}{_n(x)} {_n(y)} m {steps} S", shape.opacity)

    def _add_rectangle(self, shape: Rectangle) -> None:
        place = " ".join(map(_n, (shape.x, shape.y, shape.width, shape.height)))
        if shape.fill is not None:
            self._put(f"{_colour(shape.fill, 'rg')} {place} re f", shape.opacity)
        if shape.stroke is not None:
            how = f"{_colour(shape.stroke, 'RG')} {_n(shape.stroke_width)} w"
            self._put(f"{how} {place} re S", shape.opacity)

    def _add_circle(self, shape: Circle) -> None:
        """Four Bezier curves."""
        x, y, r, b = shape.x, shape.y, shape.radius, shape.radius * _BEND
        curves = [
            (x + r, y + b, x + b, y + r, x, y + r),
            (x - b, y + r, x - r, y + b, x - r, y),
            (x - r, y - b, x - b, y - r, x, y - r),
            (x + b, y - r, x + r, y - b, x + r, y),
        ]
        path = " ".join(f"{' '.join(map(_n, curve))} c" for curve in curves)
        self._put(f"{_colour(shape.fill, 'rg')} {_n(x + r)} {_n(y)} m {path} f", shape.opacity)

    def _add_text(self, shape: Text) -> None:
        """Letters that Windows-1252 lacks become `?`."""
        encoded = shape.text.encode("cp1252", "replace")
        font = _aileron() if shape.text.isascii() else _helvetica()
        self._fonts[font.key] = font
        part = {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor]
        shift = part * font.width(encoded, shape.size)
        x, y = (shape.x, shape.y + shift) if shape.upright else (shape.x - shift, shape.y)
        turn = "0 -1 -1 0" if shape.upright else "1 0 0 -1"  # y goes down, and letters stand up
        how = f"{_colour(shape.fill, 'rg')} /{font.key} {_n(shape.size)} Tf"
        place = f"{turn} {_n(x)} {_n(y)} Tm"
        self._put(f"BT {how} {place} <{encoded.hex()}> Tj ET", shape.opacity)

    def _add_picture(self, shape: Picture) -> None:
        self._pictures.append(shape.picture)
        size, foot = f"{_n(shape.width)} 0 0 {_n(-shape.height)}", shape.y + shape.height
        self._put(f"{size} {_n(shape.x)} {_n(foot)} cm /P{len(self._pictures)} Do")

    def _put(self, operators: str, opacity: float = 1) -> None:
        state = ""
        if opacity < 1:
            key = self._opacities.setdefault(opacity, f"G{len(self._opacities) + 1}")
            state = f"/{key} gs "
        self._content.append(f"q {state}{operators} Q")


@attrs.define
class _Document:
    """Numbered objects, and at the end a table of where each begins."""

    _objects: list[bytes] = attrs.field(factory=list)

    def reserve(self) -> int:
        self._objects.append(b"")
        return len(self._objects)

    def fill(self, number: int, value: str) -> None:
        self._objects[number - 1] = value.encode("ascii")

    def add(self, value: str) -> int:
        number = self.reserve()
        self.fill(number, value)
        return number

    def add_stream(self, entries: str, data: bytes, *, compressed: bool = False) -> int:
        if not compressed:
            data, entries = zlib.compress(data), f"{entries} /Filter /FlateDecode"
        number = self.add(f"<< {entries} /Length {len(data)} >>")
        self._objects[number - 1] += b"\nstream\n" + data + b"\nendstream"
        return number

    def to_bytes(self, root: int, info: int) -> bytes:
        written, places = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"), list[int]()
        for number, value in enumerate(self._objects, 1):
            places.append(len(written))
            written += b"%d 0 obj\n%b\nendobj\n" % (number, value)
        start = len(written)
        lines = "".join(f"{place:010d} 00000 n \n" for place in places)
        size = len(places) + 1
        written += (
            f"xref\n0 {size}\n0000000000 65535 f \n{lines}trailer\n"
            f"<< /Size {size} /Root {root} 0 R /Info {info} 0 R >>\nstartxref\n{start}\n%%EOF\n"
        ).encode("ascii")
        return bytes(written)


def _references(numbers: Mapping[str, int]) -> str:
    return " ".join(f"/{key} {number} 0 R" for key, number in numbers.items())


def _write_font(document: _Document, font: _Font) -> int:
    common = f"/Type /Font /BaseFont /{font.name} /Encoding /WinAnsiEncoding"
    if not font.embedded:
        return document.add(f"<< {common} /Subtype /Type1 >>")
    file = document.add_stream(f"/Length1 {len(font.embedded)}", font.embedded)
    about = document.add(
        f"<< /Type /FontDescriptor /FontName /{font.name} /FontFile2 {file} 0 R /Flags 32 "
        "/FontBBox [-200 -250 1100 950] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 710 "
        "/StemV 80 >>"
    )
    widths = " ".join(map(str, font.widths))
    return document.add(
        f"<< {common} /Subtype /TrueType /FirstChar {_CODES[0]} /LastChar {_CODES[-1]} "
        f"/Widths [{widths}] /FontDescriptor {about} 0 R >>"
    )


def _write_picture(document: _Document, picture: PIL.Image.Image) -> int:
    """As JPEG or, where it is transparent, as bytes with a mask."""
    size = f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height}"
    size = f"{size} /BitsPerComponent 8 /ColorSpace"
    rgb = picture.convert("RGB")
    if picture.mode == "RGBA":
        mask = document.add_stream(f"{size} /DeviceGray", picture.getchannel("A").tobytes())
        return document.add_stream(f"{size} /DeviceRGB /SMask {mask} 0 R", rgb.tobytes())
    encoded = BytesIO()
    rgb.save(encoded, "JPEG", quality=90, optimize=True)
    entries = f"{size} /DeviceRGB /Filter /DCTDecode"
    return document.add_stream(entries, encoded.getvalue(), compressed=True)


@cache
def _aileron() -> _Font:
    """The font that Pillow brings along, for ASCII; not embedded where Pillow has none."""
    font = PIL.ImageFont.load_default(1000)
    file = getattr(font, "font_bytes", b"")
    if not isinstance(font, PIL.ImageFont.FreeTypeFont) or not file:
        return attrs.evolve(_helvetica(), key="F1")
    letters = [chr(code) if code < 127 else "?" for code in _CODES]
    return _Font(
        "F1", [round(font.getlength(letter)) for letter in letters], file, "Aileron-Regular"
    )


@cache
def _helvetica() -> _Font:
    """One of the fonts that every reader has, for the letters of Western Europe."""
    ascii_widths = [*map(int, _HELVETICA.split())]
    return _Font("F2", [*ascii_widths, *[556] * (len(_CODES) - len(ascii_widths))])


def _colour(colour: str, operator: str) -> str:
    return f"{' '.join(_n(part / 255) for part in light_rgb(colour))} {operator}"


def _n(value: float) -> str:
    """As PDF writes numbers: without an exponent."""
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"
