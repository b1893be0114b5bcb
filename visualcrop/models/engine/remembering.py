"""What was worked out before is kept, as long as there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeAlias, TypeVar

import attrs

from ...prompt import Prompt
from ...utils.forking import in_child

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
    bytes: int = attrs.field(default=0, init=False)  # room that is taken
    _kept: OrderedDict[Key, tuple[_S, int]] = attrs.field(factory=OrderedDict, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        in_child(self._start_afresh)

    def get(self, key: Key, make: Callable[[], _S]) -> _S:
        """What was made of *key*; it is made where it is not known."""
        return known if (known := self.find(key)) is not None else self.keep(key, make())

    def find(self, key: Key) -> _S | None:
        """What was made of *key*, if it is known."""
        with self._lock:
            if (known := self._kept.get(key)) is None:
                return None
            self._kept.move_to_end(key)
            return known[0]

    def keep(self, key: Key, made: _S, *, first_to_go: bool = False) -> _S:
        """Know *made* from now on; what is the first to go takes nobody's room."""
        room = made.bytes
        with self._lock:
            self._forget(key)
            self._kept[key] = made, room
            self.bytes += room
            self._kept.move_to_end(key, last=not first_to_go)
            while self.bytes > self.most_bytes:
                self._forget(next(iter(self._kept)))
        return made

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.bytes = 0

    def _start_afresh(self) -> None:
        """In a forked child, where what was being kept at that moment is kept halfway."""
        self._lock, self._kept, self.bytes = threading.Lock(), OrderedDict(), 0

    def _forget(self, key: Key) -> None:
        self.bytes -= self._kept.pop(key, (None, 0))[1]

    def __len__(self) -> int:
        return len(self._kept)


def views_key(prompt: Prompt) -> Key:
    """Equal for prompts that show the same, pixel by pixel, in the same order."""
    return tuple((view.image.digest, view.box) for view in prompt.views)
