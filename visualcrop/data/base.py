"""Many questions with what is known of each; nothing is opened before it is asked for."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from ..errors import DatasetError
from ..geometry import Box
from ..image import Image
from ..image_io import MAX_BYTES, size_of
from ..protocol import LETTERS
from ..strategy.base import Strategy
from ..utils.fields import is_utf8
from ..values import MOST_TEXT, Question

Effect: TypeAlias = Literal["lost", "kept", "excluded"]


class ImageSource(ABC):
    """Where an image comes from. A light value that can be sent to another process."""

    @abstractmethod
    def read(self) -> bytes:
        """The encoded picture, as it was shipped."""

    def open(self, max_bytes: int = MAX_BYTES) -> Image:
        return Image.open(self.read(), max_bytes=max_bytes)

    def fingerprint(self) -> str:
        """Another where the picture is another: of its bytes, which are not decoded for it."""
        return hashlib.blake2b(self.read(), digest_size=8).hexdigest()

    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture, without opening all of it."""
        return size_of(self.read())


@attrs.frozen
class TargetBox:
    """A thing that a question is about, and where it is in the image."""

    name: str
    box: Box


@attrs.frozen
class Sample:
    """
    One question of a dataset, its right answer, and what is known about its image.

    With choices, *answer* is the index of the right one; without, all texts that are accepted.
    Samples of one *group*, as of one image, are not independent of one another.
    """

    id: str
    source: ImageSource = attrs.field(repr=False)
    text: str
    choices: tuple[str, ...] = ()
    answer: int | tuple[str, ...] = ()
    group: str = ""
    category: tuple[str, ...] = ()  # from the coarsest to the finest
    targets: tuple[TargetBox, ...] = attrs.field(default=(), repr=False)
    meta: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)

    def __attrs_post_init__(self) -> None:
        if not self.id or not self.text.strip():
            raise DatasetError("A sample needs an id and a question.")
        if len(self.choices) == 1 or len(self.choices) > len(LETTERS):
            raise DatasetError(
                f"A sample has no options or 2 to {len(LETTERS)}, not {len(self.choices)}."
            )
        if isinstance(self.answer, int) and not 0 <= self.answer < len(self.choices):
            raise DatasetError(
                f"Its answer is option {self.answer}, but it has {len(self.choices)} options."
            )
        if not isinstance(self.answer, int) and (self.choices or not self.answer):
            raise DatasetError("Its right answer is not known.")

        texts = (self.id, self.text, *self.choices, *self.answers, self.group, *self.category)
        if not all(map(is_utf8, texts)):
            raise DatasetError("It holds text that is not UTF-8.")
        if (length := len(self.text) + sum(map(len, self.choices))) > MOST_TEXT:
            raise DatasetError(
                f"Its question has {length:,} characters with its options, over the limit of "
                f"{MOST_TEXT:,}."
            )

    @property
    def answers(self) -> tuple[str, ...]:
        """Every text that is right."""
        return (self.choices[self.answer],) if isinstance(self.answer, int) else self.answer

    @property
    def digest(self) -> str:
        """Equal where the same is asked, and the same is right; the image is not looked at."""
        boxes = [attrs.astuple(target) for target in self.targets]
        text = json.dumps((self.text, self.choices, self.answer, boxes))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def question(self, max_bytes: int = MAX_BYTES) -> Question:
        """Open the image, and ask about it."""
        return Question(self.text, self.source.open(max_bytes), self.choices)


def _writable(text: str) -> str:
    """With a mark where bytes were that are no text."""
    return text.encode("utf-8", "replace").decode()


@attrs.frozen
class Problem:
    """
    What is wrong with one row of a dataset, and what became of its sample.

    It is *lost*, or *kept* without the part that is wrong; or the row is sound but *excluded*.
    """

    id: str = attrs.field(converter=_writable)
    reason: str = attrs.field(converter=_writable)
    effect: Effect = "lost"


class Dataset(Strategy):
    """Questions with their right answers, read one by one."""

    kind = "dataset"

    @abstractmethod
    def read(self) -> Iterator[Sample | Problem]:
        """Every row in its order, as a sample; where it cannot be one, what is wrong with it."""

    def __iter__(self) -> Iterator[Sample]:
        return (row for row in self.read() if isinstance(row, Sample))

    def published(self) -> Mapping[str, int]:
        """What there should be: `samples`, `images`, and samples by the name of a category."""
        return {}
