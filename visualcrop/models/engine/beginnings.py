"""Which prompts begin alike, and what the model has read of that already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from .engine import State
from .prompting import Prepared
from .remembering import Key, Memory


@attrs.frozen(eq=False)
class Beginnings:
    """
    Of prompts that are read together, up to the last image of each.

    A crop that is asked about once, beside many, is not likely to be seen again: so it is
    remembered where there is room for it, and the first to be forgotten.
    """

    asked: Sequence[Prepared]
    memory: Memory[State] | None
    reread: bool  # whether those that are read first will be gone on from, too
    many: bool  # whether other images are asked about at the same time
    keys: Sequence[Key]
    states: dict[Key, State]

    @classmethod
    def of(
        cls, asked: Sequence[Prepared], memory: Memory[State] | None, *, reread: bool, many: bool
    ) -> Beginnings:
        """With what is remembered of them."""
        keys = [_key(prepared, memory) or (id(prepared),) for prepared in asked]
        known = {key: memory.find(key) for key in dict.fromkeys(keys)} if memory is not None else {}
        states = {key: state for key, state in known.items() if state is not None}
        return cls(asked, memory, reread, many, keys, states)

    @property
    def unknown(self) -> list[int]:
        """The first of the prompts with each beginning that was not read."""
        first = {key: place for place, key in reversed(list(enumerate(self.keys)))}
        return sorted(place for key, place in first.items() if key not in self.states)

    def shares(self, place: int) -> bool:
        """Whether another prompt could begin alike."""
        return _key(self.asked[place], self.memory) is not None

    def cut(self, place: int) -> int:
        """Tokens of the beginning: if nothing can share it, all but the last."""
        prepared = self.asked[place]
        return prepared.cut if self.shares(place) else prepared.length - 1

    def learn(self, place: int, state: State, *, alone: bool) -> None:
        """Take from *state*, which the prompt has *alone* or in a batch, how it begins."""
        key, beginning = self.keys[place], state.until(self.cut(place))
        others = Counter(self.keys)[key] > 1
        if others or self.reread:
            self.states[key] = beginning
        if self.memory is None or not self.shares(place):
            return
        once = self.many and not others
        room = self.memory.most_bytes - (self.memory.bytes if once else 0)
        if beginning.size <= room:
            kept = beginning if alone else beginning.copy()
            self.memory.keep(key, kept, first_to_go=once)


def _key(prepared: Prepared, memory: Memory[State] | None) -> Key | None:
    """Equal for prompts that begin alike; nothing if that would be of no use."""
    return prepared.beginning if memory is not None and prepared.cut else None
