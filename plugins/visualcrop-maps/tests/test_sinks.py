"""Masked attention sinks, against loops over tokens."""

from __future__ import annotations

from statistics import median

import attrs
import numpy as np
import pytest
import torch

from visualcrop import Box, Grid, Internals, Vv
from visualcrop.models import Patches
from visualcrop.testing import RelevanceSourceSuite
from visualcrop_attention import Attention
from visualcrop_maps import Sinks

TOKENS, ROWS, COLUMNS = 80, 6, 7
SHORT, LONG = (3, 2), (2, 4)


class TestSinks(RelevanceSourceSuite):
    """Around `vv`."""

    strategy = Sinks


def _internals(seed: int, *, rows: int = ROWS, columns: int = COLUMNS) -> Internals:
    """Values of two layers, one token of which is a tenth as long as others, and one ten times."""
    drawn = torch.Generator().manual_seed(seed)
    image = np.arange(10, 10 + rows * columns).reshape(rows, columns)
    patches = Patches(Grid.even(rows, columns, Box(0, 0, 70 * columns, 70 * rows)), image, 112)
    values = {n: torch.randn(2, TOKENS, 16, generator=drawn) + 0.5 for n in (1, 2)}
    for of_layer in values.values():
        for (row, column), factor in ((SHORT, 0.1), (LONG, 10)):
            of_layer[:, image[min(row, rows - 1), min(column, columns - 1)]] *= factor
    return Internals((patches,), {"target": np.array([60, 61])}, values=values)


def _masked_by_hand(internals: Internals, ring: int, outliers: float, side: str) -> set[int]:
    """The masked tokens, one by one."""
    tokens = internals.patches[0].tokens
    rows, columns = tokens.shape
    masked = {
        int(tokens[y, x])
        for y in range(rows)
        for x in range(columns)
        if min(y, x, rows - 1 - y, columns - 1 - x) < ring
    }
    norms = dict.fromkeys(tokens.ravel().tolist(), 0.0)
    for values in internals.values.values():
        of_token = {t: float(np.linalg.norm(values[:, t].numpy())) for t in norms}
        for token, norm in of_token.items():
            norms[token] += norm / median(of_token.values())
    middle = median(norms.values())
    usual = median(abs(norm - middle) for norm in norms.values())
    if outliers:
        low = {t for t, norm in norms.items() if middle - norm > outliers * usual}
        high = {t for t, norm in norms.items() if norm - middle > outliers * usual}
        masked |= {"below": low, "above": high, "both": low | high}[side]
    return masked


@pytest.mark.parametrize(("ring", "outliers"), [(0, 0.0), (1, 0.0), (0, 6.0), (1, 6.0), (2, 3.0)])
@pytest.mark.parametrize("side", ["below", "above", "both"])
def test_map_is_that_of_zeros_at_masked_tokens(ring, outliers, side) -> None:
    """The other source's map of values that are zero there, and no score at all on them."""
    internals = _internals(7)
    masked = _masked_by_hand(internals, ring, outliers, side)
    zeroed = {n: values.clone() for n, values in internals.values.items()}
    for values in zeroed.values():
        for token in masked:
            values[:, token] = 0
    expected = Vv().read(attrs.evolve(internals, values=zeroed))
    found = Sinks(ring=ring, outliers=outliers, side=side).read(internals)
    assert np.allclose(found.scores, expected.scores, rtol=1e-6)
    tokens = internals.patches[0].tokens
    assert not found.scores[np.isin(tokens, [*masked])].any()
    assert found.scores[~np.isin(tokens, [*masked])].any()


@pytest.mark.parametrize(
    ("side", "masked"), [("below", {SHORT}), ("above", {LONG}), ("both", {SHORT, LONG})]
)
def test_outliers_of_a_side_are_masked(side, masked) -> None:
    """The token that is a tenth as long as others, the one that is ten times as long, or both."""
    internals = _internals(0)
    plain = Vv().read(internals).scores
    found = Sinks(ring=0, side=side).read(internals).scores
    for place in (SHORT, LONG):
        assert plain[place] > 0
        assert (found[place] == 0) == (place in masked)


@pytest.mark.parametrize(("rows", "columns"), [(2, 7), (7, 2), (1, 1)])
def test_grid_that_is_all_ring_is_left_alone(rows, columns) -> None:
    """Two rows have no inside: nothing of them is masked."""
    internals = _internals(0, rows=rows, columns=columns)
    assert Sinks(outliers=0.0).read(internals) == Vv().read(internals)


def test_attention_is_masked_too() -> None:
    """Around a source of attention, masked tokens get none, and others keep theirs."""
    internals = _internals(0)
    attention = {n: torch.rand(4, TOKENS) for n in internals.values}
    internals = attrs.evolve(internals, attention=attention)
    plain = Attention().read(internals).scores
    found = Sinks(relevance=Attention(), outliers=0.0).read(internals).scores
    assert not found[[0, -1]].any()
    assert not found[:, [0, -1]].any()
    assert np.array_equal(found[1:-1, 1:-1], plain[1:-1, 1:-1])
