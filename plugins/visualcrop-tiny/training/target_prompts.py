"""Questions with replies that name their targets, as `targets=in-context` asks for them."""

from __future__ import annotations

from functools import cache
from random import Random

import PIL.Image

from visualcrop import BudgetedModel, Image, Ledger, Prompt, Question
from visualcrop.plugin import Registry, TargetExtractor
from visualcrop_tiny.world import COLOURS, THINGS

from .prompts import PromptRecorder
from .tokenizer import BOS, Tokens, encode_lines, encode_reply, token_id

_REPLY = (
    "To answer the question, I need know the location of {} so that I can determine {}. "
    "So I need the information about the following objects: {}."
)
_BETWEEN = "the positional relationship between the two of them"
_COLOUR_OR_PLACE = (
    ("What {colour} is {the}?", "its colour"),
    ("What is the {colour} of {the}?", "its colour"),
    ("Which {colour} does {the} have?", "its colour"),
    ("Where is {the}?", "its location"),
    ("Where in the image is {the}?", "its location"),
    ("What is beside {the}?", "the objects beside it"),
    ("What is next to {the}?", "the objects beside it"),
    ("Is {the} in the left or right half of the image?", "its location"),
)
_SIDES = (
    "Is {} to the left or right of {}?",
    "Is {} on the left or the right of {}?",
    "Is {} on the left or right side of {}?",
    "Is {} above or below {}?",
)
_COUNTS = (
    "How many {} are in the image?",
    "How many {} are there?",
    "How many {} can you see?",
    "How many {} are there in the picture?",
)
_EXISTENCE = (
    "Is there {} in the image?",
    "Is there {} in the picture?",
    "Can you see {}?",
)
_SIGNS = (
    ("What {} is on {}?"),
    ("What is the {} on {}?"),
    ("Which {} is on {}?"),
)


@cache
def encode_examples() -> tuple[int, ...]:
    """Token ids of the prompt up to the question: the examples that ship with visualcrop."""
    examples = _record("?").examples
    turns = "".join(f"USER: {asked} ASSISTANT: {reply}</s>" for asked, reply in examples)
    return (token_id(BOS), *encode_lines(turns))


def sample_target_exchange(rng: Random) -> Tokens:
    """A question about any things, and the reply that names them."""
    text, where, why, objects = _SAMPLERS[rng.randrange(len(_SAMPLERS))](rng)
    asked = encode_lines(f"USER: {_wording().replace('?', text, 1)}\nASSISTANT:")
    return Tokens(asked, encode_reply(_REPLY.format(where, why, objects)))


@cache
def _wording() -> str:
    """How a question is asked, with `?` in its place."""
    return _record("?").text


def _record(question: str) -> Prompt:
    """The prompt of the shipped extractor."""
    recorder = PromptRecorder()
    extractor = Registry.load().build(TargetExtractor, "in-context")
    nothing = Image(PIL.Image.new("RGB", (8, 8)))
    extractor.extract(Question(question, nothing), BudgetedModel(recorder, Ledger()))
    return recorder.prompts[0]


def _sample_name(rng: Random, coloured: float = 0.35, *, plural: bool = False) -> str:
    name = rng.choice([*THINGS])
    name = THINGS[name].plural if plural else name
    large = rng.random() < 0.06 and not plural
    colour = f"{rng.choice([*COLOURS])} " if rng.random() < coloured else ""
    return f"{rng.choice(('large', 'big'))} {name}" if large else f"{colour}{name}"


def _ask_one(rng: Random) -> tuple[str, str, str, str]:
    name = _sample_name(rng)
    text, why = rng.choice(_COLOUR_OR_PLACE)
    the = f"the {name}"
    return text.format(colour=rng.choice(("color", "colour")), the=the), the, why, name


def _ask_two(rng: Random) -> tuple[str, str, str, str]:
    one, other = _sample_name(rng), _sample_name(rng)
    text = rng.choice(_SIDES).format(f"the {one}", f"the {other}")
    return text, f"the {one} and the {other}", _BETWEEN, f"{one} and {other}"


def _ask_all(rng: Random) -> tuple[str, str, str, str]:
    name = _sample_name(rng, plural=True)
    text = rng.choice(_COUNTS).format(name)
    return text, f"all {name}", f"the number of {name}", f"all {name}"


def _ask_existence(rng: Random) -> tuple[str, str, str, str]:
    name = _sample_name(rng, 0.5)
    article = "an" if name[0] in "aeiou" else "a"
    text = rng.choice(_EXISTENCE).format(f"{article} {name}")
    return text, f"the {name}", "the information about it", name


def _ask_sign(rng: Random) -> tuple[str, str, str, str]:
    name = f"{rng.choice([*COLOURS])} sign" if rng.random() < 0.85 else "sign"
    word = rng.choice(("word", "number"))
    if rng.random() < 0.25:
        return f"What does the {name} say?", f"the {name}", "the words on it", name
    text = rng.choice(_SIGNS).format(word, f"the {name}")
    return text, f"the {name}", f"the {word} on it", name


def _ask_which(rng: Random) -> tuple[str, str, str, str]:
    names = rng.sample([*THINGS], 4)
    the = [f"the {name}" for name in names]
    if rng.random() < 0.5:
        text = f"Which of {', '.join(the[:3])} and {the[3]} is {rng.choice([*COLOURS])}?"
    else:
        listed = [THINGS[name].phrase() for name in names]
        text = f"Which of these is in the image: {', '.join(listed[:3])} or {listed[3]}?"
    where = f"{', '.join(the[:3])} and {the[3]}"
    return text, where, "which of them it is", f"{', '.join(names[:3])} and {names[3]}"


_SAMPLERS = (_ask_one, _ask_one, _ask_two, _ask_all, _ask_existence, _ask_sign, _ask_which)
