"""Loads the parts of a checkpoint, or explains in one sentence why it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from ...errors import ModelError, VisualcropError
from .load_errors import NO_FLASH, explain_failure, missing_packages
from .templates import default_template, find_template, read_template
from .validation import CONFIG, Files, strip_code
from .weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from transformers import PretrainedConfig, PreTrainedModel

_DTYPES = {"float32", "bfloat16", "float16"}


class ProcessorParts(Protocol):
    """The parts from which a family builds its processor."""

    def image_processor(self, kind: Any = None) -> Any:
        """An image processor of transformers, or of the class *kind* with the same numbers."""

    def tokenizer(self, subfolder: str = "", **options: Any) -> Any:
        """The tokenizer, or another one in *subfolder*."""


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
        with explain_errors(self.checkpoint):
            files = attrs.evolve(self.files, subfolder=options.get("subfolder", ""))
            files.check_image_processor()
            files.check_tokenizer()
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
        return self.load_part("AutoImageProcessor", kind=kind, **options)

    def tokenizer(self, subfolder: str = "", **options: Any) -> Any:
        """The tokenizer, with the chat template of the checkpoint's processor."""
        if subfolder:
            return self.load_part("AutoTokenizer", subfolder=subfolder, **options)
        with explain_errors(self.checkpoint):
            template = read_template(self.template) if self.template else find_template(self.files)
            if template is not None:
                options["chat_template"] = template
            tokenizer = self.load_part("AutoTokenizer", **options)
            tokenizer.chat_template = template or default_template(tokenizer.chat_template)
            return tokenizer

    def load_network(
        self, config: PretrainedConfig, kind: str = "AutoModelForImageTextToText"
    ) -> PreTrainedModel:
        """The network with its weights, in eval mode, frozen, on its device."""
        with explain_errors(self.checkpoint):
            import transformers

            device = self._choose_device()
            quantization = self._quantization_options(device)
            self._check_attention()
            opener: Any = getattr(transformers, kind)
            weights = Weights.find(self.files)
            weights.check_size(config, opener)
            network, info = opener.from_pretrained(
                self.checkpoint,
                config=config,
                revision=self.revision,
                trust_remote_code=False,
                use_safetensors=weights.is_safe,
                dtype=self._choose_dtype(config, device),
                attn_implementation=self._choose_attention(config),
                output_loading_info=True,
                **quantization,
            )
            if missing := sorted(info["missing_keys"]):
                raise ModelError(
                    f"{self.checkpoint!r} lacks {len(missing)} of its weights, {missing[0]} among "
                    "them; download it again."
                )
            network.requires_grad_(False)
            ready: PreTrainedModel = (network if self.bits < 16 else network.to(device)).eval()
            return ready

    def _check_attention(self) -> None:
        """Refuse flash attention without its package: transformers would run the hub's kernel."""
        if self.attention.startswith("flash") and find_spec("flash_attn") is None:
            raise ModelError(NO_FLASH)

    def _choose_attention(self, config: PretrainedConfig) -> str | dict[str, str]:
        """The kernel; eager for a decoder that has no other, such as GPT-OSS in InternVL 3.5."""
        from transformers import MODEL_MAPPING

        decoder = MODEL_MAPPING.get(type(config.get_text_config()), None)
        if self.attention != "sdpa" or getattr(decoder, "_supports_sdpa", True):
            return self.attention
        return {"": "sdpa", "text_config": "eager"}

    def _choose_device(self) -> str:
        import torch

        if self.device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        try:
            index = torch.device(self.device).index or 0
        except RuntimeError:
            message = f"There is no device {self.device!r}; take cpu, cuda, or cuda:1 and so on."
            raise ModelError(message) from None
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise ModelError("There is no CUDA GPU that torch can use here; set device=cpu.")
        if self.device.startswith("cuda") and index >= torch.cuda.device_count():
            there = torch.cuda.device_count()
            raise ModelError(f"There is no GPU {self.device!r}; there are {there}, from cuda:0.")
        return self.device

    def _choose_dtype(self, config: PretrainedConfig, device: str) -> torch.dtype | str:
        """The dtype option; else the checkpoint's own, except float16 on a CPU, which is slow."""
        import torch

        if self.dtype in _DTYPES:
            chosen: torch.dtype = getattr(torch, self.dtype)
            return chosen
        stored = getattr(config, "dtype", None)
        return torch.bfloat16 if device == "cpu" and stored == torch.float16 else "auto"

    def _quantization_options(self, device: str) -> Mapping[str, object]:
        if self.bits == 16:
            return {}
        if device == "cpu":
            raise ModelError("Weights of 4 or 8 bits need a CUDA GPU; set bits=16.")
        if missing := " and ".join(missing_packages(self.bits)):
            raise ModelError(
                f"Weights of {self.bits} bits need {missing}; install it, or set bits=16."
            )
        from transformers import BitsAndBytesConfig

        config = BitsAndBytesConfig(load_in_4bit=self.bits == 4, load_in_8bit=self.bits == 8)
        return {"quantization_config": config, "device_map": device}


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
def explain_errors(checkpoint: str, doing: str = "loaded") -> Iterator[None]:
    """Turn exceptions of transformers into a `ModelError` of one sentence that says what to do."""
    try:
        yield
    except NOT_EXPLAINED:
        raise
    except BaseException as exc:  # a panic in a Rust parser is not an Exception
        raise ModelError(explain_failure(checkpoint, exc, doing)) from exc


def _silence_transformers() -> None:
    """Hide reports of retries and of loading, and progress bars unless stderr is a terminal."""
    import sys

    from huggingface_hub.utils import logging as hub
    from transformers.utils import logging

    hub.set_verbosity(50)  # critical
    logging.set_verbosity_error()
    if not sys.stderr.isatty():
        logging.disable_progress_bar()
