"""Loads a published checkpoint: its files, tensors by name, device and number format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zipfile import is_zipfile

import attrs
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import logging

from visualcrop import errors

_DOWNLOADED = ("*.json", "*.bin", "*.safetensors", "tokenizer.model")
_M = TypeVar("_M", bound=nn.Module)


class CheckpointOptions(Protocol):
    """The options of `seal-vqa` and `seal-vsm` that name the checkpoint, device and format."""

    @property
    def checkpoint(self) -> str: ...

    @property
    def revision(self) -> str | None: ...

    @property
    def vision_tower(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def device(self) -> str: ...


@attrs.frozen
class CheckpointFolder:
    """A checkpoint in Hugging Face's format, read as data: no code in it is run."""

    path: Path

    @classmethod
    def find(cls, checkpoint: str, revision: str | None = None) -> CheckpointFolder:
        """A local folder, or a download of the repository of that name on the hub."""
        with explain_load_errors(checkpoint):
            if not (path := Path(checkpoint).expanduser()).is_dir():
                from huggingface_hub import snapshot_download

                downloaded = snapshot_download(
                    checkpoint, revision=revision, allow_patterns=list(_DOWNLOADED)
                )
                path = Path(str(downloaded))
        return cls(path)

    def read_config(self) -> dict[str, Any]:
        """The content of config.json."""
        return self._read_json("config.json")

    def load_tensors(
        self, is_wanted: Callable[[str], bool], dtype: torch.dtype
    ) -> dict[str, Tensor]:
        """The tensors whose names are wanted, on the CPU; floating-point ones in *dtype*."""
        tensors: dict[str, Tensor] = {}
        for shard in self._find_shards():
            with explain_load_errors(str(shard)):
                loaded = _load_shard(shard)
            tensors |= {
                name: tensor.to(dtype) if tensor.is_floating_point() else tensor
                for name, tensor in loaded.items()
                if is_wanted(name)
            }
        return tensors

    def _find_shards(self) -> list[Path]:
        """Files with weights, listed in an index or a single one; never outside the folder."""
        for name in ("model.safetensors", "pytorch_model.bin"):
            index = f"{name}.index.json"
            if (self.path / index).is_file():
                with explain_load_errors(str(self.path / index)):
                    shards = set(self._read_json(index)["weight_map"].values())
                    return [self.path / Path(shard).name for shard in sorted(shards)]
            if (self.path / name).is_file():
                return [self.path / name]
        raise errors.ModelError(
            f"{str(self.path)!r} holds no weights (*.bin or *.safetensors); download it again."
        )

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            if (self.path / name).exists() and not (self.path / name).is_file():
                raise FileNotFoundError(name)  # a named pipe, say: reading it would block
            content = json.loads((self.path / name).read_text("utf-8"))
        except OSError as exc:
            raise errors.ModelError(
                f"There is no {name} in {str(self.path)!r}; give the folder of a checkpoint."
            ) from exc
        except (ValueError, RecursionError) as exc:
            raise errors.ModelError(
                f"{str(self.path / name)!r} is not JSON; download it again."
            ) from exc
        if not isinstance(content, dict):
            raise errors.ModelError(
                f"{str(self.path / name)!r} is not a JSON object; download it again."
            )
        return content


def _load_shard(path: Path) -> Mapping[str, Tensor]:
    """Tensors by name; a pickle that holds anything but tensors is refused."""
    if path.suffix == ".safetensors":
        return load_file(path)
    tensors: Mapping[str, Tensor] = torch.load(
        path, map_location="cpu", weights_only=True, mmap=is_zipfile(path)
    )
    return tensors


@contextmanager
def explain_load_errors(source: str) -> Iterator[None]:
    """Turn a library's exceptions into a `ModelError` of one sentence that names *source*."""
    try:
        yield
    except errors.VisualcropError:
        raise
    except OSError as exc:
        raise errors.ModelError(
            f"There is no model that can be read at {source!r}: give the folder of a checkpoint, "
            "or go online and give its name on the hub."
        ) from exc
    except Exception as exc:
        first_line = str(exc).strip().partition("\n")[0].rstrip(".")
        raise errors.ModelError(f"{source!r} cannot be loaded: {first_line}.") from exc


def select_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names start with *prefix*, by their names without it."""
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def count_layers(tensors: Mapping[str, Tensor], name: str) -> int:
    """The number of layers; *name*, with a layer's number for `{}`, is a tensor of each."""
    return next(number for number in count() if name.format(number) not in tensors)


def load_weights(module: _M, tensors: Mapping[str, Tensor], part: str) -> _M:
    """Assign *tensors* to the parameters of *module*, and prepare it for inference."""
    with explain_load_errors(part):
        keys = module.load_state_dict(tensors, strict=False, assign=True)
    _require_all(keys.missing_keys, part)
    return module.requires_grad_(False).eval()


def load_pretrained(
    cls: type[PreTrainedModel],
    config: PretrainedConfig,
    tensors: Mapping[str, Tensor],
    dtype: torch.dtype,
    part: str,
) -> Any:
    """A transformers model with these tensors, ready for inference."""
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with explain_load_errors(part):
            load: Any = cls.from_pretrained
            network, info = load(
                None,
                config=config,
                state_dict=dict(tensors),
                trust_remote_code=False,
                dtype=dtype,
                output_loading_info=True,
            )
    finally:
        logging.set_verbosity(level)
    _require_all(sorted(info["missing_keys"]), part)
    return network.requires_grad_(False).eval()


def _require_all(missing: list[str], part: str) -> None:
    if missing:
        raise errors.ModelError(
            f"The weights of {part} lack {len(missing)} tensors, {missing[0]!r} among them; "
            "download them again."
        )


def resolve_device(device: str) -> torch.device:
    """The device that an option names; `auto` is a GPU if there is one."""
    has_gpu = torch.cuda.is_available()
    if device.startswith("cuda") and not has_gpu:
        raise errors.ModelError("There is no CUDA GPU that torch can use here; set device=cpu.")
    try:
        return torch.device(("cuda" if has_gpu else "cpu") if device == "auto" else device)
    except RuntimeError:
        raise errors.ModelError(f"{device!r} is not a device; give cpu, cuda or cuda:1.") from None


def resolve_dtype(dtype: str, published: torch.dtype, device: torch.device) -> torch.dtype:
    """The format that an option names; `auto` is the published one, or bfloat16 on a CPU."""
    if dtype != "auto":
        chosen: torch.dtype = getattr(torch, dtype)
        return chosen
    is_slow = device.type == "cpu" and published == torch.float16
    return torch.bfloat16 if is_slow else published
