"""V*'s answering model: a LLaVA that reads the image, then objects in it, at two lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import attrs
import torch
from torch import Tensor, nn

from visualcrop import Capture, Choice, Internals, Prompt, Reply, View, errors
from visualcrop.models import DecodingState, Meter, ModelInfo

from .checkpoint import CheckpointOptions, select_prefix
from .language_model import (
    LanguageModel,
    Measured,
    MeteredModel,
    MeteredNetwork,
    reject_sampling,
)
from .llava import load_llava
from .tokenizer import BOS, EOS, SealTokenizer
from .vision import ClipTower, load_object_projector, pad_to_square

SYSTEM_PROMPT = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
_NO_CAPTURE = Capture()
ScoreReplies: TypeAlias = Callable[[Prompt, Sequence[Sequence[int]], Measured], list[float]]


@attrs.frozen(eq=False)
class ImageEmbedder:
    """View -> input embeddings: one for each patch, or a few from the resampler."""

    vision_tower: ClipTower
    projector: nn.Module  # to 256 tokens
    resampler: nn.Module  # to 32 tokens

    def embed(self, view: View, *, pad: bool, long: bool) -> Tensor:
        """Input embeddings, tokens x width, of a view that is padded or stretched to a square."""
        picture = pad_to_square(view.picture, centred=True) if pad else view.picture
        features = self.vision_tower.encode(picture)
        embeddings: Tensor = self.projector(features) if long else self.resampler(features)
        return embeddings


@attrs.define(eq=False)
class VqaModel(MeteredModel):
    """V*'s answering model: a prompt's first view is the image, the others are objects in it."""

    id: str
    info: ModelInfo
    tokenizer: SealTokenizer
    language_model: LanguageModel
    image_embedder: ImageEmbedder
    training_layout: bool

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        return [self._generate(prompt, max_new_tokens) for prompt in prompts]

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: str = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        score = self._score_tokens
        if by == "sentence":
            score = partial(self._score_sentences, end_token=end_token)
        return [self._choose(prompt, choices, score) for prompt in prompts]

    def forward(
        self, prompts: Sequence[Prompt], capture: Capture = _NO_CAPTURE
    ) -> Sequence[Internals]:
        raise errors.ModelError(
            "SEAL's answering model shows no relevance map; search with another locator, as in "
            "-o locator=seal-vsm(checkpoint=...)."
        )

    def _generate(self, prompt: Prompt, max_new_tokens: int) -> Reply:
        reject_sampling(prompt)
        eos = self.tokenizer.token_id(EOS)
        choices = [self._encode_choice(prompt, choice)[0] for choice in prompt.choices]
        with self.measure() as measured:
            state = self._prefill(prompt, measured)
            first = state.next_logits[0]
            tokens = self.language_model.decode(state, eos, max_new_tokens, prompt.stop)
            logits = first[choices].float().tolist() if len({*choices}) == len(choices) else []
        return Reply(self.tokenizer.decode(tokens), measured.usage, tuple(logits))

    def _choose(self, prompt: Prompt, choices: Sequence[str], score: ScoreReplies) -> Choice:
        replies = [self._encode_choice(prompt, choice) for choice in choices]
        with self.measure() as measured:
            scores = score(prompt, replies, measured)
        return Choice(tuple(scores), measured.usage)

    def _score_tokens(
        self, prompt: Prompt, replies: Sequence[Sequence[int]], measured: Measured
    ) -> list[float]:
        """The logit of each reply's first token."""
        logits = self._prefill(prompt, measured).next_logits[0].float()
        return [float(logits[reply[0]]) for reply in replies]

    def _score_sentences(
        self,
        prompt: Prompt,
        replies: Sequence[Sequence[int]],
        measured: Measured,
        *,
        end_token: bool,
    ) -> list[float]:
        """The mean log-probability of each reply, with *end_token* including EOS."""
        end = [self.tokenizer.token_id(EOS)] if end_token else []
        ended = [[*reply, *end] for reply in replies]
        # A pass for each reply, and none for the prompt they share, which a single token ends.
        with self.meter.count_as(sum(len(reply) == 1 for reply in ended)):
            state = self._prefill(prompt, measured)
        scores = []
        for reply in ended:
            with self.meter.count_as(1, 0):
                scores.append(self.language_model.mean_log_probability(state, reply))
        return scores

    def _prefill(self, prompt: Prompt, measured: Measured) -> DecodingState:
        image_long, objects_long = self._long_views(len(prompt.views) - 1)
        embed, tokenizer = self.language_model.embed, self.tokenizer
        embedded, views = [embed([tokenizer.token_id(BOS)])], 0
        for piece in format_conversation(prompt, tokenizer.escape):
            if isinstance(piece, View):
                is_image = views == 0
                long = image_long if is_image else objects_long
                embedded.append(self.image_embedder.embed(piece, pad=is_image, long=long))
                measured.image_tokens += len(embedded[-1])
                views += 1
            else:
                embedded.append(embed(tokenizer.encode(piece)))
        return self.language_model.prefill(torch.cat(embedded))

    def _long_views(self, objects: int) -> tuple[bool, bool]:
        """Whether the image takes 256 tokens instead of 32, and whether each object does."""
        if objects < 1:
            return True, False
        if self.training_layout:
            return objects > 1, objects == 1
        return False, objects <= 2

    def _encode_choice(self, prompt: Prompt, choice: str) -> list[int]:
        """Token ids of *choice* after the prompt, at least one."""
        *_, last = format_conversation(prompt, self.tokenizer.escape)
        encode, text = self.tokenizer.encode, self.tokenizer.escape(choice)
        before, both = encode(str(last)), encode(f"{last} {text}")
        after = both[len(before) :] if both[: len(before)] == before else []
        return after or encode(text) or [self.tokenizer.token_id(EOS)]


def format_conversation(prompt: Prompt, escape: Callable[[str], str]) -> Iterator[str | View]:
    """Vicuna's conversation format, split at the views; the first and last pieces are text."""
    turns = (f"USER: {escape(q)} ASSISTANT: {escape(a)}{EOS}" for q, a in prompt.examples)
    text = f"{SYSTEM_PROMPT} {''.join(turns)}USER: "
    has_view = follows_text = False
    for part in prompt.parts:
        if isinstance(part, View):
            yield text
            yield part
            text, has_view, follows_text = "" if has_view else "\n", True, False
        else:
            separator = "\n" if follows_text else ""
            text, follows_text = f"{text}{separator}{escape(part)}", True
    yield f"{text} ASSISTANT:"


def load_vqa_model(options: CheckpointOptions, *, training_layout: bool) -> VqaModel:
    """Load the checkpoint that *options* name."""
    with load_llava(options, torch.float16, "V*'s answering model") as llava:
        objects = select_prefix(llava.tensors, "model.mm_projector_object.")
        resampler = load_object_projector(objects).to(llava.device)
    networks = (llava.vision_tower.network, llava.projector, resampler)
    metered: Any = MeteredNetwork(llava.language_model, *networks)
    return VqaModel(
        Meter(metered),
        options.checkpoint,
        llava.info,
        llava.tokenizer,
        llava.language_model,
        ImageEmbedder(llava.vision_tower, llava.projector, resampler),
        training_layout,
    )
