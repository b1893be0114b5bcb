"""InstructBLIP: 32 query tokens of a Q-Former, which have no position in the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...errors import ModelError
from ...strategy.base import at_least, option
from ...values import View
from ..base import Model, ModelInfo
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, patch_grid, squashed_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


@attrs.frozen
class InstructBlip(Family):
    """InstructBLIP on Vicuna: its image tokens have no position in the image."""

    name = "instructblip"
    model_types = ("instructblip",)
    has_patches = False  # each query token of its Q-Former attends to the whole image
    has_template = False

    memory: int | None = option(
        None,
        help="bytes kept in all of images seen before, as pixels: keys and values depend on the "
        "question; none: 512 MiB",
        validator=at_least(0),
    )

    def check_config(self, config: PretrainedConfig) -> None:
        if not config.use_decoder_only_language_model:
            raise ModelError(
                f"The language model of {self.checkpoint!r} is {config.text_config.model_type}, an "
                "encoder-decoder, which cannot be asked here; use a checkpoint on Vicuna, such as "
                "Salesforce/instructblip-vicuna-7b."
            )

    def build_model(
        self, network: PreTrainedModel, config: PretrainedConfig, processor: Any
    ) -> Model:
        from ..engine.metering.meter import Meter
        from ..engine.prompt_encoding import PixelTarget
        from ..engine.threads import choose_threads
        from .blip import BlipModel, PlainPromptProcessor

        blip: Any = network
        generation = blip.language_model.generation_config
        return BlipModel(
            id=self.checkpoint,
            info=ModelInfo(config.text_config.num_hidden_layers, self.base(config)),
            network=blip,
            prompt_processor=PlainPromptProcessor.of(
                processor,
                config.image_token_id,
                self.picture,
                generation,
                self._pixels,
                target=PixelTarget(network.device, network.dtype, self.pixels),
            ),
            meter=Meter(network),
            cpu_threads=choose_threads(self.threads, config, network.device.type),
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        """The patches of the vision encoder, which have no tokens in the prompt."""
        return squashed_layout(view.size, patch_grid(config))

    @property
    def _pixels(self) -> int:
        return 512 << 20 if self.memory is None else self.memory

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        length = config.qformer_config.max_position_embeddings
        return transformers.InstructBlipProcessor(
            image_processor=parts.image_processor(),
            tokenizer=parts.tokenizer(),
            qformer_tokenizer=parts.tokenizer("qformer_tokenizer", model_max_length=length),
            num_query_tokens=config.num_query_tokens,
        )

    def settings_for(self, layers: int) -> Mapping[str, object]:
        """One image at a time, as in training; ViCrop's wording and layer; DC2 without features."""
        layer = {"source.layer": 15} if layers == 32 else {}
        words = {"source.wording": '"Question: {question} Short answer:"'}
        dc2 = {"theta": 0.0}  # merging compares values of image tokens
        return {"answer": "crop", "vicrop": {**layer, **words}, "dc2": dc2}
