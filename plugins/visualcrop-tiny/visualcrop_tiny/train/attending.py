"""Attention whose way back is quick on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

NAME = "visualcrop-tiny"


def register() -> None:
    """Make it known to transformers by `NAME`."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)


def attend(  # noqa: PLR0913, PLR0917 - transformers calls it so
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **rest: object,
) -> tuple[Tensor, None]:
    """Plain products in the number format of the inputs: for training, so without dropout."""
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = (query * scale) @ key.mT
    if attention_mask is not None:
        scores = scores + attention_mask
    mixed = scores.softmax(-1).to(value.dtype) @ value
    return mixed.transpose(1, 2).contiguous(), None
