"""Validates the files of a checkpoint, which may be hostile, before transformers reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ...errors import ModelError
from .load_errors import is_folder

if TYPE_CHECKING:
    from torch import nn
    from transformers import PretrainedConfig

CONFIG, WEIGHTS = "config.json", "model.safetensors"
_INDEX = f"{WEIGHTS}.index.json"
_TOKENIZER_FILES = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_IMAGE_PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
_TEMPLATES = ("chat_template.jinja", "chat_template.json")
_VOCABULARY_FILES = ("tokenizer.json", "vocab.json", "merges.txt", "tokenizer.model")
_MAX_BYTES = 1 << 24  # of a file of settings; an index of many shards has about a million
_MAX_VOCABULARY_BYTES = 1 << 28
_MAX_TEMPLATE = 1 << 16  # characters; the longest published ones have some 20,000
_MAX_NUMBER = 1 << 31
_MAX_BY_ENDING = {  # by the end of a setting's name: transformers allocates before it reads weights
    "layers": 1 << 10,
    "depth": 1 << 10,
    "heads": 1 << 12,
    "image_size": 1 << 14,
    "seq_length": 1 << 20,
    "tokens": 1 << 24,
    "patches": 1 << 12,
    "height": 1 << 14,
    "width": 1 << 14,
}
_MAX_DEPTH = 32
_SPARE_NUMBERS = 1 << 22  # numbers beyond the stored weights, such as buffers of positions
_QUANTIZER = "bitsandbytes"  # the one library whose packed weights are read


@attrs.frozen
class Files:
    """The files of a checkpoint, in a folder or on the hub."""

    checkpoint: str
    revision: str | None = None
    subfolder: str = ""

    def find(self, name: str) -> Path | None:
        """The path of a file, if it exists; a pipe, say, is refused, since reading it may block."""
        if not is_folder(self.checkpoint):
            from transformers.utils.hub import cached_file

            got = cached_file(
                self.checkpoint,
                name,
                revision=self.revision,
                subfolder=self.subfolder,
                _raise_exceptions_for_missing_entries=False,
            )
            return None if got is None else Path(got)
        path = Path(self.checkpoint, self.subfolder, name)
        if path.exists() and not path.is_file():
            raise self.load_error(f"{name} is not a file")
        return path if path.exists() else None

    def read_json(self, name: str) -> dict[str, Any]:
        """The table in a JSON file; empty if there is no file."""
        path = self.find(name)
        if path is None:
            return {}
        self._check_bytes(path, _MAX_BYTES)
        try:
            table = json.loads(path.read_text("utf-8"))
        except (ValueError, RecursionError):
            raise self.load_error(f"{name} is not a valid JSON file") from None
        if not isinstance(table, dict):
            raise self.load_error(f"{name} is not a table")
        return table

    def check_config(self) -> None:
        """Refuse settings that run code, or from which no network can be built."""
        table = self.read_json(CONFIG)
        self._check_numbers(CONFIG, table)
        for name, inner in _nested_tables(table):
            packed = inner.get("quantization_config")
            method = packed.get("quant_method") if isinstance(packed, dict) else packed
            if method is not None and method != _QUANTIZER:
                raise self.load_error(f"its weights are packed by {method!r}, not by {_QUANTIZER}")
            if str(inner.get("model_type")).startswith("timm"):
                raise self.load_error(f"{name or CONFIG} names a network of timm")
        self._check_numbers("generation_config.json", self.read_json("generation_config.json"))

    def check_image_processor(self) -> None:
        """Refuse image processors with sizes that are too large."""
        for name in _IMAGE_PROCESSOR_FILES:
            self._check_numbers(name, self.read_json(name))

    def check_tokenizer(self) -> None:
        """Refuse a tokenizer that names files elsewhere, and templates that are too long."""
        for name in _TOKENIZER_FILES:
            for key, value in self.read_json(name).items():
                if key.endswith("_file") and isinstance(value, str):
                    raise self.load_error(f"{name} names a file of its own as {key}")
                if key == "chat_template":
                    self._check_template(name, value)
        for name in _TEMPLATES:
            if (path := self.find(name)) is not None:
                self._check_bytes(path, _MAX_TEMPLATE)
        for name in _VOCABULARY_FILES:
            if (path := self.find(name)) is not None:
                self._check_bytes(path, _MAX_VOCABULARY_BYTES)

    def check_weights(self, config: PretrainedConfig, network: type[Any]) -> None:
        """Refuse weights in another format, and a network that is far larger than its weights."""
        import torch
        from safetensors import safe_open

        stored = 0
        for shard in self._find_shards():
            with safe_open(shard, "pt") as weights:
                shapes = [weights.get_slice(name).get_shape() for name in weights.keys()]  # noqa: SIM118
            stored += sum(math.prod(shape) for shape in shapes)
        with torch.device("meta"):
            planned = _count_numbers(network.from_config(config, trust_remote_code=False))
        packing = 8 if hasattr(config, "quantization_config") else 1
        if planned > 2 * packing * stored + _SPARE_NUMBERS:
            raise ModelError(
                f"The weights in {self.checkpoint!r} do not fit its config.json, which asks for "
                f"{planned:,} numbers where there are {stored:,}; download both again."
            )

    def load_error(self, reason: str) -> ModelError:
        return ModelError(f"{self.checkpoint!r} cannot be loaded: {reason}.")

    def _find_shards(self) -> list[Path]:
        if (alone := self.find(WEIGHTS)) is not None:
            return [alone]
        listed = self.read_json(_INDEX).get("weight_map", {})
        if not isinstance(listed, dict) or not all(map(_is_file_name, listed.values())):
            raise self.load_error(f"{_INDEX} does not name files beside it")
        paths = [self.find(name) for name in sorted(set(listed.values()))]
        if not paths and not self._has_pickles():
            raise FileNotFoundError(WEIGHTS)
        if not paths:
            raise ModelError(
                f"{self.checkpoint!r} has no weights in safetensors, and other formats may run "
                "code; take a checkpoint with model.safetensors, or convert it where you trust it."
            )
        if None in paths:
            raise self.load_error("some of its weights are missing")
        return [path for path in paths if path is not None]

    def _has_pickles(self) -> bool:
        folder = Path(self.checkpoint)
        return not is_folder(self.checkpoint) or any(
            any(folder.glob(end)) for end in ("*.bin", "*.pt*")
        )

    def _check_bytes(self, path: Path, most: int) -> None:
        if path.stat().st_size > most:
            raise self.load_error(f"{path.name} has more than {most:,} bytes")

    def _check_template(self, name: str, value: object) -> None:
        if len(str(value)) > _MAX_TEMPLATE:
            raise self.load_error(f"the chat template in {name} is longer than {_MAX_TEMPLATE:,}")

    def _check_numbers(self, name: str, table: Mapping[str, Any]) -> None:
        for key, number in _whole_numbers(table, name):
            ending = next((end for end in _MAX_BY_ENDING if key.endswith(end)), "")
            most = _MAX_BY_ENDING.get(ending, _MAX_NUMBER)
            if abs(number) > most:
                shown = f"{number:,}" if abs(number) < 10**15 else "too large a number"
                raise self.load_error(
                    f"{name} asks for {shown} as {key}, where {most:,} is the most"
                )
        if _depth(table) > _MAX_DEPTH:
            raise self.load_error(f"{name} is nested more than {_MAX_DEPTH} levels deep")


def strip_code(config: PretrainedConfig) -> PretrainedConfig:
    """*config* without settings that make transformers download and run code."""
    seen: list[Any] = [config]
    for part in seen:
        for name in ("auto_map", "custom_pipelines"):
            vars(part).pop(name, None)
        for name in ("_attn_implementation_internal", "_experts_implementation_internal"):
            if name in vars(part):
                setattr(part, name, None)
        seen += [inner for inner in vars(part).values() if hasattr(inner, "to_dict")]
    return config


def _count_numbers(network: nn.Module) -> int:
    parts = (*network.parameters(), *network.buffers())
    return sum(part.numel() for part in parts)


def _is_file_name(name: object) -> bool:
    return isinstance(name, str) and name not in {"", ".", ".."} and not set(name) & set("/\\\0")


def _nested_tables(
    table: Mapping[str, Any], name: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield name, table
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _nested_tables(value, key)


def _whole_numbers(value: Any, key: str) -> Iterator[tuple[str, int]]:
    """Every whole number with its name, or that of the list that it is in."""
    if isinstance(value, int) and not isinstance(value, bool):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _whole_numbers(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _whole_numbers(inner, key)


def _depth(value: Any) -> int:
    inner = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    )
    return 1 + max(map(_depth, inner), default=0)
