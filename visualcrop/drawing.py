"""Pictures of results: an image, a relevance map as colour over it, and boxes."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Any, Protocol, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from .errors import ImageError, VisualcropError
from .geometry import Box, Grid
from .image import Image
from .output.characters import printable

SIDE = 1400  # pixels on the longer side of a picture
_SIDE_IN_NOTEBOOK = 720
# Wine over ember to cream: low is dark and high is light, in grey too. As in viewer/map.js.
_COLOURS = np.array(
    [(122, 30, 70), (180, 44, 66), (228, 88, 50), (251, 155, 52), (255, 228, 140)], float
)
_OPACITY = 0.7 * 255  # of the highest scores
_CLEAR = 0.2  # share of the colour range up to which nothing is seen
_PERCENTILES = (50, 99.8)  # lowest and highest colour: a few extreme cells do not hide the rest
_DARK = "#1c1b22"

Axes: TypeAlias = Any  # of matplotlib, which need not be installed


class ScoredGrid(Protocol):
    """A relevance map, as far as it is drawn."""

    @property
    def grid(self) -> Grid: ...
    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """Rows x columns."""


@attrs.frozen
class Layers:
    """What is drawn, from the bottom up. Coordinates are pixels of the image."""

    image: Image | None  # white where there is none
    relevance: ScoredGrid | None = None
    boxes: Sequence[Box] = ()  # the first is drawn boldest
    caption: str = ""
    cells: bool = False  # each cell of the map in one colour, not smooth

    @property
    def bounds(self) -> Box:
        """What the picture shows: the whole image, or the whole map without one."""
        if self.image is not None:
            return self.image.box
        assert self.relevance is not None, "an image or a map is needed"  # noqa: S101
        return self.relevance.grid.box


class Illustrated:
    """Base of results that can be drawn: as a picture, on matplotlib axes, and in a notebook."""

    __slots__ = ()

    def _layers(self, image: object = None) -> Layers:
        """What to draw; raises ImageError if the image is neither given nor known."""
        raise NotImplementedError

    def _caption(self) -> str:
        raise NotImplementedError

    def overlay(
        self, image: object = None, *, side: int = SIDE, cells: bool = False
    ) -> PIL.Image.Image:
        """
        Draw the map and the boxes over the image.

        Args:
            image: The image that was asked about, as `Image.open` takes it. An answer of
                `VisualSearch` knows its own.
            side: Most pixels on the longer side of the picture.
            cells: Draw each cell of the map in its own colour; else the map is smooth.
        """
        if isinstance(side, bool) or not isinstance(side, int) or side < 1:
            raise ImageError(f"The side of a picture is {side!r}; give a number of pixels.")
        return render(attrs.evolve(self._layers(image), cells=cells), side)

    def plot(self, ax: Axes = None, image: object = None, *, cells: bool = False) -> Axes:
        """
        Draw the same with matplotlib, in pixels of the image; boxes stay vectors.

        Args:
            ax: The axes to draw on; new ones if there are none.
            image: As `overlay` takes it.
            cells: As `overlay` takes it.

        Returns:
            The axes.
        """
        return plot(attrs.evolve(self._layers(image), cells=cells), ax)

    def _repr_html_(self) -> str:
        lines = self._caption().split("\n")
        caption = "<br>".join(escape(printable(line)) for line in lines)
        try:
            layers = self._layers()
        except ImageError:  # neither known nor there any more: the text is shown alone
            return f"<p>{caption}</p>"
        uri = to_data_uri(render(layers, _SIDE_IN_NOTEBOOK))
        return f'<figure><img src="{uri}"><figcaption>{caption}</figcaption></figure>'


def shrink_picture(picture: PIL.Image.Image, side: int = SIDE) -> PIL.Image.Image:
    """A copy whose longer side has at most *side* pixels."""
    factor = min(1.0, side / max(picture.size))
    width, height = (max(1, round(length * factor)) for length in picture.size)
    return picture.resize((width, height), PIL.Image.Resampling.LANCZOS, reducing_gap=3)


def render_heatmap(
    relevance: ScoredGrid, size: tuple[int, int], bounds: Box, *, cells: bool = False
) -> PIL.Image.Image:
    """
    The map as an RGBA layer of *size* over *bounds*: the higher a score, the more opaque.

    Between the middles of its cells it is interpolated by cubic curves, unless *cells* are wanted.
    """
    low, high = colour_range(relevance)
    strength = (relevance.scores.astype(np.float64) - low) / (high - low)
    xs = _middles(size[0], bounds.left, bounds.right)
    ys = _middles(size[1], bounds.top, bounds.bottom)
    place = _take_cells if cells else _interpolate
    strength = place(place(strength, relevance.grid.ys, ys).T, relevance.grid.xs, xs).T
    colours = to_colours(strength)
    colours[~_within(ys, relevance.grid.ys)] = 0
    colours[:, ~_within(xs, relevance.grid.xs)] = 0
    return PIL.Image.fromarray(colours)


def colour_range(relevance: ScoredGrid) -> tuple[float, float]:
    """The scores of the lowest and of the highest colour."""
    low, high = (float(level) for level in np.percentile(relevance.scores, _PERCENTILES))
    return low, max(high, low + 1e-12)


def to_colours(strength: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """RGBA, ... x 4, of shares of the colour range; transparent at its lower end."""
    strength = strength.clip(0, 1)
    stops = np.linspace(0, 1, len(_COLOURS))
    channels = [np.interp(strength, stops, channel) for channel in _COLOURS.T]
    rise = ((strength - _CLEAR) / (1 - _CLEAR)).clip(0, 1)
    alpha = _OPACITY * rise**2 * (3 - 2 * rise)
    return np.stack([*channels, alpha], axis=-1).round().astype(np.uint8)


def _middles(size: int, start: float, stop: float) -> npt.NDArray[np.float64]:
    """The middles of *size* pixels from *start* to *stop*."""
    return start + (np.arange(size) + 0.5) * (stop - start) / size


def _within(middles: npt.NDArray[np.float64], edges: Sequence[float]) -> npt.NDArray[np.bool_]:
    return (middles >= edges[0]) & (middles < edges[-1])


def _take_cells(
    scores: npt.NDArray[np.float64], edges: Sequence[float], middles: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Pixels x ..., of cells x ...: for each pixel the cell that it lies in, or the nearest."""
    cell = np.searchsorted(np.asarray(edges), middles, side="right") - 1
    return np.take(scores, cell.clip(0, len(scores) - 1), axis=0)


