"""InstructBLIP: 32 tokens tell what a Q-Former saw of the image, and where is not among it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...errors import ModelError
from ...strategy.base import at_least, option
from ..base import Model, ModelInfo
from ..checkpoints.loading import Source, explained
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class InstructBlip(Family):
    """InstructBLIP on Vicuna: answers about images, but its tokens have no place in them."""

    name = "instructblip"
    model_type = "instructblip"

    memory: int | None = option(
        None,
        help="bytes kept of images seen before, as pixels alone: what is read of them depends on "
        "the question; none: 512 MiB",
        validator=at_least(0),
    )

    def open(self) -> Model:
        with explained(self.checkpoint):
            return self._opened()

    def _opened(self) -> Model:
        from ..engine.metering.meter import Meter
        from .blip import BlipModel, PlainWords

        source, config = self.source, self.config()
        if not config.use_decoder_only_language_model:
            raise ModelError(
                f"The language model of {self.checkpoint!r} is {config.text_config.model_type}, an "
                "encoder-decoder, which cannot be asked here; use a checkpoint on Vicuna, such as "
                "Salesforce/instructblip-vicuna-7b."
            )
        processor = self.processor(source, config)
        network: Any = source.network(config)
        generation = network.language_model.generation_config
        return BlipModel(
            id=self.checkpoint,
            info=ModelInfo(config.text_config.num_hidden_layers, self.base(config)),
            network=network,
            prompt_processor=PlainWords.of(
                processor, config.image_token_id, self.picture, generation, self._pixels
            ),
            meter=Meter(network),
        )

    @property
    def _pixels(self) -> int:
        return 512 << 20 if self.memory is None else self.memory

    def processor(self, source: Source, config: PretrainedConfig) -> Any:
        import transformers

        length = config.qformer_config.max_position_embeddings
        return transformers.InstructBlipProcessor(
            image_processor=source.part("AutoImageProcessor", backend="pil"),
            tokenizer=source.tokenizer(),
            qformer_tokenizer=source.part(
                "AutoTokenizer", subfolder="qformer_tokenizer", model_max_length=length
            ),
            num_query_tokens=config.num_query_tokens,
        )

    def settings(self) -> Mapping[str, object]:
        """One image at a time, as it was tuned; ViCrop's words and layer; DC2 without features."""
        layer = {"source.layer": 15} if self.depth == 32 else {}
        words = {"source.wording": '"Question: {question} Short answer:"'}
        dc2 = {"theta": 0.0}  # merging compares values of image tokens
        return {"answer": "crop", "vicrop": {**layer, **words}, "dc2": dc2}
