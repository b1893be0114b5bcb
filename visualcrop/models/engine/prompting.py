"""Prompts -> token ids and pixel values; token ids of a reply -> text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ...prompt import Prompt, RepetitionStop, Sampling, views_key
from ...values import View
from ..base import Tokens
from .byte_lru import ByteLRU, Key
from .chat_template import ChatTemplate, RenderedPrompt
from .placeholders import expand_placeholders, is_of_tokens
from .prompt_encoding import (
    EncodedImages,
    PixelTarget,
    ProcessedImages,
    PromptEncoder,
    map_tensors,
)

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image as Picture
    from torch import Tensor
    from transformers import GenerationConfig

_NO_TARGET = PixelTarget()


@attrs.frozen(eq=False)
class TokenizedPrompt:
    """A prompt in the chat template, tokenized, with the pixel values of its images."""

    inputs: Mapping[str, Any]  # arguments of the model's forward, a batch of one
    text: str  # in the template, with as many placeholders as each image has tokens
    placeholders: Tokens  # positions of all image tokens
    spans: Mapping[str, Tokens]  # positions of the tokens of each marked word
    views: Key = ()  # equal for prompts with the same images
    sampling: Sampling | None = None  # none: greedy
    stop: RepetitionStop | None = None  # none: the reply may repeat itself
    replies: Sequence[Tensor] = ()  # 1 x T each: to score, each as if it were the only one
    closing: int = 0  # tokens after the last placeholder that are run with the image
    choice_tokens: Sequence[int] = ()  # first token of each of the prompt's choices

    def to(self, device: torch.device, dtype: torch.dtype) -> TokenizedPrompt:
        """The same on *device*, with pixels in *dtype*."""

        def move(tensor: Tensor) -> Tensor:
            kind = dtype if tensor.is_floating_point() else tensor.dtype
            return tensor.to(device, kind, non_blocking=tensor.is_pinned())

        moved = {name: map_tensors(value, move) for name, value in self.inputs.items()}
        return attrs.evolve(self, inputs=moved)

    def prefix_inputs(self, length: int) -> Mapping[str, Any]:
        """Arguments of the model's forward for the first *length* tokens, with all images."""
        return {
            name: value[:, :length] if is_of_tokens(name, value, self.length) else value
            for name, value in self.inputs.items()
        }

    def followed_by(self, tokens: Tensor) -> TokenizedPrompt:
        """The same with *tokens* of text after it, 1 x T."""
        import torch

        inputs = dict(self.inputs)
        for name, value in self.inputs.items():
            if is_of_tokens(name, value, self.length):
                # Masks and types are those of the last token, which is text, too.
                more = tokens if name == "input_ids" else value[:, -1:].expand_as(tokens)
                inputs[name] = torch.cat([value, more.to(value.device)], dim=1)
        return attrs.evolve(self, inputs=inputs)

    @property
    def length(self) -> int:
        """The number of tokens, with those of images."""
        length: int = self.inputs["input_ids"].shape[1]
        return length

    @property
    def sequence_lengths(self) -> Sequence[int]:
        """Tokens to run: of the prompt or of the prompt and each reply without its last token."""
        return [self.length + reply.shape[1] - 1 for reply in self.replies] or [self.length]

    @cached_property
    def prefix_length(self) -> int:
        """Tokens up to its last image, which other prompts may share; 0 without an image."""
        if not len(self.placeholders):
            return 0
        return int(self.placeholders[-1]) + 1 + self.closing

    @cached_property
    def span_tokens(self) -> Tokens:
        """Positions of all tokens of spans after the last image, rising, each once."""
        found = np.unique(np.concatenate([np.zeros(0, np.intp), *self.spans.values()]))
        return found[found >= self.prefix_length]

    @property
    def prefix_key(self) -> Key:
        """Equal for prompts with the same tokens and pixels up to the last image."""
        tokens = self.inputs["input_ids"][0, : self.prefix_length]
        return (tokens.cpu().numpy().tobytes(), *self.views)


