"""
Batches of packed sequences: an image's tokens, then as many questions as fit behind them.

Questions attend to the image but not to each other, so that one forward pass of the decoder over
an image trains on all of its questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from visualcrop_tiny.questions import COUNTS, QUESTION_TYPES, QAPair, QuestionContext
from visualcrop_tiny.scenes import COLOURS, DIGITS, SHAPES

from .prompt_dataset import ImagePrompt, PromptImage
from .prompts import format_question
from .tokenizer import BOS, EOS, INSTRUCTION, LETTERS, PAD, encode_lines, encode_prompt, token_id
from .vision_inputs import CLEARLY_VISIBLE, PATCH_SIDE, SIDE, VisibleThing

IGNORED = -100  # in targets, as `cross_entropy` has it
PROMPT_START = (token_id(BOS), token_id("USER:"))  # before the first image
_KIND_WEIGHTS = {
    "existence": 0.2,
    "attribute": 0.14,
    "relation": 0.3,
    "count": 0.24,
    "detail": 0.12,
}
# Probabilities: that a question has no lettered choices, that a count of one is kept (most would
# be one), that a relation is a half of the image, and that a question does not need the image.
_OPEN_ENDED = {"existence": 0.55, "attribute": 0.4, "relation": 0.25, "count": 0.3, "detail": 0.4}
_KEEP_COUNT_OF_ONE = 0.3
_HALF_QUESTIONS = 0.35
_LETTER_QUESTIONS = 0.1
_INVISIBLE = 0.12  # a thing counts as absent up to this visible fraction, then as ambiguous
Array = npt.NDArray[Any]


@attrs.frozen(eq=False)
class PackedQuestions:
    """Questions with their replies, several in each row, B x text, int64."""

    ids: Array  # of the tokens
    segments: Array  # number of the question that a token belongs to, from 1; 0 is padding
    positions: Array  # of the token in its question, from 0
    targets: Array  # the next token if it is part of a reply, else `IGNORED`

    def to_tensors(self, device: str) -> dict[str, Tensor]:
        """All fields by name."""
        fields = attrs.asdict(self, recurse=False)
        return {name: torch.from_numpy(array).to(device) for name, array in fields.items()}


def pack_questions(
    images: Sequence[Sequence[VisibleThing]],
    length: int,
    rng: Random,
    given: Sequence[Sequence[QAPair]] | None = None,
) -> PackedQuestions:
    """
    Pack as many questions about each image as fit.

    Args:
        images: The visible things of each image.
        length: Tokens of a row, which is padded.
        rng: Samples the questions and their forms.
        given: For each image, questions to sample from; without any, they are generated.
    """
    given = given or [()] * len(images)
    rows = [
        _pack_row(_to_context(things), pairs, length, rng)
        for things, pairs in zip(images, given, strict=True)
    ]
    return PackedQuestions(*(np.array(field, np.int64) for field in zip(*rows, strict=True)))


def _to_context(things: Sequence[VisibleThing]) -> QuestionContext:
    """The things that may be asked about: those that are clearly visible."""
    clear = tuple(attrs.evolve(t.thing, box=t.box) for t in things if t.visible >= CLEARLY_VISIBLE)
    ambiguous = (t.thing.shape for t in things if _INVISIBLE < t.visible < CLEARLY_VISIBLE)
    return QuestionContext(clear, frozenset(ambiguous))


def _pack_row(
    context: QuestionContext, given: Sequence[QAPair], length: int, rng: Random
) -> tuple[list[int], ...]:
    ids: list[int] = []
    segments: list[int] = []
    positions: list[int] = []
    targets: list[int] = []
    number = 0
    while True:
        prompt, reply = _sample_exchange(context, given, rng)
        if len(ids) + len(prompt) + 1 > length:
            break
        number += 1
        ids += [*prompt, reply]
        segments += [number] * (len(prompt) + 1)
        positions += range(len(prompt) + 1)
        targets += [IGNORED] * (len(prompt) - 1) + [reply, token_id(EOS)]
    rest = length - len(ids)
    return (
        ids + [token_id(PAD)] * rest,
        segments + [0] * rest,
        positions + [0] * rest,
        targets + [IGNORED] * rest,
    )


def _sample_exchange(
    context: QuestionContext, given: Sequence[QAPair], rng: Random
) -> tuple[tuple[int, ...], int]:
    """Token ids of a prompt after its images, and the id of the reply, which is one token."""
    if rng.random() < _LETTER_QUESTIONS:
        return _sample_letter_exchange(rng)
    pair = rng.choice(given) if given else _generate_question(context, rng)
    pair = pair or QUESTION_TYPES["existence"](context, rng)
    if pair is None:
        return _sample_letter_exchange(rng)
    if rng.random() < _OPEN_ENDED[pair.kind]:
        return encode_prompt(format_question(pair.text)), token_id(pair.answer)
    letter = LETTERS[pair.choices.index(pair.answer)]
    return encode_prompt(_format_with_choices(pair)), token_id(letter)


def _generate_question(context: QuestionContext, rng: Random) -> QAPair | None:
    """A question of a random kind, or of a simpler one if there is nothing to ask it about."""
    kind = rng.choices(list(_KIND_WEIGHTS), list(_KIND_WEIGHTS.values()))[0]
    pair = QUESTION_TYPES[kind](context, rng)
    if kind == "count" and pair and pair.answer == "1" and rng.random() > _KEEP_COUNT_OF_ONE:
        pair = None
    if kind == "relation" and (pair is None or rng.random() < _HALF_QUESTIONS):
        pair = _ask_half(context, rng)
    if pair is None and rng.random() < 0.7:
        pair = QUESTION_TYPES["attribute"](context, rng)
    return pair


def _format_with_choices(pair: QAPair) -> str:
    """As `format_question`, without its cache, which choices would fill: they rarely repeat."""
    options = (f"({letter}) {text}" for letter, text in zip(LETTERS, pair.choices, strict=False))
    return "\n".join([pair.text, *options, INSTRUCTION])


def _ask_half(context: QuestionContext, rng: Random) -> QAPair | None:
    """In which half of the image a thing is: easier than comparing the places of two things."""
    axis = int(rng.random() < 0.4)
    off_centre = [t for t in context.unique if abs(t.box.centre[axis] - SIDE / 2) > PATCH_SIDE]
    if not off_centre:
        return None
    thing = rng.choice(off_centre)
    words = (("left", "right"), ("top", "bottom"))[axis]
    text = f"Is the {thing.shape} in the {words[0]} or {words[1]} half of the image?"
    choices = rng.sample(words, 2)
    answer = words[int(thing.box.centre[axis] > SIDE / 2)]
    return QAPair("relation", text, answer, tuple(choices), (thing,))


def _sample_letter_exchange(rng: Random) -> tuple[tuple[int, ...], int]:
    """Which letter stands before a word: teaches lettered choices without an image."""
    pool: Sequence[str] = rng.choice(
        (
            *(tuple(COLOURS), DIGITS, COUNTS, SHAPES),
            *(("left", "right"), ("above", "below"), ("Yes", "No")),
        )
    )
    choices = tuple(rng.sample(pool, min(len(pool), rng.choice((2, 4, 4)))))
    answer = rng.choice(choices)
    pair = QAPair("letter", f"Which letter is {answer}?", answer, choices, ())
    return encode_prompt(_format_with_choices(pair)), token_id(LETTERS[choices.index(answer)])


WORD, PATCH_TOKEN, NEWLINE = range(3)


@attrs.frozen(eq=False)
class PromptPrefixes:
    """Prompts with several images each, up to the question: B x prefix, padded on the right."""

    kinds: Tensor  # WORD, PATCH_TOKEN or NEWLINE
    values: Tensor  # a word's id, or a patch's row in the batch's image features
    positions: Tensor  # with gaps where patches were dropped
    mask: Tensor  # True where there is a token
    lengths: Tensor  # B: tokens before any patch was dropped, so the question's first position


def collate_prefixes(prompts: Sequence[ImagePrompt], kept: Tensor, device: str) -> PromptPrefixes:
    """
    Lay out the prompts' tokens, with image tokens for the *kept* patches only.

    Args:
        prompts: The images are inputs of the vision tower, in the order of the prompts.
        kept: Indices of the patches that are encoded, inputs x kept.
        device: The device of the result.
    """
    rows, start = [], 0
    for prompt in prompts:
        inputs = sum(len(image.pixels) for image in prompt.images)
        own = kept.numpy(force=True)[start : start + inputs]
        rows.append(_lay_out(prompt, own, start * kept.shape[1]))
        start += inputs
    kinds, values, positions, lengths = zip(*rows, strict=True)

    def pad(field: Sequence[Array], value: int) -> Tensor:
        tensors = [torch.from_numpy(array) for array in field]
        return pad_sequence(tensors, batch_first=True, padding_value=value).to(device)

    mask = [np.ones(len(row), bool) for row in kinds]
    return PromptPrefixes(
        pad(kinds, WORD),
        pad(values, token_id(PAD)),
        pad(positions, 0),
        pad(mask, 0),
        torch.tensor(lengths, device=device),
    )


def _lay_out(prompt: ImagePrompt, kept: Array, first_row: int) -> tuple[Array, Array, Array, int]:
    """Kinds, values and positions of a prompt's tokens, and its length before any was dropped."""
    tokens = [(np.full(2, WORD), np.array(PROMPT_START), np.arange(2))]
    position, start = len(PROMPT_START), 0
    for part in prompt.parts:
        if isinstance(part, str):
            ids = np.array(encode_lines(part))
            tokens.append((np.full(len(ids), WORD), ids, position + np.arange(len(ids))))
            position += len(ids)
        else:
            image = prompt.images[part]
            stop = start + len(image.pixels)
            row = first_row + start * kept.shape[1]
            tokens += _lay_out_image(image, kept[start:stop], row, position)
            position, start = position + image.length, stop
    kinds, values, positions = (np.concatenate(field) for field in zip(*tokens, strict=True))
    order = positions.argsort(kind="stable")
    return kinds[order], values[order], positions[order], position


def _lay_out_image(
    image: PromptImage, kept: Array, first_row: int, position: int
) -> list[tuple[Array, Array, Array]]:
    """Kinds, values and positions of an image's patches, and of its newlines."""
    offsets = np.take_along_axis(image.positions, kept, 1)
    rows = first_row + np.arange(kept.size).reshape(kept.shape)
    present = offsets >= 0
    newlines = len(image.newlines)
    return [
        (np.full(present.sum(), PATCH_TOKEN), rows[present], position + offsets[present]),
        (np.full(newlines, NEWLINE), np.zeros(newlines, int), position + image.newlines),
    ]
