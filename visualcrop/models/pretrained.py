"""What the families of Hugging Face models share: where weights come from, and how they run."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs

from ..errors import ModelError
from ..layouts.layout import Eye, Layout
from ..model import Model, ModelFamily
from ..strategy import at_least, option
from ..values import View
from .loading import Source

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from transformers import PretrainedConfig


@attrs.frozen
class Pretrained(ModelFamily):
    """A checkpoint in the Hugging Face format; each family adds where its image tokens lie."""

    model_type: ClassVar[str]  # in the checkpoint's config

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

    def open(self) -> Model:
        from .opening import opened

        return opened(self)

    @property
    def source(self) -> Source:
        if not self.checkpoint:
            raise ModelError(
                f'The model {self.name!r} needs a checkpoint: -m "{self.name}(checkpoint=...)".'
            )
        return Source(
            self.checkpoint, self.revision, self.dtype, self.device, self.attention, self.bits
        )

    @abstractmethod
    def processor(self, source: Source, config: PretrainedConfig) -> Any:
        """The processor, images only, with Pillow's pixels."""

    @abstractmethod
    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        """Where the tokens of *view* lie, in a prompt of *among* images."""

    def picture(self, view: View) -> Picture:
        """The picture of *view*, in a shape that the processor takes."""
        return view.picture

    @property
    def depth(self) -> int:
        """Layers of the decoder; none if no checkpoint is named."""
        if not self.checkpoint:
            return 0
        layers: int = self.source.config().get_text_config().num_hidden_layers
        return layers

    def base(self, config: PretrainedConfig) -> int:
        """Pixels on a side that the encoder sees at once."""
        size: int = config.vision_config.image_size
        return size


def eye_of(config: PretrainedConfig) -> Eye:
    """What the encoder sees at once, where one of its patches is one token."""
    return Eye(config.vision_config.image_size, config.vision_config.patch_size)
