"""Where Fig. 7 breaks, and what it costs: guards, and work that grows with N."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.support.features import IMAGE, TOKENS, features, ours
from visualcrop.plugin import pseudo_attention
from visualcrop.relevance.vv import Normalise

_READINGS = pytest.mark.parametrize("normalise", ["target", "token"])


def _clipped(x: Tensor, targets: Tensor, normalise: Normalise) -> Tensor:
    """Fig. 7 with its guards, by N x N matrices."""
    product = torch.ones(len(IMAGE)).double()
    for target in targets:
        row = torch.zeros(len(IMAGE)).double()
        for layer in torch.nn.functional.normalize(x.double(), dim=-1):
            cosines = torch.einsum("hnw,hmw->nm", layer, layer)
            sums = cosines.clamp(0).sum(-1) + 1
            if normalise == "token":
                sums = (cosines.sum(-1) + 1).clamp_min(len(layer) + 1)
            divisor = sums[IMAGE] if normalise == "token" else sums[target]
            row += cosines[target, IMAGE].clamp(0) / divisor
        product *= row / row.sum()
    return (product / product.sum()).float()


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
    @pytest.mark.parametrize("count", [1, 2, 5])
    @pytest.mark.parametrize("mean", [0.5, 0.0, -0.5])
    def test_equals_the_matrices(self, normalise: Normalise, count: int, mean: float) -> None:
        """Clipped before it is normalised, whatever the sign of the features' mean."""
        x, targets = features(4, 1) - 0.5 + mean, torch.arange(270, 270 + count)
        found = ours(x, targets, normalise, clip=True)
        assert torch.allclose(found, _clipped(x, targets, normalise), rtol=1e-4, atol=1e-9)

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
    """Time and memory grow with N."""

    @_READINGS
    def test_no_matrix_of_tokens_by_tokens(self, normalise: Normalise) -> None:
        """At 20,000 tokens, no tensor is larger than the features themselves."""
        x = torch.randn(2, 20_000, 16)
        with _Largest() as largest:
            pseudo_attention({0: x}, np.array([19_990]), np.arange(19_000), normalise=normalise)
        assert largest.numbers == x.numel()

    @_READINGS
    def test_half_precision_is_read_as_it_is(self, normalise: Normalise) -> None:
        """bfloat16 features give the map that their own values give in float32."""
        x, targets = features(4, 2, torch.bfloat16), torch.tensor([270, 271])
        half = ours(x, targets, normalise, clip=True)
        assert half.dtype == torch.float32
        assert torch.equal(half, ours(x.float(), targets, normalise, clip=True))
