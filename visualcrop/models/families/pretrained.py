"""What all that opens a checkpoint shares: where weights come from, and how they run."""

from __future__ import annotations

from typing import Literal

import attrs

from ...errors import ModelError
from ...strategy.base import at_least, option
from ...utils.paths import expanded
from ..base import ModelFamily
from ..checkpoints.fingerprint import checkpoint_fingerprint
from ..checkpoints.loading import Source, explained

_ROOM_ON_CPU, _ROOM_ON_GPU = 1 << 30, 4 << 30


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
    memory: int | None = option(
        None,
        help="bytes kept in all of images seen before, as pixels, keys and values; "
        "none: 1 GiB on a CPU, 4 GiB on a GPU",
        validator=at_least(0),
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

    def fingerprint(self) -> str:
        """Of the weights and of what is written beside them, not of how they are run."""
        return checkpoint_fingerprint(self.checkpoint, self.revision) if self.checkpoint else ""

    def room(self, device: str) -> int:
        """Bytes that may be kept in all, where the model runs on a *device* of that type."""
        usual = _ROOM_ON_CPU if device == "cpu" else _ROOM_ON_GPU
        return usual if self.memory is None else self.memory

    @property
    def depth(self) -> int:
        """Layers of the decoder; none if no checkpoint is named."""
        if not self.checkpoint:
            return 0
        with explained(self.checkpoint):
            layers: int = self.source.config().get_text_config().num_hidden_layers
            return layers
