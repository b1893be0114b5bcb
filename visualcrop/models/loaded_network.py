"""A model of a network that the user has loaded: sharded, quantised, or with adapters."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from inspect import isabstract
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import ModelError, nearest
from .base import Model
from .checkpoints.fingerprint import network_fingerprint
from .checkpoints.loading import ProcessorParts, Source, explain_errors, name_types
from .checkpoints.templates import default_template, read_template
from .engine.block_attention import BLOCKS
from .families.auto import Auto
from .families.base import Family

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_KERNELS = ("sdpa", "eager", "flash_attention_2")


def from_transformers(
    network: Any,
    processor: Any = None,
    *,
    family: Family | type[Family] | None = None,
    id: str = "",
) -> Model:
    """
    Make a model of a network that transformers has loaded, and its processor.

    The model takes over the network: it freezes the weights, and counts FLOPs in its modules.
    It brings the settings of its family, and a fingerprint that covers config, weights and
    adapters, from samples of every tensor.

    Args:
        network: A model for image-text-to-text of transformers, in evaluation mode, on its device
            or sharded over several; or PEFT's wrapper around one.
        processor: What `AutoProcessor` gives for it. Images are processed with its image
            processor, text with its tokenizer, both put together as the family does. None: those
            beside the network's weights, which needs no torchvision, or of a folder or name on the
            hub that is given in its place.
        family: A family, or one with options set, such as `Llava(memory=0)`. By default it is the
            one that `auto` would open, by the `model_type` in the network's config.
        id: What records call the model; by default where the network was loaded from.

    Raises:
        ModelError: No family reads the network's `model_type`, or the network cannot be searched
            with as it is.
    """
    bare = _unwrap(network)
    id = id or str(getattr(bare, "name_or_path", "") or type(bare).__name__)
    with explain_errors(id, "used"):
        config = bare.config
        reader = attrs.evolve(_family_of(config, family), checkpoint=id)
        _check_network(bare, config)
        reader.apply_options(config)
        reader.check_config(config)
        reader.check_attention(config, config.get_text_config()._attn_implementation)  # noqa: SLF001 - it has no other name
        bare.requires_grad_(False)
        parts = _find_parts(bare, processor, reader.template)
        own_processor = reader.make_processor(parts, config)
        reader.check_processor(own_processor, config)
        model = reader.build_model(bare, config, own_processor)
        settings = reader.settings_for(config.get_text_config().num_hidden_layers)
        object.__setattr__(model, "settings", settings)
        adapters = repr(getattr(network, "peft_config", ""))
        object.__setattr__(model, "fingerprint", network_fingerprint(bare, adapters))
        return model


def _find_parts(network: PreTrainedModel, processor: Any, template: str) -> ProcessorParts:
    """The parts of a loaded processor, or of the checkpoint that it or the network comes from."""
    if processor is not None and not isinstance(processor, str):
        return LoadedParts(processor, template)
    if processor:
        return Source(processor, template=template)
    place = getattr(network, "name_or_path", "")
    if not place:
        raise ModelError(
            "The network was not loaded from a checkpoint, where its processor would be; give the "
            "processor, too."
        )
    return Source(place, getattr(network.config, "_commit_hash", None), template=template)


@attrs.frozen
class LoadedParts:
    """Copies of the parts of a processor, for a family to put together as it needs them."""

    processor: Any
    template: str = ""  # a file that replaces the processor's chat template

    def image_processor(self, kind: Any = None) -> Any:
        own = self._part("image_processor")
        return kind(**own.to_dict()) if kind else deepcopy(own)

    def tokenizer(self, subfolder: str = "", **options: Any) -> Any:
        tokenizer = deepcopy(self._part(subfolder or "tokenizer"))
        for name, value in options.items():
            setattr(tokenizer, name, value)
        if not subfolder:
            tokenizer.chat_template = self._find_template(tokenizer)
        return tokenizer

    def settings(self) -> Mapping[str, Any]:
        return dict(vars(self.processor))

    def _find_template(self, tokenizer: Any) -> str | None:
        """The file's, else the processor's, else the tokenizer's."""
        if self.template:
            return read_template(self.template)
        owners = (self.processor, tokenizer)
        templates = (default_template(getattr(owner, "chat_template", None)) for owner in owners)
        return next(filter(None, templates), None)

    def _part(self, name: str) -> Any:
        part = getattr(self.processor, name, None)
        if part is None:
            raise ModelError(
                f"The processor is a {type(self.processor).__name__} without {name}; give what "
                "AutoProcessor.from_pretrained returns."
            )
        return part


