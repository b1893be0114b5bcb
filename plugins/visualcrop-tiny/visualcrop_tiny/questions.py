"""Questions about visible things, with their answers: for the benchmark, and for training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, reduce
from random import Random
from typing import TypeAlias

import attrs

from visualcrop import Box

from .scenes import COLOURS, DIGITS, PLATE, SHAPES, DrawnScene, PlacedThing, ScenePlan, plural

Things: TypeAlias = tuple[PlacedThing, ...]
_MAX_COUNT = 4  # no question counts more things than this
COUNTS = DIGITS[1 : _MAX_COUNT + 1]
_MIN_DISTANCE = 0.08  # between two things along an axis, as a fraction of all things' extent


@attrs.frozen
class QAPair:
    """A question with its answer."""

    kind: str
    text: str
    answer: str
    choices: tuple[str, ...]  # in the order of their letters, the answer among them
    about: tuple[PlacedThing, ...]  # the things that one has to see to answer


@attrs.frozen(slots=False)
class QuestionContext:
    """What a question may be asked about."""

    things: tuple[PlacedThing, ...]  # clearly visible
    ambiguous_shapes: frozenset[str] = frozenset()  # only half visible, so not to be mentioned

    @cached_property
    def nameable(self) -> tuple[PlacedThing, ...]:
        """Things whose shape may be mentioned."""
        return tuple(thing for thing in self.things if thing.shape not in self.ambiguous_shapes)

    @cached_property
    def unique(self) -> tuple[PlacedThing, ...]:
        """Nameable things that are the only ones of their shape."""
        return tuple(thing for thing in self.nameable if self.shape_counts[thing.shape] == 1)

    @cached_property
    def shape_counts(self) -> Counter[str]:
        return Counter(thing.shape for thing in self.things)

    @cached_property
    def name_counts(self) -> Counter[str]:
        return Counter(thing.name for thing in self.things)

    def unambiguous_name(
        self, thing: PlacedThing, rng: Random, colour_probability: float = 0.0
    ) -> str | None:
        """A name of *thing* alone: its shape if that is unique, else with its colour, or none."""
        if self.shape_counts[thing.shape] == 1 and rng.random() >= colour_probability:
            return thing.shape
        return thing.name if self.name_counts[thing.name] == 1 else None


def ask_question(scene: ScenePlan | DrawnScene, rng: Random) -> QAPair | None:
    """A question of the scene's own kind, about its subjects; none if they are ambiguous."""
    kind: str = scene.kind
    if kind == "large":
        kind = "detail" if scene.things[0].text else "attribute"
    pair = QUESTION_TYPES[kind](QuestionContext(scene.things), rng, scene.things)
    return pair and attrs.evolve(pair, kind=scene.kind)


# Each function asks about the first of the *subjects* or, without any, about things sampled from
# the context. It returns None if the context has no suitable thing.


def _ask_attribute(context: QuestionContext, rng: Random, subjects: Things = ()) -> QAPair | None:
    """The colour of the only thing of its shape."""
    unique = [thing for thing in context.unique if thing.shape != PLATE or rng.random() < 0.3]
    if not subjects and not unique:
        return None
    thing = subjects[0] if subjects else rng.choice(unique)
    text = rng.choice(("What is the {} of the {}?", "What {} is the {}?"))
    word = rng.choice(("color", "color", "colour"))
    colours = (thing.colour for thing in context.things)
    choices = _sample_choices(rng, thing.colour, colours, tuple(COLOURS))
    return QAPair("attribute", text.format(word, thing.shape), thing.colour, choices, (thing,))


def _ask_relation(context: QuestionContext, rng: Random, subjects: Things = ()) -> QAPair | None:
    """Whether one thing is left or right of another, or above or below it."""
    if not subjects and len(context.unique) < 2:
        return None
    first, second = subjects[:2] if subjects else rng.sample(context.unique, 2)
    gaps = [a - b for a, b in zip(first.box.centre, second.box.centre, strict=True)]
    axis = int(abs(gaps[1]) > abs(gaps[0]))
    if not subjects and rng.random() < 0.3:
        axis = 1 - axis
    words, templates = _AXES[axis]
    names = [context.unambiguous_name(thing, rng, 0.2) for thing in (first, second)]
    if None in names or abs(gaps[axis]) < _MIN_DISTANCE * _measure_extent(context, axis):
        return None
    text = rng.choice(templates).format(*names)
    answer = words[int(gaps[axis] > 0)]
    choices = _sample_choices(rng, answer, words, words, 2)
    return QAPair("relation", text, answer, choices, (first, second))


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


