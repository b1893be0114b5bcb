"""LLaMA's SentencePiece tokenizer, with the special tokens that SEAL added to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import attrs
from sentencepiece import SentencePieceProcessor

from visualcrop import errors

BOS, EOS = "<s>", "</s>"


@attrs.frozen(eq=False, slots=False)
class SealTokenizer:
    """Encodes as `LlamaTokenizer(use_fast=False)` of transformers 4.31, which SEAL trained with."""

    processor: SentencePieceProcessor
    special_tokens: Mapping[str, int]  # token -> id

    @classmethod
    def load(cls, folder: Path) -> SealTokenizer:
        """From a checkpoint's tokenizer.model and added_tokens.json."""
        processor = load_sentencepiece(folder / "tokenizer.model")
        special = {token: processor.piece_to_id(token) for token in (BOS, EOS)}
        if not all(map(processor.is_control, special.values())):
            raise errors.ModelError(
                f"The tokenizer in {str(folder)!r} lacks {BOS} and {EOS}; download it again."
            )
        return cls(processor, _read_added_tokens(folder / "added_tokens.json") | special)

    def encode(self, text: str) -> list[int]:
        """
        Token ids of one piece of a prompt, without BOS.

        As in transformers 4.31, white space next to a special token is dropped, and text after a
        special token starts with `▁`, as every text does.
        """
        ids: list[int] = []
        parts = self._special_pattern.split(text)
        for position, part in enumerate(parts):
            if position % 2:
                ids.append(self.special_tokens[part])
                continue
            plain = part.lstrip() if position else part
            plain = plain.rstrip() if position + 1 < len(parts) else plain
            ids += self.processor.encode(plain)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of *ids* without special tokens, stripped of white space."""
        special, size = set(self.special_tokens.values()), self.processor.get_piece_size()
        plain = [number for number in ids if number < size and number not in special]
        text: str = self.processor.decode(plain)
        return text.strip()

    def escape(self, text: str) -> str:
        """*text* with every special token broken up, so that it is encoded as plain text."""
        return self._special_pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

    def token_id(self, token: str) -> int:
        """The id of a special token."""
        if token not in self.special_tokens:
            raise errors.ModelError(f"The checkpoint's added_tokens.json has no {token}.")
        return self.special_tokens[token]

    @cached_property
    def _special_pattern(self) -> re.Pattern[str]:
        longest_first: Sequence[str] = sorted(self.special_tokens, key=len, reverse=True)
        return re.compile(f"({'|'.join(map(re.escape, longest_first))})")


def load_sentencepiece(path: Path) -> SentencePieceProcessor:
    """The SentencePiece model at *path*."""
    processor = SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(path.read_bytes())
    except OSError as exc:
        raise errors.ModelError(
            f"The tokenizer {str(path)!r} cannot be read: {exc.strerror}."
        ) from exc
    except RuntimeError as exc:
        raise errors.ModelError(
            f"{str(path)!r} is not a SentencePiece model; download it again."
        ) from exc
    return processor


def _read_added_tokens(path: Path) -> dict[str, int]:
    """Tokens and their ids; none where there is no such file."""
    try:
        added = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        return {str(token): int(number) for token, number in added.items()}
    except (ValueError, TypeError, AttributeError) as exc:
        raise errors.ModelError(
            f"{str(path)!r} is not a table of tokens; download it again."
        ) from exc
