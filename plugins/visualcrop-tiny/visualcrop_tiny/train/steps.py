"""One step of each stage: from numbers of views to a loss, and how well it goes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ..speech import BOS, WORDS
from ..views import GRID, PATCH, Store
from ..views.labelling import ALL_SHAPES
from . import losses
from .network import pixels, seen, spotted
from .packing import Packed, pack
from .talking import Heard, decoder, masked, taught

if TYPE_CHECKING:
    from torch import Tensor

    from .config import Config, Stage

START = (WORDS.index(BOS), WORDS.index("USER:"))


@attrs.define(eq=False)
class Trainee:
    """The network, a head that only trains it, and what it is trained on."""

    config: Config
    store: Store
    network: Any
    placing: Any  # from a word token to the column and the row of its thing
    device: str
    weights: Any = attrs.field(init=False, default=None)  # how often each view is shown

    def __attrs_post_init__(self) -> None:
        if self.store is not None:
            self.weights = self.store.weights()

    def parameters(self) -> list[Tensor]:
        return [*self.network.parameters(), *self.placing.parameters()]

    def look(self, chosen: Any, stage: Stage, rng: Random) -> tuple[Tensor, dict[str, float]]:
        """The eye alone names what each patch shows."""
        images, labels, kept = self._drawn(chosen, stage, rng)
        words = spotted(self.network, seen(self.network, images, kept))
        loss, things = losses.dense(words, labels)
        return loss, {"things": float(things.detach())} | losses.named(words, labels)

    def talk(self, chosen: Any, stage: Stage, rng: Random) -> tuple[Tensor, dict[str, float]]:
        """Replies to questions about each view, and all that helps them."""
        images, labels, kept = self._drawn(chosen, stage, rng)
        sights = [self.store.sightings(index) for index in chosen]
        packed = pack(sights, self.config.text, rng)
        features = seen(self.network, images, kept)
        heard = self._decoded(features, kept, packed, labels)
        return taught(self.network, self.config, heard, self.placing, self._where(chosen))

    def _drawn(
        self, chosen: Any, stage: Stage, rng: Random
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Pixels under another light, labels, and the patches to be read."""
        import torch

        images = lit(pixels(self.store.pixels[chosen], self.device))
        labels = torch.from_numpy(self.store.labels[chosen]).to(self.device).long()
        if rng.random() < stage.full:
            return images, labels, None
        kept = worth_reading(labels, stage.kept)
        return images, labels.gather(2, kept[:, None].expand(-1, 3, -1)), kept

    def _decoded(
        self, features: Tensor, kept: Tensor | None, packed: Packed, labels: Tensor
    ) -> Heard:
        """The decoder over the view and its questions, none of which sees another."""
        import torch

        text = {name: torch.from_numpy(array).to(self.device) for name, array in packed.fields()}
        embed, first = self.network.get_input_embeddings(), len(START)
        count, tokens = features.shape[:2]
        start = embed(torch.tensor(START, device=self.device)).expand(count, -1, -1)
        asked = embed(text["ids"])
        inputs = torch.cat([start.to(features.dtype), features, asked.to(features.dtype)], 1)
        before = first + tokens
        places = torch.arange(before, device=self.device).expand(count, -1)
        if kept is not None:
            places = torch.cat([places[:, :first], kept + first], 1)
        may = places.new_ones(count, before, dtype=torch.bool)
        out = decoder(self.network)(
            inputs_embeds=inputs,
            attention_mask=masked(text["segments"], may, inputs.dtype),
            position_ids=torch.cat([places, first + GRID * GRID + text["places"]], 1),
            use_cache=False,
            output_hidden_states=True,
        )
        patches = places[:, first:] - first
        return Heard(out, slice(first, before), slice(before, None), text, labels, patches)

    def _where(self, chosen: Any) -> Tensor:
        """Column and row of each shape of which there is one in sight; -1 of others."""
        import torch

        things = self.store.things[chosen]
        where = np.full((len(chosen), len(ALL_SHAPES), 2), -1, np.int64)
        for row, found in zip(where, things, strict=True):
            shapes = found[:, 0].astype(int)
            counts = np.bincount(shapes, minlength=len(ALL_SHAPES) + 1)
            alone = (shapes > 0) & (counts[shapes] == 1) & (found[:, 7] > 0.7)
            middle = (found[alone, 3:5] + found[alone, 5:7]) / 2 / PATCH
            row[shapes[alone] - 1] = middle.clip(0, GRID - 1).astype(int)
        return torch.from_numpy(where).to(self.device)


def lit(images: Tensor) -> Tensor:
    """The same pictures under another light."""
    import torch

    light = torch.randn(2, len(images), 1, 1, 1, device=images.device) * 0.1
    return images * (1 + light[0]) + light[1]


def worth_reading(labels: Tensor, count: int) -> Tensor:
    """So many patches of each view: those of things before those around them before others."""
    import torch

    things = (labels[:, 0] != 0).float()
    near = torch.nn.functional.max_pool2d(things.view(-1, 1, GRID, GRID), 3, 1, 1).flatten(1)
    score = torch.rand_like(near) + near + 2 * things
    return score.topk(count, 1).indices.sort(1).values
