"""Draws the toy model's scenes, with questions about them."""

from __future__ import annotations

import attrs
import numpy as np
import PIL.Image

from ...geometry import Box
from ...image import Image
from ...values import Question

# A thing is a square frame in the colour of its kind round a core of its own colour.
KINDS = {
    "mug": (0, 150, 150),
    "key": (130, 0, 170),
    "coin": (255, 130, 0),
    "shell": (255, 120, 200),
    "drum": (110, 60, 20),
    "lock": (150, 150, 255),
    "stamp": (0, 255, 200),
    "flag": (150, 200, 0),
}
COLOURS = {
    "red": (220, 40, 40),
    "blue": (50, 80, 230),
    "green": (40, 160, 60),
    "yellow": (245, 225, 40),
    "white": (250, 250, 250),
    "black": (15, 15, 15),
}
_SLOT = 200  # pixels of a grid with at most one thing in a cell


@attrs.frozen
class Thing:
    """One thing in a scene."""

    kind: str
    colour: str
    box: Box


@attrs.frozen
class SceneQuestion:
    """A question with its answer and the boxes of the things it is about."""

    about: str  # attribute, relation or count
    question: Question
    answer: str
    boxes: tuple[Box, ...]


@attrs.frozen
class Scene:
    """An image, the things in it, and three questions."""

    image: Image
    things: tuple[Thing, ...]
    questions: tuple[SceneQuestion, ...]

    @classmethod
    def draw(cls, seed: int = 0, *, width: int = 1536, height: int = 1024, side: int = 36) -> Scene:
        """Draw the scene of *seed*: about ten things of about *side* pixels."""
        rng = np.random.default_rng(seed)
        pixels = _draw_background(rng, width, height)
        things = _place_things(rng, width, height, side)
        for thing in things:
            _paint(pixels, thing)
        image = Image(PIL.Image.fromarray(pixels))
        return cls(image, tuple(things), tuple(_ask_questions(rng, image, things)))


def _draw_background(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Muted clouds with grain, height x width x 3."""
    clouds = rng.uniform(95, 165, (height // 128 + 2, width // 128 + 2, 3))
    clouds = clouds * 0.15 + clouds.mean(axis=2, keepdims=True) * 0.85
    small = PIL.Image.fromarray(clouds.astype(np.uint8))
    smooth = np.asarray(small.resize((width, height), PIL.Image.Resampling.BICUBIC))
    grain = rng.integers(-9, 10, (height, width, 1))
    return (smooth + grain).clip(0, 255).astype(np.uint8)


def _place_things(rng: np.random.Generator, width: int, height: int, side: int) -> list[Thing]:
    """Two kinds once, one kind two to four times, and six more; equal kinds never side by side."""
    columns, rows = width // _SLOT, height // _SLOT
    slots = [(column, row) for column in range(columns) for row in range(rows)]
    rng.shuffle(slots)
    kinds = list(rng.permutation(list(KINDS)))
    counted = int(rng.integers(2, 5))
    wanted = [*kinds[:2], *[kinds[2]] * counted, *rng.choice(kinds[3:], 6)]
    things: list[Thing] = []
    taken: list[tuple[str, tuple[int, int]]] = []
    for kind in map(str, wanted):
        apart = (s for s in slots if not any(k == kind and _near(s, other) for k, other in taken))
        if (slot := next(apart, None)) is None:
            continue
        slots.remove(slot)
        taken.append((kind, slot))
        size = int(rng.integers(side * 9 // 10, side * 11 // 10 + 1))
        left, top = (int(at * _SLOT + rng.integers(10, _SLOT - 10 - size)) for at in slot)
        colour = str(rng.choice(list(COLOURS)))
        things.append(Thing(kind, colour, Box(left, top, left + size, top + size)))
    return things


def _near(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) < 3


def _paint(pixels: np.ndarray, thing: Thing) -> None:
    left, top, right, bottom = thing.box.whole_pixels()
    rim = (right - left) // 4
    pixels[top:bottom, left:right] = KINDS[thing.kind]
    pixels[top + rim : bottom - rim, left + rim : right - rim] = COLOURS[thing.colour]


def _ask_questions(
    rng: np.random.Generator, image: Image, things: list[Thing]
) -> list[SceneQuestion]:
    first, second, third = things[:3]
    same = [thing for thing in things if thing.kind == third.kind]
    others = [colour for colour in COLOURS if colour != first.colour]
    colours = tuple(
        map(str, rng.permutation([first.colour, *rng.choice(others, 3, replace=False)]))
    )
    side = "left" if first.box.centre[0] < second.box.centre[0] else "right"
    relation = f"Is the {first.kind} to the left or to the right of the {second.kind}?"
    return [
        SceneQuestion(
            "attribute",
            Question(f"What colour is the {first.kind}?", image, colours),
            first.colour,
            (first.box,),
        ),
        SceneQuestion(
            "relation",
            Question(relation, image, ("left", "right")),
            side,
            (first.box, second.box),
        ),
        SceneQuestion(
            "count",
            Question(f"How many {third.kind}s are there?", image, ("1", "2", "3", "4")),
            str(len(same)),
            tuple(thing.box for thing in same),
        ),
    ]
