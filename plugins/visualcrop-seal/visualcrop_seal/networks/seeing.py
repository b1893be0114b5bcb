"""Pictures as the two encoders take them, and CLIP's features of them."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import torch
from PIL import Image as Pictures
from PIL.Image import Image as Picture
from torch import Tensor, nn
from transformers import CLIPVisionModel

from .files import explained

_MEAN = (0.48145466, 0.4578275, 0.40821073)  # of CLIP's training pictures; OWL-ViT has it, too
_SPREAD = (0.26862954, 0.26130258, 0.27577711)
_PAPER = tuple(int(255 * mean) for mean in _MEAN)


def squared(picture: Picture, *, centred: bool) -> Picture:
    """*picture* on a square of CLIP's mean colour: in the middle, or at the top left."""
    side = max(picture.size)
    paper = Pictures.new("RGB", (side, side), _PAPER)
    free = (side - picture.width, side - picture.height)
    paper.paste(picture, (free[0] // 2, free[1] // 2) if centred else (0, 0))
    return paper


def pixels(picture: Picture, side: int) -> Tensor:
    """*picture* squeezed into a square: 1 x 3 x side x side, as CLIP expects its numbers."""
    small = picture.resize((side, side), Pictures.Resampling.BICUBIC)
    numbers = torch.from_numpy(np.asarray(small, np.float32).copy()) / 255
    numbers = (numbers - torch.tensor(_MEAN)) / torch.tensor(_SPREAD)
    return numbers.permute(2, 0, 1)[None]


@attrs.frozen(eq=False)
class Tower:
    """CLIP's vision encoder, which both checkpoints leave to the hub."""

    network: CLIPVisionModel

    @classmethod
    def at(cls, checkpoint: str, dtype: torch.dtype) -> Tower:
        """A folder, or a name on the hub."""
        with explained(checkpoint):
            network = CLIPVisionModel.from_pretrained(
                checkpoint, dtype=dtype, trust_remote_code=False, use_safetensors=True
            )
        return cls(network.requires_grad_(False).eval())

    @property
    def side(self) -> int:
        """Pixels on a side that it sees."""
        config: Any = self.network.config
        side: int = config.image_size
        return side

    def to(self, device: torch.device) -> None:
        """Run there."""
        network: nn.Module = self.network
        network.to(device)

    def __call__(self, picture: Picture) -> Tensor:
        """Patches x width, of the last layer but one; the class token is left out."""
        seen = pixels(picture, self.side).to(self.network.device, self.network.dtype)
        out = self.network(seen, output_hidden_states=True)
        features: Tensor = out.hidden_states[-2][0, 1:]
        return features
