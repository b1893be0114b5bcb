"""
Prompts about different images, laid side by side for one pass.

Each starts at the left and is filled up at the right, where nothing that counts can see it: the
causal mask is all that is needed, so that any kernel runs at its best. Positions that come in
three parts are worked out for each prompt alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


_TYPES = ("token_type_ids", "mm_token_type_ids")
_PIXELS = ("pixel_values", "image_sizes", "image_grid_thw", "batch_num_images")
_MOST_PADDING = 128  # tokens in a row: more cost more than a pass of its own


@attrs.frozen(eq=False)
class Padded:
    """Prompts in one batch."""

    inputs: Mapping[str, Any]  # what the model's forward takes, but for the cache
    lengths: tuple[int, ...]
    shift: Tensor | None  # batch x 1: what to add to later positions

    @classmethod
    def of(cls, model: PreTrainedModel, prompts: Sequence[Mapping[str, Tensor]]) -> Padded:
        """Inputs of one prompt each, where the model runs, put together."""
        lengths = tuple(prompt["input_ids"].shape[1] for prompt in prompts)
        word = int(model.config.image_token_id == 0)  # any that is no image's
        inputs: dict[str, Any] = {"input_ids": filled([p["input_ids"] for p in prompts], word)}
        for name in _TYPES:
            if any(name in prompt for prompt in prompts):
                inputs[name] = filled([_types(prompt, name) for prompt in prompts], 0)
        for name in _PIXELS:
            if parts := [prompt[name] for prompt in prompts if name in prompt]:
                inputs[name] = _stacked(parts)
        placed = [_multimodal_positions(model, prompt) for prompt in prompts]
        if placed[0] is None:
            return cls(inputs, lengths, None)
        import torch

        found = [place for place in placed if place is not None]
        inputs["position_ids"] = filled([positions for positions, _ in found])
        return cls(inputs, lengths, torch.cat([shift for _, shift in found]))

    @property
    def last(self) -> Tensor:
        """The place of each prompt's last token: batch x 1."""
        import torch

        lengths = torch.tensor(self.lengths, device=self.inputs["input_ids"].device)
        return lengths[:, None] - 1


def batches(lengths: Sequence[int], most_tokens: int) -> Iterator[list[int]]:
    """Places of *lengths* that are alike, as many as make *most_tokens* with their padding."""
    together: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        longest = lengths[together[0]] if together else 0
        full = longest * (len(together) + 1) > most_tokens
        if together and (full or longest - lengths[place] > _MOST_PADDING):
            yield together
            together = []
        together.append(place)
    if together:
        yield together


def _multimodal_positions(
    model: PreTrainedModel, inputs: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor] | None:
    """Three-part positions, where the model has them: what it would work out and then remember."""
    find: Any = getattr(model.model, "get_rope_index", None)
    if find is None:
        return None
    positions, shift = find(
        inputs["input_ids"],
        mm_token_type_ids=inputs["mm_token_type_ids"],
        image_grid_thw=inputs.get("image_grid_thw"),
    )
    return positions, shift


def _types(prompt: Mapping[str, Tensor], name: str) -> Tensor:
    """Of each token; where nothing is said of them, they are words."""
    import torch

    return prompt[name] if name in prompt else torch.zeros_like(prompt["input_ids"])


def filled(rows: Sequence[Tensor], value: int | None = None) -> Tensor:
    """... x batch x tokens, filled up with *value*, or with each row's last."""
    import torch

    width = max(row.shape[-1] for row in rows)
    whole = []
    for row in rows:
        last = row[..., -1:] if value is None else row.new_full((1,), value)
        more = last.expand(*row.shape[:-1], width - row.shape[-1])
        whole.append(torch.cat([row, more], dim=-1))
    return torch.cat(whole, dim=-2)


def _stacked(parts: Sequence[Tensor]) -> Tensor:
    """One after another along the first axis; tiles that others have more of are left empty."""
    import torch
    from torch.nn.functional import pad

    if parts[0].dim() < 2:
        return torch.cat(list(parts))
    tiles = max(part.shape[1] for part in parts)
    empty = (0, 0) * (parts[0].dim() - 2)
    return torch.cat([pad(part, (*empty, 0, tiles - part.shape[1])) for part in parts])
