"""What all that opens a checkpoint shares: where weights come from, and how they run."""

from __future__ import annotations

from typing import Literal

import attrs

from ..checkpoints.loading import Source, explained
from ..errors import ModelError
from ..model import ModelFamily
from ..paths import expanded
from ..strategy import at_least, option


@attrs.frozen
class Pretrained(ModelFamily):
    """A checkpoint in the Hugging Face format."""

    checkpoint: str = option("", help="folder of the checkpoint, or its name on the hub")
    revision: str | None = option(None, help="branch, tag or commit on the hub")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", help="number format; auto is the checkpoint's, but bfloat16 for float16 on a CPU"
    )
    device: str = option("auto", help="cpu, cuda, cuda:1, ...; auto takes a GPU if there is one")
    attention: Literal["sdpa", "flash_attention_2", "eager"] = option(
        "sdpa", help="attention kernel"
    )
    memory: int = option(
        4 << 30, help="bytes of keys and values kept of images read before", validator=at_least(0)
    )
    bits: Literal[16, 8, 4] = option(16, help="bits of a weight; 8 and 4 need bitsandbytes")

    @property
    def source(self) -> Source:
        if not self.checkpoint:
            raise ModelError(
                f'The model {self.name!r} needs a checkpoint: -m "{self.name}(checkpoint=...)".'
            )
        home = self.checkpoint.startswith("~")
        place = str(expanded(self.checkpoint)) if home else self.checkpoint
        return Source(place, self.revision, self.dtype, self.device, self.attention, self.bits)

    @property
    def depth(self) -> int:
        """Layers of the decoder; none if no checkpoint is named."""
        if not self.checkpoint:
            return 0
        with explained(self.checkpoint):
            layers: int = self.source.config().get_text_config().num_hidden_layers
            return layers
