"""What the families share: one architecture each, and how its parts become a model."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from ...errors import ModelError
from ...values import View
from ..checkpoints.loading import Source, explained
from ..layouts.layout import Eye, Layout
from .pretrained import Pretrained

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from transformers import PretrainedConfig, PreTrainedModel

    from ..huggingface import HuggingFaceModel


@attrs.frozen
class Family(Pretrained):
    """Checkpoints of one architecture."""

    model_type: ClassVar[str]  # in the checkpoint's config

    @abstractmethod
    def processor(self, source: Source, config: PretrainedConfig) -> Any:
        """The processor, images only, with Pillow's pixels."""

    def config(self) -> PretrainedConfig:
        """The checkpoint's config, which has to be one of the family's, within its limits."""
        config = self.source.config()
        if config.model_type != self.model_type:
            raise ModelError(
                f"{self.checkpoint!r} is a {config.model_type} checkpoint, which {self.name!r} "
                f'cannot read; use -m "auto(checkpoint={self.checkpoint})".'
            )
        self.limit(config)
        return config

    def limit(self, config: PretrainedConfig) -> None:
        """Write the family's own options into *config*, where the network reads them there."""

    def picture(self, view: View) -> Picture:
        """The picture of *view*, in a shape that the processor takes."""
        return view.picture

    def base(self, config: PretrainedConfig) -> int:
        """Pixels on a side that the encoder sees at once."""
        size = config.vision_config.image_size  # of InternVL a list, height first
        return int(size if isinstance(size, int) else size[0])


@attrs.frozen
class Gridded(Family):
    """Checkpoints whose image tokens have their places in the image."""

    @abstractmethod
    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        """Where the tokens of *view* lie, in a prompt of *among* images."""

    def open(self) -> HuggingFaceModel:
        with explained(self.checkpoint):
            config = self.config()
            return self.around(self.source.network(config), config)

    def around(self, network: PreTrainedModel, config: PretrainedConfig) -> HuggingFaceModel:
        """The model of a network that is there already; the checkpoint has its processor."""
        from ..base import ModelInfo
        from ..engine.byte_lru import ByteLRU
        from ..engine.metering.meter import Meter
        from ..engine.prompting import PromptProcessor
        from ..huggingface import HuggingFaceModel

        processor = self.processor(self.source, config)
        token, generation = config.image_token_id, network.generation_config
        memory = self.room(network.device.type)
        pixels = memory // 8  # the more is worth keeping of keys and values, which cost most

        def layout(view: View, among: int) -> Layout:
            return self.layout(view, among, processor, config)

        return HuggingFaceModel(
            id=self.checkpoint,
            info=ModelInfo(config.get_text_config().num_hidden_layers, self.base(config)),
            network=network,
            prompt_processor=PromptProcessor.of(processor, token, self.picture, generation, pixels),
            layout=layout,
            meter=Meter(network),
            prefix_cache=ByteLRU(memory - pixels) if memory else None,
        )


def eye_of(config: PretrainedConfig) -> Eye:
    """What the encoder sees at once, where one of its patches is one token."""
    return Eye(config.vision_config.image_size, config.vision_config.patch_size)
