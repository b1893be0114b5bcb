"""Questions about the things in an input, with replies, as training asks them."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from random import Random

import attrs

from visualcrop_tiny.place_questions import COUNTS
from visualcrop_tiny.world import COLOURS, SIGN_WORDS, THINGS

from .crop_dataset import WHERE, Seen
from .prompts import format_question
from .sign_letters import locate_letters
from .tokenizer import (
    CONTINUES,
    INSTRUCTION,
    LETTERS,
    VOCABULARY,
    Tokens,
    encode_prompt,
    encode_reply,
    number_characters,
)
from .vision_inputs import CLEARLY_VISIBLE, HARDLY_VISIBLE, SIDE

_LEGIBLE = 20.0  # least height of a sign that is read, in pixels of the input
_WHOLE = 0.97  # part of a sign that is seen if each of its letters is where its box says
_APART = 0.08  # least distance of two things, as a fraction of the input
_KIND_WEIGHTS = {
    "existence": 0.22,
    "attribute": 0.14,
    "side": 0.16,
    "beside": 0.06,
    "where": 0.1,
    "count": 0.2,
    "sign": 0.22,
    "which": 0.08,
}
# Probabilities: that a question has no lettered choices, that a small count is kept (most would
# be), that a side is one of the image, and that a question does not need the image.
_OPEN_ENDED = {
    "existence": 0.6,
    "attribute": 0.4,
    "side": 0.3,
    "half": 0.3,
    "beside": 0.35,
    "where": 0.3,
    "count": 0.35,
    "sign": 0.35,
    "which": 0.35,
}
_KEEP_COUNT = {1: 0.25, 2: 0.5, 3: 0.75}
_HALF_QUESTIONS = 0.3
_LETTER_QUESTIONS = 0.04


@attrs.frozen
class Exchange:
    """A question with its reply, and what it could be chosen from."""

    kind: str
    text: str
    answer: str
    choices: tuple[str, ...]
    about: tuple[Seen, ...] = ()  # what one has to see to answer


@attrs.frozen(slots=False)
class Sight:
    """What questions about an input may be about."""

    things: tuple[Seen, ...]  # clearly visible
    doubtful: frozenset[str] = frozenset()  # names of what is only half visible
    size: tuple[float, float] = (SIDE, SIDE)  # of what is seen, in the units of its boxes
    legible: float = _LEGIBLE  # least height of a sign that is read

    @classmethod
    def of(cls, things: Sequence[Seen], size: tuple[float, float] = (SIDE, SIDE)) -> Sight:
        """The clear things of an input; who is in doubt is not mentioned."""
        clear = tuple(thing for thing in things if thing.visible >= CLEARLY_VISIBLE)
        doubtful = (t.name for t in things if HARDLY_VISIBLE < t.visible < CLEARLY_VISIBLE)
        return cls(clear, frozenset(doubtful), size)

    @property
    def longer(self) -> float:
        """The longer side."""
        return max(self.size)

    @cached_property
    def nameable(self) -> tuple[Seen, ...]:
        """Things whose name may be mentioned, signs apart."""
        return tuple(t for t in self.things if t.name not in self.doubtful and t.name != "sign")

    @cached_property
    def names(self) -> Counter[str]:
        return Counter(thing.name for thing in self.things)

    @cached_property
    def tinted(self) -> Counter[tuple[str, str]]:
        return Counter((thing.name, thing.colour) for thing in self.things)

    @cached_property
    def unique(self) -> tuple[Seen, ...]:
        """Nameable things that are the only ones of their name."""
        return tuple(thing for thing in self.nameable if self.names[thing.name] == 1)

    def call(self, thing: Seen, rng: Random, coloured: float) -> str | None:
        """What to call this thing alone: its name, or colour and name; none if neither is."""
        if self.names[thing.name] == 1 and rng.random() >= coloured:
            return thing.name
        one = self.tinted[thing.name, thing.colour] == 1
        return f"{thing.colour} {thing.name}" if one else None


def sample_exchange(sight: Sight, rng: Random) -> Tokens:
    """A prompt after its images, and the reply."""
    exchange = ask(sight, rng) if rng.random() >= _LETTER_QUESTIONS else None
    return encode(exchange or _ask_letter(rng), rng)


def sample_letter_exchange(rng: Random) -> Tokens:
    """A question that needs no image, and the letter that answers it."""
    return encode(_ask_letter(rng), rng)


def ask(sight: Sight, rng: Random) -> Exchange | None:
    """A question of a random kind, or of a simpler one if there is nothing to ask it about."""
    kind = rng.choices(list(_KIND_WEIGHTS), list(_KIND_WEIGHTS.values()))[0]
    exchange = _ASK[kind](sight, rng)
    if exchange is None and rng.random() < 0.4:
        exchange = _ask_attribute(sight, rng)
    return exchange or _ask_existence(sight, rng)


def encode(exchange: Exchange, rng: Random) -> Tokens:
    """The question in words or with lettered choices, and the reply."""
    if rng.random() < _OPEN_ENDED.get(exchange.kind, 0.0):
        asked, reply = format_question(exchange.text), exchange.answer
    else:
        asked = _format_with_choices(exchange)
        reply = LETTERS[exchange.choices.index(exchange.answer)]
    prompt, replied = encode_prompt(asked), encode_reply(reply)
    if exchange.kind != "sign" or exchange.about[0].visible < _WHOLE:
        return Tokens(prompt, replied)
    (sign,), numbers = exchange.about, (*number_characters(prompt),)
    places = dict(_find_letters(sign, numbers, replied))
    return Tokens(prompt, replied, places, dict(_compare_letters(sign, numbers, prompt)))


def _find_letters(
    sign: Seen, numbers: Sequence[int], reply: Sequence[int]
) -> Iterator[tuple[int, tuple[float, float]]]:
    """
    Which letters of a sign tokens have to look at: their indices, and the letters' middles.

    Those of choices are compared with the sign's letters; those of a reply are followed by them.
    *numbers* are those of the prompt's tokens, as `number_characters` has them.
    """
    middles = [box.centre for _, box in locate_letters(sign.text, sign.box)]
    for index, number in enumerate(numbers):
        if 0 <= number < len(middles):
            yield index, middles[number]
    if tuple(reply) == encode_reply(sign.text):
        yield from enumerate(middles, len(numbers) - 1)


def _compare_letters(
    sign: Seen, numbers: Sequence[int], prompt: Sequence[int]
) -> Iterator[tuple[int, bool]]:
    """Whether each letter of a choice is the one that the sign has there, by its index."""
    letters = dict(enumerate(sign.text))
    for index, (token, number) in enumerate(zip(prompt, numbers, strict=True)):
        if number >= 0:
            yield index, VOCABULARY[token].removeprefix(CONTINUES) == letters.get(number)


def _format_with_choices(exchange: Exchange) -> str:
    """As `format_question`, without its cache, which choices would fill: they rarely repeat."""
    lettered = zip(LETTERS, exchange.choices, strict=False)
    options = (f"({letter}) {text}" for letter, text in lettered)
    return "\n".join([exchange.text, *options, INSTRUCTION])


def _choose(
    rng: Random, answer: str, near: Sequence[str], pool: Sequence[str], count: int = 4
) -> tuple[str, ...]:
    """The answer and wrong choices, shuffled; those *near* are taken before those of *pool*."""
    wrong = list(dict.fromkeys(word for word in near if word != answer))
    rng.shuffle(wrong)
    if len(wrong) < count - 1:
        rest = [word for word in pool if word != answer and word not in wrong]
        wrong += rng.sample(rest, min(len(rest), count - 1))
    chosen = [*wrong[: count - 1], answer]
    rng.shuffle(chosen)
    return tuple(chosen)


def _ask_existence(sight: Sight, rng: Random) -> Exchange | None:
    """Whether a thing is there; an absent one often shares colour or name with a visible one."""
    there = rng.random() < 0.5
    things = sight.nameable + tuple(
        t for t in sight.things if t.name == "sign" and rng.random() < 0.3
    )
    about: tuple[Seen, ...] = ()
    if there:
        if not things:
            return None
        about = (rng.choice(things),)
        name, colour = about[0].name, about[0].colour if rng.random() < 0.5 else ""
    else:
        absent = _sample_absent(sight, things, rng)
        if absent is None:
            return None
        name, colour = absent
    text = rng.choice(_EXISTENCE).format(_phrase(name, colour, rng))
    answers = ("Yes", "No")
    choices = _choose(rng, "Yes", answers, (), 2)
    return Exchange("existence", text, answers[not there], choices, about)


# The first is a verifier's.
_EXISTENCE = (
    *["Is there {} in the image?"] * 4,
    "Is there {} in the picture?",
    "Can you see {}?",
)


def _phrase(name: str, colour: str, rng: Random) -> str:
    """With its article; prompts that are filled in have `a` before any name."""
    if name != "sign" and rng.random() < 0.12:
        name = THINGS[name].plural
    words = f"{colour} {name}".strip()
    article = "an" if words[0] in "aeiou" and rng.random() < 0.5 else "a"
    return f"{article} {words}"


def _sample_absent(sight: Sight, things: Sequence[Seen], rng: Random) -> tuple[str, str] | None:
    """Name and colour, or no colour, of what is not there."""
    seen = {*sight.names, *sight.doubtful}
    names = [name for name in THINGS if name not in seen]
    if not names:  # a crowd of everything
        return None
    similar = rng.choice(things) if things and rng.random() < 0.65 else None
    if similar is None:
        colour = rng.choice([*COLOURS]) if rng.random() < 0.4 else ""
        return rng.choice(names), colour
    if rng.random() < 0.5:
        return rng.choice(names), similar.colour
    others = [c for c in COLOURS if not sight.tinted[similar.name, c]]
    return (similar.name, rng.choice(others)) if others else None


def _ask_attribute(sight: Sight, rng: Random) -> Exchange | None:
    """The colour of the only thing of its name."""
    if not sight.unique:
        return None
    thing, word = rng.choice(sight.unique), rng.choice(("color", "colour"))
    large = max(thing.box.width, thing.box.height) > 0.2 * sight.longer and rng.random() < 0.4
    name = f"{rng.choice(('large', 'big'))} {thing.name}" if large else thing.name
    text = rng.choice(_COLOUR).format(word, name)
    near = [other.colour for other in sight.things]
    choices = _choose(rng, thing.colour, near, [*COLOURS])
    return Exchange("attribute", text, thing.colour, choices, (thing,))


_COLOUR = ("What {} is the {}?", "What is the {} of the {}?", "Which {} does the {} have?")


def _ask_side(sight: Sight, rng: Random) -> Exchange | None:
    """On which side of one thing another is, or of the image."""
    pair = ask_relation(sight, rng) if rng.random() >= _HALF_QUESTIONS else None
    return pair or _ask_half(sight, rng)


def ask_relation(sight: Sight, rng: Random, among: Sequence[Seen] = ()) -> Exchange | None:
    """Where one thing is of another, of *among* if there are any, in words for sides."""
    things = among or sight.nameable
    if len(things) < 2:
        return None
    first, second = rng.sample(things, 2)
    gaps = [a - b for a, b in zip(first.box.centre, second.box.centre, strict=True)]
    axis = int(abs(gaps[1]) > abs(gaps[0]))
    if rng.random() < 0.3:
        axis = 1 - axis
    names = [sight.call(thing, rng, 0.3) for thing in (first, second)]
    if None in names or abs(gaps[axis]) < _APART * sight.longer:
        return None
    words, phrases = _AXES[axis]
    phrase = rng.choice(phrases).format(*words)
    text = f"Is the {names[0]} {phrase} the {names[1]}?"
    answer = words[int(gaps[axis] > 0)]
    return Exchange("side", text, answer, _choose(rng, answer, words, (), 2), (first, second))


_AXES = (
    (
        ("left", "right"),
        ("to the {} or {} of", "on the {} or the {} of", "on the {} or {} side of"),
    ),
    (("above", "below"), ("{} or {}",)),
)


def _ask_half(sight: Sight, rng: Random) -> Exchange | None:
    """In which half of the image a thing is: easier than comparing the places of two things."""
    axis = int(rng.random() < 0.4)
    middle, least = sight.size[axis] / 2, 0.04 * sight.size[axis]
    off_centre = [t for t in sight.unique if abs(t.box.centre[axis] - middle) > least]
    if not off_centre:
        return None
    thing = rng.choice(off_centre)
    words = (("left", "right"), ("top", "bottom"))[axis]
    text = f"Is the {thing.name} in the {words[0]} or {words[1]} half of the image?"
    answer = words[int(thing.box.centre[axis] > middle)]
    return Exchange("half", text, answer, _choose(rng, answer, words, (), 2), (thing,))


def _ask_beside(sight: Sight, rng: Random) -> Exchange | None:
    """What is next to a thing that has one thing near it, and no other."""
    for thing in rng.sample(sight.unique, len(sight.unique)):
        others = [other for other in sight.things if other is not thing]
        if not others:
            return None
        side = max(thing.box.width, thing.box.height)
        gaps = sorted((_gap(thing, other), index) for index, other in enumerate(others))
        nearest = others[gaps[0][1]]
        lonely = len(gaps) == 1 or gaps[1][0] > max(1.5 * side, 2 * gaps[0][0])
        if gaps[0][0] > 0.8 * side or not lonely or nearest not in sight.nameable:
            continue
        text = rng.choice(("What is beside the {}?", "What is next to the {}?"))
        near = [t.name for t in sight.nameable if t is not thing]
        choices = _choose(rng, nearest.name, near, [n for n in THINGS if n != thing.name])
        return Exchange("beside", text.format(thing.name), nearest.name, choices, (thing,))
    return None


def _gap(one: Seen, other: Seen) -> float:
    """Pixels between two boxes, 0 if they touch."""
    a, b = one.box, other.box
    across = max(a.left - b.right, b.left - a.right, 0)
    return max(across, a.top - b.bottom, b.top - a.bottom)


def _ask_where(sight: Sight, rng: Random) -> Exchange | None:
    """What a thing is on or in."""
    placed = [thing for thing in sight.unique if thing.where]
    if not placed:
        return None
    rarely = [t for t in placed if t.where not in {"on the street", "on the grass", "on the desk"}]
    thing = rng.choice(rarely if rarely and rng.random() < 0.7 else placed)
    near = [other.where for other in sight.things if other.where] if rng.random() < 0.5 else ()
    text = rng.choice(("Where is the {}?", "Where in the image is the {}?")).format(thing.name)
    choices = _choose(rng, thing.where, near, WHERE)
    return Exchange("where", text, thing.where, choices, (thing,))


def _ask_count(sight: Sight, rng: Random) -> Exchange | None:
    """How many things of a name there are, or of a name and a colour."""
    if not sight.nameable:
        return None
    coloured = rng.random() < 0.35
    key: Callable[[Seen], tuple[str, ...]] = (
        (lambda t: (t.name, t.colour)) if coloured else (lambda t: (t.name,))
    )
    counts = Counter(map(key, sight.nameable))
    several = [what for what, count in counts.items() if 1 < count <= len(COUNTS)]
    if several and rng.random() < 0.85:
        # Large counts are rare, so that each is sampled more often.
        what = rng.choices(several, [counts[what] for what in several])[0]
    else:
        what = rng.choice([*counts])
    count = counts[what]
    if count > len(COUNTS) or rng.random() > _KEEP_COUNT.get(count, 1.0):
        return None
    name = THINGS[what[0]].plural
    name = f"{what[1]} {name}" if coloured else name
    text = f"How many {name} {rng.choice(('are in the image?', 'are there?', 'can you see?'))}"
    counted = tuple(thing for thing in sight.nameable if key(thing) == what)
    return Exchange("count", text, str(count), _choose(rng, str(count), (), COUNTS), counted)


def _ask_sign(sight: Sight, rng: Random) -> Exchange | None:
    """The word or number on a sign."""
    signs = [thing for thing in sight.things if thing.text]
    if not signs or "sign" in sight.doubtful:
        return None
    legible = [sign for sign in signs if sign.box.height >= sight.legible]
    if not legible and rng.random() > 0.1:
        return None
    sign = rng.choice(legible or signs)
    name = sight.call(sign, rng, 0.6)
    if name is None:
        return None
    word = "number" if sign.text.isdigit() else "word"
    text = rng.choice(_SIGN).format(word, name)
    near = [other.text for other in signs if other.text.isdigit() == sign.text.isdigit()]
    choices = _choose(rng, sign.text, near, _like(sign.text, rng))
    return Exchange("sign", text, sign.text, choices, (sign,))


_SIGN = (
    "What {0} is on the {1}?",
    "What is the {0} on the {1}?",
    "Which {0} is on the {1}?",
    "What does the {1} say?",
)


def _like(text: str, rng: Random) -> list[str]:
    """Other texts that a sign could have."""
    if text.isdigit():
        return [str(rng.randrange(2, 100)) for _ in range(6)]
    if text in SIGN_WORDS:
        return rng.sample(SIGN_WORDS, 6)
    return ["".join(rng.choices(string.ascii_uppercase, k=len(text))) for _ in range(6)]


def _ask_which(sight: Sight, rng: Random) -> Exchange | None:
    """Which of four things is there, or has a colour."""
    if not sight.unique:
        return None
    thing = rng.choice(sight.unique)
    colours = Counter(other.colour for other in sight.unique)
    names = [other.name for other in sight.unique if other.colour != thing.colour]
    if colours[thing.colour] == 1 and len(names) >= 3 and rng.random() < 0.6:
        choices = _choose(rng, thing.name, names, ())
        listed = [f"the {name}" for name in choices]
        text = f"Which of {', '.join(listed[:3])} and {listed[3]} is {thing.colour}?"
        about = tuple(t for t in sight.unique if t.name in choices)
        return Exchange("which", text, thing.name, choices, about)
    seen = {*sight.names, *sight.doubtful}
    absent = [name for name in THINGS if name not in seen]
    if len(absent) < 3:  # in a crowd
        return None
    choices = _choose(rng, thing.name, (), absent)
    listed = [THINGS[name].phrase() for name in choices]
    text = f"Which of these is in the image: {', '.join(listed[:3])} or {listed[3]}?"
    return Exchange("which", text, thing.name, choices, (thing,))


def _ask_letter(rng: Random) -> Exchange:
    """Which letter stands before a word: teaches lettered choices without an image."""
    pool: Sequence[str] = rng.choice(
        (
            *([*COLOURS], COUNTS, [*THINGS], SIGN_WORDS, WHERE),
            *(("left", "right"), ("above", "below"), ("Yes", "No")),
        )
    )
    choices = tuple(rng.sample(pool, min(len(pool), rng.choice((2, 4, 4)))))
    answer = rng.choice(choices)
    return Exchange("letter", f"Which letter is {answer}?", answer, choices)


_ASK: dict[str, Callable[[Sight, Random], Exchange | None]] = {
    "existence": _ask_existence,
    "attribute": _ask_attribute,
    "side": _ask_side,
    "beside": _ask_beside,
    "where": _ask_where,
    "count": _ask_count,
    "sign": _ask_sign,
    "which": _ask_which,
}
