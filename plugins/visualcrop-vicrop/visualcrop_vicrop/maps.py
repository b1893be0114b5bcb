"""ViCrop's three maps: relative attention, attention by gradient, and gradients of pixels."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import (
    Box,
    BudgetedModel,
    Capture,
    Grid,
    Internals,
    Prompt,
    RelevanceMap,
    Target,
    View,
    errors,
)
from visualcrop.models import ModelInfo
from visualcrop.plugin import RelevanceSource, at_least, option

if TYPE_CHECKING:
    from torch import Tensor

Floats: TypeAlias = npt.NDArray[np.float32]
_LAYER = "decoder layer, counted from 0; none is 7/16 of the way down: 14 of 32"
_FLOOR = 1e-6  # of the mean of a divisor, below which it is clamped


@attrs.frozen
class QuestionMap(RelevanceSource):
    """A map for a whole question, not for a target alone."""

    passes: ClassVar[int]  # of one map

    prompt: str = option("Where is the {target}?", help="question about a target of FOCUS")
    wording: str = option(
        "{question} Answer the question using a single word or phrase.",
        help="text shown with the view, for any question",
    )

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        return self.map_question(view, self.prompt.replace("{target}", target.singular), model)

    @abstractmethod
    def map_question(self, view: View, question: str, model: BudgetedModel) -> RelevanceMap:
        """A score for each image token: how much the reply to *question* depends on it."""

    def fill_prompt(self, view: View, question: str) -> Prompt:
        """*question* in the words of the option `wording`."""
        return Prompt((view, self.wording.replace("{question}", question)))


@attrs.frozen
class RelativeMap(QuestionMap):
    """A map divided by the map of a question about nothing in particular."""

    passes = 2

    general: str = option(
        "Write a general description of the image.", help="the question to divide by"
    )

    def fill_prompts(self, view: View, question: str) -> list[Prompt]:
        """*question*, then the general one, about the same view."""
        return [self.fill_prompt(view, question), self.fill_prompt(view, self.general)]


@attrs.frozen
class RelAtt(RelativeMap):
    """Attention to each patch, relative to a general question's (ViCrop). Two passes."""

    name = "rel-att"

    layer: int | None = option(None, help=_LAYER)

    def map_question(self, view: View, question: str, model: BudgetedModel) -> RelevanceMap:
        layer = pick_layer(self.layer, model.info)
        prompts = self.fill_prompts(view, question)
        internals = model.forward(prompts, Capture(attention=(layer,), qformer=True))
        (patches,) = internals[0].patches  # the view comes first: the general one's are the same
        special, general = (last_token_attention(i, layer)[patches.tokens] for i in internals)
        ratio = special / general.clamp_min(float(general.mean()) * _FLOOR or 1.0)
        return RelevanceMap(patches.grid, ratio, patches.base)


@attrs.frozen
class GradAtt(QuestionMap):
    """Attention to each patch where more would make the reply likelier (ViCrop). One pass."""

    name = "grad-att"
    passes = 1

    layer: int | None = option(None, help=_LAYER)

    def map_question(self, view: View, question: str, model: BudgetedModel) -> RelevanceMap:
        layer = pick_layer(self.layer, model.info)
        capture = Capture(attention=(layer,), gradients=(layer,), qformer=True)
        (internals,) = model.forward([self.fill_prompt(view, question)], capture)
        (patches,) = internals.patches
        return patches.map(last_token_attention(internals, layer))


@attrs.frozen
class PureGrad(RelativeMap):
    """Gradients of pixels, relative to a general question's, on edges (ViCrop). Two passes."""

    name = "pure-grad"

    block: int = option(
        14, help="pixels of the encoder joined into one cell, on a side", validator=at_least(1)
    )
    edges: bool = option(True, help="count only pixels with more detail than the median")

    def map_question(self, view: View, question: str, model: BudgetedModel) -> RelevanceMap:
        internals = model.forward(self.fill_prompts(view, question), Capture(pixels=True))
        special, general = (each.pixel_gradients for each in internals)
        if special is None or general is None:
            raise errors.ModelError(
                "This model gives no gradients of pixels; take rel-att or grad-att in their place."
            )
        norms, divisor = (found.norms.cpu().numpy() for found in (special, general))
        ratio = norms / divisor.clip(float(divisor.mean()) * _FLOOR or 1.0)
        if self.edges:
            ratio = ratio * mask_of_edges(view, special.box, ratio.shape)
        return pool_pixels(ratio, special.box, view.box, self.block, model.info.base)


