"""The heads that look at the image, against loops over heads."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.support.fig7 import fig7
from visualcrop import Box, Grid, Internals, Vv
from visualcrop.models import ModelInfo, Patches
from visualcrop.testing import RelevanceSourceSuite
from visualcrop_ablations import KkNorope
from visualcrop_attention import Attention
from visualcrop_maps import Heads

TOKENS, ROWS, COLUMNS, KV_HEADS, GROUP = 60, 5, 6, 4, 3
TARGET = np.array([50, 51])


class TestHeads(RelevanceSourceSuite):
    """Around `vv`."""

    strategy = Heads


def _internals(seed: int, layers: tuple[int, ...] = (3, 5)) -> Internals:
    """Made up: values of 4 heads, each for 3 query heads, and attention that sums to one."""
    drawn = torch.Generator().manual_seed(seed)
    image = np.arange(10, 10 + ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    patches = Patches(Grid.even(ROWS, COLUMNS, Box(0, 0, 600, 500)), image, 112)
    features = {n: torch.randn(KV_HEADS, TOKENS, 16, generator=drawn) + 0.5 for n in layers}
    scores = {n: torch.randn(KV_HEADS * GROUP, TOKENS, generator=drawn) * 3 for n in layers}
    return Internals(
        (patches,),
        {"target": TARGET},
        values=features,
        attention={n: of.softmax(-1) for n, of in scores.items()},
    )


def _rank_heads(internals: Internals) -> list[tuple[int, int]]:
    """Layer and value head, those that look at the image most first; in plain loops."""
    image = set(internals.patches[0].tokens.ravel().tolist())
    ratios = []
    for layer, rows in internals.attention.items():
        for head in range(KV_HEADS):
            mine = rows[head * GROUP : (head + 1) * GROUP].tolist()
            seen = [sum(w for token, w in enumerate(row) if token in image) for row in mine]
            ratios.append((-sum(seen) / GROUP, layer, head))
    return [(layer, head) for _, layer, head in sorted(ratios)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_map_is_that_of_the_kept_heads(share, seed) -> None:
    """As the paper's figure computes it, layer by layer, from the kept heads alone."""
    internals = _internals(seed)
    ranked = _rank_heads(internals)
    kept = ranked[: max(1, math.ceil(share * len(ranked)))]
    patches, targets = internals.patches[0], torch.from_numpy(TARGET)
    image = torch.from_numpy(patches.tokens.ravel())
    rows = torch.zeros(len(TARGET), len(image))
    for layer in internals.values:
        heads = [head for at, head in kept if at == layer]
        if heads:  # each target's row by itself: rows of layers are summed, those of targets not
            x = internals.values[layer][heads][None]
            rows += torch.stack(
                [_row(x, image, target) for target in targets],
            )
    rows /= rows.sum(-1, keepdim=True)
    product = rows.prod(0)
    found = Heads(share=share).read(internals)
    assert np.allclose(found.scores.ravel(), product / product.sum(), rtol=1e-4, atol=1e-7)


def _row(x: torch.Tensor, image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """One target's row of one layer, before it is normalised over the image's cells."""
    x = torch.nn.functional.normalize(x[0], dim=-1).permute(1, 0, 2).flatten(1)
    cosines = (x @ x.T).clamp_min(0) + torch.eye(len(x))
    return (cosines / cosines.sum(-1, keepdim=True))[target, image]


def test_reference_is_the_figure() -> None:
    """With all heads and one target, the loops above give Fig. 7's own map."""
    internals = _internals(0, (2,))
    image = torch.from_numpy(internals.patches[0].tokens.ravel())
    x, target = internals.values[2][None], torch.from_numpy(TARGET[:1])
    row = _row(x, image, target[0])
    figure = fig7(x, image, target, normalise="target", clip=True)
    assert torch.allclose(row / row.sum(), figure, rtol=1e-5)


def test_attention_of_a_source_is_kept_by_group() -> None:
    """Around a source without values, each query head counts by itself."""
    internals = _internals(1)
    internals = Internals(internals.patches, internals.spans, attention=internals.attention)
    image = internals.patches[0].tokens
    best = max(
        (rows[head][image.ravel()].sum().item(), layer, head)
        for layer, rows in internals.attention.items()
        for head in range(len(rows))
    )
    expected = internals.attention[best[1]][best[2]].numpy()[image]
    found = Heads(relevance=Attention(), share=0.0).read(internals)
    assert np.allclose(found.scores, expected)


@pytest.mark.parametrize("source", [Vv(), KkNorope(), Attention()], ids=lambda s: s.name)
def test_captures_attention_where_the_source_captures(source) -> None:
    """The same layers, in the same pass, and the source's own capture."""
    info = ModelInfo(layers=8, base=112)
    wanted, captured = source.capture(info), Heads(relevance=source).capture(info)
    assert captured.attention == (wanted.values or wanted.keys or wanted.attention)
    assert (captured.values, captured.keys, captured.rotary) == (
        wanted.values,
        wanted.keys,
        wanted.rotary,
    )
