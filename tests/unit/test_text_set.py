"""Sets of texts that take eight bytes each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from visualcrop.utils.text_set import TextSet, hash_texts


class TestKeys:
    """A set that keeps no text."""

    @given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3))))
    def test_holds_what_was_added(self, pairs: list[tuple[str, str]]) -> None:
        """As a set of the pairs does; a pair is not its two texts written together."""
        keys = TextSet()
        new = [keys.add(*pair) for pair in pairs]
        assert sum(new) == len(keys) == len({*pairs})
        assert all(pair in keys for pair in pairs)
        assert ("a", "absent") not in keys

    def test_many_are_sorted_in(self) -> None:
        """Those from before are found again, and counted once."""
        keys = TextSet()
        assert all(keys.add(str(count)) for count in range(10_000))
        assert not any(keys.add(str(count)) for count in range(10_000))
        assert len(keys) == 10_000
        assert ("10000",) not in keys

    def test_numbers_stay(self) -> None:
        """They are the same in every process, and have eight bytes."""
        assert hash_texts("direct", "0-count") == hash_texts("direct", "0-count") < 2**64
        assert hash_texts("ab", "c") != hash_texts("a", "bc")