def pick_layer(layer: int | None, info: ModelInfo) -> int:
    """*layer*, or ViCrop's share of the model's depth."""
    if layer is None:
        return info.nearest_attention_layer(info.layers * 7 // 16)
    if not 0 <= layer < info.layers:
        raise errors.SpecError(
            f"There is no layer {layer} in a model of {info.layers} layers; "
            f"give one from 0 to {info.layers - 1}."
        )
    return layer


def last_token_attention(internals: Internals, layer: int) -> Tensor:
    """
    Attention of the prompt's last token to each token, or to each patch behind a Q-Former.

    The mean over heads, each weighted by its gradient if gradients were captured.
    """
    row = _mean_over_heads(internals.attention[layer], internals.gradients.get(layer))
    qformer = internals.qformer
    if qformer is None:
        return row
    return row[qformer.tokens] @ _mean_over_heads(qformer.attention, qformer.gradients)


def _mean_over_heads(attention: Tensor, gradients: Tensor | None) -> Tensor:
    """Mean over the first dimension; attention with a negative gradient counts as zero."""
    weighed = attention.float()
    if gradients is not None:
        weighed = weighed * gradients.float().clamp_min(0)
    return weighed.mean(0)


def mask_of_edges(view: View, box: Box, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """
    Rows x columns: the pixels of *box* with more high-frequency detail than the median.

    The picture is resized to *shape*, the encoder's input.
    """
    from scipy import ndimage

    left, top = (round(side) for side in (box.left, box.top))
    picture = view.image.picture.crop((left, top, round(box.right), round(box.bottom)))
    small = picture.resize((shape[1], shape[0]), PIL.Image.Resampling.BICUBIC)
    pixels = np.asarray(small, np.float32) / 255
    smooth = ndimage.gaussian_filter(pixels, (0.8, 0.8, 0), radius=(1, 1, 0), mode="mirror")
    detail = ndimage.median_filter(np.linalg.norm(pixels - smooth, axis=2), 7, mode="mirror")
    more: npt.NDArray[np.bool_] = detail > np.median(detail)
    return more


def pool_pixels(pixels: Floats, box: Box, view: Box, block: int, base: int) -> RelevanceMap:
    """
    The mean of each *block* x *block* pixels, as a map over the part of *box* in *view*.

    *box* is where the encoder's input lies in the image: padding may reach beyond the view.
    """
    rows, columns = (np.arange(0, max(1, side - block + 1), block) for side in pixels.shape)
    sums = np.add.reduceat(np.add.reduceat(pixels, rows, axis=0), columns, axis=1)
    heights, widths = (
        np.diff([*starts, side]) for starts, side in zip((rows, columns), pixels.shape, strict=True)
    )
    means = sums / np.outer(heights, widths)
    ys = box.top + np.append(rows, pixels.shape[0]) * box.height / pixels.shape[0]
    xs = box.left + np.append(columns, pixels.shape[1]) * box.width / pixels.shape[1]
    down, ys = _clip_edges(ys, view.top, view.bottom)
    across, xs = _clip_edges(xs, view.left, view.right)
    return RelevanceMap(Grid(tuple(xs.tolist()), tuple(ys.tolist())), means[down][:, across], base)


def _clip_edges(
    edges: npt.NDArray[np.float64], start: float, stop: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Indices of the cells between *start* and *stop*, and their edges cut to these."""
    cut = edges.clip(start, stop)
    inside = np.flatnonzero(np.diff(cut) > 1e-9 * (stop - start))
    return inside, cut[[*inside, inside[-1] + 1]]
