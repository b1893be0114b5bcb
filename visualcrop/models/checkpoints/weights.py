"""Finds a checkpoint's weights, and validates them before transformers allocates memory."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import attrs

from ...errors import ModelError
from .load_errors import first_sentence, is_folder
from .validation import Files

if TYPE_CHECKING:
    from torch import nn
    from transformers import PretrainedConfig

SAFETENSORS, PICKLED = "model.safetensors", "pytorch_model.bin"
_SPARE_NUMBERS = 1 << 22  # numbers beyond the stored weights, such as buffers of positions
_MAX_PICKLE = 1 << 26  # bytes of a pickle without its tensors
_FORBIDDEN = re.compile(r"(?:Unsupported global:|unsupported) GLOBAL (\S+)")  # of torch.load
_CONVERT = "take a checkpoint with model.safetensors, or convert it where you trust it"


@attrs.frozen
class Weights:
    """A checkpoint's files of weights: all of them safetensors, or all of them PyTorch's."""

    files: Files
    paths: tuple[Path, ...]
    is_safe: bool  # safetensors

    @classmethod
    def find(cls, files: Files) -> Weights:
        """The files that transformers would load: safetensors if there are any."""
        for name in (SAFETENSORS, PICKLED):
            if paths := tuple(_find_shards(files, name)):
                return cls(files, paths, name == SAFETENSORS)
        if not is_folder(files.checkpoint) or any(Path(files.checkpoint).glob("*.pt*")):
            raise ModelError(
                f"{files.checkpoint!r} has no weights in safetensors, and other formats may run "
                f"code; {_CONVERT}."
            )
        for ending in (".safetensors", ".bin"):
            if any(Path(files.checkpoint).glob(f"*-of-*{ending}")):
                raise files.load_error(
                    f"its weights are in parts without their list; download the file whose name "
                    f"ends in {ending}.index.json, too"
                )
        raise FileNotFoundError(SAFETENSORS)

    def check_size(self, config: PretrainedConfig, network: type[Any]) -> nn.Module:
        """
        Refuse damaged weights, and a network that is far larger than its weights.

        Returns the network, on the meta device.
        """
        import torch

        count = _count_stored if self.is_safe else self._count_pickled
        stored = sum(map(count, self.paths))
        with torch.device("meta"):
            built: nn.Module = network.from_config(config, trust_remote_code=False)
        planned = _count_numbers(built)
        packing = 8 if hasattr(config, "quantization_config") else 1
        if planned > 2 * packing * stored + _SPARE_NUMBERS:
            raise ModelError(
                f"The weights in {self.files.checkpoint!r} do not fit its config.json, which asks "
                f"for {planned:,} numbers where there are {stored:,}; download both again."
            )
        return built

    def _count_pickled(self, path: Path) -> int:
        """Numbers in a file of `torch.save`, of which nothing but tensors is unpickled."""
        try:
            with ZipFile(path) as archive:
                entries = archive.infolist()
            packed = any(entry.compress_type != ZIP_STORED for entry in entries)
            long = any(e.file_size > _MAX_PICKLE for e in entries if e.filename.endswith(".pkl"))
            if packed or long:
                raise self._unsafe(path, "it is compressed or holds a long pickle")
            return _count_in_storages(path)
        except BadZipFile:
            raise ModelError(
                f"{path.name} of {self.files.checkpoint!r} is damaged, or older than PyTorch 1.6; "
                "download it again, or take a checkpoint with model.safetensors."
            ) from None
        except ModelError:
            raise
        except Exception as exc:
            raise self._unsafe(path, _reason(exc)) from exc

    def _unsafe(self, path: Path, reason: str) -> ModelError:
        return ModelError(
            f"{path.name} of {self.files.checkpoint!r} cannot be read as tensors alone "
            f"({reason}); {_CONVERT}."
        )


def _find_shards(files: Files, name: str) -> Iterator[Path]:
    """The one file of this *name*, or the shards in its index; nothing if there is neither."""
    if (alone := files.find(name)) is not None:
        yield alone
        return
    index = f"{name}.index.json"
    if files.find(index) is None:
        return
    listed = files.read_json(index).get("weight_map")
    if not isinstance(listed, dict) or not listed or not all(map(_is_shard, listed.values())):
        raise files.load_error(
            f"{index} does not name files beside it; download it and the shards again"
        )
    for shard in sorted(set(listed.values())):
        path = files.find(shard) if shard.endswith(Path(name).suffix) else None
        if path is None:
            raise files.load_error(
                f"some of its weights are missing, {shard} among them; download it again"
            )
        yield path


def _count_stored(path: Path) -> int:
    from safetensors import safe_open

    with safe_open(path, "pt") as weights:
        return sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118


def _count_in_storages(path: Path) -> int:
    """
    Numbers in the storages of a pickled table of tensors.

    The tensors are loaded as shapes, which take no memory. None may be larger than its storage, as
    a view that repeats one number is, and the storages no larger than the file.
    """
    import torch

    tensors = torch.load(path, map_location="meta", weights_only=True)
    if not isinstance(tensors, Mapping):
        raise ValueError(f"it is a {type(tensors).__name__}")  # noqa: TRY004 - not a bug of ours
    stored = {}  # of each storage: tied tensors share one
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"{str(name)[:80]!r} in it is no tensor")  # noqa: TRY004
        storage = tensor.untyped_storage()
        stored[storage] = storage.nbytes() // tensor.itemsize
        if tensor.nbytes > storage.nbytes():
            raise ValueError(f"{str(name)[:80]!r} in it is larger than what is stored")
    if sum(storage.nbytes() for storage in stored) > path.stat().st_size:
        raise ValueError("its tensors are larger than the file")
    return sum(stored.values())


def _reason(exc: Exception) -> str:
    """What stops torch, without its advice to unpickle the file all the same."""
    if found := _FORBIDDEN.search(str(exc)):
        return f"it calls {found[1]}"
    return first_sentence(exc)


def _count_numbers(network: nn.Module) -> int:
    parts = (*network.parameters(), *network.buffers())
    return sum(part.numel() for part in parts)


def _is_shard(name: object) -> bool:
    """Whether it names a file in the same folder."""
    return isinstance(name, str) and name not in {"", ".", ".."} and not set(name) & set("/\\\0")
