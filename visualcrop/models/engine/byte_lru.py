"""A cache that is limited in bytes and evicts the least recently used entry."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeAlias, TypeVar

import attrs

from ...utils.forking import after_fork_in_child

Key: TypeAlias = tuple[object, ...]


class Sized(Protocol):
    """A value with its size in bytes."""

    @property
    def bytes(self) -> int: ...


_S = TypeVar("_S", bound=Sized)


@attrs.define(eq=False)
class ByteLRU(Generic[_S]):
    """Values by key, of *max_bytes* in all; threads may share it."""

    max_bytes: int
    bytes: int = attrs.field(default=0, init=False)  # in use
    _entries: OrderedDict[Key, tuple[_S, int]] = attrs.field(factory=OrderedDict, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        after_fork_in_child(self._reset_after_fork)

    def get_or_create(self, key: Key, create: Callable[[], _S]) -> _S:
        """The value of *key*; on a miss, *create* makes it, outside the lock."""
        found = self.get(key)
        return found if found is not None else self.put(key, create())

    def get(self, key: Key) -> _S | None:
        """The value of *key*, which becomes the most recently used; none on a miss."""
        with self._lock:
            if (entry := self._entries.get(key)) is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: Key, value: _S, *, evict_first: bool = False) -> _S:
        """
        Store *value* and return it, even if it is too large to be kept.

        With *evict_first* it is the next to be evicted, so that no other entry is evicted for it.
        """
        size = value.bytes  # computed once: it may walk all tensors of a KV cache
        with self._lock:
            self._evict(key)
            self._entries[key] = value, size
            self.bytes += size
            self._entries.move_to_end(key, last=not evict_first)
            while self.bytes > self.max_bytes:
                self._evict(next(iter(self._entries)))
        return value

    def clear(self) -> None:
        """Evict every entry."""
        with self._lock:
            self._entries.clear()
            self.bytes = 0

    def _reset_after_fork(self) -> None:
        """Start empty in a forked child: another thread may have been in the middle of `put`."""
        self._lock, self._entries, self.bytes = threading.Lock(), OrderedDict(), 0

    def _evict(self, key: Key) -> None:
        self.bytes -= self._entries.pop(key, (None, 0))[1]

    def __len__(self) -> int:
        return len(self._entries)
