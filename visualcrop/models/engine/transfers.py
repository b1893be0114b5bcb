"""Numbers between the host and a device, neither of which waits for the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def upload(numbers: Sequence[int], device: torch.device) -> Tensor:
    """*numbers* on *device*; a copy from memory that is not pinned would wait for all its work."""
    import torch

    found = torch.tensor(numbers, dtype=torch.long)
    if device.type == "cuda" and torch.cuda.is_available():
        found = found.pin_memory()
    return found.to(device, non_blocking=True)


class Flags:
    """Truth values that a device has yet to compute, on their way to the host."""

    def __init__(self, values: Tensor) -> None:
        import torch

        self._event: torch.cuda.Event | None = None
        self._values = values
        if values.device.type == "cuda":
            self._values = torch.empty_like(values, device="cpu", pin_memory=True)
            self._values.copy_(values, non_blocking=True)
            self._event = torch.cuda.Event()
            self._event.record(torch.cuda.current_stream(values.device))

    def read(self) -> list[bool]:
        """The values, as soon as they are computed; the device's later work is not waited for."""
        if self._event is not None:
            self._event.synchronize()
        found: list[bool] = self._values.tolist()
        return found
