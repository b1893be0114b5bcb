"""One step for OneVision's layout: prompts of several pictures, or of one in tiles."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ..speech import PAD, WORDS
from ..views import GRID
from ..views.keeping import Sheet
from .network import pixels, seen
from .packing import Packed, lines, pack
from .steps import START, lit, worth_reading
from .talking import Heard, decoder, masked, taught

if TYPE_CHECKING:
    from torch import Tensor

    from .config import Config, Stage

_PATCHES = GRID * GRID
_NEWLINE, _WORD, _PATCH = range(3)


@attrs.frozen(eq=False)
class Row:
    """The beginning of one prompt: what each token is, and where it stands."""

    length: int  # of all that could have been read
    kinds: Any
    values: Any  # the word, or the number of the patch among all that are read
    places: Any


@attrs.define(eq=False)
class SheetTrainee:
    """A network of OneVision's layout, and the sheets that it is trained on."""

    config: Config
    store: Sequence[Sheet]
    network: Any
    placing: Any
    device: str
    weights: Any = None  # all sheets are shown as often

    def parameters(self) -> list[Tensor]:
        return list(self.network.parameters())

    def sheets(self, chosen: Any, stage: Stage, rng: Random) -> tuple[Tensor, dict[str, float]]:
        """Replies to questions about each sheet, and all that helps them."""
        import torch

        sheets = [self.store[index] for index in chosen]
        shown = [picture for sheet in sheets for picture in sheet.shown]
        images = lit(pixels(np.concatenate([p.pixels for p in shown]), self.device))
        named = np.concatenate([p.labels for p in shown]).astype(np.int64)
        labels = torch.from_numpy(named).to(self.device)
        every = rng.random() < stage.full
        kept = torch.arange(_PATCHES, device=self.device).expand(len(images), -1)
        kept = kept if every else worth_reading(labels, stage.kept)
        features = seen(self.network, images, None if every else kept)
        rows = starts(sheets, kept.cpu().numpy())
        packed = pack(
            [s.sightings for s in sheets], self.config.text, rng, [s.asked for s in sheets]
        )
        labels = labels.gather(2, kept[:, None].expand(-1, 3, -1))
        heard = self.decoded(features, labels, rows, packed)
        return taught(self.network, self.config, heard, self.placing, None)

    def decoded(self, features: Tensor, labels: Tensor, rows: list[Row], packed: Packed) -> Heard:
        import torch

        text = {name: torch.from_numpy(array).to(self.device) for name, array in packed.fields()}
        kinds, values, places = (
            torch.from_numpy(_padded([getattr(row, name) for row in rows], fill)).to(self.device)
            for name, fill in (("kinds", _WORD), ("values", WORDS.index(PAD)), ("places", 0))
        )
        may = (
            torch.from_numpy(_padded([np.ones_like(r.kinds) for r in rows], 0)).to(self.device) > 0
        )
        inputs = self._embedded(features, kinds, values)
        asked = self.network.get_input_embeddings()(text["ids"]).to(inputs.dtype)
        lengths = torch.tensor([row.length for row in rows], device=self.device)[:, None]
        before = kinds.shape[1]
        out = decoder(self.network)(
            inputs_embeds=torch.cat([inputs, asked], 1),
            attention_mask=masked(text["segments"], may, inputs.dtype),
            position_ids=torch.cat([places, lengths + text["places"]], 1),
            use_cache=False,
            output_hidden_states=True,
        )
        where, named = _image(kinds, values, labels)
        return Heard(out, where, slice(before, None), text, named)

    def _embedded(self, features: Tensor, kinds: Tensor, values: Tensor) -> Tensor:
        import torch

        words = self.network.get_input_embeddings()(torch.where(kinds == _WORD, values, 0))
        flat = features.flatten(0, 1)
        patches = flat[torch.where(kinds == _PATCH, values, 0)]
        newline = self.network.model.image_newline.to(flat.dtype)
        mixed = torch.where((kinds == _PATCH)[..., None], patches, words.to(flat.dtype))
        return torch.where((kinds == _NEWLINE)[..., None], newline, mixed)


def _image(kinds: Tensor, values: Tensor, labels: Tensor) -> tuple[Any, Tensor]:
    """Views and places of the image's tokens, and their labels; -1 where a row has fewer."""
    import torch

    mine = kinds == _PATCH
    most = int(mine.sum(1).max())
    order = (~mine).long().argsort(dim=1, stable=True)[:, :most]
    views = torch.arange(len(kinds), device=kinds.device)[:, None].expand_as(order)
    flat = labels.transpose(1, 2).flatten(0, 1)  # patches x 3
    named = flat[torch.where(mine, values, 0).gather(1, order)]
    named = named.masked_fill(~mine.gather(1, order)[..., None], -1)
    return (views, order), named.transpose(1, 2)


def starts(sheets: Sequence[Sheet], kept: Any) -> list[Row]:
    """The beginnings of the prompts, where only the patches *kept* of each picture are read."""
    rows, view = [], 0
    for sheet in sheets:
        kinds, values, places = [np.full(2, _WORD)], [np.array(START)], [np.arange(2)]
        at = len(START)
        for part in sheet.parts:
            if isinstance(part, str):
                words = np.array(lines(part))
                kinds.append(np.full(len(words), _WORD))
                values.append(words)
                places.append(at + np.arange(len(words)))
                at += len(words)
                continue
            shown = sheet.shown[part]
            mine = kept[view : view + len(shown.pixels)]
            where = np.take_along_axis(shown.places, mine, 1)
            first = (view + np.arange(len(mine)))[:, None] * kept.shape[1]
            number = first + np.arange(kept.shape[1])
            there = where >= 0
            kinds += [np.full(there.sum(), _PATCH), np.full(len(shown.newlines), _NEWLINE)]
            values += [number[there], np.zeros(len(shown.newlines), int)]
            places += [at + where[there], at + shown.newlines]
            at += shown.length
            view += len(mine)
        order = np.concatenate(places).argsort(kind="stable")
        tokens = (np.concatenate(some)[order] for some in (kinds, values, places))
        rows.append(Row(at, *tokens))
    return rows


def _padded(rows: Sequence[Any], fill: int) -> Any:
    most = max(map(len, rows))
    return np.stack(
        [np.pad(row, (0, most - len(row)), constant_values=fill) for row in rows]
    ).astype(np.int64)
