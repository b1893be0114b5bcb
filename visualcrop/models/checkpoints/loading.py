"""Loads the parts of a checkpoint, or explains in one sentence why it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from ...errors import ModelError, VisualcropError
from .load_errors import NO_FLASH, explain_failure
from .placement import BALANCED, choose_device, choose_dtype, pack_weights, widen_on_cpu
from .templates import default_template, find_template, read_template
from .validation import CONFIG, Files, strip_code
from .weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn
    from transformers import PretrainedConfig, PreTrainedModel


class ProcessorParts(Protocol):
    """The parts from which a family builds its processor."""

    def image_processor(self, kind: Any = None) -> Any:
        """An image processor of transformers, or of the class *kind* with the same numbers."""

    def tokenizer(self, subfolder: str = "", **options: Any) -> Any:
        """The tokenizer, or another one in *subfolder*."""

    def settings(self) -> Mapping[str, Any]:
        """Settings of the processor, but those of its parts."""


@attrs.frozen
class Source:
    """A checkpoint's location, and options for loading it."""

    checkpoint: str
    revision: str | None = None
    dtype: str = "auto"
    device: str = "auto"
    attention: str = "sdpa"
    bits: int = 16
    template: str = ""  # a file that replaces the checkpoint's chat template

    @property
    def files(self) -> Files:
        """The checkpoint's files, as data."""
        return Files(self.checkpoint, self.revision)

    def load_config(self) -> PretrainedConfig:
        """The checkpoint's config, without references to code."""
        with explain_errors(self.checkpoint):
            _silence_transformers()
            from transformers import AutoConfig

            self.files.check_config()
            config: PretrainedConfig = AutoConfig.from_pretrained(
                self.checkpoint, revision=self.revision, trust_remote_code=False
            )
            return strip_code(config)

    def load_part(self, name: str, *, kind: Any = None, **options: Any) -> Any:
        """Load a tokenizer or an image processor, by the name of its class or of that *kind*."""
        part = "tokenizer" if name == "AutoTokenizer" else "image processor"
        with explain_errors(self.checkpoint, part=part):
            return (kind or _find_loader(name)).from_pretrained(
                self.checkpoint, revision=self.revision, trust_remote_code=False, **options
            )

    def read_model_type(self) -> str:
        """The `model_type` in config.json; empty if there is none."""
        with explain_errors(self.checkpoint):
            _silence_transformers()
            self.files.check_config()
            return str(self.files.read_json(CONFIG).get("model_type", ""))

    def read_model_types(self) -> tuple[str, ...]:
        """The `model_type` with the vision encoder's, then alone: see `name_types`."""
        with explain_errors(self.checkpoint):
            _silence_transformers()
            self.files.check_config()
            return name_types(self.files.read_json(CONFIG))

    def image_processor(self, kind: Any = None) -> Any:
        """The image processor that uses Pillow, not torchvision; *kind* where there is no such."""
        options = {} if kind else {"backend": "pil"}
        with explain_errors(self.checkpoint):
            self.files.check_image_processor()
            return self.load_part("AutoImageProcessor", kind=kind, **options)

    def tokenizer(self, subfolder: str = "", **options: Any) -> Any:
        """The tokenizer, with the chat template of the checkpoint's processor."""
        with explain_errors(self.checkpoint):
            attrs.evolve(self.files, subfolder=subfolder).check_tokenizer()
            if subfolder:
                return self._load_tokenizer(subfolder=subfolder, **options)
            template = read_template(self.template) if self.template else find_template(self.files)
            if template is not None:
                options["chat_template"] = template
            tokenizer = self._load_tokenizer(**options)
            tokenizer.chat_template = template or default_template(tokenizer.chat_template)
            return tokenizer

    def settings(self) -> Mapping[str, Any]:
        """Settings of the processor; empty if the checkpoint has no file of them."""
        return self.files.read_json("processor_config.json")

    def _load_tokenizer(self, **options: Any) -> Any:
        """A tokenizer; refused if it knows no word, as one without its vocabulary does."""
        tokenizer = self.load_part("AutoTokenizer", **options)
        # That of a model of drawings has a token for "there", and none for cats.
        if not {*tokenizer("is there a cat").input_ids} - {*tokenizer.all_special_ids}:
            raise ModelError(
                f"The tokenizer of {self.checkpoint!r} loses words of a text; download all its "
                "files again, such as tokenizer.json."
            )
        return tokenizer

    def load_network(
        self, config: PretrainedConfig, kind: str = "AutoModelForImageTextToText"
    ) -> PreTrainedModel:
        """The network with its weights, in eval mode, frozen, on its device."""
        with explain_errors(self.checkpoint):
            import transformers

            self._check_attention()
            opener: Any = getattr(transformers, kind)
            weights = Weights.find(self.files)
            planned = weights.check_size(config, opener)
            device = choose_device(self.device, weights.paths)
            options = self._placement(config, planned, device)
            network, info = opener.from_pretrained(
                self.checkpoint,
                config=config,
                revision=self.revision,
                trust_remote_code=False,
                use_safetensors=weights.is_safe,
                attn_implementation=self._choose_attention(config),
                output_loading_info=True,
                **options,
            )
            if missing := sorted(info["missing_keys"]):
                raise ModelError(
                    f"{self.checkpoint!r} lacks {len(missing)} of its weights, {missing[0]} among "
                    "them; download it again."
                )
            network.requires_grad_(False)
            ready: PreTrainedModel = network if "device_map" in options else network.to(device)
            if options["dtype"] == "auto":
                widen_on_cpu(ready)
            ready.eval()
            return ready

    def _placement(
        self, config: PretrainedConfig, planned: nn.Module, device: str
    ) -> dict[str, object]:
        """Arguments of `from_pretrained` for device, number format and bits."""
        dtype = choose_dtype(self.dtype, config, device)
        packed = self.bits < 16 or hasattr(config, "quantization_config")
        placed = {"device_map": device} if packed or device == BALANCED else {}
        if self.bits == 16:
            return {"dtype": dtype, **placed}
        packing, dtype = pack_weights(self.bits, planned, dtype)
        return {"dtype": dtype, "quantization_config": packing, **placed}

    def _check_attention(self) -> None:
        """Refuse flash attention without its package: transformers would run the hub's kernel."""
        if self.attention.startswith("flash") and find_spec("flash_attn") is None:
            raise ModelError(NO_FLASH)

    def _choose_attention(self, config: PretrainedConfig) -> str | dict[str, str]:
        """The kernel; eager for a decoder that has no other, such as GPT-OSS in InternVL 3.5."""
        from transformers import MODEL_MAPPING

        from ..engine.block_attention import register_blocks

        if self.attention not in {"sdpa", "blocks"}:
            return self.attention
        kernel = register_blocks() if self.attention == "blocks" else self.attention
        decoder = MODEL_MAPPING.get(type(config.get_text_config()), None)
        fused = getattr(decoder, "_supports_sdpa", True)
        return kernel if fused else {"": kernel, "text_config": "eager"}


