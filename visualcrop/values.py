"""The nouns that travel down the pipeline. Frozen, comparable, torch-free."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from .errors import GeometryError, QuestionError, ResultError
from .geometry import Box, Grid
from .image import Image
from .protocol import LETTERS, PromptProtocol

if TYPE_CHECKING:
    import PIL.Image

MOST_TEXT = 20_000  # characters of a question: what is read in it, pattern by pattern, is bounded
Scores: TypeAlias = npt.NDArray[np.float32]
_T = TypeVar("_T")


def _of_type(kind: type[Any]) -> Any:
    """Validate that a field holds a *kind*."""

    def check(value: object, field: attrs.Attribute[Any], held: object) -> None:
        if not isinstance(held, kind):
            raise ResultError(
                f"The {field.name} of a {type(value).__name__} is a {type(held).__name__}; "
                f"give a {kind.__name__}."
            )

    return check


def is_writable(text: str) -> bool:
    """Whether it can be written as UTF-8: no surrogates that stand for undecoded bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_text(value: object, field: attrs.Attribute[Any], held: str) -> None:
    """Validate that a field's text can be written."""
    if not is_writable(held):
        raise ResultError(f"The {field.name} of a {type(value).__name__} is no UTF-8; give text.")


def _to_tuple(name: str, kind: type[_T], held: Sequence[_T]) -> tuple[_T, ...]:
    """*held* as a tuple, all of one *kind*."""
    if not isinstance(held, tuple | list):
        raise ResultError(f"The {name} are a {type(held).__name__}; give a tuple.")
    for each in held:
        if not isinstance(each, kind):
            raise ResultError(
                f"Among the {name} is a {type(each).__name__}; give a tuple of {kind.__name__}."
            )
    return tuple(held)


def _to_float(name: str, held: Any) -> float:
    """A finite `float`, from a number of numpy or a tensor, too."""
    held = held.item() if getattr(held, "ndim", None) == 0 else held
    if isinstance(held, bool) or not isinstance(held, Real) or not math.isfinite(held):
        raise ResultError(f"The {name} of a box is {held!r}; give a finite number.")
    return float(held)


def _to_int(held: Any) -> int:
    """An `int`, from a whole number of numpy or a tensor, too."""
    held = held.item() if getattr(held, "ndim", None) == 0 else held
    if isinstance(held, bool) or not isinstance(held, Integral):
        raise ResultError(f"An answer holds {held!r}, where a whole number belongs.")
    return int(held)


def _findings(held: Sequence[Finding]) -> tuple[Finding, ...]:
    return _to_tuple("findings", Finding, held)


