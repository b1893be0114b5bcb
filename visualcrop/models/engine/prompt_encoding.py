"""Runs a checkpoint's processor on prompts, and no further than needed on images seen before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from .byte_lru import ByteLRU, Key
from .placeholders import RunTokenizer, is_of_tokens

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image as Picture
    from torch import Tensor
    from transformers import BatchFeature

Encoded: TypeAlias = Mapping[str, Any]  # a processor's output for one prompt
PixelBackend: TypeAlias = Literal["auto", "pil", "torchvision"]
_REPLACED = "text_replacement_offsets"


@attrs.frozen(eq=False)
class PromptEncoder:
    """A processor of transformers that takes what is known of images from a cache."""

    processor: Any
    image_token: int  # id of the placeholder
    cache: ByteLRU[ProcessedImages | EncodedImages]
    target: PixelTarget

    def encode(self, text: str, key: Key, pictures: Callable[[], list[Picture]]) -> Encoded:
        """
        The processor's output for *text*, in the chat template, with images.

        Args:
            text: Has one placeholder for each image.
            key: Equal for equal lists of images; empty if there are none.
            pictures: Makes the images.
        """
        known = self.cache.get(key) if key else None
        if isinstance(known, EncodedImages):
            return known.encode(text)
        tokenizer = RunTokenizer(self.processor.tokenizer, self.image_token)
        processor, images = copy(self.processor), pictures()
        processor.tokenizer = tokenizer
        processor.image_processor = CachedImageProcessor(
            self.processor.image_processor, self.target, self.cache, key, images
        )
        encoded: Encoded = processor(
            text=[text],
            images=[images] if key else None,
            return_tensors="pt",
            return_offsets_mapping=True,
            return_text_replacement_offsets=True,
        )
        if key:
            found = EncodedImages.of(encoded, self.processor, tokenizer)
            inputs = {n: map_tensors(value, self.target.store) for n, value in found.inputs.items()}
            found, encoded = attrs.evolve(found, inputs=inputs), {**encoded, **inputs}
            if found.reproduces(encoded, text):
                self.cache.put(key, found)
        return encoded


@attrs.frozen
class PixelTarget:
    """The network that pixel values are made for, and with what."""

    device: torch.device | None = None  # none: a CPU
    dtype: torch.dtype | None = None  # none: as the processor makes them
    backend: PixelBackend = "auto"

    def adapt(self, image_processor: Any) -> Callable[..., BatchFeature]:
        """What makes the pixels of *image_processor*, which uses Pillow."""
        from .image_processing import quicken, to_torchvision

        if self.backend != "torchvision":
            return partial(quicken(image_processor))
        return partial(to_torchvision(image_processor), device=self.device)

    def store(self, tensor: Tensor) -> Tensor:
        """An input as it takes least time to move to the device, once or often."""
        converts = self.dtype is not None and tensor.is_floating_point()
        stored = tensor.to(self.dtype) if converts else tensor
        on_gpu = self.device is not None and self.device.type == "cuda"
        return stored.pin_memory() if on_gpu and stored.device.type == "cpu" else stored


@attrs.frozen(eq=False)
class EncodedImages:
    """What a processor makes of images whatever the text, so that only text is left to encode."""

    inputs: Encoded  # what does not depend on the text
    replacements: Sequence[str]  # of each image's placeholder
    kinds: Mapping[str, Mapping[int, int]]  # for inputs like `mm_token_type_ids`: of tokens but 0
    names: Sequence[str]  # of all output, in order
    processor: Any
    tokenizer: RunTokenizer  # with the options that the processor gives it

    @classmethod
    def of(cls, encoded: Encoded, processor: Any, tokenizer: RunTokenizer) -> EncodedImages:
        """What the *encoded* prompt has in common with others of the same images."""
        ids = encoded["input_ids"]
        of_tokens = {n for n, value in encoded.items() if is_of_tokens(n, value, ids.shape[1])}
        apart = {*of_tokens, "offset_mapping", _REPLACED}
        kinds = of_tokens - {"input_ids", "attention_mask"}
        return cls(
            {name: value for name, value in encoded.items() if name not in apart},
            [change["replacement"] for change in encoded[_REPLACED][0]],
            {name: _kinds(ids, encoded[name]) for name in kinds},
            list(encoded),
            processor,
            tokenizer,
        )

    @property
    def bytes(self) -> int:
        return sum(_count_bytes(value) for value in self.inputs.values())

    def encode(self, text: str) -> Encoded:
        """The processor's output for another text with the same images."""
        texts, replaced = self.processor.get_text_with_replacements([text], [*self.replacements])
        tokens = dict(self.tokenizer(texts, **self.tokenizer.asked))
        for name, kinds in self.kinds.items():
            tokens[name] = _mark(tokens["input_ids"], kinds)
        every = {**self.inputs, **tokens, _REPLACED: replaced}
        return {name: every[name] for name in self.names}

    def reproduces(self, encoded: Encoded, text: str) -> bool:
        """Whether the encoded prompt itself comes out; some processors change a text first."""
        import torch

        again = self.encode(text)
        tensors = [name for name in encoded if isinstance(encoded[name], torch.Tensor)]
        return again[_REPLACED] == encoded[_REPLACED] and all(
            again[name] is encoded[name] or again[name].equal(encoded[name]) for name in tensors
        )


@attrs.frozen(eq=False)
class ProcessedImages:
    """The image processor's output for all images of a prompt."""

    features: BatchFeature

    @property
    def bytes(self) -> int:
        return sum(_count_bytes(value) for value in self.features.values())


@attrs.frozen(eq=False)
class CachedImageProcessor:
    """An image processor for one prompt, which takes its output from a cache if it can."""

    image_processor: Any
    target: PixelTarget
    cache: ByteLRU[ProcessedImages | EncodedImages]
    key: Key  # of the images
    pictures: Sequence[Picture]

    def __call__(self, images: Any, **options: Any) -> BatchFeature:
        """The pixel values of the prompt's pictures; *images* is ignored."""
        known = self.cache.get(self.key)
        if not isinstance(known, ProcessedImages):
            known = ProcessedImages(
                self.target.adapt(self.image_processor)([[*self.pictures]], **options)
            )
            self.cache.put(self.key, known)
        return copy(known.features)  # a copy, since processors take entries out of it

    def __getattr__(self, name: str) -> Any:
        return getattr(self.image_processor, name)


def map_tensors(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """An input with *change* applied to its tensors; some processors give lists of them."""
    if isinstance(value, list | tuple):
        return [map_tensors(part, change) for part in value]
    return change(value)


def _kinds(ids: Tensor, values: Tensor) -> Mapping[int, int]:
    """The value of each token id that has another one than 0."""
    marked = values[0] != 0
    return dict(zip(ids[0][marked].tolist(), values[0][marked].tolist(), strict=True))


def _mark(ids: Tensor, kinds: Mapping[int, int]) -> Tensor:
    """The value of each token, 1 x T."""
    import torch

    values = torch.zeros_like(ids)
    for token, kind in kinds.items():
        values[ids == token] = kind
    return values


def _count_bytes(value: Any) -> int:
    """Bytes of a tensor or an array; some processors give lists of them."""
    if isinstance(value, list | tuple):
        return sum(map(_count_bytes, value))
    return int(getattr(value, "nbytes", 0))
