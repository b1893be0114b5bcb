"""From a prompt to the tokens and pixels that a Hugging Face model reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ...prompt import Prompt, Sampling
from ...values import View
from ..base import Tokens, Usage
from .marking import marked, written_out
from .remembering import Key, Memory, views_key
from .seeing import Pixels, Seen

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image as Picture
    from torch import Tensor
    from transformers import GenerationConfig

_TENSORS = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids")
_PIXELS = ("pixel_values", "image_sizes", "image_grid_thw", "batch_num_images")


@attrs.frozen(eq=False)
class Prepared:
    """One prompt, laid out in tokens."""

    inputs: Mapping[str, Tensor]  # what the model's forward takes, a batch of one
    text: str  # with every image written out in placeholders
    placeholders: Tokens  # where they are
    spans: Mapping[str, Tokens]  # the tokens of each marked word
    views: Key = ()  # what it shows
    sampling: Sampling | None = None

    def to(self, device: torch.device, dtype: torch.dtype) -> Prepared:
        """The same prompt where the model runs, its pixels in the model's numbers."""
        moved = {
            name: tensor.to(device, dtype) if tensor.is_floating_point() else tensor.to(device)
            for name, tensor in self.inputs.items()
        }
        return attrs.evolve(self, inputs=moved)

    def until(self, cut: int) -> Mapping[str, Tensor]:
        """What the model's forward takes for the first tokens alone, all images among them."""
        inputs = dict(self.inputs)
        return inputs | {name: inputs[name][:, :cut] for name in _TENSORS if name in inputs}

    @property
    def length(self) -> int:
        return self.inputs["input_ids"].shape[1]

    @property
    def shown(self) -> Usage:
        """What the images count, whether they are remembered or not."""
        return Usage(image_tokens=len(self.placeholders))

    @property
    def cut(self) -> int:
        """The first token after the last image."""
        return int(self.placeholders[-1]) + 1 if len(self.placeholders) else 0

    @property
    def beginning(self) -> Key:
        """Equal for prompts that are the same up to their last image, pixel by pixel."""
        tokens = self.inputs["input_ids"][0, : self.cut]
        return (tokens.cpu().numpy().tobytes(), *self.views)