def _evidence(held: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return _to_tuple("evidence", Evidence, held)


def _views(held: Sequence[View]) -> Sequence[View]:
    return held if isinstance(held, Views) else _to_tuple("shown views", View, held)


def _score(held: float) -> float:
    return _to_float("score", held)


def _confidence(held: float | None) -> float | None:
    if held is None:
        return None
    sure = _to_float("confidence", held)
    if not -1 <= sure <= 1:
        raise ResultError(f"The confidence of a box is {sure:g}; give a number from -1 to 1.")
    return sure


def _counts(held: Mapping[str, int]) -> Mapping[str, int]:
    if not (isinstance(held, Mapping) and all(isinstance(name, str) for name in held)):
        raise ResultError(f"An answer counts by {held!r}; give a dict of whole numbers by name.")
    return {name: _to_int(count) for name, count in held.items()}


def _choice(held: int | None) -> int | None:
    index = None if held is None else _to_int(held)
    if index is not None and index < 0:
        raise ResultError(f"The choice of an answer is {index}; give an index from 0, or none.")
    return index


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
    protocol: PromptProtocol = attrs.field(default=PromptProtocol(), repr=False)

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
        if not all(map(is_writable, (self.text, *self.choices))):
            raise QuestionError(
                "The question holds bytes that are no UTF-8 text; write it in another encoding."
            )
        if (length := len(self.text) + sum(map(len, self.choices))) > MOST_TEXT:
            raise QuestionError(
                f"The question has {length:,} characters with its choices, over the limit of "
                f"{MOST_TEXT:,}; ask in fewer words."
            )
        if len(self.choices) == 1 or len(self.choices) > len(LETTERS):
            raise QuestionError(
                f"A question has no choices or 2 to {len(LETTERS)}, not {len(self.choices)}."
            )


@attrs.frozen
class View:
    """The part of an image that the model is shown."""

    image: Image = attrs.field(repr=False, validator=_of_type(Image))
    box: Box = attrs.field(validator=_of_type(Box))

    @classmethod
    def whole(cls, image: Image) -> View:
        return cls(image, image.box)

    @property
    def origin(self) -> tuple[int, int]:
        """Left and top of `picture`, in pixels of the image."""
        left, top, _, _ = self.box.whole_pixels()
        return max(0, left), max(0, top)

    @property
    def picture(self) -> PIL.Image.Image:
        return self.image.crop(self.box)


class Views(Sequence[View]):
    """Views that hold no pictures: they are made when they are looked at."""


@attrs.frozen
class Target:
    """A thing to look for; with *every*, all things of that name."""

    text: str = attrs.field(validator=[_of_type(str), _is_text])
    every: bool = attrs.field(default=False, converter=bool)


def _scores(scores: Any) -> Scores:
    if hasattr(scores, "detach"):  # a tensor, on whatever device
        scores = scores.detach().float().cpu().numpy()
    copy = np.array(scores, np.float32)
    copy.flags.writeable = False
    return copy


@attrs.frozen
class RelevanceMap:
    """One score for each cell of *grid*; higher means look here first."""

    grid: Grid = attrs.field(validator=_of_type(Grid))
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

    box: Box = attrs.field(validator=_of_type(Box))
    score: float = attrs.field(converter=_score)


@attrs.frozen
class Finding:
    """A box where the target may be; confidence from -1 to 1, none if nobody checked."""

    target: Target = attrs.field(validator=_of_type(Target))
    box: Box = attrs.field(validator=_of_type(Box))
    relevance: float = attrs.field(default=0.0, converter=_score)
    confidence: float | None = attrs.field(default=None, converter=_confidence)


@attrs.frozen
class Evidence:
    """All that a search saw of one target, in the order it looked."""

    target: Target = attrs.field(validator=_of_type(Target))
    findings: tuple[Finding, ...] = attrs.field(default=(), converter=_findings)
    relevance: RelevanceMap | None = attrs.field(
        default=None, repr=False, validator=attrs.validators.optional(_of_type(RelevanceMap))
    )


@attrs.frozen
class Answer:
    """The text, what the model was shown for it, and the evidence."""

    text: str = attrs.field(validator=_of_type(str))
    # index into the question's choices, if the text names one
    choice: int | None = attrs.field(default=None, converter=_choice)
    # those the answer rests on
    findings: tuple[Finding, ...] = attrs.field(default=(), converter=_findings)
    shown: Sequence[View] = attrs.field(default=(), repr=False, converter=_views)
    evidence: tuple[Evidence, ...] = attrs.field(default=(), repr=False, converter=_evidence)
    exhausted: bool = False  # the budget ran out: this is the best so far
    passes: Mapping[str, int] = attrs.field(factory=dict, converter=_counts)  # by stage
    # what a method's own paper counts
    counts: Mapping[str, int] = attrs.field(factory=dict, converter=_counts)
    untargeted: bool = False  # the search found no target: the whole image was asked

    def with_search(
        self,
        evidence: Sequence[Evidence],
        *,
        findings: Sequence[Finding] | None = None,
        exhausted: bool = False,
        counts: Mapping[str, int] | None = None,
    ) -> Answer:
        """
        The same reply, with what the search before it saw.

        Args:
            evidence: Everything that was looked at, target by target.
            findings: The part of it that was shown for the answer; none keeps what is there.
            exhausted: Whether the budget ended the search early.
            counts: What the method's own paper counts, such as nodes of a tree, by name.
        """
        return attrs.evolve(
            self,
            evidence=tuple(evidence),
            findings=self.findings if findings is None else tuple(findings),
            exhausted=exhausted,
            counts=self.counts if counts is None else counts,
        )

    @property
    def found(self) -> bool:
        """Whether the model itself believes that a target is where it looked."""
        return any((f.confidence or 0) > 0 for f in self.findings)
