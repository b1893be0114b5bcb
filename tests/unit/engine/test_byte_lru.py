"""What was worked out is found again, until there is no room for it."""

from __future__ import annotations

import attrs

from visualcrop.models.engine.byte_lru import ByteLRU


@attrs.frozen
class Made:
    """Something that takes so much room."""

    bytes: int


class TestMemory:
    def test_what_was_used_least_recently_goes_first(self) -> None:
        """What was found again is as good as new."""
        memory = ByteLRU[Made](10)
        for name in "abc":
            memory.put((name,), Made(3))
        assert memory.get(("a",))  # used again
        memory.put(("d",), Made(3))
        assert [memory.get((name,)) is not None for name in "abcd"] == [True, False, True, True]

    def test_what_is_first_to_go_takes_nobody_s_room(self) -> None:
        """It is kept only where there is room to spare."""
        memory = ByteLRU[Made](10)
        memory.put(("a",), Made(6))
        memory.put(("b",), Made(6), evict_first=True)
        assert memory.get(("a",))
        assert memory.get(("b",)) is None

    def test_room_is_that_of_what_is_kept(self) -> None:
        """Whatever was replaced or forgotten counts no more."""
        memory = ByteLRU[Made](10)
        memory.put(("a",), Made(4))
        memory.put(("a",), Made(6))  # in place of the other
        assert (memory.bytes, len(memory)) == (6, 1)
        memory.put(("b",), Made(11))  # more than there is room for: so nothing is kept
        assert (memory.bytes, len(memory)) == (0, 0)

    def test_forgets_everything_at_once(self) -> None:
        """And starts again as if it were new."""
        memory = ByteLRU[Made](10)
        memory.put(("a",), Made(4))
        memory.clear()
        assert (memory.bytes, len(memory), memory.get(("a",))) == (0, 0, None)
        memory.put(("b",), Made(10))
        assert (memory.bytes, len(memory)) == (10, 1)

    def test_asks_how_large_a_thing_is_only_once(self) -> None:
        """When it is kept, not whenever something is found, added or forgotten."""
        asked = []

        class Slow:
            @property
            def bytes(self) -> int:
                asked.append(self)
                return 3

        memory = ByteLRU[Slow](10)
        for key in "abcdabcd":
            memory.get_or_create((key,), Slow)
        assert len(asked) == len(set(asked))

    def test_is_made_once(self) -> None:
        """The second time it is found."""
        made: list[Made] = []

        def make() -> Made:
            made.append(Made(1))
            return made[-1]

        memory = ByteLRU[Made](10)
        assert memory.get_or_create(("a",), make) is memory.get_or_create(("a",), make)
        assert len(made) == 1