@attrs.frozen(eq=False)
class Prompter:
    """Writes prompts in a checkpoint's own chat template."""

    processor: Any
    image_token: int
    picture: Callable[[View], Picture]  # of a view, as the processor takes it
    ends: frozenset[int]  # tokens that end a reply
    pixels: Memory[Pixels]  # what was made of pictures before

    def prepare(self, prompt: Prompt) -> Prepared:
        """Tokens, pixels, and where the marked words and the images ended up."""
        prompt = self._harmless(prompt)
        text = self._rendered(list(_turns(prompt)))
        made = self._seeing(prompt)(
            text=[text],
            images=[[view.picture for view in prompt.views]] if prompt.views else None,
            return_tensors="pt",
            return_offsets_mapping=True,
            return_text_replacement_offsets=True,
        )
        grown = made["text_replacement_offsets"][0]
        ids = made["input_ids"]
        return Prepared(
            {key: made[key] for key in (*_TENSORS, *_PIXELS) if key in made},
            written_out(text, grown),
            np.flatnonzero((ids[0] == self.image_token).numpy()),
            dict(marked(prompt, text, grown, made["offset_mapping"][0].numpy())),
            views_key(prompt),
            prompt.sampling,
        )

    @classmethod
    def of(
        cls,
        processor: Any,
        image_token: int,
        picture: Callable[[View], Picture],
        generation: GenerationConfig | None,
        most_bytes: int,
    ) -> Prompter:
        """
        A prompter that stops where the checkpoint's tokenizer or generation config says.

        It keeps *most_bytes* of pixels.
        """
        stops = generation.eos_token_id if generation is not None else None
        listed = stops if isinstance(stops, list) else [stops]
        ends = {*listed, processor.tokenizer.eos_token_id} - {None}
        return cls(processor, image_token, picture, frozenset(ends), Memory(most_bytes))

    def text(self, tokens: Sequence[int]) -> str:
        """What the tokens of a reply say."""
        said: str = self.processor.tokenizer.decode(list(tokens), skip_special_tokens=True)
        return said.strip()

    def tokens(self, prepared: Prepared, reply: str) -> Tensor:
        """Tokens of *reply* as the template has them after the prompt: batch of one x length."""
        tokenizer = self.processor.tokenizer
        asked = prepared.inputs["input_ids"][:, prepared.cut :].cpu()
        placeholder = tokenizer.convert_ids_to_tokens(self.image_token)
        _, image, end = prepared.text.rpartition(placeholder)  # no token reaches across one
        for said in (end + self._gap + reply, end + reply):
            both: Tensor = tokenizer(image + said, return_tensors="pt")["input_ids"]
            start = int((both[0] == self.image_token).nonzero()[0]) + 1 if image else 0
            after = both[:, start:]
            if after[:, : asked.shape[1]].equal(asked):
                break
        return after[:, asked.shape[1] :]

    @cached_property
    def _gap(self) -> str:
        """What the template puts between a prompt and its reply, a space where it does."""
        asked: list[dict[str, object]] = [_turn("user", "?")]
        whole = self._rendered([*asked, _turn("assistant", "Yes")], ask=False)
        gap = whole.removeprefix(self._rendered(asked)).partition("Yes")[0]
        return gap if gap.isspace() else ""

    def _rendered(self, turns: list[dict[str, object]], *, ask: bool = True) -> str:
        """Turns in the template; without the first token that the tokenizer adds by itself."""
        text: str = self.processor.apply_chat_template(turns, add_generation_prompt=ask)
        start = self.processor.tokenizer.bos_token or ""
        adds = self.processor.tokenizer("").input_ids[:1] == [self.processor.tokenizer.bos_token_id]
        return text.removeprefix(start) if start and adds else text

    def _seeing(self, prompt: Prompt) -> Any:
        """The processor, which looks at the prompt's pictures only if they are new to it."""
        seeing = copy(self.processor)
        seeing.image_processor = Seen(
            self.processor.image_processor,
            self.pixels,
            views_key(prompt),
            lambda: [self.picture(view) for view in prompt.views],
        )
        return seeing

    def _harmless(self, prompt: Prompt) -> Prompt:
        """The same prompt with no token in its words that steers the model."""
        tokenizer = self.processor.tokenizer
        added = {t.content for t in tokenizer.added_tokens_decoder.values() if t.special}
        special = sorted({*added, *tokenizer.all_special_tokens}, key=len, reverse=True)
        steering = re.compile("|".join(map(re.escape, special)) or r"(?!)")

        def safe(text: str) -> str:
            return steering.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

        parts = [part if isinstance(part, View) else safe(part) for part in prompt.parts]
        spans = []
        for mark in prompt.spans:
            part = str(prompt.parts[mark.part])
            start, stop = len(safe(part[: mark.start])), len(safe(part[: mark.stop]))
            spans.append(attrs.evolve(mark, start=start, stop=stop))
        examples = tuple((safe(asked), safe(said)) for asked, said in prompt.examples)
        return Prompt(tuple(parts), examples, tuple(spans), prompt.sampling)


def _turn(role: str, text: str) -> dict[str, object]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def _turns(prompt: Prompt) -> Iterator[dict[str, object]]:
    """Examples as earlier turns, then the prompt's own parts in their order."""
    for asked, said in prompt.examples:
        yield _turn("user", asked)
        yield _turn("assistant", said)
    last = len(prompt.parts) - 1
    content: list[dict[str, str]] = []
    for index, part in enumerate(prompt.parts):
        if isinstance(part, View):
            content.append({"type": "image"})
        else:
            content.append({"type": "text", "text": part if index == last else f"{part}\n"})
    yield {"role": "user", "content": content}
