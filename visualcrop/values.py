"""The nouns that travel down the pipeline. Frozen, comparable, torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from .errors import GeometryError, QuestionError
from .geometry import Box, Grid
from .image import Image
from .protocol import LETTERS, Protocol

if TYPE_CHECKING:
    import PIL.Image

_MOST_TEXT = 20_000  # characters of a question: what is read in it, pattern by pattern, is bounded
Scores: TypeAlias = npt.NDArray[np.float32]


def _texts(choices: Sequence[str]) -> tuple[str, ...]:
    """Choices as they are kept; a text alone is none, though it is a sequence of letters."""
    listed = isinstance(choices, Sequence) and not isinstance(choices, str)
    if not listed or not all(isinstance(choice, str) for choice in choices):
        raise QuestionError(
            f'The choices are {choices!r}, which is no list of texts; give, say, ["red", "blue"].'
        )
    return tuple(choices)


@attrs.frozen
class Question:
    """Words about an image; with choices, one of them is the answer."""

    text: str
    image: Image = attrs.field(repr=False)
    choices: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    protocol: Protocol = attrs.field(default=Protocol(), repr=False)

    @classmethod
    def of(cls, text: str, image: Image, choices: Sequence[str] = ()) -> Question:
        """What a user asks; a dataset's choices may be equal or empty, a user's are a mistake."""
        question = cls(text, image, choices)
        told = [choice.strip() for choice in question.choices]
        if "" in told or len({*told}) < len(told):
            raise QuestionError(
                f"The choices are {[*question.choices]}; give each a text of its own."
            )
        return question

    @property
    def letters(self) -> str:
        """One for each choice."""
        return LETTERS[: len(self.choices)]

    @property
    def asked(self) -> str:
        """What the model is asked, with the choices in letters."""
        return self.protocol.asked(self.text, self.choices)

    def __attrs_post_init__(self) -> None:
        if not (isinstance(self.text, str) and self.text.strip()):
            raise QuestionError("The question is empty; ask something about the image.")
        if (length := len(self.text) + sum(map(len, self.choices))) > _MOST_TEXT:
            raise QuestionError(
                f"The question has {length:,} characters with its choices, over the limit of "
                f"{_MOST_TEXT:,}; ask in fewer words."
            )
        if len(self.choices) == 1 or len(self.choices) > len(LETTERS):
            raise QuestionError(
                f"A question has no choices or 2 to {len(LETTERS)}, not {len(self.choices)}."
            )


@attrs.frozen
class View:
    """The part of an image that the model is shown."""

    image: Image = attrs.field(repr=False)
    box: Box

    @classmethod
    def whole(cls, image: Image) -> View:
        return cls(image, image.box)

    @property
    def picture(self) -> PIL.Image.Image:
        return self.image.crop(self.box)


@attrs.frozen
class Target:
    """A thing to look for; with *every*, all things of that name."""

    text: str
    every: bool = False


def _scores(scores: Any) -> Scores:
    if hasattr(scores, "detach"):  # a tensor, on whatever device
        scores = scores.detach().float().cpu().numpy()
    copy = np.array(scores, np.float32)
    copy.flags.writeable = False
    return copy


@attrs.frozen
class RelevanceMap:
    """One score for each cell of *grid*; higher means look here first."""

    grid: Grid
    scores: Scores = attrs.field(converter=_scores, eq=lambda s: s.tobytes(), repr=False)
    base: int | None = None  # pixels on a side that the encoder sees at once

    def __attrs_post_init__(self) -> None:
        if self.scores.shape != self.grid.shape:
            raise GeometryError(
                f"The scores are {self.scores.shape}, but the grid is {self.grid.shape}."
            )
        if not np.isfinite(self.scores).all():
            raise GeometryError("A relevance map must hold finite scores only.")


@attrs.frozen
class Proposal:
    """A box worth a look."""

    box: Box
    score: float


@attrs.frozen
class Finding:
    """A box where the target may be; confidence from -1 to 1, none if nobody checked."""

    target: Target
    box: Box
    relevance: float = 0.0
    confidence: float | None = None


@attrs.frozen
class Evidence:
    """All that a search saw of one target, in the order it looked."""

    target: Target
    findings: tuple[Finding, ...] = ()
    relevance: RelevanceMap | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Answer:
    """The text, what the model was shown for it, and the evidence."""

    text: str
    choice: int | None = None  # index into the question's choices, if the text names one
    findings: tuple[Finding, ...] = ()  # those the answer rests on
    shown: tuple[View, ...] = attrs.field(default=(), repr=False)
    evidence: tuple[Evidence, ...] = attrs.field(default=(), repr=False)
    exhausted: bool = False  # the budget ran out: this is the best so far
    passes: Mapping[str, int] = attrs.field(factory=dict)  # by stage
    counts: Mapping[str, int] = attrs.field(factory=dict)  # what a method's own paper counts

    @property
    def found(self) -> bool:
        """Whether the model itself believes that a target is where it looked."""
        return any((f.confidence or 0) > 0 for f in self.findings)
