"""The contract suite for families finds what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from numpy import flipud

from tests.support.tiny.checkpoints import checkpoint
from visualcrop.models import Family, Layout, Llava, cropped_layout, patch_grid
from visualcrop.testing import HuggingFaceFamilySuite

pytestmark = pytest.mark.torch
SIZE = (400, 250)


@attrs.frozen
class Cropped(Llava):
    """Says that the image is cropped, though it is padded."""

    name = "cropped"

    def layout(self, view: Any, among: int, processor: Any, config: Any) -> Layout:
        return cropped_layout(view.picture.size, patch_grid(config))


@attrs.frozen
class Flipped(Llava):
    """Counts the rows of tokens from below."""

    name = "flipped"

    def layout(self, view: Any, among: int, processor: Any, config: Any) -> Layout:
        right = super().layout(view, among, processor, config)
        return attrs.evolve(right, cells=flipud(right.cells))


@attrs.frozen
class Short(Llava):
    """Counts a token too few."""

    name = "short"

    def layout(self, view: Any, among: int, processor: Any, config: Any) -> Layout:
        right = super().layout(view, among, processor, config)
        return attrs.evolve(right, tokens=right.tokens - 1)


def suite(family: type[Family]) -> HuggingFaceFamilySuite:
    """The suite of *family*, on LLaVA's tiny checkpoint."""
    made = HuggingFaceFamilySuite()
    vars(made)["strategy"] = family
    vars(made)["family"] = lambda: family(checkpoint=str(checkpoint("llava")))
    return made


def counts(tests: HuggingFaceFamilySuite) -> None:
    """Compare the layout with the processor's placeholders."""
    tests.test_layout_has_as_many_tokens_as_the_processor(SIZE)


def reacts(tests: HuggingFaceFamilySuite) -> None:
    """Change the pixels of cells."""
    tests.test_each_cell_reacts_to_its_own_pixels(SIZE)


@pytest.mark.parametrize(
    ("family", "test"),
    [(Cropped, reacts), (Flipped, reacts), (Short, counts)],
    ids=["cropped", "flipped", "short"],
)
def test_a_wrong_layout_fails(
    family: type[Family], test: Callable[[HuggingFaceFamilySuite], None]
) -> None:
    """A layout that is elsewhere, upside down, or a token short; the right one passes."""
    test(suite(Llava))
    with pytest.raises(AssertionError):
        test(suite(family))


def test_a_family_that_auto_does_not_find_fails() -> None:
    """A class that inherits its `model_types` is not what `auto` opens."""
    suite(Llava).test_auto_finds_it()
    with pytest.raises(AssertionError):
        suite(Short).test_auto_finds_it()


def test_an_encoder_without_attention_outputs_asks_for_their_names() -> None:
    """Where the impulse test cannot silence the encoder, it says what to set."""
    tests = suite(Llava)
    vars(tests)["encoder_outputs"] = ("nothing_of_that_name",)
    with pytest.raises(AssertionError, match="set encoder_outputs"):
        reacts(tests)
