"""PaliGemma 1 and 2: one square, and a prompt whose tokens all attend to one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from ...strategy.base import at_least, option
from ..base import Model
from ..checkpoints.loading import ProcessorParts, Source
from .single_squares import SingleSquares, square_processor

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

# Checkpoints have no chat template; "answer en" is how the mixed ones are asked a question.
TEMPLATE = """\
{%- for message in messages -%}
  {%- for part in message.content if part.type == "image" -%}
    {{- "<image>" -}}
  {%- endfor -%}
  {%- if loop.first %}{{ bos_token }}{% endif -%}
  {{- "answer en " if message.role == "user" -}}
  {%- for part in message.content if part.type == "text" -%}
    {{- part.text | trim -}}
    {%- if not loop.last %}{{ " " }}{% endif -%}
  {%- endfor -%}
  {{- "\\n" -}}
{%- endfor -%}
"""


@attrs.frozen
class PaliGemma(SingleSquares):
    """PaliGemma 1 and 2: the image squashed to a square; prompts are run one by one, in whole."""

    name = "paligemma"
    model_types = ("paligemma",)
    any_type: ClassVar[bool] = False

    memory: int | None = option(
        None,
        help="bytes kept in all of images seen before, as pixels: keys and values depend on the "
        "question; none: 512 MiB",
        validator=at_least(0),
    )

    @property
    def source(self) -> Source:
        """Attention is eager, since PaliGemma 2 caps its scores, which others cannot."""
        attention = "eager" if self.attention in {"sdpa", "blocks"} else self.attention
        return attrs.evolve(super().source, attention=attention)

    def is_causal(self, config: PretrainedConfig) -> bool:
        return False

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        class ForPrefixes(square_processor()):  # type: ignore[misc]
            """All tokens are of the prefix, and are counted from 0, as later ones are."""

            def __call__(self, *args: Any, **options: Any) -> Any:
                import torch

                made = super().__call__(*args, **options)
                tokens = made["input_ids"]
                made["token_type_ids"] = torch.zeros_like(tokens)
                made["position_ids"] = torch.arange(tokens.shape[1])[None]
                return made

        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        tokenizer.add_bos_token = False
        token = tokenizer.convert_ids_to_tokens(config.image_token_id)
        template = tokenizer.chat_template if self.template else TEMPLATE
        return ForPrefixes(pixels, tokenizer, template, token, self._count_tokens(pixels, config))

    def build_model(
        self, network: PreTrainedModel, config: PretrainedConfig, processor: Any
    ) -> Model:
        from .prefix_lm import PrefixLanguageModel

        model: Any = super().build_model(network, config, processor)
        return PrefixLanguageModel.of(model)

    def cache_bytes(self, device_type: str) -> int:
        pixels = 512 << 20 if self.memory is None else self.memory
        return pixels * 8  # of which an eighth is for pixels, and no more is used

    def settings_for(self, layers: int) -> Mapping[str, object]:
        """One image at a time, as in training, and no examples: it does not chat."""
        return {"targets": "rules", "answer": "crop"}