def _interpolate(
    scores: npt.NDArray[np.float64], edges: Sequence[float], middles: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Pixels x ..., of cells x ...: Catmull-Rom splines through the middles of the cells."""
    bounds, last = np.asarray(edges, float), len(scores) - 1
    at = np.interp(middles, (bounds[:-1] + bounds[1:]) / 2, np.arange(last + 1))
    near = np.floor(at).astype(int)[:, None] + np.arange(-1, 3)
    away = np.abs(at[:, None] - near)
    weights = np.where(
        away < 1,
        1.5 * away**3 - 2.5 * away**2 + 1,
        -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2,
    )
    weights[(near < 0) | (near > last) | (away >= 2)] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    smooth = np.zeros((len(middles), *scores.shape[1:]))
    for weight, cell in zip(weights.T, near.clip(0, last).T, strict=True):
        smooth += weight[:, None] * scores[cell]
    return smooth


def render(layers: Layers, side: int = SIDE) -> PIL.Image.Image:
    """The layers as an RGB picture whose longer side has at most *side* pixels."""
    bounds = layers.bounds
    if layers.image is None:
        factor = side / max(bounds.width, bounds.height)
        size = (max(1, round(bounds.width * factor)), max(1, round(bounds.height * factor)))
        picture = PIL.Image.new("RGB", size, "white")
    else:
        picture = shrink_picture(layers.image.picture, side)
    if layers.relevance is not None:
        heatmap = render_heatmap(layers.relevance, picture.size, bounds, cells=layers.cells)
        picture = PIL.Image.alpha_composite(picture.convert("RGBA"), heatmap).convert("RGB")
    from PIL import ImageDraw  # with fonts, which no start-up needs

    pen, scale = ImageDraw.Draw(picture), picture.width / bounds.width
    for rank, box in reversed([*enumerate(layers.boxes)]):
        xs = [_pen_position(x - bounds.left, bounds.width) for x in (box.left, box.right)]
        ys = [_pen_position(y - bounds.top, bounds.height) for y in (box.top, box.bottom)]
        edges = [round(e * scale) for e in (xs[0], ys[0], xs[1], ys[1])]
        line = max(2, side // 250) if rank == 0 else max(1, side // 500)
        corners = (edges[0], edges[1], max(edges[0], edges[2]), max(edges[1], edges[3]))
        pen.rectangle(corners, outline=_DARK, width=line + 2)
        pen.rectangle(corners, outline="white", width=line)
    return picture


def _pen_position(at: float, length: float) -> float:
    """*at*, but no further outside than *length*: the pen cannot count without end."""
    return min(max(at, -length), 2 * length)


def plot(layers: Layers, ax: Axes = None) -> Axes:
    """The layers on matplotlib axes, in pixels of the image."""
    if ax is None:
        try:
            import matplotlib.pyplot as plt
        except ImportError as exc:
            raise VisualcropError(
                "A plot needs matplotlib; pip install matplotlib, or take overlay()."
            ) from exc
        ax = plt.subplots()[1]
    if not hasattr(ax, "imshow"):
        raise VisualcropError(
            f"A plot cannot be drawn on {type(ax).__name__}; give axes of matplotlib, or none."
        )
    bounds = layers.bounds
    extent = (bounds.left, bounds.right, bounds.bottom, bounds.top)
    picture = render(attrs.evolve(layers, boxes=()))
    ax.imshow(np.asarray(picture), extent=extent)
    for rank, box in reversed([*enumerate(layers.boxes)]):
        xs = [box.left, box.right, box.right, box.left, box.left]
        ys = [box.top, box.top, box.bottom, box.bottom, box.top]
        width = 2.0 if rank == 0 else 1.0
        ax.plot(xs, ys, color=_DARK, linewidth=width + 1.5)
        ax.plot(xs, ys, color="white", linewidth=width)
    ax.set_xlim(bounds.left, bounds.right)
    ax.set_ylim(bounds.bottom, bounds.top)
    ax.set_axis_off()
    if layers.caption:
        ax.set_title(printable(layers.caption, newline="\n"), parse_math=False)  # `$` is itself
    return ax


def to_data_uri(picture: PIL.Image.Image, quality: int = 85) -> str:
    """The picture inside a URL, for HTML that loads nothing; PNG if transparent, else JPEG."""
    encoding = "PNG" if picture.mode == "RGBA" else "JPEG"
    encoded = BytesIO()
    picture.save(encoded, encoding, quality=quality, optimize=True)
    data = base64.b64encode(encoded.getvalue()).decode()
    return f"data:image/{encoding.lower()};base64,{data}"