def _unwrap(network: Any) -> PreTrainedModel:
    """The network of transformers, with PEFT's adapters in its modules."""
    from transformers import PreTrainedModel

    configs = getattr(network, "peft_config", None) or {}
    if any(getattr(config, "is_prompt_learning", False) for config in configs.values()):
        raise ModelError(
            "The network has learned prompts of PEFT, whose tokens no image layout counts; give "
            "one with adapters in its layers, such as LoRA."
        )
    bare = network.get_base_model() if hasattr(network, "get_base_model") else network
    bare = uncompile(bare) if hasattr(bare, "modules") else bare
    if not isinstance(bare, PreTrainedModel):
        raise ModelError(
            f"The network is a {type(network).__name__}; give a model of transformers, such as "
            "AutoModelForImageTextToText.from_pretrained returns, or PEFT's wrapper around one."
        )
    return bare


def uncompile(network: Any) -> Any:
    """
    *network* without `torch.compile`, in whatever module.

    What is compiled drops hooks that come later, without a word: nothing would be captured or
    counted.
    """
    network = getattr(network, "_orig_mod", network)
    for module in network.modules():
        module._compiled_call_impl = None  # noqa: SLF001 - what `Module.compile` sets
        for name, part in list(module.named_children()):
            if hasattr(part, "_orig_mod"):
                setattr(module, name, part._orig_mod)  # noqa: SLF001 - of `torch.compile`
    return network


def _family_of(config: Any, family: Family | type[Family] | None) -> Family:
    """The given *family*, or the one for the network's `model_type`."""
    families, names = (
        Auto.load_families(),
        name_types({**config.to_dict(), "model_type": config.model_type}),
    )
    model_type = next((name for name in names if name in families), names[-1])
    if family is not None:
        named = family if isinstance(family, type) else type(family)
        if not issubclass(named, Family) or isabstract(named):
            raise ModelError(
                f"The family cannot be {named.__name__}; give a model family, such as Llava, or an "
                "object of one."
            )
        if model_type in families and not named.reads(model_type):
            raise ModelError(
                f"The network's model_type is {model_type!r}, and the family {named.name!r} reads "
                f"{', '.join(named.model_types)}; leave family out, or give one that fits."
            )
        return family() if isinstance(family, type) else family
    if model_type not in families:
        known = nearest(model_type, families, called="known")
        raise ModelError(
            f"The network's model_type is {model_type!r}, of no family here; {known}; give "
            "family=... of a package that reads it."
        )
    return families.find(model_type, "the network")()


def _check_network(network: PreTrainedModel, config: Any) -> None:
    """Refuse a network that would give wrong answers, or none."""
    if not hasattr(network, "generation_config"):
        raise ModelError(
            f"The network is a {type(network).__name__} without a head that writes text; load it "
            "with AutoModelForImageTextToText."
        )
    if any(module.training for module in network.modules()):
        raise ModelError(
            "The network is in training mode, where dropout changes answers; call its eval() first."
        )
    if network.device.type == "meta":
        raise ModelError(
            "The network's first weights are offloaded; load it so that they are on a device."
        )
    kernel = config.get_text_config()._attn_implementation  # noqa: SLF001 - it has no other name
    if kernel not in {*_KERNELS, BLOCKS}:
        raise ModelError(
            f"The network's attention kernel is {kernel!r}; load it with attn_implementation set "
            f"to one of {', '.join(_KERNELS)}."
        )
