"""Opens a checkpoint, or says in one sentence what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from transformers import PretrainedConfig, PreTrainedModel

_DTYPES = {"float32", "bfloat16", "float16"}


@attrs.frozen
class Source:
    """Where a checkpoint is, and how it is to be run."""

    checkpoint: str
    revision: str | None = None
    dtype: str = "auto"
    device: str = "auto"
    attention: str = "sdpa"
    bits: int = 16

    def config(self) -> PretrainedConfig:
        """The checkpoint's config, which says what kind of model it is."""
        with _explained(self):
            from transformers import AutoConfig

            config: PretrainedConfig = AutoConfig.from_pretrained(
                self.checkpoint, revision=self.revision
            )
            return config

    def part(self, name: str, **options: Any) -> Any:
        """A tokenizer or an image processor, by the name of its class in transformers."""
        with _explained(self):
            import transformers

            loader = getattr(transformers, name)
            return loader.from_pretrained(self.checkpoint, revision=self.revision, **options)

    def tokenizer(self) -> Any:
        """The tokenizer, with the chat template that belongs to it."""
        return self.part("AutoTokenizer")

    def network(self) -> PreTrainedModel:
        """The weights, ready to read: evaluated, frozen, where they are to run."""
        with _explained(self):
            from transformers import AutoModelForImageTextToText

            device = self._device()
            load: Any = AutoModelForImageTextToText.from_pretrained
            network, info = load(
                self.checkpoint,
                revision=self.revision,
                dtype=self._dtype(device),
                attn_implementation=self.attention,
                output_loading_info=True,
                **self._quantised(device),
            )
            if missing := sorted(info["missing_keys"]):
                raise ModelError(
                    f"{self.checkpoint!r} lacks {len(missing)} of its weights, {missing[0]} among "
                    "them; download it again."
                )
            network.requires_grad_(False)
            placed: PreTrainedModel = (network if self.bits < 16 else network.to(device)).eval()
            return placed

    def _device(self) -> str:
        import torch

        if self.device != "auto":
            if self.device.startswith("cuda") and not torch.cuda.is_available():
                raise ModelError("There is no CUDA GPU that torch can use here; set device=cpu.")
            return self.device
        return "cuda" if torch.cuda.is_available() else "cpu"

    def _dtype(self, device: str) -> torch.dtype | str:
        """As asked; else the checkpoint's own, but never the float16 that CPUs are slow with."""
        import torch

        if self.dtype in _DTYPES:
            chosen: torch.dtype = getattr(torch, self.dtype)
            return chosen
        stored = getattr(self.config(), "dtype", None)
        return torch.bfloat16 if device == "cpu" and stored == torch.float16 else "auto"

    def _quantised(self, device: str) -> Mapping[str, object]:
        if self.bits == 16:
            return {}
        if device == "cpu":
            raise ModelError("Weights of 4 or 8 bits need a CUDA GPU; set bits=16.")
        from transformers import BitsAndBytesConfig

        config = BitsAndBytesConfig(load_in_4bit=self.bits == 4, load_in_8bit=self.bits == 8)
        return {"quantization_config": config, "device_map": device}


@contextmanager
def _explained(source: Source) -> Iterator[None]:
    """Turn what transformers raises into a sentence that says what to do."""
    try:
        _hush()
        yield
    except ModelError:
        raise
    except (ImportError, OSError, ValueError, RuntimeError) as exc:
        raise ModelError(_reason(source, exc)) from exc


def _hush() -> None:
    """Keep retries to ourselves, and progress bars where nobody watches."""
    import sys

    from huggingface_hub.utils import logging as hub
    from transformers.utils import logging

    hub.set_verbosity(50)  # critical
    if not sys.stderr.isatty():
        logging.disable_progress_bar()


def _reason(source: Source, exc: Exception) -> str:
    said = str(exc)
    if "torchvision" in said:
        return (
            "torchvision does not match torch and breaks transformers: pip uninstall torchvision."
        )
    if "flash" in said.lower():
        return "flash_attention_2 needs the package flash-attn; install it, or set attention=sdpa."
    if "bitsandbytes" in said:
        return "Weights of 4 or 8 bits need the package bitsandbytes; install it, or set bits=16."
    if isinstance(exc, OSError):
        return (
            f"There is no model that can be read at {source.checkpoint!r}: give the folder of a "
            "checkpoint, or go online and give its name on the hub."
        )
    first = said.strip().partition("\n")[0].rstrip(".")
    return f"{source.checkpoint!r} cannot be loaded: {first}."
