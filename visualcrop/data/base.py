"""`Dataset` and `Sample`: questions with right answers. Images are opened only when used."""

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
    """Where an image comes from: a small value that can be pickled."""

    @abstractmethod
    def read(self) -> bytes:
        """The encoded bytes, as the dataset has them."""

    def open(self, max_bytes: int = MAX_BYTES) -> Image:
        """Decode the image, if that takes at most *max_bytes* of memory."""
        return Image.open(self.read(), max_bytes=max_bytes)

    def fingerprint(self) -> str:
        """Digest of the encoded bytes, 16 hexadecimal digits."""
        return hashlib.blake2b(self.read(), digest_size=8).hexdigest()

    def size(self) -> tuple[int, int]:
        """Width and height of the upright image in pixels, from its header."""
        return size_of(self.read())


@attrs.frozen
class TargetBox:
    """An object that a question is about, and its box in pixels of the image."""

    name: str
    box: Box


@attrs.frozen
class Sample:
    """
    One question of a dataset, its right answer, and what is known about its image.

    With *choices*, *answer* is the index of the right one; without, all texts that are accepted.
    *sentences* are the choices as full answers, one for each, such as "The mug is red."; without
    choices, further texts that are accepted, which a judge is given in place of the others.
    Samples of one *group*, such as one image, are one cluster in statistics.
    """

    id: str
    source: ImageSource = attrs.field(repr=False)
    text: str
    choices: tuple[str, ...] = ()
    answer: int | tuple[str, ...] = ()
    group: str = ""
    category: tuple[str, ...] = ()  # from coarse to fine
    targets: tuple[TargetBox, ...] = attrs.field(default=(), repr=False)
    meta: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)
    sentences: tuple[str, ...] = attrs.field(default=(), repr=False, kw_only=True)

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
        if self.choices and self.sentences and len(self.sentences) != len(self.choices):
            raise DatasetError(
                f"It has {len(self.sentences)} sentences for {len(self.choices)} options; give one "
                "for each, or none."
            )
        if self.choices and 0 < len({*self.sentences}) < len({*self.choices}):
            raise DatasetError("Two of its options have one sentence; give each its own, or none.")
        if not all(map(str.strip, self.sentences)):
            raise DatasetError("One of its sentences is empty; write it, or leave out them all.")

        asked = (self.text, *self.choices, *self.sentences)
        texts = (self.id, *asked, *self.answers, self.group, *self.category)
        if not all(map(is_utf8, texts)):
            raise DatasetError("It holds text that is not UTF-8.")
        if (length := sum(map(len, asked))) > MOST_TEXT:
            raise DatasetError(
                f"Its question has {length:,} characters with its options, over the limit of "
                f"{MOST_TEXT:,}."
            )

    @property
    def answers(self) -> tuple[str, ...]:
        """Every text that counts as right."""
        return (self.choices[self.answer],) if isinstance(self.answer, int) else self.answer

    @property
    def digest(self) -> str:
        """Digest of question, choices, sentences, answer and boxes; the image is not in it."""
        boxes = [attrs.astuple(target) for target in self.targets]
        sentences = [self.sentences] if self.sentences else []  # without, as before there were any
        text = json.dumps((self.text, self.choices, self.answer, boxes, *sentences))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def without_choices(self) -> Sample:
        """The same question, to be answered in words: the right choice's, or its sentence."""
        if not isinstance(self.answer, int):
            return self
        sentences = self.sentences[self.answer : self.answer + 1]
        return attrs.evolve(self, choices=(), answer=self.answers, sentences=sentences)

    def question(self, max_bytes: int = MAX_BYTES) -> Question:
        """Open the image, and return the question about it."""
        return self.question_about(self.source.open(max_bytes))

    def question_about(self, image: Image) -> Question:
        """The question about *image*, which is the sample's own, opened before."""
        sentences = self.sentences if self.choices else ()
        return Question(self.text, image, self.choices, sentences=sentences)


def _replace_surrogates(text: str) -> str:
    """Put `?` for lone surrogates, which UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode()


@attrs.frozen
class Problem:
    """
    What is wrong with one row of a dataset, and the effect on its sample.

    The sample is *lost*, or *kept* without the wrong part; or the row is right, but *excluded*.
    """

    id: str = attrs.field(converter=_replace_surrogates)
    reason: str = attrs.field(converter=_replace_surrogates)
    effect: Effect = "lost"


class Dataset(Strategy):
    """A strategy that reads samples one by one."""

    kind = "dataset"

    @abstractmethod
    def read(self) -> Iterator[Sample | Problem]:
        """Yield every row in order: a sample, or the problem that keeps it from being one."""

    def __iter__(self) -> Iterator[Sample]:
        return (row for row in self.read() if isinstance(row, Sample))

    def published(self) -> Mapping[str, int]:
        """Published counts: `samples`, `images`, and samples of each category by its name."""
        return {}
