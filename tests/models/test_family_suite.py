"""The contract suite for families finds what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from numpy import flipud

from tests.support.tiny.checkpoints import checkpoint
from visualcrop.models import (
    Family,
    Gemma3,
    Layout,
    Llava,
    PatchGrid,
    cropped_layout,
    padded_layout,
    patch_grid,
    squashed_layout,
)
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


@attrs.frozen
class Padded(Gemma3):
    """Says that the image is padded, though it is squashed; its checkpoint has 3 x 3 tokens."""

    name = "padded"

    def layout(self, view: Any, among: int, processor: Any, config: Any) -> Layout:
        vision = config.vision_config
        return padded_layout(view.picture.size, PatchGrid(vision.image_size, 2 * vision.patch_size))


@attrs.frozen
class Few(Gemma3):
    """Counts no more than two rows of tokens."""

    name = "few"

    def layout(self, view: Any, among: int, processor: Any, config: Any) -> Layout:
        return squashed_layout(view.picture.size, PatchGrid(56, 28))


def suite(family: type[Family], on: str = "llava") -> HuggingFaceFamilySuite:
    """The suite of *family*, on the tiny checkpoint of the family *on*."""
    made = HuggingFaceFamilySuite()
    vars(made)["strategy"] = family
    vars(made)["family"] = lambda: family(checkpoint=str(checkpoint(on)))
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


@pytest.mark.parametrize("size", [(900, 100), (100, 900)], ids=str)
def test_a_padded_layout_of_a_squashed_image_fails(size: tuple[int, int]) -> None:
    """Long images tell them apart, on few tokens too."""
    suite(Gemma3, "gemma3").test_each_cell_reacts_to_its_own_pixels(size)
    with pytest.raises(AssertionError):
        suite(Padded, "gemma3").test_each_cell_reacts_to_its_own_pixels(size)


@attrs.frozen
class Causal(Gemma3):
    """Says that no token attends to a later one, though image tokens do."""

    name = "causal"

    def is_causal(self, config: Any) -> bool:
        return True


def test_tokens_that_look_ahead_must_be_declared() -> None:
    """A family that denies them fails, since flash attention would then be let in."""
    suite(Gemma3, "gemma3").test_is_causal_says_whether_tokens_attend_to_later_ones()
    with pytest.raises(AssertionError):
        suite(Causal, "gemma3").test_is_causal_says_whether_tokens_attend_to_later_ones()


def test_a_checkpoint_of_too_few_tokens_fails() -> None:
    """On 2 x 2, those two layouts are the same; the sentence asks for more."""
    suite(Gemma3, "gemma3").test_checkpoint_has_enough_tokens()
    with pytest.raises(AssertionError, match="at least 3 x 3 tokens of an image, better 6 x 6;"):
        suite(Few, "gemma3").test_checkpoint_has_enough_tokens()


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
