"""Fingerprints of checkpoints and loaded networks, without reading gigabytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ...errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_HEADED = {".safetensors"}
_WEIGHTS = {".safetensors", ".bin", ".pt", ".pth"}
_READ = {".json", ".jinja", ".model", ".txt"}  # config, tokenizer, templates
_SAMPLE, _SAMPLES = 256, 256  # bytes of a sample; samples of a file without a header
_NUMBERS = 64  # sampled of each tensor of a loaded network
_SMALL = 1 << 26  # bytes up to which a tokenizer or a header is read as a whole


def checkpoint_fingerprint(checkpoint: str, revision: str | None = None) -> str:
    """
    A fingerprint that differs between checkpoints: folders, or names on the hub.

    For a folder it covers config, tokenizer and template files, and of each file of weights the
    size, the header, and some bytes of every tensor. For a name on the hub it is the commit. It is
    empty if there is no such checkpoint, or if it cannot be read.
    """
    with suppress(OSError, RuntimeError):
        if (folder := Path(checkpoint).expanduser()).is_dir():
            return _hash_folder(folder)
    with suppress(Exception):  # loading the checkpoint explains what is wrong with it
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(checkpoint, "config.json", revision=revision)).parent.name
    return ""


def network_fingerprint(network: PreTrainedModel, beside: str = "") -> str:
    """
    A fingerprint of a loaded network's config and of samples of every tensor.

    It also covers *beside*, other things that its answers depend on, such as adapters' configs.
    """
    found = hashlib.blake2b(f"{network.config.to_json_string()}{beside}".encode(), digest_size=8)
    for name, held in network.state_dict().items():
        tensor = _offloaded(network, name) if held.is_meta else held
        flat = tensor.detach().flatten()
        step = max(1, len(flat) // _NUMBERS)
        numbers = flat[::step][:_NUMBERS].float().cpu().numpy()
        found.update(f"{name}\0{tuple(tensor.shape)}\0{tensor.dtype}\0".encode())
        found.update(numbers.tobytes())
    return found.hexdigest()


def _offloaded(network: PreTrainedModel, name: str) -> Tensor:
    """A tensor that accelerate keeps in memory or on a disk, until its module runs."""
    place, _, own = name.rpartition(".")
    hook: Any = getattr(network.get_submodule(place), "_hf_hook", None)
    maps = (getattr(each, "weights_map", None) for each in getattr(hook, "hooks", (hook,)))
    kept: Tensor | None = next((each[own] for each in maps if each is not None), None)
    if kept is None:
        raise ModelError(f"The network has no numbers in {name}; load its weights first.")
    return kept


def _hash_folder(folder: Path) -> str:
    found = hashlib.blake2b(digest_size=8)
    for path in sorted(folder.iterdir()):
        if path.suffix in _WEIGHTS | _READ and path.is_file():
            found.update(f"{path.name}\0{path.stat().st_size}\0".encode("utf-8", "replace"))
            with path.open("rb") as file:
                for part in _sample_file(file, path):
                    found.update(part)
    return found.hexdigest()


def _sample_file(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """The whole of a small text file, or the header and samples of a file of weights."""
    size = path.stat().st_size
    if path.suffix in _READ and size <= _SMALL:
        yield file.read()
        return
    starts: list[int] = []
    if path.suffix in _HEADED:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(min(length, _SMALL))
        yield header
        starts = [*_tensor_offsets(header, 8 + length)]
    for start in starts or range(0, size, max(size // _SAMPLES, _SAMPLE)):
        file.seek(start)
        yield file.read(_SAMPLE)
    file.seek(max(size - _SAMPLE, 0))
    yield file.read(_SAMPLE)


def _tensor_offsets(header: bytes, base: int) -> Iterator[int]:
    """Offsets of the start and the middle of each tensor; none if the header is damaged."""
    with suppress(ValueError, RecursionError, TypeError, AttributeError, KeyError):
        tensors: dict[str, Any] = json.loads(header)
        for name, tensor in sorted(tensors.items()):
            if name != "__metadata__":
                begin, end = (int(offset) for offset in tensor["data_offsets"])
                yield from (base + max(0, begin), base + max(0, begin + end) // 2)
