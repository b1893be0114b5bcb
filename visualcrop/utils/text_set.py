"""Many texts in little memory."""

from __future__ import annotations

import hashlib

import attrs
import numpy as np
import numpy.typing as npt

_AT_ONCE = 4096  # that wait to be sorted in


def number(*texts: str) -> int:
    """
    Eight bytes that stand for *texts*.

    Among a million, two have the same with a chance of one in thirty million.
    """
    joined = "\0".join(texts).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(joined, digest_size=8).digest())


@attrs.define(eq=False)
class Keys:
    """A set that keeps eight bytes of each of its texts, or pairs of them."""

    _sorted: npt.NDArray[np.uint64] = attrs.field(factory=lambda: np.empty(0, np.uint64))
    _new: set[int] = attrs.field(factory=set)

    def add(self, *texts: str) -> bool:
        """Whether they were new."""
        key = number(*texts)
        if self._holds(key):
            return False
        self._new.add(key)
        if len(self._new) == _AT_ONCE:
            new = np.fromiter(self._new, np.uint64, _AT_ONCE)
            self._sorted = np.sort(np.concatenate([self._sorted, new]))
            self._new.clear()
        return True

    def __contains__(self, texts: tuple[str, ...]) -> bool:
        return self._holds(number(*texts))

    def __len__(self) -> int:
        return len(self._sorted) + len(self._new)

    def _holds(self, key: int) -> bool:
        wanted = np.uint64(key)
        place = int(np.searchsorted(self._sorted, wanted))
        found = place < len(self._sorted) and self._sorted[place] == wanted
        return key in self._new or bool(found)
