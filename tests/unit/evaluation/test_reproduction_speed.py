"""How fast this machine is taken to be, for the hours of a plan."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from visualcrop.evaluation.reproduction import speed
from visualcrop.evaluation.reproduction.speed import CPU_SHARE, GPU_SHARE, find_machine


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU, and a rate of 10 TFLOP/s if anything is measured."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    memory = SimpleNamespace(total_memory=80 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: memory)
    monkeypatch.setattr(speed, "measure_rate", lambda device: 10e12)


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize(
    ("name", "peak"),
    [  # as the makers' data sheets have them, of dense matrices in bfloat16
        ("NVIDIA H200", 989),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA L40S", 362),
        ("NVIDIA L4", 121),
        ("NVIDIA RTX A6000", 155),
        ("NVIDIA A10G", 125),
        ("Tesla T4", 65),
        ("Some card of tomorrow", 10),
    ],
)
def test_a_card_has_a_share_of_its_peak(
    name: str, peak: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name; one that is not known multiplies matrices for a moment."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: name)
    machine = find_machine()
    assert machine.flops == pytest.approx(GPU_SHARE * peak * 1e12)
    assert (machine.name, machine.gpu, machine.memory_gib) == (name, True, 80)
    assert ("measured just now" in machine.basis) == (peak == 10)


def test_a_cpu_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what a product of matrices reaches."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    plain = speed.measure_rate
    rates: list[float] = []

    def measure(device: str) -> float:
        rates.append(plain(device))
        return rates[-1]

    monkeypatch.setattr(speed, "measure_rate", measure)
    machine = find_machine()
    assert machine.flops == CPU_SHARE * rates[0] > 0
    assert not machine.gpu