@attrs.frozen(eq=False)
class PromptProcessor:
    """Tokenizes prompts in a checkpoint's own chat template."""

    processor: Any  # of transformers: a tokenizer and an image processor
    image_token: int  # id of the placeholder
    to_picture: Callable[[View], Picture]  # with a shape that the image processor accepts
    stop_tokens: frozenset[int]  # that end a reply
    pixel_cache: ByteLRU[ProcessedImages | EncodedImages]
    forward_inputs: frozenset[str]  # what of the processor's output the network takes
    closing_tokens: frozenset[int] = frozenset()  # that the network reads as part of an image
    target: PixelTarget = _NO_TARGET  # of pixel values

    @classmethod
    def of(
        cls,
        processor: Any,
        image_token: int,
        to_picture: Callable[[View], Picture],
        generation: GenerationConfig | None,
        max_bytes: int,
        forward_inputs: frozenset[str] = frozenset(),
        closing_tokens: frozenset[int] = frozenset(),
        target: PixelTarget = _NO_TARGET,
    ) -> PromptProcessor:
        """
        Build one that caches *max_bytes* of pixel values.

        Replies stop at the end tokens of the tokenizer and of the generation config.
        """
        stops = generation.eos_token_id if generation is not None else None
        listed = stops if isinstance(stops, list) else [stops]
        stop_tokens = {*listed, processor.tokenizer.eos_token_id} - {None}
        cache = ByteLRU[ProcessedImages | EncodedImages](max_bytes)
        ends = frozenset(stop_tokens)
        own = (processor, image_token, to_picture, ends, cache)
        return cls(*own, forward_inputs, closing_tokens, target)

    @cached_property
    def template(self) -> ChatTemplate:
        """The checkpoint's chat template."""
        return ChatTemplate(self.processor)

    def tokenize(self, prompt: Prompt, replies: Sequence[str] = ()) -> TokenizedPrompt:
        """*prompt* in the chat template, on the CPU, with *replies* to score."""
        prompt, views = self._defuse(prompt), views_key(prompt)
        rendered = self.template.render(prompt)
        if self._forms_control_token(rendered):
            rendered = self.template.render(prompt, joined=True)
        encoded = self._encoder.encode(
            rendered.text, views, lambda: [self.to_picture(view) for view in prompt.views]
        )
        (replacements,) = encoded.get("text_replacement_offsets", [[]])  # Idefics3: of images only
        ids = encoded["input_ids"]
        placeholders = np.flatnonzero((ids[0] == self.image_token).numpy())
        tokenized = TokenizedPrompt(
            {name: value for name, value in encoded.items() if name in self.forward_inputs},
            expand_placeholders(rendered.text, replacements),
            placeholders,
            dict(align_spans(prompt, rendered, replacements, encoded["offset_mapping"][0].numpy())),
            views,
            prompt.sampling,
            prompt.stop,
            closing=self._count_closing(ids[0, int(placeholders[-1]) + 1 :]) if views else 0,
        )
        return self._with_replies(tokenized, replies, prompt.choices)

    def _first_tokens(self, prompt: TokenizedPrompt, choices: Sequence[str]) -> list[int]:
        """First token of each choice as a reply to *prompt*; none if two are the same."""
        if not choices:
            return []
        forked, tokens = self.fork_at_replies(prompt, choices)
        return tokens if forked is prompt and len({*tokens}) == len(tokens) else []

    def _count_closing(self, after: Tensor) -> int:
        """How many of the tokens *after* the last placeholder are part of the image."""
        tokens = after.tolist() if self.closing_tokens else []
        return len(list(takewhile(self.closing_tokens.__contains__, tokens)))

    def _with_replies(
        self, prompt: TokenizedPrompt, replies: Sequence[str], choices: Sequence[str]
    ) -> TokenizedPrompt:
        tokens = [self.tokenize_reply(prompt, reply) for reply in replies]
        return attrs.evolve(
            prompt, replies=tokens, choice_tokens=self._first_tokens(prompt, choices)
        )

    def tokenize_reply(self, prompt: TokenizedPrompt, reply: str) -> Tensor:
        """Tokens of *reply* as they follow *prompt* in the template, 1 x T, on the CPU."""
        tokenizer, start = self.processor.tokenizer, prompt.prefix_length
        suffix = prompt.inputs["input_ids"][:, start:].cpu()
        placeholder = tokenizer.convert_ids_to_tokens(self.image_token)
        _, image, end = prompt.text.rpartition(placeholder)  # no token reaches across one
        for continued in (end + self.template.separator + reply, end + reply):
            ids: Tensor = tokenizer(image + continued, return_tensors="pt")["input_ids"]
            places = (ids[0] == self.image_token).nonzero()
            first = int(places[0]) + 1 + prompt.closing if image else 0
            after = ids[:, first:]
            if after[:, : suffix.shape[1]].equal(suffix):
                return after[:, suffix.shape[1] :]
        # The reply's first white space is part of the prompt's last token: cut it by itself.
        alone: Tensor = tokenizer(reply, add_special_tokens=False, return_tensors="pt")["input_ids"]
        return alone

    def defuse_replies(self, replies: Sequence[str]) -> list[str]:
        """*replies* as plain text: no token that ends a reply, or stands for an image."""
        return [self._defuse_text(reply) for reply in replies]

    def end_replies(self, replies: Sequence[str]) -> list[str]:
        """
        *replies* with the end of a reply after each, as plain text otherwise.

        The end is what the template writes after a reply, if one of the tokens that end a reply is
        in it. Templates such as LLaVA-1.5's write none: theirs is the tokenizer's own.
        """
        tokenizer = self.processor.tokenizer
        stops = tokenizer.convert_ids_to_tokens(sorted(self.stop_tokens))
        written = self.template.reply_end.rstrip(" ")  # which is between two turns
        end = written if any(stop in written for stop in stops) else tokenizer.eos_token or ""
        return [reply + end for reply in self.defuse_replies(replies)]

    def fork_at_replies(
        self, prompt: TokenizedPrompt, replies: Sequence[str]
    ) -> tuple[TokenizedPrompt, list[int]]:
        """
        *prompt* with the tokens that all *replies* begin with, and the next token of each reply.

        Mostly they have none in common; but LLaMA's tokenizer writes the space before a digit or an
        ideograph as a token of its own.
        """
        tokens = [self.tokenize_reply(prompt, reply) for reply in replies]
        most = min(each.shape[1] for each in tokens) - 1 if len(tokens) > 1 else 0
        same = (len({int(each[0, at]) for each in tokens}) == 1 for at in range(most))
        shared = sum(takewhile(bool, same))
        if shared:
            prompt = prompt.followed_by(tokens[0][:, :shared])
        return prompt, [int(each[0, shared]) for each in tokens]

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Text of a reply."""
        text: str = self.processor.tokenizer.decode(list(tokens), skip_special_tokens=True)
        return text.strip()

    @cached_property
    def _encoder(self) -> PromptEncoder:
        return PromptEncoder(self.processor, self.image_token, self.pixel_cache, self.target)

    @cached_property
    def _control_token(self) -> re.Pattern[str]:
        """
        The first character of each token that text must not contain.

        Those are the special ones, placeholders, and what else the template writes by a token of
        its own, such as `<think>`.
        """
        tokenizer, source = self.processor.tokenizer, self.template.source
        added = tokenizer.added_tokens_decoder.values()
        tokens = {t.content for t in added if t.special or t.content in source}
        tokens.update(tokenizer.all_special_tokens, _placeholders(self.processor))
        longer = (token for token in tokens if len(token) > 1 and not token.isspace())
        alternatives = "|".join(map(re.escape, longer)) or r"(?!)"
        return re.compile(f"(?=(?:{alternatives})).", re.DOTALL)

    def _forms_control_token(self, rendered: RenderedPrompt) -> bool:
        """Whether a token begins in a text and ends in the next one, as where both are trimmed."""
        starts = [match.start() for match in self._control_token.finditer(rendered.text)]
        return any(a <= start < b for a, b in rendered.places.values() for start in starts)

    def _defuse_text(self, text: str) -> str:
        return self._control_token.sub(r"\g<0> ", text)

    def _defuse(self, prompt: Prompt) -> Prompt:
        """The prompt with a space in control tokens in its text, so that they are plain text."""
        defuse = self._defuse_text
        parts = [part if isinstance(part, View) else defuse(part) for part in prompt.parts]
        spans = []
        for span in prompt.spans:
            found = self._control_token.finditer(str(prompt.parts[span.part]))
            spaces = [match.end() for match in found]  # each before the character there
            start = span.start + sum(at <= span.start for at in spaces)
            stop = span.stop + sum(at < span.stop for at in spaces)
            spans.append(attrs.evolve(span, start=start, stop=stop))
        examples = tuple((defuse(asked), defuse(reply)) for asked, reply in prompt.examples)
        return attrs.evolve(prompt, parts=tuple(parts), examples=examples, spans=tuple(spans))


def align_spans(
    prompt: Prompt, rendered: RenderedPrompt, replacements: list[dict[str, Any]], offsets: Tokens
) -> Iterator[tuple[str, Tokens]]:
    """
    Name and token positions of each of the prompt's spans.

    *rendered* is the prompt in its template, before *replacements* of placeholders; *offsets*,
    T x 2, are the characters of each token after them.
    """
    for span in prompt.spans:
        part, (first, end) = str(prompt.parts[span.part]), rendered.places[span.part]
        start = first - (len(part) - len(part.lstrip()))  # white space, which templates may trim
        at = (max(first, start + span.start), min(end, start + span.stop))
        start, stop = (_shift_offset(offset, replacements) for offset in at)
        yield span.name, np.flatnonzero((offsets[:, 0] < stop) & (offsets[:, 1] > start))


def _shift_offset(offset: int, replacements: list[dict[str, Any]]) -> int:
    """The offset of a character after the placeholders before it are replaced."""
    spans = ((change["span"], change["new_span"]) for change in replacements)
    growth: int = sum((n[1] - n[0]) - (s[1] - s[0]) for s, n in spans if s[0] < offset)
    return offset + growth


def _placeholders(processor: Any) -> Iterator[str]:
    """What the processor looks for in a text: attributes such as `image_token`."""
    names = (name for name in vars(processor) if name.endswith("_token"))
    yield from (token for name in names if isinstance(token := getattr(processor, name), str))
