"""
InstructBLIP's way with an image: a Q-Former looks, with the question in mind, and 32 tokens tell.

They come before all words and stand for no part of the image. Since they depend on the words,
nothing that was read of an image serves another question.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import numpy as np

from ...errors import ModelError
from ...prompt import Prompt, views_key
from ...values import View
from ..base import (
    NOTHING,
    By,
    Capture,
    Choice,
    EncodedSize,
    Internals,
    Model,
    ModelInfo,
    Reply,
    Usage,
)
from ..engine.kv_cache import DecodingState
from ..engine.metering.meter import Measurement, Meter
from ..engine.pixels import pixel_gradients, single_view
from ..engine.prompting import PromptProcessor, TokenizedPrompt
from ..engine.runner import decode, extend, make_chooser, mean_log_likelihood
from ..huggingface import explains_errors
from ..layouts.layout import Layout
from .relaying import layout_of, patches_of, relaying

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import InstructBlipForConditionalGeneration, PreTrainedModel

NO_PLACE = (
    "InstructBLIP's image tokens have no place in the image; take rel-att, grad-att or pure-grad "
    "of visualcrop-vicrop, which look through its Q-Former, or a model of another family."
)


@attrs.frozen(eq=False)
class PlainWords(PromptProcessor):
    """
    Writes prompts that no chat template is there for.

    About an image, the words as they are: InstructBLIP was tuned on such. Without one, turns as
    Vicuna knows them, for its weights were left as they were.
    """

    def tokenize(self, prompt: Prompt, replies: Sequence[str] = ()) -> TokenizedPrompt:
        prompt = self._defuse(prompt)
        text = self._written(prompt)
        inputs = {"input_ids": self.processor.tokenizer(text, return_tensors="pt")["input_ids"]}
        inputs |= self._seen(prompt)
        nowhere, key = np.empty(0, np.intp), views_key(prompt)
        tokenized = TokenizedPrompt(inputs, text, nowhere, {}, key, prompt.sampling)
        return self._with_replies(tokenized, replies)

    def tokenize_reply(self, prompt: TokenizedPrompt, reply: str) -> Tensor:
        both = self.processor.tokenizer(f"{prompt.text} {reply}", return_tensors="pt")
        after: Tensor = both["input_ids"][:, prompt.inputs["input_ids"].shape[1] :]
        return after

    def _written(self, prompt: Prompt) -> str:
        if prompt.views and not prompt.examples:
            return prompt.text.strip()
        end = self.processor.tokenizer.eos_token
        shown = "".join(f"USER: {asked} ASSISTANT: {said}{end}" for asked, said in prompt.examples)
        return f"{shown}USER: {prompt.text.strip()} ASSISTANT:"

    def _seen(self, prompt: Prompt) -> Mapping[str, Tensor]:
        """The images' pixels, and what the Q-Former hears: the words, as far as it can count."""
        if not prompt.views:
            return {}
        pictures = [self.to_picture(view) for view in prompt.views]
        heard = self.processor.qformer_tokenizer(
            [prompt.text.strip()] * len(pictures), truncation=True, return_tensors="pt"
        )
        pixels = self.processor.image_processor(pictures, return_tensors="pt")
        return {
            "pixel_values": pixels["pixel_values"],
            "qformer_input_ids": heard["input_ids"],
            "qformer_attention_mask": heard["attention_mask"],
        }


