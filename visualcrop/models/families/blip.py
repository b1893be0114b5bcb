"""
InstructBLIP as a model: a Q-Former turns an image and the question into 32 query tokens.

They precede the text, and have no position in the image. Since they depend on the question, no
prefix can be cached for other prompts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

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
from ..engine.capture import gather_tensors
from ..engine.generation import (
    ProbabilityRecorder,
    decode,
    make_chooser,
    read_choice_logits,
)
from ..engine.kv_cache import DecodingState, cache_argument
from ..engine.metering.meter import Measurement, Meter
from ..engine.pixels import pixel_gradients, single_view
from ..engine.prompt_encoding import CachedImageProcessor
from ..engine.prompting import PromptProcessor, TokenizedPrompt
from ..engine.runner import score_reply
from ..engine.threads import on_own_threads, torch_threads
from ..huggingface import explains_errors
from ..layouts.layout import Layout
from .qformer import encoder_layout, encoder_patches, tap_qformer

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import InstructBlipForConditionalGeneration, PreTrainedModel

NO_POSITION = (
    "InstructBLIP's image tokens have no position in the image; take rel-att, grad-att or "
    "pure-grad of visualcrop-vicrop, which look through its Q-Former, or a model of another family."
)


@attrs.frozen(eq=False)
class PlainPromptProcessor(PromptProcessor):
    """
    Writes prompts without a chat template.

    With an image, plain text, as in InstructBLIP's training. Without an image, or with examples,
    Vicuna's turns, since the language model was frozen in training.
    """

    def tokenize(self, prompt: Prompt, replies: Sequence[str] = ()) -> TokenizedPrompt:
        prompt = self._defuse(prompt)
        text = self._render(prompt)
        inputs = {"input_ids": self.processor.tokenizer(text, return_tensors="pt")["input_ids"]}
        inputs |= self._image_inputs(prompt)
        no_positions, key = np.empty(0, np.intp), views_key(prompt)
        drawn, stop = prompt.sampling, prompt.stop
        tokenized = TokenizedPrompt(inputs, text, no_positions, {}, key, drawn, stop)
        return self._with_replies(tokenized, replies, prompt.choices)

    def tokenize_reply(self, prompt: TokenizedPrompt, reply: str) -> Tensor:
        both = self.processor.tokenizer(f"{prompt.text} {reply}", return_tensors="pt")
        after: Tensor = both["input_ids"][:, prompt.inputs["input_ids"].shape[1] :]
        return after

    def _render(self, prompt: Prompt) -> str:
        if prompt.views and not prompt.examples:
            return prompt.text.strip()
        end = self.processor.tokenizer.eos_token
        turns = (f"USER: {text} ASSISTANT: {reply}{end}" for text, reply in prompt.examples)
        return f"{''.join(turns)}USER: {prompt.text.strip()} ASSISTANT:"

    def _image_inputs(self, prompt: Prompt) -> Mapping[str, Tensor]:
        """Pixels of the images, and the text for the Q-Former, truncated to its positions."""
        if not prompt.views:
            return {}
        question = self.processor.qformer_tokenizer(
            [prompt.text.strip()] * len(prompt.views), truncation=True, return_tensors="pt"
        )
        pictures = [self.to_picture(view) for view in prompt.views]
        process = CachedImageProcessor(
            self.processor.image_processor,
            self.target,
            self.pixel_cache,
            views_key(prompt),
            pictures,
        )
        pixels = process(None, return_tensors="pt")
        return {
            "pixel_values": pixels["pixel_values"],
            "qformer_input_ids": question["input_ids"],
            "qformer_attention_mask": question["attention_mask"],
        }


@attrs.define(eq=False)
class BlipModel(Model):
    """A Q-Former and a decoder; prompts without images run the decoder only."""

    id: str
    info: ModelInfo
    network: InstructBlipForConditionalGeneration
    prompt_processor: PromptProcessor
    meter: Meter
    passes: int = 0
    cpu_threads: int | None = None  # torch's, of a pass on a CPU; none: as many as torch has
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)  # one runs at a time

    def computing(self) -> AbstractContextManager[None]:
        return torch_threads(self.cpu_threads)

    @explains_errors
    @on_own_threads
    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        if capture.values or capture.keys or not (capture.qformer or capture.pixels):
            raise ModelError(NO_POSITION)
        return [self._forward_qformer(prompt, capture) for prompt in prompts]

    @explains_errors
    @on_own_threads
    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        if by == "sentence":
            processor = self.prompt_processor
            write = processor.end_replies if end_token else processor.defuse_replies
            choices = write(choices)
        return [self._choose(prompt, choices, by) for prompt in prompts]

    @explains_errors
    @on_own_threads
    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        return [self._generate(prompt, max_new_tokens) for prompt in prompts]

    @explains_errors
    def encoded_size(self, view: View) -> EncodedSize:
        layout = encoder_layout(view, self.network.config)
        return EncodedSize(
            layout.shown, self.network.config.num_query_tokens, layout.grid.cell_side
        )

    @property
    def language_model(self) -> PreTrainedModel:
        """The language model alone, with its head."""
        language_model: PreTrainedModel = self.network.language_model
        return language_model

    def _forward_qformer(self, prompt: Prompt, capture: Capture) -> Internals:
        view, tokenized = single_view(prompt), self._tokenize(prompt)
        layout, base = encoder_layout(view, self.network.config), self.info.base
        if capture.pixels:
            return self._forward_to_pixels(tokenized, view, layout)
        with (
            self._measure() as measurement,
            tap_qformer(self.network, self.language_model, capture) as found,
        ):
            # Without gradients, the tap stops the pass, and `backward` is not reached.
            found.backward(self._prefill(tokenized).next_logits)
        rows = {kind: getattr(found.tap, kind) for kind in ("attention", "gradients")}
        device = self.network.device
        kinds: dict[str, Any] = {
            kind: gather_tensors({n: row[0] for n, row in of_layers.items()}, device)
            for kind, of_layers in rows.items()
        }
        more = self._image_usage(tokenized) + Usage(backward=2 * bool(capture.gradients))
        return Internals(
            (encoder_patches(view, layout, base),),
            {},
            **kinds,
            qformer=found.attention,
            usage=measurement.usage + more,
        )

    def _forward_to_pixels(
        self, tokenized: TokenizedPrompt, view: View, layout: Layout
    ) -> Internals:
        def read(inputs: Mapping[str, Tensor]) -> Tensor:
            return self._prefill(attrs.evolve(tokenized, inputs=inputs)).next_logits

        with self._measure() as measurement:
            found = pixel_gradients(self.network, tokenized.inputs, read, view, layout)
        patches = encoder_patches(view, layout, self.info.base)
        usage = measurement.usage + self._image_usage(tokenized) + Usage(backward=1)
        return Internals((patches,), {}, pixel_gradients=found, usage=usage)

    def _choose(self, prompt: Prompt, choices: Sequence[str], by: By) -> Choice:
        tokenized, processor = self._tokenize(prompt), self.prompt_processor
        if by == "sentence":
            replies = [processor.tokenize_reply(tokenized, choice) for choice in choices]
            with self._measure(len(choices)) as measurement:
                state = self._prefill(tokenized)
                logits = [self._score_reply(state, reply) for reply in replies]
        else:
            forked, tokens = processor.fork_at_replies(tokenized, choices)
            with self._measure() as measurement:
                logits = self._prefill(forked).next_logits[0, tokens].float().tolist()
        return Choice(tuple(logits), measurement.usage + self._image_usage(tokenized))

    def _score_reply(self, state: DecodingState, reply: Tensor) -> float:
        """Mean log-probability of the tokens of *reply*, 1 x T."""
        with self.meter.count_as(1):  # even a single token is prompt, not decoded
            return score_reply(self.language_model, state, reply.to(self.network.device))

    def _generate(self, prompt: Prompt, max_new_tokens: int) -> Reply:
        tokenized, ends = self._tokenize(prompt), self.prompt_processor.stop_tokens
        choose = ProbabilityRecorder(make_chooser([tokenized]))
        with self._measure() as measurement:
            state = self._prefill(tokenized)
            first = state.next_logits
            (tokens,) = decode(
                self.language_model, state, ends, max_new_tokens, choose, [tokenized.stop]
            )
            (logits,) = read_choice_logits(first, [tokenized])
            (probabilities,) = choose.read([tokens], ends)
        return Reply(
            self.prompt_processor.detokenize(tokens),
            measurement.usage + self._image_usage(tokenized),
            logits,
            probabilities,
        )

    def _image_usage(self, tokenized: TokenizedPrompt) -> Usage:
        """The usage of each image's query tokens."""
        return Usage(image_tokens=len(tokenized.views) * self.network.config.num_query_tokens)

    def _prefill(self, tokenized: TokenizedPrompt) -> DecodingState:
        """Run the query tokens of each image, then the text."""
        import torch
        from transformers import DynamicCache

        seen = {name: inputs for name, inputs in tokenized.inputs.items() if name != "input_ids"}
        words = self.language_model.get_input_embeddings()(tokenized.inputs["input_ids"])
        if seen:
            queries = self.network.get_image_features(**seen, return_dict=True).pooler_output
            words = torch.cat([queries.flatten(0, 1)[None].to(words), words], dim=1)
        cache = DynamicCache()
        out = self.language_model(
            inputs_embeds=words,
            use_cache=True,
            logits_to_keep=1,
            **{cache_argument(self.language_model): cache},
        )
        return DecodingState(cache, (words.shape[1],), logits=out.logits)

    def _tokenize(self, prompt: Prompt) -> TokenizedPrompt:
        return self.prompt_processor.tokenize(prompt).to(self.network.device, self.network.dtype)

    @contextmanager
    def _measure(self, passes: int = 1) -> Iterator[Measurement]:
        import torch

        with self._lock, torch.no_grad(), self.meter.measure() as measurement:
            self.passes += passes
            yield measurement
