"""Questions about places: chosen first, then hidden in a place, then checked by what is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

import attrs

from .place_names import TOUR, About, Place
from .world import COLOURS, SIGN_WORDS, THINGS
from .world.places import Item, PlaceSpec, Wish, absent_from

COUNTS = tuple(map(str, range(1, 7)))
_SEEN = 0.75  # least of a thing that is asked about
_APART = 0.08  # least distance of two things, as a fraction of the longer side
_IN_SKY, _AT_SEA = ("kite", "balloon", "plane"), ("whale",)
_UNASKED = frozenset(
    {
        # What other parts of a place stand on, so that both would be true.
        *("on the quay", "on the street", "on the grass", "on the desk", "on the desk mat"),
        *("on a terrace", "over a shop"),
        # Where only few things are, so that the name alone would tell it.
        *("in the sky", "on the water", "on the pond"),
    }
)
_WORN = frozenset({"hat", "shirt", "dress"})  # by people, who stand about
_IN_TOWERS = "clock", "bell"
_ALIKE: dict[Place, frozenset[str]] = {  # things that a part of the place could be taken for
    "harbour": _WORN | {"lamp"},
    "market-street": _WORN | {"lamp", *_IN_TOWERS},
    "park": _WORN | {"lamp", "lantern", "bucket"},
    "writing-desk": frozenset({"ring"}),
    "shelf-wall": frozenset({"leaf", "pencil"}),
    "night-town": _WORN | {*_IN_TOWERS},
}
_SIDES = {"shelf-wall": (84.0, 92.0)}  # of large things where they have less room
_SIDE = (120.0, 170.0)


@attrs.frozen
class PlaceQuestion:
    """
    A question about a place, with its answer.

    Attributes:
        text: The question.
        answer: One of the choices.
        choices: In the order of their letters.
        sentences: Each choice as a full answer that begins with it.
        targets: Things that one has to see to answer, each with the name it has in the question.

    """

    text: str
    answer: str
    choices: tuple[str, ...]
    sentences: tuple[str, ...]
    targets: tuple[tuple[str, Item], ...]


Ask: TypeAlias = Callable[[Sequence[Item]], PlaceQuestion | None]


@attrs.frozen
class _Draft:
    """What has to be in a place, and how to ask about it; none if it is not to be seen there."""

    wishes: tuple[Wish, ...]
    ask: Ask
    absent: tuple[str, ...] = ()  # names of which nothing is there but wishes

    @property
    def without(self) -> tuple[str, ...]:
        """No other thing has the name of a wish, nor one that has to be absent."""
        pairs = [wish.beside for wish in self.wishes if wish.beside]
        return tuple(sorted({*self.absent, *(wish.name for wish in (*self.wishes, *pairs))}))


def plan_question(  # noqa: PLR0913, PLR0917 - what a place is drawn from, and what is asked
    about: About,
    place: Place,
    draft_seed: int,
    seed: int,
    size: tuple[int, int],
    scale: float = 1.0,
) -> tuple[PlaceSpec, PlaceQuestion] | None:
    """
    A question and the place for it, or none if this place has no room for what is asked about.

    The question depends on *draft_seed* alone, so that no answer is rarer for being hard to place.
    """
    draft = _DRAFTS[about](place, _random(about, place, draft_seed))
    spec = PlaceSpec(place, seed, size, 1.0, draft.wishes, draft.without, scale)
    question = draft.ask(spec.plan())
    return (spec, question) if question else None


def plan_tour(
    place: Place, draft_seed: int, seed: int, size: tuple[int, int], scale: float = 1.0
) -> tuple[PlaceSpec, tuple[PlaceQuestion, ...]] | None:
    """One place with a question of each kind of `TOUR`, or none if it has no room for all."""
    drafts: list[_Draft] = []
    for about in TOUR:
        taken = {name for draft in drafts for name in draft.without}
        rng = _random(about, place, draft_seed)
        draft = _DRAFTS[about](place, rng)
        while taken.intersection(draft.without):
            draft = _DRAFTS[about](place, rng)
        drafts.append(draft)
    wishes = tuple(wish for draft in drafts for wish in draft.wishes)
    without = tuple(sorted({name for draft in drafts for name in draft.without}))
    spec = PlaceSpec(place, seed, size, 1.0, wishes, without, scale)
    questions = [draft.ask(spec.plan()) for draft in drafts]
    return (spec, tuple(filter(None, questions))) if all(questions) else None


def _random(about: About, place: Place, seed: int) -> Random:
    return Random(f"{about} {place} {seed}")  # noqa: S311 - scenes, not secrets


def nameable(place: Place) -> tuple[str, ...]:
    """Things that can be asked about in a place: nothing else there could be meant."""
    sky = place in {"harbour", "market-street", "park", "night-town", "writing-desk"}
    sea = place in {"harbour", "park", "writing-desk"}
    out = (
        {*(() if sky else _IN_SKY), *(() if sea else _AT_SEA)} | absent_from(place) | _ALIKE[place]
    )
    return tuple(name for name in THINGS if name not in out)


def _find(items: Sequence[Item], *wishes: Wish) -> list[Item] | None:
    """The items of wishes, if each is there once and clearly seen."""
    found = []
    for wish in wishes:
        same = [
            i for i in items if (i.name, i.colour, i.text) == (wish.name, wish.colour, wish.text)
        ]
        if len(same) != 1 or same[0].visible < _SEEN:
            return None
        found.append(same[0])
    return found


def _sample_wishes(place: Place, rng: Random, count: int) -> tuple[Wish, ...]:
    """Things with different names and colours."""
    names, colours = rng.sample(nameable(place), count), rng.sample([*COLOURS], count)
    return tuple(map(Wish, names, colours))


def _shuffled(rng: Random, words: Sequence[str]) -> tuple[str, ...]:
    return tuple(rng.sample(words, len(words)))


def _draft_attribute(place: Place, rng: Random, side: float = 0) -> _Draft:
    """The colour of a thing; each wrong choice is the colour of one more thing in the picture."""
    wishes = _sample_wishes(place, rng, 4)
    wishes = (attrs.evolve(wishes[0], side=side), *wishes[1:])
    word, large = (
        rng.choice(("color", "colour")),
        f"{rng.choice(('large', 'big'))} " if side else "",
    )
    name = large + wishes[0].name
    text = rng.choice(
        ("What {} is the {}?", "What is the {} of the {}?", "Which {} does the {} have?")
    ).format(word, name)
    choices = _shuffled(rng, [wish.colour for wish in wishes])

    def ask(items: Sequence[Item]) -> PlaceQuestion | None:
        found = _find(items, *wishes)
        if found is None:
            return None
        sentences = tuple(f"{choice} is the {word} of the {name}." for choice in choices)
        return PlaceQuestion(text, wishes[0].colour, choices, sentences, ((name, found[0]),))

    return _Draft(wishes, ask)


def _draft_large(place: Place, rng: Random) -> _Draft:
    """The colour of a thing so large that the whole view shows it."""
    standing = {*_IN_SKY, *_AT_SEA}
    while True:
        draft = _draft_attribute(place, rng, rng.uniform(*_SIDES.get(place, _SIDE)))
        if draft.wishes[0].name not in standing:
            return draft


def _draft_relation(place: Place, rng: Random) -> _Draft:
    """Left, right, above or below; what is beside a thing; or what a thing is on."""
    kind = rng.choice(("side", "side", "beside", "where"))
    if kind == "side" or (kind == "where" and place == "shelf-wall"):
        return _draft_side(place, rng)
    return _draft_beside(place, rng) if kind == "beside" else _draft_where(place, rng)


_AXES = (
    (("left", "right"), ("to the {} or {} of", "on the {} or the {} of"), "of the"),
    (("above", "below"), ("{} or {}",), "the"),
)


def _draft_side(place: Place, rng: Random) -> _Draft:
    """On which side of one thing another is; others share their colours."""
    first, second, *more = _sample_wishes(place, rng, 4)
    shared = tuple(map(Wish, [wish.name for wish in more], [first.colour, second.colour]))
    axis, coloured, answer = rng.randrange(2), rng.random() < 0.3, rng.randrange(2)
    words, phrases, link = _AXES[axis]
    phrase = rng.choice(phrases).format(*words)
    choices = _shuffled(rng, words)

    def ask(items: Sequence[Item]) -> PlaceQuestion | None:
        found = _find(items, first, second)
        if found is None:
            return None
        one, other = sorted(found, key=lambda item: item.box.centre[axis], reverse=answer == 1)
        gap = abs(one.box.centre[axis] - other.box.centre[axis])
        if gap < _APART * _extent(items):
            return None
        named = [f"{i.colour} {i.name}" if coloured else i.name for i in (one, other)]
        text = f"Is the {named[0]} {phrase} the {named[1]}?"
        sentences = tuple(f"{choice} {link} {named[1]} is the {named[0]}." for choice in choices)
        return PlaceQuestion(
            text, words[answer], choices, sentences, ((named[0], one), (named[1], other))
        )

    return _Draft((first, second, *shared), ask)


def _extent(items: Sequence[Item]) -> float:
    """The longer side of what things cover."""
    boxes = [item.box for item in items]
    wide = max(b.right for b in boxes) - min(b.left for b in boxes)
    return max(wide, max(b.bottom for b in boxes) - min(b.top for b in boxes))


def _draft_beside(place: Place, rng: Random) -> _Draft:
    """What is beside a thing; the wrong choices are elsewhere in the picture."""
    first, second, *more = _sample_wishes(place, rng, 5)
    text = rng.choice(("What is beside the {}?", "What is next to the {}?")).format(first.name)
    choices = _shuffled(rng, [second.name, *(wish.name for wish in more)])

    def ask(items: Sequence[Item]) -> PlaceQuestion | None:
        found = _find(items, first, second, *more)
        if found is None:
            return None
        one, side = found[0], max(found[0].box.width, found[0].box.height)
        gaps = [_gap(one, other) for other in items if other is not one]
        if sorted(gaps)[1] < 1.5 * side or _gap(one, found[1]) > 0.7 * side:
            return None
        sentences = tuple(f"{choice} is what is beside the {first.name}." for choice in choices)
        return PlaceQuestion(text, second.name, choices, sentences, ((first.name, one),))

    return _Draft((attrs.evolve(first, beside=second), *more), ask)


def _gap(one: Item, other: Item) -> float:
    """Pixels between two boxes, 0 if they touch."""
    a, b = one.box, other.box
    across = max(a.left - b.right, b.left - a.right, 0)
    return max(across, a.top - b.bottom, b.top - a.bottom)


def _draft_where(place: Place, rng: Random) -> _Draft:
    """What a thing is on or in; each part of the place is right as often."""
    text = rng.choice(("Where is the {}?", "Where in the image is the {}?"))
    allowed = nameable(place)

    def ask(items: Sequence[Item]) -> PlaceQuestion | None:
        names = Counter(item.name for item in items)
        once = [item for item in items if names[item.name] == 1 and item.name in allowed]
        clear = [item for item in once if item.visible >= _SEEN]
        parts = sorted({item.where for item in clear} - _UNASKED)
        if len(parts) < 3:
            return None
        choices = tuple(rng.sample(parts, min(4, len(parts))))
        answer = rng.choice(choices)
        item = rng.choice([item for item in clear if item.where == answer])
        sentences = tuple(f"{choice} is where the {item.name} is." for choice in choices)
        return PlaceQuestion(
            text.format(item.name), answer, choices, sentences, ((item.name, item),)
        )

    return _Draft((), ask)


def _draft_count(place: Place, rng: Random) -> _Draft:
    """How many things of a name there are, or of a name and a colour."""
    answer = rng.choice(COUNTS)
    name, other = rng.sample(nameable(place), 2)
    colour, *more = rng.sample([*COLOURS], 4)
    coloured = rng.random() < 0.4
    named = f"{colour} {name}" if coloured else name
    several = f"{colour} {THINGS[name].plural}" if coloured else THINGS[name].plural
    colours = [colour if coloured else rng.choice([*COLOURS]) for _ in range(int(answer))]
    counted = tuple(Wish(name, tint) for tint in colours)
    near = (Wish(other, colour), *(Wish(name, tint) for tint in more[: 2 * coloured]))
    ends = ("are in the image?", "are there?", "can you see?")
    text = f"How many {several} {rng.choice(ends)}"
    wrong = rng.sample([count for count in COUNTS if count != answer], 3)
    choices = _shuffled(rng, [answer, *wrong])

    def ask(items: Sequence[Item]) -> PlaceQuestion | None:
        found = [i for i in items if i.name == name and (not coloured or i.colour == colour)]
        if len(found) != int(answer) or min(item.visible for item in found) < _SEEN:
            return None
        sentences = tuple(
            f"1 {named} is in the image." if c == "1" else f"{c} {several} are in the image."
            for c in choices
        )
        return PlaceQuestion(text, answer, choices, sentences, tuple((named, i) for i in found))

    return _Draft((*counted, *near), ask)


def _draft_existence(place: Place, rng: Random) -> _Draft:
    """Whether a thing is there; as many others share its name or colour if it is as if not."""
    there, coloured = rng.random() < 0.5, rng.random() < 0.6
    name, *others = rng.sample(nameable(place), 3)
    colour, *tints = rng.sample([*COLOURS], 3)
    asked = Wish(name, colour)
    same = [asked, Wish(name, tints[0])] if there else [Wish(name, tint) for tint in tints]
    if not coloured:
        same = [asked] if there else []
    wishes = (*same, *(Wish(other, colour) for other in others[: 1 if there else 2]))
    phrase = THINGS[name].phrase(colour if coloured else "")
    ends = ("Is there {} in the image?", "Is there {} in the picture?", "Can you see {}?")
    text = rng.choice(ends).format(phrase)
    choices = _shuffled(rng, ("Yes", "No"))
    no = f"No, there is no {phrase.partition(' ')[2]}."

    def ask(items: Sequence[Item]) -> PlaceQuestion | None:
        found = _find(items, *wishes)
        if found is None:
            return None
        sentences = tuple(f"Yes, there is {phrase}." if c == "Yes" else no for c in choices)
        targets = ((phrase.partition(" ")[2], found[0]),) if there else ()
        return PlaceQuestion(text, "Yes" if there else "No", choices, sentences, targets)

    return _Draft(wishes, ask, absent=(name,))


def _draft_detail(place: Place, rng: Random) -> _Draft:
    """The word or number on one of two signs."""
    numbers = rng.random() < 0.3
    pool = [str(number) for number in range(2, 100)] if numbers else SIGN_WORDS
    texts, colours = rng.sample(pool, 4), rng.sample([*COLOURS], 2)
    signs = tuple(Wish("sign", colour, text) for colour, text in zip(colours, texts, strict=False))
    name, word = f"{colours[0]} sign", "number" if numbers else "word"
    asked = ("What {} is on the {}?", "What is the {} on the {}?", "Which {} is on the {}?")
    text = rng.choice(asked).format(word, name)
    choices = _shuffled(rng, texts)

    def ask(items: Sequence[Item]) -> PlaceQuestion | None:
        found = _find(items, *signs)
        if found is None:
            return None
        sentences = tuple(f"{choice} is the {word} on the {name}." for choice in choices)
        return PlaceQuestion(text, texts[0], choices, sentences, ((name, found[0]),))

    return _Draft(signs, ask)


def _draft_which(place: Place, rng: Random) -> _Draft:
    """Which of four things is there, or has a colour."""
    wishes = _sample_wishes(place, rng, 4)
    choices = _shuffled(rng, [wish.name for wish in wishes])
    target, coloured = wishes[0], rng.random() < 0.5
    if coloured:
        listed, end = [f"the {name}" for name in choices], target.colour
        text = f"Which of {', '.join(listed[:3])} and {listed[3]} is {end}?"
    else:
        listed, end = [THINGS[name].phrase() for name in choices], "in the image"
        text = f"Which of these is in the image: {', '.join(listed[:3])} or {listed[3]}?"
    sentences = tuple(f"{choice} is the one that is {end}." for choice in choices)

    def ask(items: Sequence[Item]) -> PlaceQuestion | None:
        found = _find(items, *(wishes if coloured else wishes[:1]))
        if found is None:
            return None
        targets = tuple((item.name, item) for item in found)
        return PlaceQuestion(text, target.name, choices, sentences, targets)

    return _Draft(wishes if coloured else wishes[:1], ask, absent=choices)


_DRAFTS: dict[About, Callable[[Place, Random], _Draft]] = {
    "attribute": _draft_attribute,
    "relation": _draft_relation,
    "count": _draft_count,
    "existence": _draft_existence,
    "detail": _draft_detail,
    "which": _draft_which,
    "large": _draft_large,
}