def _measure_extent(context: QuestionContext, axis: int) -> float:
    """Width or height, in pixels, of the box around all things."""
    frame = reduce(Box.around, (thing.box for thing in context.things))
    return (frame.width, frame.height)[axis]


def _ask_count(context: QuestionContext, rng: Random, subjects: Things = ()) -> QAPair | None:
    """How many things of a visible shape there are."""
    counts = context.shape_counts
    several = [thing for thing in context.nameable if 1 < counts[thing.shape] <= _MAX_COUNT]
    pool = several if several and rng.random() < 0.75 else context.unique
    thing = subjects[0] if subjects else rng.choice(pool) if pool else None
    if thing is None or thing.shape == PLATE or counts[thing.shape] > _MAX_COUNT:
        return None
    answer = str(counts[thing.shape])
    text = f"How many {plural(thing.shape)} are in the image?"
    about = tuple(other for other in context.things if other.shape == thing.shape)
    return QAPair("count", text, answer, _sample_choices(rng, answer, (), COUNTS), about)


def _ask_existence(context: QuestionContext, rng: Random, subjects: Things = ()) -> QAPair | None:
    """Whether a thing is there; an absent one often shares colour or shape with a visible one."""
    nameable = subjects[:1] or context.nameable
    if nameable and rng.random() < 0.5:
        thing = rng.choice(nameable)
        name = thing.name if subjects or rng.random() < 0.5 else _maybe_plural(thing.shape, rng)
        return _make_existence_pair(rng, name, "Yes", (thing,))
    similar = rng.choice(nameable) if nameable and (subjects or rng.random() < 0.6) else None
    absent = _sample_absent_name(context, rng, similar)
    about = (similar,) if similar else ()
    return _make_existence_pair(rng, absent, "No", about) if absent else None


def _sample_absent_name(
    context: QuestionContext, rng: Random, similar: PlacedThing | None
) -> str | None:
    """A name that no visible thing has; with *similar*, it shares that thing's colour or shape."""
    visible = {*context.shape_counts, *context.ambiguous_shapes}
    shapes = [shape for shape in (*SHAPES, PLATE) if shape not in visible]
    if similar is None:
        shape = rng.choice(shapes)
        coloured = rng.random() < 0.4
        return f"{rng.choice(tuple(COLOURS))} {shape}" if coloured else _maybe_plural(shape, rng)
    if rng.random() < 0.5:
        return f"{similar.colour} {rng.choice(shapes)}"
    colours = dict.fromkeys(thing.colour for thing in context.things)  # so that none is a hint
    others = [c for c in colours if not context.name_counts[f"{c} {similar.shape}"]]
    return f"{rng.choice(others)} {similar.shape}" if others else None


def _maybe_plural(shape: str, rng: Random) -> str:
    """Sometimes the plural, which a search for all things of a shape asks about."""
    return plural(shape) if rng.random() < 0.2 else shape


def _make_existence_pair(rng: Random, name: str, answer: str, about: Things) -> QAPair:
    article = "an" if name[0] in "aeio" else "a"
    choices = _sample_choices(rng, answer, ("Yes", "No"), ("Yes", "No"), 2)
    return QAPair("existence", f"Is there {article} {name} in the image?", answer, choices, about)


def _ask_detail(context: QuestionContext, rng: Random, subjects: Things = ()) -> QAPair | None:
    """The digit on a plate."""
    plates = [thing for thing in context.nameable if thing.text]
    thing = subjects[0] if subjects else rng.choice(plates) if plates else None
    name = context.unambiguous_name(thing, rng, 0.5) if thing else None
    if thing is None or name is None:
        return None
    text = rng.choice(("What digit is on the {}?", "What is the digit on the {}?")).format(name)
    choices = _sample_choices(rng, thing.text, (plate.text for plate in plates), DIGITS)
    return QAPair("detail", text, thing.text, choices, (thing,))


QUESTION_TYPES: dict[str, Callable[..., QAPair | None]] = {
    "attribute": _ask_attribute,
    "relation": _ask_relation,
    "count": _ask_count,
    "existence": _ask_existence,
    "detail": _ask_detail,
}


def _sample_choices(
    rng: Random, answer: str, visible: Iterable[str], pool: Sequence[str], count: int = 4
) -> tuple[str, ...]:
    """The answer and wrong choices, shuffled; *visible* ones are taken before those of *pool*."""
    near = list(dict.fromkeys(word for word in visible if word != answer))
    rng.shuffle(near)
    far = [word for word in pool if word != answer and word not in near]
    rng.shuffle(far)
    chosen = [*(near + far)[: count - 1], answer]
    rng.shuffle(chosen)
    return tuple(chosen)
