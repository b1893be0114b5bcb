"""Text and views in the order the model reads them."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

import attrs

from .errors import SpecError
from .values import View

Part: TypeAlias = str | View
_BLANK = re.compile(r"\{(\w+)\}")
_FEWEST_COPIES = 2  # a text that stands there once is no repetition


@attrs.frozen
class TextSpan:
    """A word whose tokens are wanted: characters [start, stop) of one text part."""

    name: str
    part: int
    start: int
    stop: int


@attrs.frozen
class Sampling:
    """Draw each word of a reply from the likeliest. The same prompt and seed, the same reply."""

    temperature: float = 1.0
    top_p: float = 1.0  # what the probabilities of those that may be drawn sum up to, at least
    seed: int = 0

    def __attrs_post_init__(self) -> None:
        if not (0 < self.temperature < math.inf and 0 < self.top_p <= 1):
            raise SpecError(
                f"Words cannot be drawn at temperature {self.temperature:g} and top_p "
                f"{self.top_p:g}; give a temperature above 0, and a top_p above 0 and up to 1."
            )


@attrs.frozen
class RepetitionStop:
    """
    End a reply that repeats itself, once it ends in copies of one pattern of tokens.

    That is a pattern of at most *longest* tokens, *copies* times in a row, or more often, until the
    copies have *tokens* tokens together. The reply keeps them: up to there it is what it would be
    without this rule.
    """

    tokens: int = 32
    copies: int = 4
    longest: int = 64

    def __attrs_post_init__(self) -> None:
        if min(self.tokens, self.longest) < 1 or self.copies < _FEWEST_COPIES:
            raise SpecError(
                f"No repetition has {self.tokens} tokens in {self.copies} copies of up to "
                f"{self.longest}; give 1 token or more, and {_FEWEST_COPIES} copies or more."
            )


@attrs.frozen
class Prompt:
    """One user turn, with earlier turns as examples. The chat template is the model's secret."""

    parts: tuple[Part, ...]
    examples: tuple[tuple[str, str], ...] = ()  # what was asked, what was replied
    spans: tuple[TextSpan, ...] = ()
    sampling: Sampling | None = None  # of a reply's words; none takes the likeliest, one by one
    stop: RepetitionStop | None = None  # of a reply that repeats itself; none lets it go on
    # replies that are weighed beside a generated one, at its first token: see `Reply`
    choices: tuple[str, ...] = ()

    @classmethod
    def fill(cls, *parts: Part, **words: str) -> Prompt:
        """Put *words* into the `{blanks}` of the text parts and mark where they landed."""
        filled: list[Part] = []
        spans: list[TextSpan] = []
        for index, part in enumerate(parts):
            if isinstance(part, View):
                filled.append(part)
                continue
            text, end = "", 0
            for blank in _BLANK.finditer(part):
                if (word := words.get(blank[1])) is None:
                    continue
                text += part[end : blank.start()] + word
                spans.append(TextSpan(blank[1], index, len(text) - len(word), len(text)))
                end = blank.end()
            filled.append(text + part[end:])
        return cls(tuple(filled), spans=tuple(spans))

    @property
    def views(self) -> tuple[View, ...]:
        return tuple(part for part in self.parts if isinstance(part, View))

    @property
    def text(self) -> str:
        """The text parts, a line each."""
        return "\n".join(part for part in self.parts if isinstance(part, str))


def views_key(prompt: Prompt) -> tuple[object, ...]:
    """Equal for prompts that show the same views, pixel by pixel, in the same order."""
    return tuple((view.image.key, view.box) for view in prompt.views)
