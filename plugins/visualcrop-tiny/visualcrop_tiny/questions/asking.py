"""
One function for each kind of question; each gives none where it cannot be asked.

It asks about the first of the *leads*, if there are any, else about something in sight.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from random import Random
from typing import TypeAlias

import attrs

from visualcrop import Box

from ..scenes import COLOURS, DIGITS, SHAPES, Plan, Scene, Thing
from ..scenes.words import PLATE, plural
from .sense import Asked, Sense, choices

Things: TypeAlias = tuple[Thing, ...]
_LEAST = 0.08  # how far two things lie apart, as part of how far all do
MOST = 4  # things of a kind that are counted
NUMBERS = DIGITS[1 : MOST + 1]


def attribute(sense: Sense, rng: Random, leads: Things = ()) -> Asked | None:
    """The colour of the only thing of its shape."""
    alone = [thing for thing in sense.alone if thing.shape != PLATE or rng.random() < 0.3]
    if not leads and not alone:
        return None
    thing = leads[0] if leads else rng.choice(alone)
    text = rng.choice(("What is the {} of the {}?", "What {} is the {}?"))
    word = rng.choice(("color", "color", "colour"))
    colours = choices(rng, thing.colour, (t.colour for t in sense.things), tuple(COLOURS))
    return Asked("attribute", text.format(word, thing.shape), thing.colour, colours, (thing,))


def relation(sense: Sense, rng: Random, leads: Things = ()) -> Asked | None:
    """Which side of another thing one is on, or whether it is higher."""
    if not leads and len(sense.alone) < 2:
        return None
    first, second = leads[:2] if leads else rng.sample(sense.alone, 2)
    gaps = [a - b for a, b in zip(first.box.centre, second.box.centre, strict=True)]
    axis = int(abs(gaps[1]) > abs(gaps[0]))
    if not leads and rng.random() < 0.3:
        axis = 1 - axis
    words, form = _AXES[axis]
    names = [sense.called(thing, rng, 0.2) for thing in (first, second)]
    if None in names or abs(gaps[axis]) < _LEAST * _extent(sense, axis):
        return None
    text = rng.choice(form).format(*names)
    order = choices(rng, words[int(gaps[axis] > 0)], words, words, 2)
    return Asked("relation", text, words[int(gaps[axis] > 0)], order, (first, second))


_AXES = (
    (
        ("left", "right"),
        (
            "Is the {} on the left or right side of the {}?",
            "Is the {} to the left or right of the {}?",
        ),
    ),
    (("above", "below"), ("Is the {} above or below the {}?",)),
)


def _extent(sense: Sense, axis: int) -> float:
    frame = reduce(Box.around, (thing.box for thing in sense.things))
    return (frame.width, frame.height)[axis]


def count(sense: Sense, rng: Random, leads: Things = ()) -> Asked | None:
    """How many things there are of a shape that is there."""
    many = [t for t in sense.named if 1 < sense.shapes[t.shape] <= MOST]
    some = many if many and rng.random() < 0.75 else sense.alone
    thing = leads[0] if leads else rng.choice(some) if some else None
    if thing is None or thing.shape == PLATE or sense.shapes[thing.shape] > MOST:
        return None
    number = sense.shapes[thing.shape]
    text = f"How many {plural(thing.shape)} are in the image?"
    about = tuple(t for t in sense.things if t.shape == thing.shape)
    return Asked("count", text, str(number), choices(rng, str(number), (), NUMBERS), about)


def existence(sense: Sense, rng: Random, leads: Things = ()) -> Asked | None:
    """Whether a thing is there; if not, often one that shares its colour or its shape is."""
    named = leads[:1] or sense.named
    if named and rng.random() < 0.5:
        thing = rng.choice(named)
        name = thing.name if leads or rng.random() < 0.5 else _some_number(thing.shape, rng)
        return _exists(rng, name, "Yes", (thing,))
    near = rng.choice(named) if named and (leads or rng.random() < 0.6) else None
    absent = _absent(sense, rng, near)
    return _exists(rng, absent, "No", (near,) if near else ()) if absent else None


def _absent(sense: Sense, rng: Random, near: Thing | None) -> str | None:
    """The name of nothing in sight, but of something like *near*."""
    shapes = [s for s in (*SHAPES, PLATE) if s not in sense.shapes and s not in sense.unsure]
    if near is None:
        shape = rng.choice(shapes)
        whole = rng.random() < 0.4
        return f"{rng.choice(tuple(COLOURS))} {shape}" if whole else _some_number(shape, rng)
    if rng.random() < 0.5:
        return f"{near.colour} {rng.choice(shapes)}"
    seen = list(dict.fromkeys(thing.colour for thing in sense.things))  # so that none is a hint
    others = [c for c in seen if not sense.names[f"{c} {near.shape}"]]
    return f"{rng.choice(others)} {near.shape}" if others else None


def _some_number(shape: str, rng: Random) -> str:
    """Now and then more than one, as a search for all of them asks for."""
    return plural(shape) if rng.random() < 0.2 else shape


def _exists(rng: Random, name: str, answer: str, about: tuple[Thing, ...]) -> Asked:
    article = "an" if name[0] in "aeio" else "a"
    order = choices(rng, answer, ("Yes", "No"), ("Yes", "No"), 2)
    return Asked("existence", f"Is there {article} {name} in the image?", answer, order, about)


def detail(sense: Sense, rng: Random, leads: Things = ()) -> Asked | None:
    """What is written on a plate."""
    plates = [thing for thing in sense.named if thing.text]
    thing = leads[0] if leads else rng.choice(plates) if plates else None
    name = sense.called(thing, rng, 0.5) if thing else None
    if thing is None or name is None:
        return None
    text = rng.choice(("What digit is on the {}?", "What is the digit on the {}?")).format(name)
    digits = choices(rng, thing.text, (t.text for t in plates), DIGITS)
    return Asked("detail", text, thing.text, digits, (thing,))


QUESTIONS: dict[str, Callable[..., Asked | None]] = {
    "attribute": attribute,
    "relation": relation,
    "count": count,
    "existence": existence,
    "detail": detail,
}


def ask(scene: Plan | Scene, rng: Random) -> Asked | None:
    """A question of the scene's own kind, about its leads."""
    kind: str = scene.kind
    if kind == "large":
        kind = "detail" if scene.things[0].text else "attribute"
    asked = QUESTIONS[kind](Sense(scene.things), rng, scene.things)
    return asked and attrs.evolve(asked, kind=scene.kind)
