"""Quick image processors make the pixels of transformers' own, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import transformers as tf

from tests.support.reference import picture
from visualcrop.models.engine.image_processing import quicken
from visualcrop.models.families.pil_processors import (
    Cohere2VisionImageProcessorPil,
    Lfm2VlImageProcessorPil,
    Llama4ImageProcessorPil,
    Molmo2ImageProcessorPil,
)

pytestmark = pytest.mark.torch

_SMALL = {"height": 48, "width": 48}
_CLIP: dict[str, Any] = {"size": {"shortest_edge": 48}, "crop_size": _SMALL}
_PAN = {
    "do_pan_and_scan": True,
    "pan_and_scan_min_crop_size": 32,
    "pan_and_scan_max_num_crops": 4,
    "pan_and_scan_min_ratio_to_activate": 1.2,
}
_PINPOINTS = [[48, 96], [96, 48], [96, 96]]
_PIXELS = {"shortest_edge": 56 * 56, "longest_edge": 112 * 140}
PROCESSORS: dict[str, tuple[Any, dict[str, Any]]] = {  # by title: class and options
    "CLIP": ("CLIP", _CLIP),
    "LLaVA cropped": ("Llava", _CLIP),
    "LLaVA padded": ("Llava", {**_CLIP, "do_pad": True}),
    "LLaVA-NeXT": ("LlavaNext", {**_CLIP, "image_grid_pinpoints": _PINPOINTS}),
    "OneVision": ("LlavaOnevision", {"size": _SMALL, "image_grid_pinpoints": _PINPOINTS}),
    "Qwen2-VL": ("Qwen2VL", {"size": _PIXELS}),
    "Qwen2-VL, patches of 16": ("Qwen2VL", {"size": _PIXELS, "patch_size": 16}),
    "GLM-4.1V": ("Glm4v", {"size": _PIXELS}),
    "GLM-4.6V": ("Glm46V", {"size": _PIXELS}),
    "InternVL": ("GotOcr2", {"size": _SMALL, "crop_to_patches": True, "max_patches": 4}),
    "InternVL, one tile": ("GotOcr2", {"size": _SMALL}),
    "Gemma 3": ("Gemma3", {"size": _SMALL}),
    "Gemma 3, pan and scan": ("Gemma3", {"size": _SMALL, **_PAN}),
    "InstructBLIP": ("Blip", {"size": _SMALL}),
    "SigLIP": ("Siglip", {"size": _SMALL}),
    "Idefics3": (
        "Idefics3",
        {"size": {"longest_edge": 96}, "max_image_size": {"longest_edge": 48}},
    ),
    "Pixtral": ("Pixtral", {"size": {"longest_edge": 96}}),
    "Gemma 4": ("Gemma4", {}),
    "Ovis2": ("Ovis2", {"size": _SMALL}),
    "MiniCPM-V 4.6": ("MiniCPMV4_6", {}),
    "Command A Vision": (Cohere2VisionImageProcessorPil, {"size": _SMALL}),
    "LFM2-VL": (Lfm2VlImageProcessorPil, {}),
    "Llama 4": (Llama4ImageProcessorPil, {"size": _SMALL}),
    "Molmo2": (Molmo2ImageProcessorPil, {}),
}
SIZES = ((200, 150), (149, 201), (48, 48), (1001, 40))


@cache
def slow(title: str) -> Any:
    """The processor of transformers."""
    name, options = PROCESSORS[title]
    made = getattr(tf, f"{name}ImageProcessorPil") if isinstance(name, str) else name
    try:
        return made(**options)
    except ImportError:  # Idefics3's and Ovis2's
        pytest.skip("transformers 5.17 wants torchvision for it")


def tensors(features: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors of a processor's output, with their names."""
    for name, value in features.items():
        parts = value if isinstance(value, list) else [value]
        yield from ((name, torch.as_tensor(np.asarray(part))) for part in parts)


