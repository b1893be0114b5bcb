"""One step of each stage: from numbers of views to a loss, and how well it goes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ..speech import BOS, WORDS
from ..views import GRID, Store
from ..views.labelling import ALL_COLOURS, ALL_SHAPES
from . import losses
from .network import pixels, seen, spotted, tower
from .packing import IGNORED, pack

if TYPE_CHECKING:
    from torch import Tensor

    from .config import Config, Stage

_START = (WORDS.index(BOS), WORDS.index("USER:"))
_GROUPS = {
    "yes-no": ("Yes", "No"),
    "letter": tuple("ABCDEF"),
    "colour": ALL_COLOURS,
    "side": ("left", "right", "above", "below", "top", "bottom"),
    "number": tuple("0123456789"),
}
_DENSE_LAYERS = (0, 3, -1)
_PLACED = 4  # layers that a word token has to find its thing


@attrs.define(eq=False)
class Trainee:
    """The network, a head that only trains it, and what it is trained on."""

    config: Config
    store: Store
    network: Any
    placing: Any  # from a word token to the column and the row of its thing
    device: str

    def compile(self) -> None:
        """Have torch compile the layers: a minute of work that saves a quarter of each step."""
        for layer in (*tower(self.network).encoder.layers, *self._decoder.layers):
            layer.compile(dynamic=False)

    @property
    def _decoder(self) -> Any:
        return self.network.model.language_model

    def parameters(self) -> list[Tensor]:
        return [*self.network.parameters(), *self.placing.parameters()]

    def look(self, chosen: Any, stage: Stage, rng: Random) -> tuple[Tensor, dict[str, float]]:
        """The eye alone names what each patch shows."""
        images, labels, kept = self._drawn(chosen, stage, rng)
        words = spotted(self.network, seen(self.network, images, kept))
        loss, things = losses.dense(words, labels)
        return loss, {"things": float(things)} | _named(words, labels)

    def talk(self, chosen: Any, stage: Stage, rng: Random) -> tuple[Tensor, dict[str, float]]:
        """Replies to questions about each view, and all that helps them."""
        images, labels, kept = self._drawn(chosen, stage, rng)
        sights = [self.store.sightings(index) for index in chosen]
        packed = self._moved(pack(sights, self.config.text, rng))
        features = seen(self.network, images, kept)
        out = self._decoded(features, kept, packed)
        first, text = len(_START), len(_START) + features.shape[1]
        reply, told = self._replies(out.last_hidden_state[:, text:], packed["wanted"])
        weights, total = self.config.losses, reply
        if weights.dense:
            loss, things = self._dense(out, first, text, labels)
            total, told["things"] = total + weights.dense * loss, float(things)
        if weights.align or weights.floor:
            heads, values = self.config.sizes.heads, self._values(out)
            near, floor, told["aligned"] = losses.align(
                values, heads, packed["ids"], labels, first=first, tau=weights.tau
            )
            total = total + weights.align * near + weights.floor * floor
        if weights.place:
            said = self.placing(out.hidden_states[_PLACED][:, text:])
            goal = self._where(chosen)
            loss = losses.place(said, packed["ids"], labels, goal, GRID)
            total, told["place"] = total + weights.place * loss, float(loss)
        return total, told

    def _drawn(
        self, chosen: Any, stage: Stage, rng: Random
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Pixels under another light, labels, and the patches to be read."""
        import torch

        images = pixels(self.store.pixels[chosen], self.device)
        light = torch.randn(2, len(images), 1, 1, 1, device=self.device) * 0.1
        images = images * (1 + light[0]) + light[1]
        labels = torch.from_numpy(self.store.labels[chosen]).to(self.device).long()
        if rng.random() < stage.full:
            return images, labels, None
        things = (labels[:, 0] != 0).float()
        near = torch.nn.functional.max_pool2d(things.view(-1, 1, GRID, GRID), 3, 1, 1).flatten(1)
        score = torch.rand_like(near) + near + 2 * things  # all of things, much around them
        kept = score.topk(stage.kept, 1).indices.sort(1).values
        return images, labels.gather(2, kept[:, None].expand(-1, 3, -1)), kept

    def _moved(self, packed: Any) -> dict[str, Tensor]:
        import torch

        return {
            field.name: torch.from_numpy(getattr(packed, field.name)).to(self.device)
            for field in attrs.fields(type(packed))
        }

    def _decoded(self, features: Tensor, kept: Tensor | None, packed: dict[str, Tensor]) -> Any:
        """The decoder over the view and its questions, none of which sees another."""
        import torch

        embed = self.network.get_input_embeddings()
        count, tokens = features.shape[:2]
        start = embed(torch.tensor(_START, device=self.device)).expand(count, -1, -1)
        asked = embed(packed["ids"])
        inputs = torch.cat([start.to(features.dtype), features, asked.to(features.dtype)], 1)
        before = len(_START) + tokens
        places = torch.arange(before, device=self.device).expand(count, -1)
        if kept is not None:
            places = torch.cat([places[:, : len(_START)], kept + len(_START)], 1)
        after = len(_START) + GRID * GRID + packed["places"]
        return self._decoder(
            inputs_embeds=inputs,
            attention_mask=_mask(packed["segments"], before, inputs.dtype),
            position_ids=torch.cat([places, after], 1),
            use_cache=False,
            output_hidden_states=True,
        )

    def _replies(self, hidden: Tensor, wanted: Tensor) -> tuple[Tensor, dict[str, float]]:
        import torch

        here = wanted != IGNORED
        logits, goal = self.network.lm_head(hidden[here]).float(), wanted[here]
        each = torch.nn.functional.cross_entropy(logits, goal, reduction="none")
        said = goal != WORDS.index("</s>")
        loss = (each * torch.where(said, 1.0, 0.05)).sum() / said.sum()
        right, told = logits.argmax(-1) == goal, {"reply": float(loss)}
        for name, words in _GROUPS.items():
            mine = torch.isin(goal, torch.tensor([WORDS.index(w) for w in words], device=goal.device))
            if mine.any():
                told[name] = float(right[mine].float().mean())
        return loss, told

    def _dense(self, out: Any, first: int, stop: int, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Image tokens are words all the way through the decoder."""
        found = []
        for layer in _DENSE_LAYERS:
            last = layer == -1
            hidden = (out.last_hidden_state if last else out.hidden_states[layer])[:, first:stop]
            words = self.network.lm_head(hidden) if last else spotted(self.network, hidden)
            found.append(losses.dense(words, labels))
        return sum(loss for loss, _ in found) / len(found), found[-1][1]

    def _values(self, out: Any) -> list[Tensor]:
        """Value features of the layers that are to be aligned."""
        first, stop = self.config.losses.layers
        layers = self._decoder.layers
        return [
            layers[index].self_attn.v_proj(layers[index].input_layernorm(out.hidden_states[index]))
            for index in range(first, stop)
        ]

    def _where(self, chosen: Any) -> Tensor:
        """Column and row of each shape of which there is one in sight; -1 of others."""
        import torch

        things = self.store.things[chosen]
        where = np.full((len(chosen), len(ALL_SHAPES), 2), -1, np.int64)
        for row, found in zip(where, things, strict=True):
            shapes = found[:, 0].astype(int)
            counts = np.bincount(shapes, minlength=len(ALL_SHAPES) + 1)
            alone = (shapes > 0) & (counts[shapes] == 1) & (found[:, 7] > 0.7)
            middle = (found[alone, 3:5] + found[alone, 5:7]) / 2 * GRID / 112
            row[shapes[alone] - 1] = middle.clip(0, GRID - 1).astype(int)
        return torch.from_numpy(where).to(self.device)


def _mask(segments: Tensor, before: int, dtype: Any) -> Tensor:
    """What each token may see: the view, and what comes before it in its own question."""
    import torch

    count, text = segments.shape
    size = before + text
    rows = torch.arange(size, device=segments.device)
    mine = torch.nn.functional.pad(segments, (before, 0))
    same = (mine[:, :, None] == mine[:, None]) & (mine[:, :, None] > 0)
    may = (rows[:, None] >= rows) & ((rows < before) | same) | torch.eye(
        size, dtype=torch.bool, device=segments.device
    )
    mask = torch.zeros(count, 1, size, size, dtype=dtype, device=segments.device)
    return mask.masked_fill_(~may[:, None], -1e9)


def _named(words: Tensor, labels: Tensor) -> dict[str, float]:
    """The part of patches whose shape, colour or digit comes first among its like."""
    told = {}
    for kind, name in enumerate(("shape", "colour", "digit")):
        label = labels[:, kind]
        ids = losses.word_ids(kind, str(words.device))
        best = words[..., ids].argmax(-1) + 1
        if (label > 0).any():
            told[name] = float((best == label)[label > 0].float().mean())
    return told
