"""V*'s answering model: LLaVA that reads an image in 256 or 32 tokens, and objects after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import attrs
import torch
from torch import Tensor, nn

from visualcrop import Capture, Choice, Internals, Prompt, Reply, View, errors
from visualcrop.models import ModelInfo

from .decoder import Decoder, State
from .fitting import under
from .llava import opened
from .measuring import Counted, measured
from .resampler import object_projector
from .seeing import Tower, squared
from .words import BEGIN, END, Words

if TYPE_CHECKING:
    from ..recipe import Recipe

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
NOTHING = Capture()
NO_MAP = (
    "SEAL's answering model shows no relevance map; search with another locator, as in "
    "-o locator=seal-vsm(checkpoint=...)."
)


@attrs.frozen(eq=False)
class Eye:
    """How the model sees: an image or an object, in many tokens or in few."""

    tower: Tower
    many: nn.Module
    few: nn.Module

    def __call__(self, view: View, *, whole: bool, long: bool) -> Tensor:
        """Tokens x width. The whole image is padded to a square, an object is squeezed into one."""
        picture = squared(view.picture, centred=True) if whole else view.picture
        features = self.tower(picture)
        tokens: Tensor = self.many(features) if long else self.few(features)
        return tokens


@attrs.define(eq=False)
class VqaModel(Counted):
    """The first view is the image, those after it are objects in it."""

    id: str
    info: ModelInfo
    words: Words
    decoder: Decoder
    eye: Eye
    as_trained: bool

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.count(len(prompts))
        return [self._say(prompt, max_new_tokens) for prompt in prompts]

    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: str = "next-token"
    ) -> Sequence[Choice]:
        self.count(len(prompts) * (len(choices) if by == "sentence" else 1))
        return [self._weigh(prompt, choices, by) for prompt in prompts]

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        raise errors.ModelError(NO_MAP)

    def _say(self, prompt: Prompt, most: int) -> Reply:
        self.decoder.only_greedy(prompt)
        with measured(self.decoder.device) as span:
            state = self._read(prompt)
            end = self.words.number(END)
            said = [token for token, _ in self.decoder.greedy(state, end, most)]
            span.new, span.shown = state.length, state.shown
            span.decoded = max(0, len(said) - 1)
        return Reply(self.words.text(said), span.usage)

    def _weigh(self, prompt: Prompt, choices: Sequence[str], by: str) -> Choice:
        replies = [self._reply(prompt, choice) for choice in choices]
        with measured(self.decoder.device) as span:
            state = self._read(prompt)
            span.new, span.shown = state.length, state.shown
            if by == "sentence":  # the end of a reply is part of it, as the authors have it
                ended = [[*reply, self.words.number(END)] for reply in replies]
                weights = [self.decoder.likelihood(state, reply) for reply in ended]
                span.new += sum(len(reply) - 1 for reply in ended)
            else:
                after = self.decoder.logits(state.hidden).float()
                weights = [float(after[reply[0]]) for reply in replies]
        return Choice(tuple(weights), span.usage)

    def _read(self, prompt: Prompt) -> State:
        longs = self._longs(len(prompt.views) - 1)
        pieces, at, shown = [self.decoder.embedded([self.words.number(BEGIN)])], 0, 0
        for piece in written(prompt, self.words.harmless):
            if isinstance(piece, View):
                long = longs[min(at, 1)]
                pieces.append(self.eye(piece, whole=at == 0, long=long))
                shown += len(pieces[-1])
                at += 1
            else:
                pieces.append(self.decoder.embedded(self.words.tokens(piece)))
        return self.decoder.read(torch.cat(pieces), shown)

    def _longs(self, objects: int) -> tuple[bool, bool]:
        """Whether the image, and each object, is told in many tokens."""
        if objects < 1:
            return True, False
        if self.as_trained:
            return objects > 1, objects == 1
        return False, objects <= 2

    def _reply(self, prompt: Prompt, choice: str) -> list[int]:
        """Tokens of *choice* as they come after the prompt."""
        *_, last = written(prompt, self.words.harmless)
        said = self.words.harmless(choice)
        before, both = self.words.tokens(str(last)), self.words.tokens(f"{last} {said}")
        after = both[len(before) :] if both[: len(before)] == before else []
        return after or self.words.tokens(said) or [self.words.number(END)]


def written(prompt: Prompt, harmless: Callable[[str], str]) -> Iterator[str | View]:
    """The conversation as Vicuna has it, cut where views stand: text first and last."""
    turns = (f"USER: {harmless(q)} ASSISTANT: {harmless(a)}{END}" for q, a in prompt.examples)
    text, shown, after_text = f"{SYSTEM} {''.join(turns)}USER: ", False, False
    for part in prompt.parts:
        if isinstance(part, View):
            yield text
            yield part
            text, shown, after_text = "" if shown else "\n", True, False
        else:
            gap = "\n" if after_text else ""
            text, after_text = f"{text}{gap}{harmless(part)}", True
    yield f"{text} ASSISTANT:"


def open_vqa(recipe: Recipe, *, as_trained: bool) -> VqaModel:
    """Load what *recipe* names."""
    with opened(recipe, torch.float16, "V*'s answering model") as llava:
        few = object_projector(under(llava.tensors, "model.mm_projector_object."))
    eye = Eye(llava.tower, llava.projector, few.to(llava.device))
    return VqaModel(recipe.checkpoint, llava.info, llava.words, llava.decoder, eye, as_trained)
