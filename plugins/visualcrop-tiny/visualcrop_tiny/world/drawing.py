"""How a thing is drawn by hand: layers of paths in a square of 100, from back to front."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
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


def fill(ink: Ink, path: str, holes: str = "") -> Layer:
    """An area."""
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
        inks: One for each layer, then the light, then the shade of those with rims.

    """

    edges: Edges = attrs.field(repr=False)
    nudges: Floats = attrs.field(repr=False)
    insides: tuple[Integers, Integers]
    toned: Integers
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
        inks: list[tuple[Ink, Tone]] = [("line", "base"), *((la.ink, "base") for la in layers)]
        inks += [(layer.ink, "light") for layer in toned]
        inks += [(layer.ink, "shade") for layer in toned]
        return cls(
            edges,
            np.array(steps)[edges.layers][:, None],
            (insides, parent[insides]),
            np.flatnonzero([False, *(layer.has_tones for layer in layers)]),
            tuple(inks),
        )


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
        outer = []
        for layer in self.layers:
            if layer.inside:
                continue
            for polygon in layer.polygons:
                moved = grown(polygon, 0 if layer.ink == "line" else self.edge)
                if signed_area(polygon) > 0 or signed_area(moved) < 0:
                    outer.append(moved)
        return outer

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


def extent(polygons: Sequence[Points]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of polygons."""
    points = np.concatenate([*polygons])
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return float(left), float(top), float(right), float(bottom)
