"""How a thing is drawn by hand: layers of paths in a square of 100, from back to front."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

import attrs
import numpy as np

from .coverage import Edges, Floats, Integers
from .paths import Points, flatten, grown, signed_area, stroked, thickness, turned

Ink: TypeAlias = Literal[
    "colour",
    "pale",
    "deep",
    "line",
    "dark",
    "wood",
    "metal",
    "paper",
    "glass",
    "leaf",
    "flame",
    "skin",
    "tan",
    "umber",
    "denim",
    "stone",
    "straw",
]
OUTLINE = 2.6  # width of the dark line around everything
Tone: TypeAlias = Literal["base", "light", "shade"]
TONES: tuple[Tone, ...] = ("base", "light", "shade")
_IN_TONE: dict[Ink, tuple[Ink, Tone]] = {"pale": ("colour", "light"), "deep": ("colour", "shade")}
_RIM, _DEEPEST = 0.34, 8.0  # width of the shaded rim: by thickness, and at most
LIT = 0.55  # width of the lit rim, by that of the shaded one


@attrs.frozen
class Layer:
    """
    Areas or lines in one ink.

    Attributes:
        ink: A neutral ink, or the thing's `colour`; `pale` and `deep` are this in light and shade.
        path: SVG path data.
        width: Of a line; 0 for an area.
        holes: Paths that are cut out of the areas.
        inside: Drawn only where the last layer is that is not itself inside another.
        round_ends: Of lines.

    """

    ink: Ink
    path: str
    width: float = 0
    holes: str = ""
    inside: bool = False
    round_ends: bool = True

    @cached_property
    def polygons(self) -> list[Points]:
        """Clockwise areas, and holes the other way round."""
        if self.width:
            return [
                polygon
                for line, closed in flatten(self.path)
                for polygon in stroked(line, self.width, closed=closed, round_ends=self.round_ends)
            ]
        areas = [turned(points) for points, _ in flatten(self.path)]
        holes = [turned(points, clockwise=False) for points, _ in flatten(self.holes)]
        return areas + holes

    @property
    def has_tones(self) -> bool:
        """Whether its rim is lit and shaded; details are flat."""
        return not self.inside and self.ink not in {
            "pale",
            "deep",
            "line",
            "dark",
            "glass",
            "flame",
        }

    @cached_property
    def rim(self) -> float:
        """How wide its shaded rim is."""
        areas = [polygon for polygon in self.polygons if signed_area(polygon) > 0]
        thick = self.width / 2 or max(map(thickness, areas), default=0.0)
        return min(_DEEPEST, _RIM * thick)


@lru_cache(2048)
def fill(ink: Ink, path: str, holes: str = "") -> Layer:
    """An area; things that share it have its polygons in common."""
    return Layer(ink, path, holes=holes)


def line(ink: Ink, width: float, path: str) -> Layer:
    """A line with round ends."""
    return Layer(ink, path, width)


def strip(ink: Ink, width: float, path: str) -> Layer:
    """A line with flat ends."""
    return Layer(ink, path, width, round_ends=False)


def patch(ink: Ink, path: str, width: float = 0) -> Layer:
    """An area, or a line, that is seen only on the thing drawn before."""
    return Layer(ink, path, width, inside=True)


@attrs.frozen(eq=False)
class Parts:
    """
    The areas that are covered to draw a thing: its outline, its layers, and their lit rims.

    Attributes:
        edges: Of all areas, in the square of 100.
        nudges: How far each edge is moved down and right: rims are what a moved area leaves.
        insides: Numbers of the areas inside another, and of those that they are in.
        toned: Numbers of the areas with rims; two more of each follow the layers.
        extents: Upper left and lower right corner of each area, rims unmoved: N x 2 x 2.
        order: Numbers of all areas from back to front, each with its rims.
        inks: One for each layer, then the light, then the shade of those with rims.

    """

    edges: Edges = attrs.field(repr=False)
    nudges: Floats = attrs.field(repr=False)
    insides: tuple[Integers, Integers]
    toned: Integers
    extents: Points = attrs.field(repr=False)
    order: tuple[int, ...]
    inks: tuple[tuple[Ink, Tone], ...]

    @classmethod
    def of(cls, layers: Sequence[Layer], outline: list[Points]) -> Parts:
        """The parts of a thing."""
        toned = [layer for layer in layers if layer.has_tones]
        drawn = [outline, *(layer.polygons for layer in layers)]
        rims = [layer.polygons for layer in toned]
        edges = Edges.of([*drawn, *rims, *rims])
        steps = [*([0.0] * len(drawn)), *(LIT * layer.rim for layer in toned)]
        steps += [-layer.rim for layer in toned]
        parents = [0]
        for number, layer in enumerate(layers, 1):
            parents.append(parents[-1] if layer.inside else number)
        parent = np.array(parents)
        insides = np.flatnonzero(parent != np.arange(len(parent)))
        inks: list[tuple[Ink, Tone]] = [("line", "base")]
        inks += [_IN_TONE.get(layer.ink, (layer.ink, "base")) for layer in layers]
        inks += [(layer.ink, "light") for layer in toned]
        inks += [(layer.ink, "shade") for layer in toned]
        rimmed = np.flatnonzero([False, *(layer.has_tones for layer in layers)])
        owners = np.concatenate([np.arange(len(drawn)), rimmed, rimmed])
        first = np.searchsorted(edges.layers, np.arange(len(owners)))
        ends = [extreme.reduceat(edges.starts, first) for extreme in (np.minimum, np.maximum)]
        return cls(
            edges,
            np.array(steps)[edges.layers][:, None],
            (insides, parent[insides]),
            rimmed,
            np.stack(ends, 1),
            tuple(np.argsort(owners, kind="stable").tolist()),
            tuple(inks),
        )

    def placed(self, matrix: Points, scale: float, count: int | None = None) -> Edges:
        """Edges of the first *count* areas, or of all, after an affine map; clockwise too."""
        number = None if count is None else int(np.searchsorted(self.edges.layers, count))
        shift = matrix[:, 2] + self.nudges[:number] * scale
        starts = self.edges.starts[:number] @ matrix[:, :2].T + shift
        ends = self.edges.ends[:number] @ matrix[:, :2].T + shift
        if matrix[0, 0] * matrix[1, 1] < matrix[0, 1] * matrix[1, 0]:  # a mirror
            starts, ends = ends, starts
        return Edges(starts, ends, self.edges.layers[:number])


@attrs.frozen(eq=False)
class Thing:
    """
    A small thing with a name.

    Attributes:
        name: One clear word.
        plural: Of the name.
        article: `a` or `an`.
        layers: From back to front, in a square of 100.
        edge: Width of the dark line around it.

    """

    name: str
    plural: str
    article: Literal["a", "an"]
    layers: tuple[Layer, ...] = attrs.field(repr=False)
    edge: float = OUTLINE

    @cached_property
    def outline(self) -> list[Points]:
        """All its areas, wider by the dark line around them; narrow holes close."""
        layers = [layer for layer in self.layers if not layer.inside]
        return [points for layer in layers for points in _widen(layer, self.edge)]

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of its outline."""
        return extent(self.outline)

    def phrase(self, colour: str = "", count: int = 1) -> str:
        """
        The thing in a sentence.

        >>> Thing("anchor", "anchors", "an", ()).phrase()
        'an anchor'
        >>> Thing("anchor", "anchors", "an", ()).phrase("red", 2)
        'red anchors'
        """
        words = f"{colour} {self.name if count == 1 else self.plural}".strip()
        if count != 1:
            return words
        article = self.article if not colour else "an" if colour[0] in "aeiou" else "a"
        return f"{article} {words}"

    @cached_property
    def corners(self) -> Points:
        """Points between which all of it lies, in any pose: N x 2."""
        return np.concatenate(self.outline)

    @cached_property
    def parts(self) -> Parts:
        """What of it is drawn, as edges and inks."""
        return Parts.of(self.layers, self.outline)


@lru_cache(2048)  # people share their clothes
def _widen(layer: Layer, edge: float) -> list[Points]:
    """Areas of a layer with the dark line around them, of such a width."""
    outer = []
    for polygon in layer.polygons:
        moved = grown(polygon, 0 if layer.ink == "line" else edge)
        if signed_area(polygon) > 0 or signed_area(moved) < 0:
            outer.append(moved)
    return outer


def extent(polygons: Sequence[Points]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of polygons."""
    points = np.concatenate([*polygons])
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return float(left), float(top), float(right), float(bottom)
