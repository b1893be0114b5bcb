"""
Batches of packed sequences: an image's tokens, then as many questions as fit behind them.

Questions attend to the image but not to each other, so that one forward pass of the decoder over
an image trains on all of its questions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .exchanges import Sight, sample_exchange
from .tokenizer import BOS, EOS, PAD, Tokens, token_id

IGNORED = -100  # in targets, as `cross_entropy` has it
_NOWHERE = (-1.0, -1.0)
PROMPT_START = (token_id(BOS), token_id("USER:"))  # before the first image
Array = npt.NDArray[Any]


@attrs.frozen(eq=False)
class PackedQuestions:
    """Questions with their replies, several in each row, B x text, int64."""

    ids: Array  # of the tokens
    segments: Array  # number of the question that a token belongs to, from 1; 0 is padding
    positions: Array  # of the token in its question, from 0
    targets: Array  # the next token if it is part of a reply, else `IGNORED`
    places: Array  # x and y of what the token has to look at, or -1: B x text x 2
    matches: Array  # 1 for a letter of a choice that the sign has, 0 for another, else -1

    def place_in_cells(self, side: int) -> PackedQuestions:
        """The same with columns and rows of cells of *side* pixels for pixels."""
        return attrs.evolve(self, places=self.places // side)

    def to_tensors(self, device: str) -> dict[str, Tensor]:
        """All fields by name."""
        fields = attrs.asdict(self, recurse=False)
        return {name: torch.from_numpy(array).to(device) for name, array in fields.items()}


def pack_questions(sights: Sequence[Sight], length: int, rng: Random) -> PackedQuestions:
    """
    Pack as many questions about each image as fit.

    Args:
        sights: What is seen in each image.
        length: Tokens of a row, which is padded.
        rng: Samples the questions and their forms.
    """
    return pack_exchanges([partial(sample_exchange, sight, rng) for sight in sights], length)


def pack_exchanges(rows: Sequence[Callable[[], Tokens]], length: int) -> PackedQuestions:
    """Pack what each row's function samples, prompts with their replies, until none fits."""
    packed = [_pack_row(sample, length) for sample in rows]
    return PackedQuestions(*(np.array(field, np.int64) for field in zip(*packed, strict=True)))


def _pack_row(sample: Callable[[], Tokens], length: int) -> tuple[list[Any], ...]:
    ids: list[int] = []
    segments: list[int] = []
    positions: list[int] = []
    targets: list[int] = []
    places: list[tuple[float, float]] = []
    matches: list[int] = []
    number = 0
    while True:
        tokens = sample()
        own = [*tokens.prompt, *tokens.reply]
        if len(ids) + len(own) > length:
            break
        number += 1
        ids += own
        segments += [number] * len(own)
        positions += range(len(own))
        targets += [IGNORED] * (len(tokens.prompt) - 1) + [*tokens.reply, token_id(EOS)]
        places += [tokens.places.get(index, _NOWHERE) for index in range(len(own))]
        matches += [int(tokens.matches.get(index, -1)) for index in range(len(own))]
    rest = length - len(ids)
    return (
        ids + [token_id(PAD)] * rest,
        segments + [0] * rest,
        positions + [0] * rest,
        targets + [IGNORED] * rest,
        places + [_NOWHERE] * rest,
        matches + [-1] * rest,
    )
