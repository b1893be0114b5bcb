"""Validates the files of a checkpoint, which may be hostile, before transformers reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ...errors import ModelError
from .load_errors import check_place, is_folder, is_hub_reachable

if TYPE_CHECKING:
    from transformers import PretrainedConfig

CONFIG = "config.json"
_TOKENIZER_FILES = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_IMAGE_PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
_TEMPLATES = ("chat_template.jinja", "chat_template.json")
_MORE_TEMPLATES = "additional_chat_templates/*.jinja"
_VOCABULARY_FILES = ("tokenizer.json", "vocab.json", "merges.txt", "tokenizer.model")
_TOKEN_FIELDS = {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"}
_BYTES = 256  # tokens of a vocabulary that are not merged of others
_READERS = ("sentencepiece", "google.protobuf")  # of a tokenizer.model
_OTHER_VOCABULARIES = ("*.model*", "vocab.*", "*tekken*.json", "*.tiktoken")
_MAX_BYTES = 1 << 24  # of a file of settings; an index of many shards has about a million
_MAX_VOCABULARY_BYTES = 1 << 28
MAX_TEMPLATE = 1 << 16  # characters; the longest published ones have some 20,000
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

            check_place(self.checkpoint)
            got = cached_file(
                self.checkpoint,
                name,
                revision=self.revision,
                subfolder=self.subfolder,
                local_files_only=not is_hub_reachable(),
                _raise_exceptions_for_missing_entries=False,
            )
            return None if got is None else Path(got)
        path = Path(self.checkpoint, self.subfolder, name)
        if path.exists() and not path.is_file():
            raise self.load_error(f"{name} is not a file")
        return path if path.exists() else None

    def read_json(self, name: str) -> dict[str, Any]:
        """The table in a JSON file; empty if there is no file."""
        table = self.read_value(name)
        if table is None and self.find(name) is None:
            return {}
        if not isinstance(table, dict):
            raise self.load_error(f"{name} is not a table; download it again")
        return table

    def read_value(self, name: str) -> Any:
        """The value in a JSON file; none if there is no file."""
        text = self.read_text(name, _MAX_BYTES)
        if text is None:
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self.load_error(f"{name} is not a valid JSON file; download it again") from None

    def read_text(self, name: str, most: int) -> str | None:
        """A file of text of at most so many bytes; none if there is no file."""
        path = self.find(name)
        if path is None:
            return None
        self._check_bytes(path, most)
        try:
            return path.read_text("utf-8")
        except ValueError:
            raise self.load_error(f"{name} is not valid UTF-8; download it again") from None

    def check_config(self) -> None:
        """Refuse settings that run code, or from which no network can be built."""
        table = self.read_json(CONFIG)
        self._check_numbers(CONFIG, table)
        if table.get("model_type", "") == "" and self.find(CONFIG) is not None:
            raise self.load_error(f"{CONFIG} has no model_type; download it again")
        for name, inner in _nested_tables(table):
            packed = inner.get("quantization_config")
            method = packed.get("quant_method") if isinstance(packed, dict) else packed
            if method is not None and method != _QUANTIZER:
                raise self.load_error(f"its weights are packed by {method!r}, not by {_QUANTIZER}")
            if str(inner.get("model_type")).startswith("timm"):
                raise self.load_error(f"{name or CONFIG} names a network of timm")
        self._check_numbers("generation_config.json", self.read_json("generation_config.json"))

    def check_image_processor(self) -> None:
        """Refuse an image processor without its settings, or with sizes that are too large."""
        tables = {name: self.read_json(name) for name in _IMAGE_PROCESSOR_FILES}
        for name, table in tables.items():
            self._check_numbers(name, table)
        alone, shared = tables.values()
        if not alone and "image_processor" not in shared:
            raise self.load_error(
                "its image processor has no settings; download preprocessor_config.json or "
                "processor_config.json, too"
            )

    def check_tokenizer(self) -> None:
        """Refuse a tokenizer that names files elsewhere, and templates that are too long."""
        if not self.read_json("tokenizer_config.json"):
            # Without it, transformers takes a class by the model's type, which may cut up text in
            # another way than the checkpoint's tokenizer.
            raise self.load_error(
                "its tokenizer has no settings; download tokenizer_config.json, too"
            )
        for name in _TOKENIZER_FILES:
            for key, value in self.read_json(name).items():
                if key.endswith("_file") and isinstance(value, str):
                    raise self.load_error(f"{name} names a file of its own as {key}")
                if key == "chat_template":
                    self._check_template(name, value)
        for template in self._find_templates():
            self._check_bytes(template, MAX_TEMPLATE)
        found = {name: path for name in _VOCABULARY_FILES if (path := self.find(name)) is not None}
        for path in found.values():
            self._check_bytes(path, _MAX_VOCABULARY_BYTES)
        if "tokenizer.json" in found:
            self._check_added_tokens(found["tokenizer.json"])
        else:
            self._check_slow_tokenizer(found)

    def _check_added_tokens(self, path: Path) -> None:
        """Refuse settings of tokens that are unknown: the tokenizers library prints their names."""
        try:
            added = json.loads(path.read_bytes()).get("added_tokens", ())
            unknown = [key for token in added for key in token if key not in _TOKEN_FIELDS]
        except (ValueError, AttributeError, TypeError, RecursionError):
            return  # the library itself says what is wrong with the file
        if unknown:
            raise self.load_error(
                f"{path.name} has a token with a setting {unknown[0][:50]!r}, which no tokenizer "
                "has; download it again"
            )

    def _find_templates(self) -> Iterator[Path]:
        """Files of templates, among them those that transformers reads whatever they are called."""
        yield from (path for name in _TEMPLATES if (path := self.find(name)) is not None)
        if is_folder(self.checkpoint):
            yield from Path(self.checkpoint, self.subfolder).glob(_MORE_TEMPLATES)

    def _check_slow_tokenizer(self, found: Mapping[str, Path]) -> None:
        """Refuse a vocabulary in older formats that transformers would read in part, or not."""
        if "vocab.json" in found:
            merges = found["merges.txt"].read_bytes() if "merges.txt" in found else b""
            words = len(self.read_json("vocab.json")) - _BYTES
            if merges.count(b"\n") < words * 3 // 4:
                raise self.load_error(
                    "merges.txt is missing or cut short beside vocab.json; download it again"
                )
        elif is_folder(self.checkpoint) and not any(
            any(Path(self.checkpoint, self.subfolder).glob(name)) for name in _OTHER_VOCABULARIES
        ):
            raise self.load_error(
                "it has no tokenizer; download tokenizer.json and tokenizer_config.json, too"
            )
        elif "tokenizer.model" in found:
            lacking = [name for name in _READERS if not _is_installed(name)]
            if lacking:
                raise self.load_error(
                    f"its tokenizer.model needs {' and '.join(lacking)}; pip install "
                    "sentencepiece protobuf"
                )

    def load_error(self, reason: str) -> ModelError:
        return ModelError(f"{self.checkpoint!r} cannot be loaded: {reason}.")

    def _check_bytes(self, path: Path, most: int) -> None:
        if path.stat().st_size > most:
            raise self.load_error(f"{path.name} has more than {most:,} bytes")

    def _check_template(self, name: str, value: object) -> None:
        if len(str(value)) > MAX_TEMPLATE:
            raise self.load_error(f"the chat template in {name} is longer than {MAX_TEMPLATE:,}")

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
        for name in ("auto_map", "custom_pipelines", "transformers_weights"):
            vars(part).pop(name, None)
        for name in ("_attn_implementation_internal", "_experts_implementation_internal"):
            if name in vars(part):
                setattr(part, name, None)
        seen += [inner for inner in vars(part).values() if hasattr(inner, "to_dict")]
    return config


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package around it
        return False


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
