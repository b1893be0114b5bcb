"""What a model waits for: its processor as transformers has it, and as it is run here."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from itertools import count
from typing import Any

import pytest
import torch
import transformers as tf

from tests.benchmarks.timing import fastest
from tests.support.reference import picture, published_processor
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.processors import load_processor
from visualcrop import Image, Prompt, View
from visualcrop.models.engine.byte_lru import ByteLRU
from visualcrop.models.engine.chat_template import ChatTemplate
from visualcrop.models.engine.prompt_encoding import (
    CachedImageProcessor,
    PixelTarget,
    ProcessedImages,
    PromptEncoder,
)

TITLES = ("qwen2-5-vl", "llava", "llava-onevision", "llava-next", "internvl", "gemma3")
_numbers = count()


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    """Processor seconds of several threads say little."""
    torch.set_num_threads(1)


def processor_of(family: str) -> Any:
    """The family's processor, with the published numbers."""
    processor = published_processor(family)
    processor.chat_template = load_processor(family, checkpoint(family)).chat_template
    if family == "llava":
        options = {**processor.image_processor.to_dict(), "do_pad": True}
        processor.image_processor = tf.LlavaImageProcessorPil(**options)
    return processor


def _ask(view: View) -> Prompt:
    """A question that was not asked before."""
    return Prompt.fill(view, "Is there a {target} in the image?", target=f"mug {next(_numbers)}")


def _as_transformers(processor: Any, text: str, view: View, features: Any = None) -> Any:
    """Prepare a prompt; of an image that was seen before, *features* are the pixel values."""
    if features is not None:
        processor = copy(processor)
        cache = ByteLRU[Any](1 << 31)
        cache.put((), ProcessedImages(features))
        processor.image_processor = CachedImageProcessor(
            processor.image_processor, PixelTarget(), cache, (), ()
        )
    return processor(
        text=[text],
        images=[[view.picture]],
        return_tensors="pt",
        return_offsets_mapping=True,
        return_text_replacement_offsets=True,
    )


def _preparations(family: str, view: View) -> list[Callable[[], Any]]:
    """The first prompt on an image and a further one, of transformers, then ours."""
    processor = processor_of(family)
    template = ChatTemplate(processor)
    names = ("context_image_token", "image_token")
    named = (getattr(processor.tokenizer, name, None) for name in names)
    token = processor.tokenizer.convert_tokens_to_ids(next(filter(None, named)))
    features = processor.image_processor([[view.picture]], return_tensors="pt")
    known, fresh = (
        PromptEncoder(processor, token, ByteLRU(size), PixelTarget()) for size in (1 << 31, 0)
    )

    def text() -> str:
        return template.render(_ask(view)).text

    def encode(encoder: PromptEncoder) -> Any:
        return encoder.encode(text(), (view.image.digest, view.box), lambda: [view.picture])

    encode(known)
    return [
        lambda: _as_transformers(processor, text(), view),
        lambda: _as_transformers(processor, text(), view, features),
        lambda: encode(fresh),
        lambda: encode(known),
    ]


@pytest.mark.parametrize("family", TITLES)
@pytest.mark.parametrize("size", [(2000, 1500), (7680, 4320)], ids="{0[0]}x{0[1]}".format)
def test_preparation(family: str, size: tuple[int, int]) -> None:
    """Milliseconds of the first prompt on an image and of each further one."""
    view = View.whole(Image.open(picture(size)))
    runs = _preparations(family, view)
    slow, slow_again, quick, again = (1e3 * each for each in fastest(*runs, rounds=3))
    print(
        f"\n{slow:.0f} / {slow_again:.1f} ms -> {quick:.0f} / {again:.1f} ms: "
        f"{slow / quick:.1f}x and {slow_again / again:.0f}x"
    )
