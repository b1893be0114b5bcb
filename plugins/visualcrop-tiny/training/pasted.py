"""
Parts of places with other things pasted in: many more things to see for the time of drawing one.

They stand where nothing holds them, at any size; what comes to lie behind them is hidden as far.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import attrs
import numpy as np

from visualcrop import Box
from visualcrop_tiny.world import COLOURS, SIGN_STYLES, SIGN_WORDS, THINGS, draw_sprite, make_sign
from visualcrop_tiny.world.places import Item
from visualcrop_tiny.world.places.canvas import Canvas, Tracked
from visualcrop_tiny.world.signs import sign_size
from visualcrop_tiny.world.sprites import Pose, Sprite

from .vision_inputs import PlacedItem, Shown

LONGEST = 5  # characters of a sign
_LEAST_SEEN = 0.6  # of a thing that another is pasted over
_TRIES = 12  # places that are tried for one thing
_SMALLEST = 14  # pixels
_SHARES = 0.035, 0.4  # of the part's side: from things on a canvas to those in a crop
_CROWD_SHARES = 0.022, 0.045  # of things as small as a whole place's
_SIGNS = 4, 13  # half-open range of their number, where there are signs alone
_CROWD = 20, 51  # and that of small things
Fill: TypeAlias = Literal["some", "signs", "crowd"]  # what is pasted: many signs, or small things
Rng = np.random.Generator


def paste_things(place: Shown, box: Box, rng: Rng, fill: Fill = "some") -> Shown:
    """A part of a place, in a *box* of whole pixels, with more things in it."""
    canvas = Canvas(round(box.width), round(box.height))
    canvas.picture = place.picture.crop(box.whole_pixels())
    within = [p.item for p in place.items if p.item.mask.any() and p.item.box.common(box)]
    tracked = [(item, _track(item, box)) for item in within]
    canvas.tracked += [track for _, track in tracked]
    shares, side = _CROWD_SHARES if fill == "crowd" else _SHARES, min(canvas.width, canvas.height)
    for name, colour, text in _CHOOSE[fill](rng):
        sprite = _draw(name, colour, text, side, shares, rng)
        for _ in range(_TRIES):
            x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
            track = canvas.place_item(sprite, x, y, least=_LEAST_SEEN)
            if track:
                whole = Item(name, colour, _box(track), track.seen, 1.0, "", text)
                tracked.append((whole, track))
                break
    seen = (
        attrs.evolve(item, box=_box(track), mask=track.seen, visible=item.visible * track.share)
        for item, track in tracked
    )
    return Shown(canvas.picture, tuple(map(PlacedItem, seen)))


def sample_text(rng: Rng) -> str:
    """A word that signs have, a number, or any letters, so that reading is spelling."""
    way = rng.random()
    if way < 0.25:
        return str(rng.integers(2, 100))
    if way < 0.6:
        return str(rng.choice(SIGN_WORDS))
    letters = rng.choice([*string.ascii_uppercase], rng.integers(2, LONGEST + 1))
    return "".join(map(str, letters))


def _track(item: Item, box: Box) -> Tracked:
    """What is seen of an item, moved into a part of the picture."""
    left, top = round(item.box.left - box.left), round(item.box.top - box.top)
    return Tracked(left, top, item.mask, item.mask.copy(), _LEAST_SEEN)


def _box(track: Tracked) -> Box:
    return Box(track.left, track.top, track.right, track.bottom)


def _choose(rng: Rng) -> list[tuple[str, str, str]]:
    """Name, colour and text of some things: maybe several of a name, and a sign."""

    def colour() -> str:
        return str(rng.choice([*COLOURS]))

    names = [str(name) for name in rng.choice([*THINGS], rng.integers(1, 5))]
    chosen = [(name, colour(), "") for name in names]
    if rng.random() < 0.5:
        same = colour()
        count = int(rng.integers(1, 6))
        alike = rng.random() < 0.4
        chosen += [(names[0], same if alike else colour(), "") for _ in range(count)]
    if rng.random() < 0.45:
        chosen.insert(0, ("sign", colour(), sample_text(rng)))
    return chosen


def _choose_signs(rng: Rng) -> list[tuple[str, str, str]]:
    """Name, colour and text of many signs."""
    number = int(rng.integers(*_SIGNS))
    return [("sign", str(rng.choice([*COLOURS])), sample_text(rng)) for _ in range(number)]


def _choose_crowd(rng: Rng) -> list[tuple[str, str, str]]:
    """Name and colour of many things."""
    names = rng.choice([*THINGS], rng.integers(*_CROWD))
    return [(str(name), str(rng.choice([*COLOURS])), "") for name in names]


_CHOOSE: Mapping[Fill, Callable[[Rng], list[tuple[str, str, str]]]] = {
    "some": _choose,
    "signs": _choose_signs,
    "crowd": _choose_crowd,
}


def _draw(  # noqa: PLR0913, PLR0917 - what, how large, and where it may vary
    name: str, colour: str, text: str, side: int, shares: tuple[float, float], rng: Rng
) -> Sprite:
    """A thing or sign, to be pasted into a square of *side* pixels."""
    share = float(np.exp(rng.uniform(*np.log(shares))))
    if name != "sign":
        size = max(_SMALLEST, round(share * side))
        return draw_sprite(THINGS[name], size, colour, Pose.sample(rng, 22))
    sign = make_sign(text, colour, SIGN_STYLES[int(rng.integers(len(SIGN_STYLES)))])
    letters = rng.uniform(0.03, 0.1) * side
    return draw_sprite(sign, sign_size(sign, max(5.0, letters)), colour)
