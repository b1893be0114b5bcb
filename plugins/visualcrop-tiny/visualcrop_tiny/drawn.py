"""What drawn datasets share: splits without a common seed, sizes, and pictures from fields."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from io import BytesIO
from random import Random
from typing import Literal, TypeAlias

import attrs
import PIL.Image

from visualcrop import Image
from visualcrop.plugin import Dataset, ImageSource, option

from .scenes import Things

Split: TypeAlias = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")
LONG_SIDES = {"1k": 1024, "2k": 2048, "4k": 4096, "8k": 8192}
# Bits of a scene's seed, from the highest: split, seed of the dataset, number, attempt.
_SEED_BITS, _NUMBER_BITS, _ATTEMPT_BITS = 16, 24, 4
_SPLIT_SHIFT = _SEED_BITS + _NUMBER_BITS + _ATTEMPT_BITS
SEEDS_END, NUMBERS_END, ATTEMPTS = 1 << _SEED_BITS, 1 << _NUMBER_BITS, 1 << _ATTEMPT_BITS
TRAIN_SEEDS_END = 1 << _SPLIT_SHIFT  # all seeds of scenes below this are in the train split


def scene_seed(split: Split, seed: int, number: int, attempt: int = 0) -> int:
    """The seed of one scene; no two splits share one."""
    within_split = ((seed << _NUMBER_BITS) + number << _ATTEMPT_BITS) + attempt
    return (SPLITS.index(split) << _SPLIT_SHIFT) + within_split


def split_of(scene: int) -> Split:
    """The split that a scene's seed belongs to."""
    return SPLITS[scene >> _SPLIT_SHIFT]


@attrs.frozen
class DrawnSource(ImageSource):
    """A picture that follows from the source's own fields, by which it is known."""

    @abstractmethod
    def draw(self) -> PIL.Image.Image:
        """The picture."""

    def open(self, max_bytes: int | None = None) -> Image:
        limit = {} if max_bytes is None else {"max_bytes": max_bytes}
        return Image.open(self.draw(), key=repr(self), **limit)

    def read(self) -> bytes:
        encoded = BytesIO()
        self.open().picture.save(encoded, "PNG", compress_level=1)
        return encoded.getvalue()

    def fingerprint(self) -> str:
        """A hash of the fields, so that nothing need be drawn."""
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()


def below(limit: int) -> object:
    """A validator: from 0 up to, and without, the *limit*."""

    def check(_: object, attribute: attrs.Attribute[int], value: int) -> None:
        if not 0 <= value < limit:
            raise ValueError(f"{attribute.name} must be from 0 to {limit - 1}, not {value}")

    return check


@attrs.frozen
class DrawnDataset(Dataset):
    """As many questions about drawn pictures as one likes; what is asked is a subclass's."""

    split: Split = option("test", help="no two splits share a picture; models are trained on train")
    seed: int = option(0, help="another seed draws other pictures", validator=below(SEEDS_END))
    count: int = option(100, help="how many questions", validator=below(NUMBERS_END))
    size: Literal["1k", "2k", "4k", "8k"] = option("2k", help="longer side of the pictures")
    things: Things = option(
        "relative",
        help="things that grow with pictures above 2k, or that have as many pixels as at 2k",
    )

    def published(self) -> dict[str, int]:
        return {"samples": self.count, "images": self.count}

    def _make_id(self, *what: object) -> str:
        """An id of the dataset's options, and of *what* it is within the dataset."""
        size = self.size if self.things == "relative" else f"{self.size}-{self.things}"
        return "-".join(map(str, (self.split, self.seed, size, *what)))

    def _list_seeds(self, number: int) -> list[int]:
        """Seeds of the pictures to try for one question, in this order."""
        return [scene_seed(self.split, self.seed, number, tried) for tried in range(ATTEMPTS)]


def sample_sides(seed: int, longer: int) -> tuple[int, int]:
    """Width and height: square, 4:3 or 3:4."""
    shorter = longer * 3 // 4
    shapes = (longer, longer), (longer, shorter), (shorter, longer)
    return Random(f"sides {seed}").choice(shapes)  # noqa: S311 - as above
