"""A word and the cells that show it point the same way."""

from __future__ import annotations

import numpy as np
import pytest

from visualcrop.models.toy.features import (
    HEADS,
    WIDTH,
    cell_features,
    direction,
    kinds_in,
    meaning,
    word_features,
    words,
)
from visualcrop.models.toy.scene import COLOURS, KINDS


class TestWords:
    """Tokens and what they mean."""

    def test_one_for_each_word_and_mark(self) -> None:
        """Words and punctuation, with their characters."""
        found = [(word[0], word.start()) for word in words("Is it red?")]
        assert found == [("Is", 0), ("it", 3), ("red", 6), ("?", 9)]

    @pytest.mark.parametrize(
        ("word", "name"), [("Mugs", "mug"), ("mug", "mug"), ("RED", "red"), ("bus", "bus")]
    )
    def test_meaning_is_singular(self, word: str, name: str) -> None:
        """Kinds lose their plural, and everything its capitals."""
        assert meaning(word) == name

    def test_kinds_come_once(self) -> None:
        """Kinds in the order in which a text names them."""
        assert kinds_in("Two coins, a red mug, a coin") == ["coin", "mug"]


class TestFeatures:
    """Heads x tokens x width."""

    def test_a_cell_leans_to_what_it_shows(self) -> None:
        """Of two cells, the one with a mug's trace is nearer to "mug", in each layer and head."""
        empty = {name: np.zeros((1, 2), np.float32) for name in (*KINDS, *COLOURS)}
        shown = {**empty, "mug": np.array([[0.5, 0.0]], np.float32)}
        for layer in range(4):
            cells = cell_features(shown, layer, 0.05)
            units = cells / np.linalg.norm(cells, axis=-1, keepdims=True)
            cosines = units @ direction("mug", layer)[..., None]  # heads x cells x 1
            assert cells.shape == (HEADS, 2, WIDTH)
            assert (cosines[:, 0] > cosines[:, 1]).all()

    def test_words_of_one_meaning_are_near(self) -> None:
        """A plural points where the singular does, if not quite; other words share one ground."""
        one, other, ground, rest = (word_features(w, 0, 0.05) for w in ("mug", "Mugs", "of", "the"))
        assert np.linalg.norm(one - other) < 0.2 < np.linalg.norm(one - ground)
        assert 0 < np.linalg.norm(ground - rest) < 0.2

    def test_are_the_same_every_time(self) -> None:
        """A direction is its name's and layer's, of length one."""
        assert np.array_equal(direction("mug", 1), direction("mug", 1))
        assert not np.array_equal(direction("mug", 1), direction("mug", 2))
        assert np.linalg.norm(direction("mug", 1), axis=1) == pytest.approx(1)
