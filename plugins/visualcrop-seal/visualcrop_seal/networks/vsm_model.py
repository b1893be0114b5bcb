"""V*'s search model: LLaVA with a token that points, and two decoders of what it points at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import torch
from torch import Tensor, nn

from visualcrop import Capture, Choice, Internals, Prompt, Reply, View, errors
from visualcrop.models import ModelInfo

from ..located import Located
from .decoder import Decoder
from .fitting import fitted, under
from .llava import opened
from .mask import MaskDecoder, mask_decoder, no_mask
from .measuring import Counted, Measured, measured
from .owl import Owl
from .seeing import Tower, squared
from .words import BEGIN, END, Words

if TYPE_CHECKING:
    from ..recipe import Recipe

SYSTEM = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)
_LOC = "[LOC]"
NOTHING = Capture()


@attrs.frozen(eq=False)
class Pointing:
    """From the state of mind before `[LOC]` to boxes and a mask."""

    owl: Owl
    mask: MaskDecoder
    for_boxes: nn.Module
    for_mask: nn.Module
    narrowed: nn.Module  # OWL-ViT's features to the mask decoder's width
    no_mask: Tensor
    waves: Tensor

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> Pointing:
        """All that the checkpoint has beside LLaVA."""
        projection = under(tensors, "model.visual_projection.")
        out, width = projection["weight"].shape
        narrow = nn.Linear(width, out, bias=False)
        return cls(
            Owl.of(under(tensors, "model.owlvit."), dtype),
            mask_decoder(under(tensors, "model.mask_decoder.")),
            _two_layers(under(tensors, "model.text_hidden_fcs_det.0.")),
            _two_layers(under(tensors, "model.text_hidden_fcs_seg.0.")),
            fitted(narrow, projection, "the visual projection"),
            *no_mask(tensors),
        )

    def to(self, device: torch.device) -> Pointing:
        """The same where the model runs."""
        moved = {f.name: getattr(self, f.name).to(device) for f in attrs.fields(type(self))}
        return attrs.evolve(self, **moved)

    def __call__(self, said: Reply, view: View, hidden: Tensor) -> Located:
        """*said*, with what its place is."""
        features = self.owl.features(view.picture)
        boxes, scores = self.owl.boxes(features, self.for_boxes(hidden))
        logits = self.mask(self.narrowed(features), self.for_mask(hidden), self.no_mask, self.waves)
        return Located(
            said.text, boxes=boxes.cpu(), scores=scores.cpu(), logits=logits.float().cpu()
        )


@attrs.define(eq=False)
class VsmModel(Counted):
    """Replies about one image; where the reply points, it says where."""

    id: str
    info: ModelInfo
    words: Words
    decoder: Decoder
    tower: Tower
    projector: nn.Module
    pointing: Pointing

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.count(len(prompts))
        return [self._say(prompt, max_new_tokens) for prompt in prompts]

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        raise errors.ModelError("V*'s search model shows no internals; it can only be asked.")

    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: str = "next-token"
    ) -> Sequence[Choice]:
        raise errors.ModelError("V*'s search model weighs no choices; it can only be asked.")

    def _say(self, prompt: Prompt, most: int) -> Reply:
        self.decoder.only_greedy(prompt)
        if len(prompt.views) != 1:
            raise errors.ModelError(
                f"V*'s search model looks at one image at a time, not {len(prompt.views)}."
            )
        (view,), loc = prompt.views, self.words.number(_LOC)
        with measured(self.decoder.device) as span:
            state = self.decoder.read(self._asked(prompt.text, view, span))
            said = list(self.decoder.greedy(state, self.words.number(END), most))
            text = " ".join(self.words.text(token for token, _ in said).split())
            reply = Reply(text)
            if pointed := [hidden for token, hidden in said if token == loc]:
                reply = self.pointing(reply, view, pointed[-1])
            span.decoded = max(0, len(said) - 1)
        return attrs.evolve(reply, usage=span.usage)

    def _asked(self, text: str, view: View, span: Measured) -> Tensor:
        """The prompt in embeddings; each side of the image is cut into tokens on its own."""
        tokens, embedded = self.words.tokens, self.decoder.embedded
        before = [self.words.number(BEGIN), *tokens(f"{SYSTEM} USER: <im_start>")]
        after = tokens(f"<im_end>\n{self.words.harmless(text)} ASSISTANT:")
        seen = self.projector(self.tower(squared(view.picture, centred=False)))
        span.new, span.shown = len(before) + len(seen) + len(after), len(seen)
        return torch.cat([embedded(before), seen, embedded(after)])


def open_vsm(recipe: Recipe) -> VsmModel:
    """Load what *recipe* names."""
    with opened(recipe, torch.bfloat16, "V*'s search model") as llava:
        pointing = Pointing.of(llava.tensors, llava.dtype).to(llava.device)
    parts = llava.words, llava.decoder, llava.tower, llava.projector
    return VsmModel(recipe.checkpoint, llava.info, *parts, pointing)


def _two_layers(tensors: Mapping[str, Tensor]) -> nn.Sequential:
    first, last = (tensors[f"{n}.weight"].shape[::-1] for n in (0, 2))
    made = nn.Sequential(nn.Linear(*first), nn.ReLU(), nn.Linear(*last))
    return fitted(made, tensors, "the pointing heads")


def heat(logits: Tensor, height: int, width: int) -> Any:
    """The mask's logits for each pixel, nothing below zero: rows x columns."""
    large = nn.functional.interpolate(
        logits.float()[None, None], size=(height, width), mode="bilinear"
    )
    return large[0, 0].clamp_min(0).numpy()
