"""
Cosine similarity of cached values between the image's tokens and those of the target.

This is the map of Fig. 7 without its N x N matrix: tensors in, a small map out. Only the target's
rows are ever used, and a row sum is one product with the sum of all tokens, so work and memory grow
with N instead of N squared. One combination of options needs every cosine: image tokens' row sums
of clipped ones. It computes them block by block, in memory that still grows with N.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import numpy as np

from ..errors import SpecError
from ..interfaces import OnePassSource
from ..models.base import Capture, Internals, ModelInfo, Tokens
from ..prompt import Prompt
from ..strategy.base import at_least, option
from ..values import RelevanceMap, Target, View

if TYPE_CHECKING:
    from torch import Tensor


Normalise: TypeAlias = Literal["target", "token"]
_TINY = 1e-30  # sums below this are taken for zero
_BLOCK = 256  # rows of cosines that are held at once


@attrs.frozen
class Vv(OnePassSource):
    """Cosine of cached values, target words against image: FOCUS's own map. One pass."""

    name = "vv"

    layers: tuple[int, int] | None = option(
        None,
        help="first decoder layer and the one to stop before; none is the last half; "
        "layers without values of their own, as of linear attention, do not count",
    )
    normalise: Normalise = option(
        "target",
        help="divide by the target token's row sum, or by each image token's as printed in Fig. 7",
    )
    clip: bool = option(True, help="count negative cosines as zero; false is the literal reading")
    sigma: float = option(1.0, help="Gaussian over local grids, in cells", validator=at_least(0))
    pool: int = option(
        2, help="cells of a local grid joined into one, on a side", validator=at_least(1)
    )
    prompt: str = option("Is there a {target} in the image?", help="text shown with the view")

    def fill_prompt(self, view: View, target: Target) -> Prompt:
        return Prompt.fill(view, self.prompt, target=target.singular)

    def capture(self, info: ModelInfo) -> Capture:
        return Capture(values=info.span(self.layers))

    def read(self, internals: Internals) -> RelevanceMap:
        return similarity_map(
            internals,
            internals.values,
            normalise=self.normalise,
            clip=self.clip,
            sigma=self.sigma,
            pool=self.pool,
        )


def similarity_map(
    internals: Internals,
    features: Mapping[int, Tensor],
    *,
    normalise: Normalise = "target",
    clip: bool = True,
    sigma: float = 1.0,
    pool: int = 2,
) -> RelevanceMap:
    """
    The similarity of the span `target` of a prompt to each image token of its one view.

    Args:
        internals: Of a prompt with one view whose text has the span `target`.
        features: Heads x tokens x width, by layer: the prompt's values, or its keys.
        normalise: Divide a row by its own sum, or each cell by its image token's sum.
        clip: Count negative cosines as zero.
        sigma: Standard deviation of a Gaussian over the grid, in cells; of local grids only.
        pool: Cells on a side that are averaged into one; of local grids only.
    """
    if "target" not in internals.spans:
        raise SpecError("The relevance prompt has no {target} in it; say where the target goes.")
    (patches,) = internals.patches
    scores = pseudo_attention(
        features, internals.spans["target"], patches.tokens, normalise=normalise, clip=clip
    )
    found = RelevanceMap(patches.grid, scores, patches.base)
    return smooth_map(found, sigma, pool) if patches.local else found


def pseudo_attention(
    features: Mapping[int, Tensor],
    targets: Tokens,
    image: Tokens,
    *,
    normalise: Normalise = "target",
    clip: bool = True,
) -> Tensor:
    """
    Agreement of all *targets* tokens on each *image* token, summed over layers (Eq. 1-3, Fig. 7).

    Features are heads x tokens x width by layer; the result has the shape of *image* and sums to
    one. With *clip*, negative cosines count as none, in row sums as well, so that no row sum can
    turn the map's sign.
    """
    import torch

    device = next(iter(features.values())).device
    wanted, cells = (torch.from_numpy(np.array(t)).to(device) for t in (targets, image.ravel()))
    layers = (
        _compare_layer(x, wanted, cells, normalise=normalise, clip=clip) for x in features.values()
    )
    rows = sum(layers, torch.zeros(len(wanted), len(cells), device=device))  # targets x cells
    total = rows.sum(-1, keepdim=True)
    rows = rows / torch.where(total.abs() < _TINY, torch.ones_like(total), total)
    agreed = rows[0]
    for row in rows[1:]:
        agreed = agreed * row
        agreed = agreed / agreed.abs().sum().clamp_min(_TINY)
    if clip and not agreed.any():  # the product is zero everywhere: the mean is not
        agreed = rows.mean(0)
    return agreed.reshape(image.shape)


def _compare_layer(
    x: Tensor, targets: Tensor, image: Tensor, *, normalise: Normalise, clip: bool
) -> Tensor:
    """One layer's rows of (cosine + identity) / 2, normalised: targets x image tokens."""
    x = x.float()
    scale = x.norm(dim=-1).clamp_min(1e-12).reciprocal()  # heads x tokens
    rows = x[:, targets] * scale[:, targets, None]  # heads x targets x width
    cosines = ((rows @ x.transpose(-1, -2)) * scale[:, None]).sum(0)  # targets x tokens
    cosines = cosines.clamp_min(0) if clip else cosines
    cosines[range(len(targets)), targets] += 1  # the residual connection, Eq. 2
    if normalise == "target":
        by_target: Tensor = cosines[:, image] / cosines.sum(-1, keepdim=True)
        return by_target
    sums = _sum_rows(x, scale, clip=clip) + 1
    by_token: Tensor = cosines[:, image] / sums[image]
    return by_token


def _sum_rows(x: Tensor, scale: Tensor, *, clip: bool) -> Tensor:
    """
    For each token, the sum of its cosines with all tokens, in memory that grows with their number.

    Of the cosines as they are it is one product. Where the negative ones count as none, each is
    needed: blocks of rows from the diagonal on, for the matrix is symmetric.
    """
    if not clip:
        total = scale[:, None] @ x  # heads x 1 x width: the sum of all unit vectors
        return ((total @ x.transpose(-1, -2)).squeeze(1) * scale).sum(0)
    units = (x * scale[..., None]).transpose(0, 1).flatten(1)  # tokens x (heads x width)
    sums = units.new_zeros(len(units))
    for start in range(0, len(units), _BLOCK):
        stop = start + _BLOCK
        cosines = (units[start:stop] @ units[start:].T).clamp_min_(0)
        sums[start:stop] += cosines.sum(1)
        sums[stop:] += cosines[:, _BLOCK:].sum(0)
    return sums


def smooth_map(relevance: RelevanceMap, sigma: float, pool: int) -> RelevanceMap:
    """Gaussian of *sigma* cells, then the mean of *pool* x *pool* cells."""
    from scipy.ndimage import gaussian_filter

    scores = gaussian_filter(relevance.scores, sigma, mode="nearest")
    rows, columns = (np.arange(0, size, pool) for size in scores.shape)
    sums = np.add.reduceat(np.add.reduceat(scores, rows, axis=0), columns, axis=1)
    heights, widths = (np.diff([*s, n]) for s, n in zip((rows, columns), scores.shape, strict=True))
    return RelevanceMap(
        relevance.grid.pooled(pool), sums / np.outer(heights, widths), relevance.base
    )