@attrs.define(eq=False)
class BlipModel(Model):
    """A decoder that is told of one image; without an image, the decoder alone."""

    id: str
    info: ModelInfo
    network: InstructBlipForConditionalGeneration
    prompt_processor: PromptProcessor
    meter: Meter
    passes: int = 0
    _turn: threading.Lock = attrs.field(factory=threading.Lock, init=False)  # one runs at a time

    @explains_errors
    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        if capture.values or capture.keys or not (capture.relayed or capture.pixels):
            raise ModelError(NO_PLACE)
        return [self._look(prompt, capture) for prompt in prompts]

    @explains_errors
    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: By = "next-token"
    ) -> Sequence[Choice]:
        return [self._weigh(prompt, choices, by) for prompt in prompts]

    @explains_errors
    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        return [self._say(prompt, max_new_tokens) for prompt in prompts]

    @explains_errors
    def encoded_size(self, view: View) -> EncodedSize:
        layout = layout_of(view, self.network.config)
        return EncodedSize(
            layout.shown, self.network.config.num_query_tokens, layout.grid.cell_side
        )

    @property
    def speaker(self) -> PreTrainedModel:
        """The language model alone, with its head."""
        speaker: PreTrainedModel = self.network.language_model
        return speaker

    def _look(self, prompt: Prompt, capture: Capture) -> Internals:
        view, prepared = single_view(prompt), self._prepared(prompt)
        layout, base = layout_of(view, self.network.config), self.info.base
        if capture.pixels:
            return self._forward_to_pixels(prepared, view, layout)
        with (
            self._measured() as span,
            relaying(self.network, self.speaker, capture) as found,
        ):
            found.backward(self._begun(prepared).next_logits)  # it stops before, if none is wanted
        more = self._shown(prepared) + Usage(backward=2 * bool(capture.gradients))
        return Internals(
            (patches_of(view, layout, base),),
            {},
            attention={n: rows[0] for n, rows in found.tap.attention.items()},
            gradients={n: rows[0] for n, rows in found.tap.gradients.items()},
            relay=found.relay,
            usage=span.usage + more,
        )

    def _forward_to_pixels(
        self, prepared: TokenizedPrompt, view: View, layout: Layout
    ) -> Internals:
        def read(inputs: Mapping[str, Tensor]) -> Tensor:
            return self._begun(attrs.evolve(prepared, inputs=inputs)).next_logits

        with self._measured() as span:
            found = pixel_gradients(self.network, prepared.inputs, read, view, layout)
        patches = patches_of(view, layout, self.info.base)
        usage = span.usage + self._shown(prepared) + Usage(backward=1)
        return Internals((patches,), {}, sight=found, usage=usage)

    def _weigh(self, prompt: Prompt, choices: Sequence[str], by: By) -> Choice:
        prepared = self._prepared(prompt)
        replies = [self.prompt_processor.tokenize_reply(prepared, choice) for choice in choices]
        with self._measured(len(choices) if by == "sentence" else 1) as span:
            state = self._begun(prepared)
            if by == "sentence":
                logits = [self._likelihood(state, reply) for reply in replies]
            else:
                logits = (
                    state.next_logits[0, [int(reply[0, 0]) for reply in replies]].float().tolist()
                )
        return Choice(tuple(logits), span.usage + self._shown(prepared))

    def _likelihood(self, state: DecodingState, reply: Tensor) -> float:
        """Minus the mean cross-entropy of the reply's tokens."""
        tokens, inside = reply.to(self.network.device), state.next_logits[:0]
        if tokens.shape[1] > 1:
            with self.meter.count_as(1):  # a single token, too, is read and not said
                inside = extend(self.speaker, state, tokens[:, :-1], keep=0).kept_logits[0]
        return mean_log_likelihood(state.next_logits, inside, tokens)

    def _say(self, prompt: Prompt, max_new_tokens: int) -> Reply:
        prepared = self._prepared(prompt)
        with self._measured() as span:
            state = self._begun(prepared)
            ends, choose = self.prompt_processor.stop_tokens, make_chooser([prepared])
            (said,) = decode(self.speaker, state, ends, max_new_tokens, choose)
        return Reply(self.prompt_processor.detokenize(said), span.usage + self._shown(prepared))

    def _shown(self, prepared: TokenizedPrompt) -> Usage:
        """What the Q-Former says of each image stands for it."""
        return Usage(image_tokens=len(prepared.views) * self.network.config.num_query_tokens)

    def _begun(self, prepared: TokenizedPrompt) -> DecodingState:
        """The state after what is told of each image, and after all words."""
        import torch
        from transformers import DynamicCache

        seen = {name: inputs for name, inputs in prepared.inputs.items() if name != "input_ids"}
        words = self.speaker.get_input_embeddings()(prepared.inputs["input_ids"])
        if seen:
            told = self.network.get_image_features(**seen, return_dict=True).pooler_output
            words = torch.cat([told.flatten(0, 1)[None].to(words), words], dim=1)
        cache = DynamicCache()
        out = self.speaker(
            inputs_embeds=words, past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        return DecodingState(cache, (words.shape[1],), logits=out.logits)

    def _prepared(self, prompt: Prompt) -> TokenizedPrompt:
        return self.prompt_processor.tokenize(prompt).to(self.network.device, self.network.dtype)

    @contextmanager
    def _measured(self, passes: int = 1) -> Iterator[Measurement]:
        import torch

        with self._turn, torch.no_grad(), self.meter.measure() as span:
            self.passes += passes
            yield span
