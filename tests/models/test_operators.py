"""What code that no meter fits costs."""

from __future__ import annotations

import threading

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from visualcrop.models import measure_usage

pytestmark = pytest.mark.torch
CPU = torch.device("cpu")


class TestMeasureUsage:
    """FLOPs, seconds and no gradients."""

    def test_counts_two_flops_for_each_multiplication(self) -> None:
        """A product of 2 x 3 and 3 x 4 takes 24 multiplications."""
        with measure_usage(CPU) as measurement:
            torch.ones(2, 3) @ torch.ones(3, 4)
        assert measurement.usage.flops == 48
        assert measurement.usage.seconds > 0
        assert measurement.usage.peak_bytes == 0

    def test_counts_fused_attention_on_a_cpu(self) -> None:
        """Queries with keys, and what comes of it with values: PyTorch's list leaves it out."""
        heads = torch.ones(1, 2, 5, 8)
        with measure_usage(CPU) as measurement:
            scaled_dot_product_attention(heads, heads, heads)
        assert measurement.usage.flops == 2 * 2 * (2 * 5 * 5 * 8)

    def test_runs_without_gradients(self) -> None:
        """Nothing that is measured is kept for a pass backwards."""
        weights = torch.ones(3, 3, requires_grad=True)
        with measure_usage(CPU):
            assert not (weights @ weights).requires_grad

    def test_counts_its_own_thread_alone(self) -> None:
        """What others run at the same time is theirs."""
        with measure_usage(CPU) as measurement:
            other = threading.Thread(target=lambda: torch.ones(9, 9) @ torch.ones(9, 9))
            other.start()
            other.join()
        assert measurement.usage.flops == 0
