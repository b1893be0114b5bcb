"""What a search may ask of a model, and what it gets."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.support.refusals import refused
from visualcrop import Box, Choice, Grid, Model, ModelFamily, RelevanceMap
from visualcrop.errors import ModelError, SpecError
from visualcrop.models import ModelInfo, Patches, Usage
from visualcrop.testing import ToyModel

_works = st.builds(
    Usage,
    *[st.integers(0, 10**6)] * 3,
    peak_bytes=st.integers(0, 10**12),
    image_tokens=st.integers(0, 10**6),
)


@attrs.frozen
class Plain(ModelFamily):
    """A family that has nothing to say about searchers."""

    name = "plain"

    def open(self) -> Model:
        return ToyModel()


class TestPatches:
    """Where the cells sit in the sequence."""

    @pytest.mark.parametrize("scores", [np.arange(10.0), torch.arange(10.0)])
    def test_map_looks_up_each_cell(self, scores: object) -> None:
        """The score of a cell is that of its token, in numpy and in torch."""
        grid = Grid.even(2, 2, Box(0, 0, 4, 4))
        patches = Patches(grid, np.array([[9, 2], [0, 5]]), base=336)
        assert patches.map(scores) == RelevanceMap(grid, np.array([[9, 2], [0, 5]]), 336)


class TestWork:
    """What requests really cost."""

    @given(_works, _works)
    def test_sums_all_but_the_peak(self, one: Usage, other: Usage) -> None:
        """Tokens and seconds add up; of two peaks the higher one counts."""
        both = one + other
        assert both == other + one
        assert both.new_tokens == one.new_tokens + other.new_tokens
        assert both.decoded_tokens == one.decoded_tokens + other.decoded_tokens
        assert both.image_tokens == one.image_tokens + other.image_tokens
        assert both.peak_bytes == max(one.peak_bytes, other.peak_bytes)

    def test_none_is_nothing(self) -> None:
        """No work added changes nothing."""
        usage = Usage(1, 2, 3, 4.0, 5.0, 6)
        assert usage + Usage() == usage


class TestChoice:
    """How strongly the model leans."""

    def test_of_no_numbers_is_refused(self) -> None:
        """The best of them would be the first, whatever the image shows."""
        said = refused(ModelError, lambda: Choice((math.nan, 1.0)))
        assert said.startswith("The network computes NaN in place of numbers; set dtype=float32")

    @given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6).map(tuple))
    def test_probabilities_are_a_softmax(self, logits: tuple[float, ...]) -> None:
        """They sum to one, keep the order, and no logit is too large for them."""
        choice = Choice(logits)
        assert math.fsum(choice.probabilities) == pytest.approx(1)
        expected = torch.tensor(logits, dtype=torch.float64).softmax(0).tolist()
        assert choice.probabilities == pytest.approx(expected)

    def test_best_is_the_first_of_equals(self) -> None:
        """The highest logit wins, and among equals the first."""
        assert Choice((0.0, 2.0, 2.0)).best == 1

    def test_work_is_no_part_of_it(self) -> None:
        """The same lean at another cost is the same choice."""
        assert Choice((1.0,), Usage(5)) == Choice((1.0,), Usage(6))


class TestSpan:
    """Layers, from the first to before the second."""

    def test_default_is_the_last_half(self) -> None:
        """No layers given means the last half, rounded in favour of more."""
        assert ModelInfo(4, 336).span(None) == (2, 3)
        assert ModelInfo(5, 336).span(None) == (2, 3, 4)

    def test_takes_the_ends(self) -> None:
        """All layers are 0 to their number."""
        assert ModelInfo(3, 336).span((0, 3)) == (0, 1, 2)

    @pytest.mark.parametrize("layers", [(2, 2), (3, 1), (-1, 2), (0, 5), (4, 5)])
    def test_refuses_what_the_model_has_not(self, layers: tuple[int, int]) -> None:
        """Layers that do not rise or do not exist are refused with the model's number."""
        message = refused(SpecError, ModelInfo(4, 336).span, layers)
        start, stop = layers
        assert message == (
            f"Layers [{start}, {stop}] do not fit a model of 4 layers; "
            "give two numbers from 0 to 4, rising."
        )


class TestModelFamily:
    """A recipe for a model."""

    def test_settings_are_none_by_default(self) -> None:
        """A family that says nothing changes nothing."""
        assert Plain().settings() == {}
