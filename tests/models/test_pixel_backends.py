"""`pixels`: Pillow, the same on any machine, unless torchvision is asked for."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
import torch
import transformers as tf

from tests.support.opened import about, opened
from tests.support.reference import picture
from tests.support.refusals import is_one_sentence
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import ModelFamily
from visualcrop.errors import ModelError
from visualcrop.models.checkpoints import load_errors
from visualcrop.models.engine.image_processing import to_torchvision
from visualcrop.models.engine.prompt_encoding import PixelTarget
from visualcrop.plugin import Registry

pytestmark = pytest.mark.torch
missing = find_spec("torchvision") is None


def family(pixels: str) -> Any:
    """The tiny LLaVA, with that option."""
    spec = f'llava(checkpoint="{checkpoint("llava")}", pixels={pixels})'
    return Registry.load().build(ModelFamily, spec)


def test_auto_is_pillow() -> None:
    """And is named by the same fingerprint; torchvision, whose pixels differ, is not."""
    made = [
        family(pixels).open().prompt_processor.tokenize(about("mug")) for pixels in ("auto", "pil")
    ]
    assert made[0].inputs["pixel_values"].equal(made[1].inputs["pixel_values"])
    prints = [family(pixels).fingerprint() for pixels in ("auto", "pil", "torchvision")]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.skipif(not missing, reason="torchvision is installed")
def test_torchvision_is_not_installed() -> None:
    """Before weights are loaded, one sentence says so."""
    with pytest.raises(ModelError, match="install it") as said:
        family("torchvision").open()
    assert is_one_sentence(str(said.value))


def test_torchvision_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not match torch, say."""
    monkeypatch.setattr(load_errors, "find_spec", lambda _: True)
    monkeypatch.setattr(load_errors, "torchvision_fault", lambda: "RuntimeError")
    with pytest.raises(ModelError, match="does not match torch") as said:
        load_errors.check_torchvision()
    assert is_one_sentence(str(said.value))


def test_a_processor_without_a_twin() -> None:
    """Such as one of a family's own: it is refused, not replaced by another."""

    class OwnImageProcessorPil(tf.CLIPImageProcessorPil):
        """Not of transformers."""

    with pytest.raises(ModelError, match="leave pixels out") as said:
        to_torchvision(OwnImageProcessorPil())
    assert is_one_sentence(str(said.value))


def test_the_twin_is_called_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the settings of the processor that the family made."""
    calls = []

    class Twin:
        """Of torchvision."""

        def __init__(self, **settings: Any) -> None:
            self.settings = settings

        def __call__(self, images: Any, **options: Any) -> Any:
            calls.append((self.settings, images, options))

    monkeypatch.setattr(tf, "LlavaImageProcessor", Twin, raising=False)
    processor = opened("llava").prompt_processor.processor.image_processor
    target = PixelTarget(torch.device("cpu"), torch.float32, "torchvision")
    target.adapt(processor)([["a picture"]], return_tensors="pt")
    ((settings, images, options),) = calls
    assert settings["do_pad"]
    assert settings["size"] == processor.to_dict()["size"]
    assert images == [["a picture"]]
    assert options == {"device": torch.device("cpu"), "return_tensors": "pt"}


@pytest.mark.skipif(missing or bool(load_errors.torchvision_fault()), reason="no torchvision")
@pytest.mark.parametrize("name", ["llava", "llava-next", "qwen2-5-vl", "gemma3", "internvl"])
def test_torchvision_is_near(name: str) -> None:
    """By half a step of 255 on average; near a scale of 1, single pixels of noise differ by 26."""
    pil = opened(name).prompt_processor.processor.image_processor
    images = [[picture((200, 150))]]
    one = pil(images, return_tensors="pt")["pixel_values"]
    other = to_torchvision(pil)(images, return_tensors="pt")["pixel_values"]
    assert float((one - other).abs().mean()) * max(pil.image_std) * 255 <= 0.5
