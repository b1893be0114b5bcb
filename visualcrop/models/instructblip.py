"""InstructBLIP: 32 tokens tell what a Q-Former saw of the image, and where is not among it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import ModelError
from ..model import Model, Traits
from ..strategy import option
from .family import Family
from .loading import Source

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class InstructBlip(Family):
    """InstructBLIP on Vicuna: answers about images, but its tokens have no place in them."""

    name = "instructblip"
    model_type = "instructblip"

    memory: int = option(0, help="unused: what is read of an image depends on the question")

    def open(self) -> Model:
        from ..metering.meter import Meter
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
            traits=Traits(config.text_config.num_hidden_layers, self.base(config)),
            network=network,
            prompter=PlainWords.of(processor, config.image_token_id, self.picture, generation),
            meter=Meter(network),
        )

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
