"""Puts named things into a place, and remembers where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box

from ..drawing import Thing
from ..palette import COLOURS, FULL_LIGHT, Light, Rgb
from ..signs import SIGN_STYLES, SIGN_WORDS, SignStyle, make_sign, sign_size
from ..sprites import Pose, draw_sprite
from ..things import THINGS
from .canvas import Canvas, Tracked
from .extras import draw_extra, sample_muted
from .weather import Mood

IN_AIR = ("kite", "balloon", "plane", "butterfly", "rocket", "umbrella")
ON_WATER = ("duck", "whale", "fish", "turtle", "octopus", "bottle", "crab", "boat")
_NEVER_STANDING = frozenset({"kite", "plane", "balloon", "whale"})
_SMALLEST, _LARGEST = 22.0, 38.0  # sides of things, in thousandths of the longer side
_GROUND = frozenset(  # what things stand on with a shadow below them, not behind them
    {
        *("on the quay", "on the far quay", "on the jetty", "on a crate", "on the street"),
        *("on a stall", "on the grass", "on a terrace"),
    }
)
_FAR = {  # how large things are there, by those in front
    **dict.fromkeys(("on the far quay", "on a window sill"), 0.7),
    "in a shop window": 0.62,
    **dict.fromkeys(("in a dinghy", "on a ship"), 0.75),
}
_NUMBER = 24  # of things at a density of 1, signs and some parts of places apart
_MOST = 42  # things at a density of 1, wishes apart
_STANDING = 10  # degrees; what may be tilted more lies about
_LAYERED = 110  # pixels; what is larger is drawn layer by layer, without a tilt
_FOR_LARGE = frozenset(
    {
        *("on the quay", "on the street", "on the grass", "on the pond", "on the desk"),
        *("on the desk mat", "in the sky", "on the top shelf", "on the bottom shelf"),
        *(f"on shelf {row} from the top" for row in range(2, 20)),
    }
)  # where there is room for a large thing
_SPREAD = 0.65  # of the things, among which wishes are spread
_AGAIN = 0.35  # how often a thing is of a kind that is there already


@attrs.frozen
class Wish:
    """
    A thing that has to be in a place.

    Attributes:
        name: Of one of the 64 things, or `sign`.
        colour: One of the nine.
        text: The word or number, if it is a sign.
        side: Its longer side in thousandths of the picture's, or 0 for that of a small thing.
        beside: Another thing that has to stand right beside it.

    """

    name: str
    colour: str
    text: str = ""
    side: float = 0
    beside: Wish | None = None


@attrs.frozen
class Item:
    """
    A named thing in a place.

    Attributes:
        name: Of one of the 64 things, or `sign`.
        colour: One of the nine.
        box: Tight around all of it, also around what is hidden.
        mask: What is seen of each pixel of its box, from 0 to 255: height x width.
        visible: How much of it is seen, from 0 to 1.
        where: The place it has, such as `in the sky` or `on the quay`.
        text: The word or number on a sign.

    """

    name: str
    colour: str
    box: Box
    mask: npt.NDArray[np.uint8] = attrs.field(repr=False, eq=False)
    visible: float
    where: str
    text: str = ""


@attrs.define(eq=False)
class Stage:
    """A canvas with a mood, and the named things put on it so far."""

    canvas: Canvas
    mood: Mood
    rng: np.random.Generator
    density: float
    absent: frozenset[str] = frozenset()  # names of things that the place itself has
    wishes: list[Wish] = attrs.field(factory=list)
    without: frozenset[str] = frozenset()  # names that are wished for or not there
    scale: float = 1.0  # of named things
    placed: list[tuple[Wish, Tracked, str]] = attrs.field(factory=list)
    lights: list[tuple[float, float, float]] = attrs.field(factory=list)  # x, y, radius

    @property
    def names(self) -> tuple[str, ...]:
        """All things that may be in this place, in any pose."""
        return tuple(name for name in THINGS if name not in self.absent)

    @property
    def items(self) -> tuple[Item, ...]:
        """The named things, as they are seen now."""
        return tuple(
            Item(
                wish.name,
                wish.colour,
                Box(track.left, track.top, track.right, track.bottom),
                track.seen,
                track.share,
                where,
                wish.text,
            )
            for wish, track, where in self.placed
        )

    def count(self, share: float) -> int:
        """How many things a part of the place gets that has this *share* of all."""
        return round(_NUMBER * self.density * share + self.rng.uniform(-0.3, 0.3))

    def scaled(self, number: float) -> int:
        """How many extras there are for so many at a density of 1."""
        return round(number * self.density)

    def size(self, grow: float = 1) -> int:
        """Pixels of a named thing's longer side; *grow* is small far away, 1 or more in front."""
        least, most = (
            min(_LARGEST, _SMALLEST * max(1, grow)),
            max(_SMALLEST, _LARGEST * min(1, grow)),
        )
        side = self.rng.uniform(least, most)
        return round(float(side) * self.scale * self.canvas.unit)

    def thing(  # noqa: PLR0913 - what it is, where, and how it looks there
        self,
        x: float,
        y: float,
        where: str,
        among: Sequence[str] = (),
        shadow: float = 0.3,
        *,
        grow: float = 1,
    ) -> bool:
        """Stand a named thing with its foot at x, y; false if there is no room."""
        if self._is_full():
            return False
        wish = self._choose(among, where)
        upright, grow = where in _GROUND, _FAR.get(where, grow)
        tilt = 22 if among else 9
        pose = Pose.sample(self.rng, tilt)
        size = round(wish.side * self.canvas.unit) or self.size(grow)
        sprite = draw_sprite(THINGS[wish.name], size, wish.colour, pose)
        put = partial(self.canvas.place_item, least=0.6, shadow=shadow, upright=upright)
        track = put(sprite, x, y)
        if track and wish.beside:
            self._put_beside(wish.beside, track, where, self.size(grow), put)
        return self._keep(wish, track, where)

    def _put_beside(
        self, wish: Wish, track: Tracked, where: str, size: int, put: Callable[..., Tracked | None]
    ) -> None:
        """Stand a thing right beside another one, on either side."""
        pose = Pose.sample(self.rng, 9)
        sprite = draw_sprite(THINGS[wish.name], size, wish.colour, pose)
        gap = sprite.size[0] / 2 + max(1.0, float(self.rng.uniform(1, 4)) * self.canvas.unit)
        sides = [track.left - gap, track.right + gap]
        for x in self.rng.permutation(sides):
            other = put(sprite, x, track.bottom)
            if other:
                self.placed.append((wish, other, where))
                return

    def sign(self, x: float, y: float, where: str, style: SignStyle | None = None) -> bool:
        """Put up a sign with its foot at x, y."""
        rng = self.rng
        if self._is_full():
            return False
        wanted = [wish for wish in self.wishes if wish.name == "sign"]
        if not wanted and "sign" in self.without:
            return False
        number = str(rng.integers(2, 100)) if rng.random() < 0.3 else ""
        text = number or SIGN_WORDS[int(rng.integers(len(SIGN_WORDS)))]
        wish = wanted[0] if wanted else Wish("sign", str(rng.choice([*COLOURS])), text)
        style = style or SIGN_STYLES[int(rng.integers(len(SIGN_STYLES)))]
        sign = make_sign(wish.text, wish.colour, style)
        letters = float(rng.uniform(7, 10.5)) * self.scale * self.canvas.unit
        sprite = draw_sprite(sign, sign_size(sign, letters), wish.colour)
        return self._keep(wish, self.canvas.place_item(sprite, x, y, least=0.97), where)

    def keep_in_sight(self, share: float = 0.9) -> None:
        """Let what comes later hide hardly anything of the things that are there."""
        for track in self.canvas.tracked:
            track.least = max(track.least, share * track.share)

    def _is_full(self) -> bool:
        return not self.wishes and len(self.placed) >= _MOST * max(1.0, self.density)

    def _choose(self, among: Sequence[str], where: str) -> Wish:
        """The next wish that may be here, or a thing by chance that is not there in its colour."""
        allowed = set(among or THINGS) - self.absent - (set() if among else _NEVER_STANDING)
        left = max(1.0, _SPREAD * _NUMBER * self.density - len(self.placed))
        share = 1.5 * len(self.wishes) / left  # so that not all are in the first part that is drawn
        for wish in self.wishes:
            fits = wish.name in allowed and (not wish.side or where in _FOR_LARGE)
            if fits and (wish.side or self.rng.random() < share):
                return wish
        allowed -= self.without
        there = {(wish.name, wish.colour) for wish, _, _ in self.placed}
        names = sorted({name for name, _ in there} & allowed)
        while True:
            again = names and self.rng.random() < _AGAIN
            name = str(self.rng.choice(names if again else sorted(allowed)))
            colour = str(self.rng.choice([*COLOURS]))
            if (name, colour) not in there or len(there) > 5 * len(allowed):
                return Wish(name, colour)

    def _keep(self, wish: Wish, track: Tracked | None, where: str) -> bool:
        if track is None:
            return False
        if wish in self.wishes:
            self.wishes.remove(wish)
        self.placed.append((wish, track, where))
        return True

    def prop(  # noqa: PLR0913 - what it is, where, and how it looks there
        self,
        kind: Thing,
        x: float,
        y: float,
        size: float,
        *,
        tilt: float = 3,
        lit: bool = False,
    ) -> bool:
        """
        Stand something without a name, in a muted colour; *size* is in thousandths.

        What has much of a *tilt* does not stand but lie. What is *lit* is as bright as by day.
        """
        ink, light = sample_muted(self.rng), FULL_LIGHT if lit else self.mood.light
        pose, pixels = Pose.sample(self.rng, tilt), max(4.0, size * self.canvas.unit)
        if pixels > _LAYERED:
            return self.large(kind, x, y, pixels, ink, light=light)
        sprite = draw_extra(kind, round(pixels), ink, pose, light)
        return self.canvas.place(sprite, x, y, shadow=0.22, upright=tilt <= _STANDING)

    def large(  # noqa: PLR0913 - what, where, and how it looks there
        self, kind: Thing, x: float, y: float, pixels: float, ink: Rgb, *, light: Light = FULL_LIGHT
    ) -> bool:
        """Stand something large on the ground, in its shadow; *pixels* is its longer side."""
        left, top, right, bottom = kind.extent
        wide = pixels * (right - left) / max(right - left, bottom - top)
        if not self.canvas.has_place(x, y, pixels, wide):
            return False
        mirrored = bool(self.rng.random() < 0.5)
        self.canvas.stand_shade(x, y, wide)
        drawn = self.canvas.draw(kind, pixels, ink, (x, y), mirrored=mirrored, light=light)
        return drawn is not None
