"""A picture is processed once, and nothing else changes."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from torch import Tensor

from tests.support import blips
from tests.support.alike import part
from tests.support.opened import EXISTENCE, GRIDDED, about, interleaved, noise, opened
from visualcrop import Box, Image, Prompt, View
from visualcrop.models.engine.byte_lru import ByteLRU
from visualcrop.models.engine.prompting import PromptProcessor

pytestmark = pytest.mark.torch


def counting(family: str, room: int = 1 << 29) -> tuple[PromptProcessor, list[Any]]:
    """A prompter that has seen nothing, and what it looks at from now on."""
    looked: list[Any] = []
    known = opened(family).prompt_processor

    def picture(view: View) -> Any:
        looked.append(view)
        return known.to_picture(view)

    return attrs.evolve(known, to_picture=picture, pixel_cache=ByteLRU(room)), looked


def same(one: Any, other: Any) -> bool:
    """Equal bit for bit, of the same names."""
    pairs = [(one.inputs[name], other.inputs[name]) for name in one.inputs]
    return list(one.inputs) == list(other.inputs) and all(
        a.equal(b) if isinstance(a, Tensor) else a == b for a, b in pairs
    )


@pytest.mark.parametrize("family", GRIDDED)
class TestSeeing:
    """Of every family with a token grid."""

    def test_known_views_are_not_looked_at(self, family: str) -> None:
        """Neither for other words, nor if they come from an equal image."""
        prompter, looked = counting(family)
        twin = View.whole(Image.open(noise().pixels.copy()))
        for prompt in (about("mug"), about("key"), Prompt.fill(twin, EXISTENCE, target="bike")):
            prompter.tokenize(prompt)
        assert len(looked) == 1

    def test_what_is_prepared_is_the_same(self, family: str) -> None:
        """In any order, with room and without: tokens, pixels, spans."""
        prompts = [about("mug"), part("mug"), interleaved(), about("key"), Prompt(("What?",))]
        roomy, _ = counting(family)
        for prompt in prompts * 2:
            made, fresh = roomy.tokenize(prompt), counting(family, 0)[0].tokenize(prompt)
            assert same(made, fresh)
            assert made.text == fresh.text
            assert {k: v.tolist() for k, v in made.spans.items()} == {
                k: v.tolist() for k, v in fresh.spans.items()
            }

    def test_views_in_company_are_other_pictures(self, family: str) -> None:
        """Some families show less of an image if there are two."""
        prompter, looked = counting(family)
        prompter.tokenize(about("mug"))
        prompter.tokenize(interleaved())
        assert len(looked) == 3

    def test_little_is_kept(self, family: str) -> None:
        """No more bytes than there is room for."""
        prompter, looked = counting(family, 100)
        prompter.tokenize(about("mug"))
        prompter.tokenize(about("mug"))
        assert (len(looked), prompter.pixel_cache.bytes) == (2, 0)

    def test_a_view_is_cropped_once(self, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """For its pixels, and not for its layout or size."""
        model, crops = opened(family), list[Box]()
        crop = Image.crop

        def counting(self: Image, box: Box) -> Any:
            crops.append(box)
            return crop(self, box)

        monkeypatch.setattr(Image, "crop", counting)
        model.forget()
        model.encoded_size(part("mug").views[0])
        model.forward([part("mug"), part("key")])
        assert crops == [part("mug").views[0].box]


def test_instructblip_processes_an_image_once() -> None:
    """Other words about it, and others of the Q-Former, come with the same pixels."""
    prompter = attrs.evolve(blips.opened().prompt_processor, pixel_cache=ByteLRU(1 << 29))
    one, other = (prompter.tokenize(about(target)).inputs for target in ("mug", "key"))
    assert one["pixel_values"] is other["pixel_values"]
    assert not one["qformer_input_ids"].equal(other["qformer_input_ids"])
