"""Losses of what the decoder makes of pictures and questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from ..scenes import DIGITS
from ..speech import EOS, WORDS
from ..speech.vocabulary import LETTERS
from ..views import GRID
from ..views.labelling import ALL_COLOURS
from . import losses
from .network import spotted
from .packing import IGNORED

if TYPE_CHECKING:
    from torch import Tensor

    from .config import Config

_GROUPS = {
    "yes-no": ("Yes", "No"),
    "letter": LETTERS,
    "colour": ALL_COLOURS,
    "side": ("left", "right", "above", "below", "top", "bottom"),
    "number": DIGITS,
}
_DENSE_LAYERS = (0, 3, -1)
_PLACED = 4  # layers that a word token has to find its thing


@attrs.frozen(eq=False)
class Heard:
    """What came out of the decoder, and where in it the pictures and the questions are."""

    out: Any
    image: Any  # index of the image's tokens: a slice, or views and places
    text: slice
    asked: dict[str, Tensor]  # the fields of `Packed`
    labels: Tensor
    places: Tensor | None = None  # numbers of the patches in the eye's grid

    def hidden(self, layer: int) -> Tensor:
        """All hidden states that went into *layer*."""
        states: Tensor = self.out.hidden_states[layer]
        return states

    def at_image(self, hidden: Tensor) -> Tensor:
        """Those of the image's tokens."""
        return hidden[:, self.image] if isinstance(self.image, slice) else hidden[self.image]


def decoder(network: Any) -> Any:
    """The language model."""
    return network.model.language_model


def taught(
    network: Any, config: Config, heard: Heard, placing: Any, where: Tensor | None
) -> tuple[Tensor, dict[str, float]]:
    """The sum of all losses that have a weight."""
    weights, ids = config.losses, heard.asked["ids"]
    total, told = _replies(network, heard)
    if weights.dense:
        loss, things = _dense(network, heard)
        total, told["things"] = total + weights.dense * loss, float(things.detach())
    if weights.align or weights.floor:
        near, floor, told["aligned"] = losses.align(
            _values(network, heard, weights.layers),
            network.config.text_config.num_key_value_heads,
            ids,
            heard.labels,
            weights.tau,
        )
        total = total + weights.align * near + weights.floor * floor
    if weights.place and heard.places is not None and where is not None:
        hidden = heard.hidden(_PLACED)
        loss = losses.place(placing(hidden[:, heard.text]), ids, where, GRID)
        own = losses.own_place(placing(heard.at_image(hidden)), heard.places, GRID)
        total = total + weights.place * (loss + own)
        told |= {"place": float(loss.detach()), "own place": float(own.detach())}
    return total, told


def _replies(network: Any, heard: Heard) -> tuple[Tensor, dict[str, float]]:
    import torch

    wanted = heard.asked["wanted"]
    here = wanted != IGNORED
    hidden = heard.out.last_hidden_state[:, heard.text][here]
    logits, goal = network.lm_head(hidden).float(), wanted[here]
    each = torch.nn.functional.cross_entropy(logits, goal, reduction="none")
    said = goal != WORDS.index(EOS)
    loss = (each * torch.where(said, 1.0, 0.05)).sum() / said.sum()
    right, told = logits.argmax(-1) == goal, {"reply": float(loss.detach())}
    for name, words in _GROUPS.items():
        tokens = torch.tensor([WORDS.index(word) for word in words], device=goal.device)
        mine = torch.isin(goal, tokens)
        if mine.any():
            told[name] = float(right[mine].float().mean())
    return loss, told


def _dense(network: Any, heard: Heard) -> tuple[Tensor, Tensor]:
    """Image tokens are words all the way through the decoder."""
    import torch

    found = []
    for layer in _DENSE_LAYERS:
        hidden = heard.out.last_hidden_state if layer == -1 else heard.hidden(layer)
        image = heard.at_image(hidden)
        words = network.lm_head(image) if layer == -1 else spotted(network, image)
        found.append(losses.dense(words, heard.labels))
    return torch.stack([loss for loss, _ in found]).mean(), found[-1][1]


def _values(network: Any, heard: Heard, layers: tuple[int, int]) -> list[tuple[Tensor, Tensor]]:
    """Value features of image and text, in the layers that are to be aligned."""
    found = []
    for index in range(*layers):
        layer, hidden = decoder(network).layers[index], heard.hidden(index)
        image, text = (
            layer.self_attn.v_proj(layer.input_layernorm(some))
            for some in (heard.at_image(hidden), hidden[:, heard.text])
        )
        found.append((image, text))
    return found


def masked(segments: Tensor, may: Tensor, dtype: Any) -> Tensor:
    """What each token may see: what *may* be seen of the pictures, and its own question so far."""
    import torch

    before, text = may.shape[1], segments.shape[1]
    size = before + text
    rows = torch.arange(size, device=segments.device)
    mine = torch.nn.functional.pad(segments, (before, 0))
    same = (mine[:, :, None] == mine[:, None]) & (mine[:, :, None] > 0)
    picture = torch.nn.functional.pad(may, (0, text))[:, None]
    itself = torch.eye(size, dtype=torch.bool, device=segments.device)
    seen = (rows[:, None] >= rows) & (picture | same) | itself
    mask = torch.zeros(len(segments), 1, size, size, dtype=dtype, device=segments.device)
    return mask.masked_fill_(~seen[:, None], -1e9)
