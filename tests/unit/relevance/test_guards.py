"""Where Fig. 7 breaks, and what it costs: guards, and what grows with N."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.support.features import TOKENS, features, ours
from visualcrop.plugin import pseudo_attention
from visualcrop.relevance.vv import Normalise

_READINGS = pytest.mark.parametrize("normalise", ["target", "token"])


class _Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor held."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


class TestClipping:
    """Negative cosines count as none."""

    @_READINGS
    def test_negative_row_sums_do_not_flip(self, normalise: Normalise) -> None:
        """Where most tokens oppose the target, the cells that resemble it are still highest."""
        x = -torch.ones(1, 2, TOKENS, 8)
        x[:, :, [42, 270]] = 1
        x = x + 0.01 * features(2, 0)[:1, :, :, :8]
        literal = ours(x, torch.tensor([270]), "target", clip=False)
        guarded = ours(x, torch.tensor([270]), normalise, clip=True)
        assert int(guarded.argmax()) == 42 - 10
        assert int(literal.argmax()) != 42 - 10  # what the guard is for
        assert (guarded >= 0).all()

    @_READINGS
    def test_tokens_that_agree_nowhere(self, normalise: Normalise) -> None:
        """If the product is zero everywhere, each token's own cells count."""
        x = torch.zeros(1, 1, TOKENS, 3)
        x[..., 0] = 1
        x[0, 0, [50, 270]] = torch.tensor([0.0, 1.0, 0.0])
        x[0, 0, [90, 271]] = torch.tensor([0.0, 0.0, 1.0])
        found = ours(x, torch.tensor([270, 271]), normalise, clip=True)
        assert found.nonzero().ravel().tolist() == [40, 80]
        assert float(found.sum()) == pytest.approx(1)

    @_READINGS
    @pytest.mark.parametrize("clip", [True, False])
    @pytest.mark.parametrize("value", [0.0, 1.0])
    def test_constantfeatures(self, normalise: Normalise, clip: bool, value: float) -> None:
        """Features that are all alike, or all zero, give a flat and finite map."""
        found = ours(
            torch.full((2, 2, TOKENS, 4), value), torch.tensor([270]), normalise, clip=clip
        )
        assert torch.isfinite(found).all()
        assert float(found.max() - found.min()) < 1e-6


class TestCost:
    """What grows with N."""

    @pytest.mark.parametrize(("normalise", "clip"), [("target", True), ("token", False)])
    def test_no_matrix_of_tokens_by_tokens(self, normalise: Normalise, clip: bool) -> None:
        """At 20,000 tokens, no tensor is larger than the features themselves."""
        x = torch.randn(2, 20_000, 16)
        with _Largest() as largest:
            pseudo_attention(
                {0: x}, np.array([19_990]), np.arange(19_000), normalise=normalise, clip=clip
            )
        assert largest.numbers == x.numel()

    def test_clipped_row_sums_take_blocks_of_rows(self) -> None:
        """Where every cosine is needed, 256 rows of them are the most that is held at once."""
        x = torch.randn(1, 3_000, 2)
        with _Largest() as largest:
            pseudo_attention({0: x}, np.array([2_990]), np.arange(2_900), normalise="token")
        assert largest.numbers == 256 * 3_000

    @_READINGS
    def test_half_precision_is_read_as_it_is(self, normalise: Normalise) -> None:
        """bfloat16 features give the map that their own values give in float32."""
        x, targets = features(4, 2, torch.bfloat16), torch.tensor([270, 271])
        half = ours(x, targets, normalise, clip=True)
        assert half.dtype == torch.float32
        assert torch.equal(half, ours(x.float(), targets, normalise, clip=True))
