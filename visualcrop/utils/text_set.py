"""Many texts in little memory."""

from __future__ import annotations

import hashlib

import attrs
import numpy as np
import numpy.typing as npt

_BATCH = 4096  # that wait to be sorted in


def hash_texts(*texts: str) -> int:
    """
    Eight bytes that stand for *texts*.

    Among a million, two have the same with a chance of one in thirty million.
    """
    joined = "\0".join(texts).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(joined, digest_size=8).digest())


@attrs.define(eq=False)
class TextSet:
    """A set that keeps eight bytes of each of its texts, or pairs of them."""

    _sorted: npt.NDArray[np.uint64] = attrs.field(factory=lambda: np.empty(0, np.uint64))
    _new: set[int] = attrs.field(factory=set)

    def add(self, *texts: str) -> bool:
        """Whether they were new."""
        key = hash_texts(*texts)
        if self._has_hash(key):
            return False
        self._new.add(key)
        if len(self._new) == _BATCH:
            new = np.fromiter(self._new, np.uint64, _BATCH)
            self._sorted = np.sort(np.concatenate([self._sorted, new]))
            self._new.clear()
        return True

    def __contains__(self, texts: tuple[str, ...]) -> bool:
        return self._has_hash(hash_texts(*texts))

    def __len__(self) -> int:
        return len(self._sorted) + len(self._new)

    def _has_hash(self, key: int) -> bool:
        wanted = np.uint64(key)
        place = int(np.searchsorted(self._sorted, wanted))
        found = place < len(self._sorted) and self._sorted[place] == wanted
        return key in self._new or bool(found)
