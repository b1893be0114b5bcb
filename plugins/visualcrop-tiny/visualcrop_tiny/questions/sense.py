"""What there is to ask about, and a question asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from random import Random

import attrs

from ..scenes import Thing


@attrs.frozen
class Asked:
    """A question with its answer, the choices in their order, and what it is about."""

    kind: str
    text: str
    answer: str
    choices: tuple[str, ...]
    about: tuple[Thing, ...]


@attrs.frozen(slots=False)
class Sense:
    """Things in sight, and shapes that had better not be mentioned since half of one is."""

    things: tuple[Thing, ...]
    unsure: frozenset[str] = frozenset()

    @cached_property
    def named(self) -> tuple[Thing, ...]:
        """Things whose shape may be mentioned."""
        return tuple(thing for thing in self.things if thing.shape not in self.unsure)

    @cached_property
    def shapes(self) -> Counter[str]:
        return Counter(thing.shape for thing in self.things)

    @cached_property
    def names(self) -> Counter[str]:
        return Counter(thing.name for thing in self.things)

    @cached_property
    def alone(self) -> tuple[Thing, ...]:
        """Things that are the only ones of their shape."""
        return tuple(thing for thing in self.named if self.shapes[thing.shape] == 1)

    def called(self, thing: Thing, rng: Random, often: float = 0.0) -> str | None:
        """A name that *thing* alone has: its shape if that will do, or with its colour."""
        if self.shapes[thing.shape] == 1 and rng.random() >= often:
            return thing.shape
        return thing.name if self.names[thing.name] == 1 else None


def choices(
    rng: Random, answer: str, seen: Iterable[str], pool: Sequence[str], count: int = 4
) -> tuple[str, ...]:
    """The answer among wrong ones: those that are in sight too before any others."""
    near = list(dict.fromkeys(word for word in seen if word != answer))
    rng.shuffle(near)
    far = [word for word in pool if word != answer and word not in near]
    rng.shuffle(far)
    chosen = [*(near + far)[: count - 1], answer]
    rng.shuffle(chosen)
    return tuple(chosen)
