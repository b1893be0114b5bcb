"""Puts a family's parts together into a model that can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ModelError
from ..inference.prompting import Prompter
from ..inference.remembering import Memory
from ..layouts.layout import Layout
from ..metering.meter import Meter
from ..model import Traits
from ..values import View
from .huggingface import HuggingFaceModel

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from .pretrained import Pretrained


def opened(family: Pretrained) -> HuggingFaceModel:
    """Load the checkpoint, which has to be one of the family's."""
    source, config = family.source, own_config(family)
    processor = family.processor(source, config)
    network = source.network()

    def layout(view: View, among: int) -> Layout:
        return family.layout(view, among, processor, config)

    return HuggingFaceModel(
        id=source.checkpoint,
        traits=Traits(config.get_text_config().num_hidden_layers, family.base(config)),
        network=network,
        prompter=Prompter.of(
            processor, config.image_token_id, family.picture, network.generation_config
        ),
        layout=layout,
        meter=Meter(network),
        prefixes=Memory(family.memory) if family.memory else None,
    )


def own_config(family: Pretrained) -> PretrainedConfig:
    """The config of the checkpoint, which has to be one of the family's."""
    config = family.source.config()
    if config.model_type != family.model_type:
        raise ModelError(
            f"{family.checkpoint!r} is a {config.model_type} checkpoint, which {family.name!r} "
            f'cannot read; use -m "auto(checkpoint={family.checkpoint})".'
        )
    return config
