"""What was worked out before is kept, as long as there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeAlias, TypeVar

import attrs

from ..prompt import Prompt

Key: TypeAlias = tuple[object, ...]


class Sized(Protocol):
    """Something that takes room."""

    @property
    def bytes(self) -> int: ...


_S = TypeVar("_S", bound=Sized)


@attrs.define(eq=False)
class Memory(Generic[_S]):
    """Things by what they were made of; the least recently used are forgotten first."""

    most_bytes: int
    _kept: OrderedDict[Key, _S] = attrs.field(factory=OrderedDict, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def get(self, key: Key, make: Callable[[], _S]) -> _S:
        """What was made of *key*; it is made where it is not known."""
        return known if (known := self.find(key)) is not None else self.keep(key, make())

    def find(self, key: Key) -> _S | None:
        """What was made of *key*, if it is known."""
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
            return known

    def keep(self, key: Key, made: _S, *, first_to_go: bool = False) -> _S:
        """Know *made* from now on; what is the first to go takes nobody's room."""
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key, last=not first_to_go)
            while self._kept and self.bytes > self.most_bytes:
                self._kept.popitem(last=False)
        return made

    @property
    def bytes(self) -> int:
        """Room that is taken."""
        return sum(kept.bytes for kept in self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)


def views_key(prompt: Prompt) -> Key:
    """Equal for prompts that show the same, pixel by pixel, in the same order."""
    return tuple((view.image.digest, view.box) for view in prompt.views)
