"""HiDe's map: where the words of a target look, and the words before them do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import BudgetedModel, Capture, Internals, Prompt, RelevanceMap, Target, View, errors
from visualcrop.models import ModelInfo
from visualcrop.plugin import RelevanceSource, at_least, option

Floats: TypeAlias = npt.NDArray[np.float64]


@attrs.frozen
class Tad(RelevanceSource):
    """Attention of the target's words, less that of the words before them (HiDe). One pass."""

    name = "tad"

    layer: int | None = option(
        None, help="decoder layer, counted from 0; none is half of the way down: 14 of 28"
    )
    noise: int = option(
        8,
        help="first tokens of the prompt's text whose mean map is subtracted; 0 subtracts none",
        validator=at_least(0),
    )
    sigma: float = option(3.0, help="Gaussian over the grid, in cells", validator=at_least(0))
    prompt: str = option(
        "Search the following entities in the images: {target}",
        help="text shown with the view; the noise is that of the words before {target}",
    )

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        (found,) = self.maps(view, [target], model)
        return found

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        """All in one call: with a prefix cache the model reads the view once."""
        layer = pick_layer(self.layer, model.info)
        prompts = [fill_prompt(view, self.prompt, target) for target in targets]
        found = model.forward(prompts, Capture(span_attention=(layer,)))
        return [self._make_map(internals, layer) for internals in found]

    def _make_map(self, internals: Internals, layer: int) -> RelevanceMap:
        """The highest score of each cell in the target tokens' maps."""
        (patches,) = internals.patches
        before = internals.spans.get("noise", ())[: self.noise]
        known = internals.spans["target"]
        noise = [n for n, token in enumerate(before) if token not in known]
        rows = [internals.attention_of("target", layer)]
        rows += [internals.attention_of("noise", layer)[:, noise]] if noise else []
        targets, *others = (
            each.float().mean(0).cpu().numpy()[:, patches.tokens].astype(np.float64)
            for each in rows
        )
        scores = purify(targets, others[0] if others else targets[:0], self.sigma).max(0)
        return RelevanceMap(patches.grid, scores, patches.base)


def fill_prompt(view: View, template: str, target: Target) -> Prompt:
    """*template* about *target*, with the words before it marked as `noise`."""
    before, blank, after = template.partition("{target}")
    if not blank:
        raise errors.SpecError(
            "The prompt of tad has no {target} in it; say where the target goes."
        )
    words = before.rstrip()  # a token may begin with the space before its word
    marked = "{noise}" * bool(words) + before[len(words) :] + blank + after
    return Prompt.fill(view, marked, noise=words, target=target.singular)


def pick_layer(layer: int | None, info: ModelInfo) -> int:
    """*layer*, or HiDe's share of the model's depth."""
    if layer is None:
        return info.nearest_attention_layer(info.layers // 2)
    if not 0 <= layer < info.layers:
        raise errors.SpecError(
            f"There is no layer {layer} in a model of {info.layers} layers; "
            f"give one from 0 to {info.layers - 1}."
        )
    return layer


def purify(targets: Floats, noise: Floats, sigma: float) -> Floats:
    """
    The part of each map that stands out from the mean of the noise, from 0 to 1.

    Args:
        targets: Attention of a token to each cell, tokens x rows x columns.
        noise: The same of other tokens, of which there may be none.
        sigma: Standard deviation of a Gaussian over each map, in cells.
    """
    maps = _smooth(targets, sigma)
    if len(noise):
        maps = (maps - _smooth(noise, sigma).mean(0)).clip(0)
    return _scale(maps)


def _smooth(maps: Floats, sigma: float) -> Floats:
    from scipy.ndimage import gaussian_filter

    return _scale(gaussian_filter(maps, (0, sigma, sigma)))


def _scale(maps: Floats) -> Floats:
    """Each map from 0 to 1; a flat one is 0."""
    low = maps.min((1, 2), keepdims=True)
    spread = maps.max((1, 2), keepdims=True) - low
    scaled: Floats = (maps - low) / np.where(spread > 0, spread, 1)
    return scaled