def name_types(config: Mapping[str, Any]) -> tuple[str, ...]:
    """
    What families may call a checkpoint of this config, the narrowest first.

    `llava/pixtral` and `llava`: one `model_type` may stand for encoders that see differently.
    """
    model_type, vision = str(config.get("model_type", "")), config.get("vision_config")
    eye = vision.get("model_type") if isinstance(vision, Mapping) else None
    return (f"{model_type}/{eye}", model_type) if eye else (model_type,)


def _find_loader(name: str) -> Any:
    """
    The class of transformers that is called *name*.

    `transformers.AutoImageProcessor` needs torchvision in 5.17, though the class itself does not.
    """
    import transformers
    from transformers.models.auto.image_processing_auto import AutoImageProcessor

    found: Any = AutoImageProcessor
    return found if name == found.__name__ else getattr(transformers, name)


NOT_EXPLAINED = (VisualcropError, KeyboardInterrupt, SystemExit, GeneratorExit)


@contextmanager
def explain_errors(checkpoint: str, doing: str = "loaded", part: str = "") -> Iterator[None]:
    """Turn exceptions of transformers into a `ModelError` of one sentence that says what to do."""
    try:
        yield
    except NOT_EXPLAINED:
        raise
    except BaseException as exc:  # a panic in a Rust parser is not an Exception
        raise ModelError(explain_failure(checkpoint, exc, doing, part)) from exc


def _silence_transformers() -> None:
    """Hide reports of retries and of loading, and progress bars unless stderr is a terminal."""
    import sys

    from huggingface_hub.utils import logging as hub
    from transformers.utils import logging

    hub.set_verbosity(50)  # critical
    logging.set_verbosity_error()
    if not sys.stderr.isatty():
        logging.disable_progress_bar()