def assert_same(processor: Any, images: Any, **options: Any) -> None:
    """Names, types, shapes and every bit of the output are those of *processor*."""
    wanted = processor(images, return_tensors="pt", **options)
    made = quicken(processor)(images, return_tensors="pt", **options)
    assert {n: type(v) for n, v in made.items()} == {n: type(v) for n, v in wanted.items()}
    for (name, one), (_, other) in zip(tensors(made), tensors(wanted), strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape), name
        assert one.equal(other), name


@pytest.mark.parametrize("title", PROCESSORS)
class TestQuicken:
    """Of each processor that a family uses."""

    @pytest.mark.parametrize("size", SIZES, ids=str)
    def test_pixels_are_equal(self, title: str, size: tuple[int, int]) -> None:
        """Of noise, whose every pixel counts, alone and beside another."""
        one, other = picture(size), picture((60, 70), seed=1)
        assert_same(slow(title), [[one]])
        assert_same(slow(title), [[one, other]])

    def test_floats_are_those_of_each_byte(self, title: str) -> None:
        """Each of the 256 values of a channel is in the picture, in large areas."""
        ramp = np.repeat(np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16), 6, 0), 6, 1)
        colours = np.stack([ramp, ramp[::-1], ramp.T], axis=-1)
        assert_same(slow(title), [[PIL.Image.fromarray(colours)]])

    @pytest.mark.parametrize("step", ["do_rescale", "do_normalize"])
    def test_steps_can_be_left_out(self, title: str, step: str) -> None:
        """What is not asked for is not done."""
        assert_same(slow(title), [[picture((200, 150))]], **{step: False})

    def test_the_processor_is_left_as_it_is(self, title: str) -> None:
        """Its class, and all that it holds."""
        kind, before = type(slow(title)), slow(title).to_dict()
        quicken(slow(title))([[picture((200, 150))]], return_tensors="pt")
        assert type(slow(title)) is kind
        assert slow(title).to_dict() == before


@pytest.mark.parametrize("size", [(997, 501), (501, 997), (600, 600), (40, 2000), (2000, 40)])
def test_padding_after_resizing_changes_no_pixel(size: tuple[int, int]) -> None:
    """Not at the border either, where the filter mixes the picture and its padding."""
    assert_same(slow("LLaVA padded"), [[picture(size)]])


def test_resizing_in_strips_changes_no_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tall picture is padded a few rows at a time."""
    monkeypatch.setattr("visualcrop.models.engine.image_processing._STRIP", 4000)
    assert_same(slow("LLaVA padded"), [[picture((311, 997))]])


def test_without_resizing() -> None:
    """A processor may be told to take a picture at its own size."""
    for title in ("CLIP", "LLaVA padded", "InternVL, one tile"):
        assert_same(slow(title), [[picture((48, 48))]], do_resize=False)


def test_pictures_that_are_not_plain() -> None:
    """Grey, transparent and float ones take the processor's own way."""
    for mode in ("L", "RGBA", "P"):
        assert_same(slow("CLIP"), [[picture((90, 70)).convert(mode)]])
    floats = np.random.default_rng(0).random((3, 90, 70)).astype(np.float32)
    assert_same(slow("CLIP"), [floats])


def test_other_processors_are_left_alone() -> None:
    """Such as one that is not of transformers, or has a step of its own."""

    class OwnNumbers(tf.CLIPImageProcessorPil):
        """Normalises as it will."""

        def normalize(self, image: Any, *_: Any, **__: Any) -> Any:
            return image - 0.5

    for own in (object(), OwnNumbers(**_CLIP), tf.FuyuImageProcessorPil()):
        assert quicken(own) is own


@pytest.mark.parametrize("title", PROCESSORS)
def test_processors_of_families_are_quick(title: str) -> None:
    """Their steps are known."""
    assert type(quicken(slow(title))) is not type(slow(title))
