"""The base class of model families: checkpoint options, loading, and building the model."""

from __future__ import annotations

import hashlib
import inspect
import shlex
from abc import abstractmethod
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs

from ...errors import ModelError
from ...spec.parse import Spec
from ...strategy.base import at_least, option
from ...utils.paths import expand_path
from ...values import View
from ..base import Model, ModelFamily
from ..checkpoints.fingerprint import checkpoint_fingerprint
from ..checkpoints.load_errors import check_torchvision, check_transformers
from ..checkpoints.loading import ProcessorParts, Source, explain_errors, name_types
from ..checkpoints.placement import choose_device
from ..checkpoints.templates import check_template, read_template
from ..layouts.layout import Layout

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from transformers import PretrainedConfig, PreTrainedModel

_CACHE_ON_CPU, _CACHE_ON_GPU = 1 << 30, 4 << 30  # bytes


@attrs.frozen
class Pretrained(ModelFamily):
    """A checkpoint in Hugging Face's format, with options for loading it."""

    # Model types that families of the installed plug-ins read; set by the registry, which this
    # module may not import.
    load_families: ClassVar[Callable[[], Container[str]]]

    checkpoint: str = option("", help="folder of the checkpoint, or its name on the hub")
    revision: str | None = option(None, help="branch, tag or commit on the hub")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", help="number format; auto is the checkpoint's, but bfloat16 for float16 on a CPU"
    )
    device: str = option(
        "auto",
        help="cpu, cuda, cuda:1, ..., or balanced over all GPUs; auto takes a GPU if there is one, "
        "and all if one is too small",
    )
    attention: Literal["sdpa", "flash_attention_2", "eager", "blocks"] = option(
        "sdpa",
        help="attention kernel; blocks are quicker on a CPU in bfloat16, and sdpa elsewhere",
    )
    memory: int | None = option(
        None,
        help="bytes kept in all of images seen before, as pixels, keys and values; "
        "none: 1 GiB on a CPU, 4 GiB on a GPU",
        validator=at_least(0),
    )
    bits: Literal[16, 8, 4] = option(16, help="bits of a weight; 8 and 4 need bitsandbytes")
    template: str = option(
        "", help="file with a chat template that replaces the checkpoint's; empty: its own"
    )

    pixels: Literal["auto", "pil", "torchvision"] = option(
        "auto",
        help="what resizes images: torchvision is quick on a GPU, and some of its pixels differ; "
        "auto is pil, the same on any machine",
    )
    threads: int | Literal["auto"] = option(
        "auto",
        help="torch's threads of a pass on a CPU; auto is 1 if all layers are small, else all",
        validator=at_least(1),
    )

    @property
    def source(self) -> Source:
        if not self.checkpoint:
            raise ModelError(
                f'The model {self.name!r} needs a checkpoint: -m "{self.name}(checkpoint=...)".'
            )
        in_home = self.checkpoint.startswith("~")
        folder = str(expand_path(self.checkpoint)) if in_home else self.checkpoint
        options = (self.dtype, self.device, self.attention, self.bits, self.template)
        return Source(folder, self.revision, *options)

    def fingerprint(self) -> str:
        """The checkpoint's fingerprint: it does not depend on device, dtype and the like."""
        if not self.checkpoint:
            return ""
        own = checkpoint_fingerprint(self.checkpoint, self.revision)
        template = read_template(self.template) if self.template else ""
        pixels = self.pixels if self.pixels == "torchvision" else ""
        if not template + pixels:
            return own
        return hashlib.blake2b(f"{own}{template}{pixels}".encode(), digest_size=8).hexdigest()

    def cache_bytes(self, device_type: str) -> int:
        """Bytes for caches of pixels, keys and values of a model on a device of this type."""
        default = _CACHE_ON_CPU if device_type == "cpu" else _CACHE_ON_GPU
        return default if self.memory is None else self.memory


