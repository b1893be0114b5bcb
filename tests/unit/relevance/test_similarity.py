"""The map of Fig. 7 in O(N): the same numbers, and guards where the figure breaks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.unit.refusals import refused
from tests.unit.relevance.fig7 import fig7
from visualcrop import Box, Grid, Patches, Reading, pseudo_attention, similarity_map, smoothed
from visualcrop.errors import SpecError
from visualcrop.relevance.similarity import Normalise

_TOKENS, _IMAGE = 280, torch.arange(10, 266)
_READINGS = pytest.mark.parametrize("normalise", ["target", "token"])


def _features(heads: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Layers x heads x tokens x width, with a positive mean: no row sum is near zero."""
    drawn = torch.randn(4, heads, _TOKENS, 32, generator=torch.Generator().manual_seed(seed))
    return (drawn + 0.5).to(dtype)


def _ours(x: Tensor, targets: Tensor, normalise: Normalise, *, clip: bool) -> Tensor:
    image = _IMAGE.reshape(16, 16).numpy()
    layers = dict(enumerate(x))
    return pseudo_attention(layers, targets.numpy(), image, normalise=normalise, clip=clip).ravel()


def _clipped(x: Tensor, targets: Tensor, normalise: Normalise) -> Tensor:
    """Fig. 7 with its guards, by N x N matrices."""
    product = torch.ones(len(_IMAGE)).double()
    for target in targets:
        row = torch.zeros(len(_IMAGE)).double()
        for layer in torch.nn.functional.normalize(x.double(), dim=-1):
            cosines = torch.einsum("hnw,hmw->nm", layer, layer)
            sums = cosines.clamp(0).sum(-1) + 1
            if normalise == "token":
                sums = (cosines.sum(-1) + 1).clamp_min(len(layer) + 1)
            divisor = sums[_IMAGE] if normalise == "token" else sums[target]
            row += cosines[target, _IMAGE].clamp(0) / divisor
        product *= row / row.sum()
    return (product / product.sum()).float()


def _close(ours: Tensor, oracle: Tensor) -> bool:
    return torch.allclose(ours, oracle, rtol=1e-5, atol=0)


class _Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor held."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


class TestFig7:
    """The literal reading."""

    @_READINGS
    @pytest.mark.parametrize("heads", [32, 4], ids=["MHA", "GQA"])
    @pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
    def test_equals_the_transcription(self, normalise: Normalise, heads: int, count: int) -> None:
        """Without clipping, every cell is Fig. 7's to 1e-5 of itself, in float32."""
        for seed in range(2):
            x = _features(heads, seed)
            targets = (
                torch.randperm(12, generator=torch.Generator().manual_seed(seed))[:count] + 268
            )
            oracle = fig7(x, _IMAGE, targets, normalise=normalise)
            assert _close(_ours(x, targets, normalise, clip=False), oracle / oracle.sum())

    def test_the_readings_differ(self) -> None:
        """The two normalisations are two maps, so that the tests above tell them apart."""
        x, targets = _features(4, 0), torch.tensor([270, 271])
        one, other = (fig7(x, _IMAGE, targets, normalise=n) for n in ("target", "token"))
        assert not _close(one / one.sum(), other / other.sum())


class TestClipping:
    """Negative cosines count as none."""

    @_READINGS
    @pytest.mark.parametrize("count", [1, 2, 5])
    @pytest.mark.parametrize("mean", [0.5, 0.0, -0.5])
    def test_equals_the_matrices(self, normalise: Normalise, count: int, mean: float) -> None:
        """Clipped before it is normalised, whatever the sign of the features' mean."""
        x, targets = _features(4, 1) - 0.5 + mean, torch.arange(270, 270 + count)
        ours = _ours(x, targets, normalise, clip=True)
        assert torch.allclose(ours, _clipped(x, targets, normalise), rtol=1e-4, atol=1e-9)

    @_READINGS
    def test_negative_row_sums_do_not_flip(self, normalise: Normalise) -> None:
        """Where most tokens oppose the target, the cells that resemble it are still highest."""
        x = -torch.ones(1, 2, _TOKENS, 8)
        x[:, :, [42, 270]] = 1
        x = x + 0.01 * _features(2, 0)[:1, :, :, :8]
        literal = _ours(x, torch.tensor([270]), "target", clip=False)
        guarded = _ours(x, torch.tensor([270]), normalise, clip=True)
        assert int(guarded.argmax()) == 42 - 10
        assert int(literal.argmax()) != 42 - 10  # what the guard is for
        assert (guarded >= 0).all()

    @_READINGS
    def test_tokens_that_agree_nowhere(self, normalise: Normalise) -> None:
        """If the product is zero everywhere, each token's own cells count."""
        x = torch.zeros(1, 1, _TOKENS, 3)
        x[..., 0] = 1
        x[0, 0, [50, 270]] = torch.tensor([0.0, 1.0, 0.0])
        x[0, 0, [90, 271]] = torch.tensor([0.0, 0.0, 1.0])
        found = _ours(x, torch.tensor([270, 271]), normalise, clip=True)
        assert found.nonzero().ravel().tolist() == [40, 80]
        assert float(found.sum()) == pytest.approx(1)

    @_READINGS
    @pytest.mark.parametrize("clip", [True, False])
    @pytest.mark.parametrize("value", [0.0, 1.0])
    def test_constant_features(self, normalise: Normalise, clip: bool, value: float) -> None:
        """Features that are all alike, or all zero, give a flat and finite map."""
        found = _ours(
            torch.full((2, 2, _TOKENS, 4), value), torch.tensor([270]), normalise, clip=clip
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
        x, targets = _features(4, 2, torch.bfloat16), torch.tensor([270, 271])
        half = _ours(x, targets, normalise, clip=True)
        assert half.dtype == torch.float32
        assert torch.equal(half, _ours(x.float(), targets, normalise, clip=True))


class TestSimilarityMap:
    """From a reading to a map."""

    def _seen(self, *, local: bool, mark: str = "target") -> Reading:
        grid = Grid.even(16, 16, Box(0, 0, 320, 160))
        patches = Patches(grid, _IMAGE.reshape(16, 16).numpy(), 336, local=local)
        return Reading((patches,), {mark: np.array([270, 271])})

    def test_lies_on_the_grid(self) -> None:
        """A global view's map has a score for each cell, neither smoothed nor pooled."""
        x = _features(4, 3)
        found = similarity_map(self._seen(local=False), dict(enumerate(x)))
        ours = _ours(x, torch.tensor([270, 271]), "target", clip=True)
        assert (found.grid.shape, found.base) == ((16, 16), 336)
        assert found.scores.ravel().tolist() == ours.tolist()

    def test_smooths_local_cells(self) -> None:
        """Local crops' cells are smoothed and joined, over the same box."""
        layers = dict(enumerate(_features(4, 3)))
        plain = similarity_map(self._seen(local=False), layers)
        found = similarity_map(self._seen(local=True), layers, sigma=2.0, pool=4)
        assert found == smoothed(plain, 2.0, 4)
        assert (found.grid.shape, found.grid.box) == ((4, 4), Box(0, 0, 320, 160))

    def test_needs_a_target(self) -> None:
        """A prompt that nowhere says the target is the user's mistake."""
        message = refused(SpecError, similarity_map, self._seen(local=False, mark="thing"), {})
        rule = "say where the target goes."
        assert message == f"The relevance prompt has no {{target}} in it; {rule}"