@attrs.frozen
class Family(Pretrained):
    """
    The checkpoints of one architecture: inherit from it to add a model family.

    `auto` finds the family by the `model_type` in a checkpoint's config. A subclass defines how the
    processor is built and where the image tokens lie; all else has a default.
    """

    # Values of `model_type` in the checkpoints' configs, where one is not enough with the vision
    # encoder's after a slash.
    model_types: ClassVar[tuple[str, ...]]
    oldest_transformers: ClassVar[str] = "5.17"  # with which its checkpoints can be read
    any_type: ClassVar[bool] = False  # whether, without model_types, it is opened by its name only
    has_template: ClassVar[bool] = True  # False if prompts are not written in a chat template

    @abstractmethod
    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        """The processor, for images only, from the checkpoint's image processor and tokenizer."""

    @abstractmethod
    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        """The places of the image tokens of *view*, in a prompt of *among* images."""

    @classmethod
    def register(cls) -> None:
        """
        Register classes with transformers that it does not bring along.

        Called before a config is read: `AutoConfig.register(...)` and
        `AutoModelForImageTextToText.register(...)`, with `exist_ok=True`.
        """

    def apply_options(self, config: PretrainedConfig) -> None:
        """Write options of the family into *config*, if the network reads them from it."""

    def picture(self, view: View) -> Picture:
        """The picture of *view*, with a shape that the processor accepts."""
        return view.picture

    def base(self, config: PretrainedConfig) -> int:
        """Pixels on a side that the vision encoder takes at once."""
        size = config.vision_config.image_size  # of InternVL a list, height first
        return int(size if isinstance(size, int) else size[0])

    def settings_for(self, layers: int) -> Mapping[str, object]:
        """
        `settings` for a decoder of so many *layers*; 0 if no checkpoint is given.

        Override this one: `from_transformers` asks it too, for a network without a folder.
        """
        del layers
        return {}

    def settings(self) -> Mapping[str, object]:
        if not self.checkpoint:
            return self.settings_for(0)
        with explain_errors(self.checkpoint):
            return self.settings_for(self._read_config().get_text_config().num_hidden_layers)

    def uses_one_core(self) -> bool:
        from ..engine.threads import choose_threads

        with explain_errors(self.checkpoint):
            device = choose_device(self.device, ()).partition(":")[0]
            return choose_threads(self.threads, self._read_config(), device) == 1

    def notes(self) -> Sequence[str]:
        if not self.checkpoint:
            return ()
        from ..engine.decoder import kv_layers, layer_types

        with explain_errors(self.checkpoint):
            config = self._read_config()
            own, depth = kv_layers(config), len(layer_types(config))
        if len(own) == depth:
            return ()
        note = (
            f"Of the {depth} layers of this model, only {', '.join(map(str, own))} have values and "
            "keys of their own; a range of layers means those of them that lie in it."
        )
        return (note,)

    def load_config(self) -> PretrainedConfig:
        """The checkpoint's config with `apply_options`; refused if it is of another family."""
        config = self._read_config()
        self.apply_options(config)
        return config

    def _read_config(self) -> PretrainedConfig:
        """The checkpoint's config; refused if it is of another family."""
        source = self.source
        families = type(self).load_families()
        for model_type in source.read_model_types():
            if not self.reads(model_type) and model_type in families:
                raise self._foreign(model_type)  # transformers may not know the other's type
            if self.reads(model_type):
                break
        self.register()
        config = source.load_config()
        if not any(map(self.reads, name_types(config.to_dict()))):
            raise self._foreign(config.model_type)
        return config

    @classmethod
    def reads(cls, model_type: str) -> bool:
        """Whether it opens checkpoints of this type, by itself or by its name."""
        return model_type in cls.model_types or (cls.any_type and not cls.model_types)

    def _foreign(self, model_type: str) -> ModelError:
        auto = shlex.quote(str(Spec("auto", (("checkpoint", self.checkpoint),))))
        return ModelError(
            f"{self.checkpoint!r} is a checkpoint of type {model_type!r}, which {self.name!r} "
            f"cannot read; use -m {auto}."
        )

    def open(self) -> Model:
        with explain_errors(self.checkpoint):
            check_transformers(self.name, self.oldest_transformers)
            config = self.load_config()
            self.check_config(config)
            self.check_attention(config, self.attention)
            with explain_errors(self.checkpoint, part="processor"):
                processor = self.make_processor(self.source, config)
            self.check_processor(processor, config)
            if self.pixels == "torchvision":
                check_torchvision()
            return self.build_model(self.source.load_network(config), config, processor)

    def check_config(self, config: PretrainedConfig) -> None:
        """Raise a `ModelError` for a checkpoint of the architecture that is not supported."""

    def is_causal(self, config: PretrainedConfig) -> bool:
        """Whether no token attends to a later one, not even image tokens to one another."""
        del config
        return True

    def check_attention(self, config: PretrainedConfig, kernel: str) -> None:
        """Refuse flash attention if it would drop the part of the mask that is not causal."""
        if kernel.startswith("flash") and not self.is_causal(config):
            raise ModelError(
                f"Image tokens of {self.name!r} attend to later ones, which {kernel} leaves out "
                "without a word; set attention=sdpa."
            )

    def check_processor(self, processor: Any, config: PretrainedConfig) -> None:
        """Refuse a processor whose chat template places no image, before weights are loaded."""
        if self.has_template:
            check_template(self.checkpoint, processor, config.image_token_id)
        elif self.template:
            raise ModelError(
                f"The prompts of {self.name!r} are written without a chat template; leave "
                "template out."
            )

    def forward_inputs(self, network: PreTrainedModel) -> frozenset[str]:
        """
        Names of the processor's output that go to *network*: those that its `forward` takes.

        That is the one without the language model's head, through which every pass runs.
        """
        taking: Any = getattr(network, "model", network)
        return frozenset(inspect.signature(taking.forward).parameters)

    def closing_tokens(self, config: PretrainedConfig, processor: Any) -> frozenset[int]:
        """
        Tokens that belong to an image if they follow its placeholders.

        The network reads them otherwise in a pass with the image than in one after it.
        """
        return frozenset()

    def adapt_network(self, network: PreTrainedModel) -> None:
        """Add hooks to *network* where its own forward fails on some inputs, or in some version."""

    def build_model(
        self, network: PreTrainedModel, config: PretrainedConfig, processor: Any
    ) -> Model:
        """The model of a loaded network and processor."""
        from ..base import ModelInfo
        from ..engine.byte_lru import ByteLRU
        from ..engine.decoder import attention_layers, kv_layers, layer_types
        from ..engine.metering.meter import Meter
        from ..engine.prompt_encoding import PixelTarget
        from ..engine.prompting import PromptProcessor
        from ..engine.threads import choose_threads
        from ..huggingface import HuggingFaceModel

        self.adapt_network(network)
        token, generation = config.image_token_id, network.generation_config
        memory = self.cache_bytes(network.device.type)
        pixels = memory // 8  # the rest is for keys and values, which cost more to recompute
        return HuggingFaceModel(
            id=self.checkpoint,
            info=ModelInfo(
                len(layer_types(config)),
                self.base(config),
                kv_layers(config),
                attention_layers(config),
            ),
            network=network,
            prompt_processor=PromptProcessor.of(
                processor,
                token,
                self.picture,
                generation,
                pixels,
                self.forward_inputs(network),
                self.closing_tokens(config, processor),
                PixelTarget(network.device, network.dtype, self.pixels),
            ),
            layout=partial(self.layout, processor=processor, config=config),
            meter=Meter(network),
            prefix_cache=ByteLRU(memory - pixels) if memory else None,
            cpu_threads=choose_threads(self.threads, config, network.device.type),
        )
