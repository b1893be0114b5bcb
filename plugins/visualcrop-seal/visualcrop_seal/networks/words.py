"""Text to tokens as the slow LLaMA tokenizer of transformers 4.31 made them, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from visualcrop import errors

from .pieces import read_pieces, tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BEGIN, END = "<s>", "</s>"


@attrs.frozen(eq=False, slots=False)
class Words:
    """A tokenizer and the tokens that were added to it."""

    pieces: Tokenizer
    added: Mapping[str, int]

    @classmethod
    def of(cls, folder: Path) -> Words:
        """What the checkpoint in *folder* was trained with."""
        pieces = tokenizer(read_pieces(folder / "tokenizer.model"))
        listed = folder / "added_tokens.json"
        try:
            added = json.loads(listed.read_text("utf-8")) if listed.is_file() else {}
            known = {str(token): int(number) for token, number in added.items()}
        except (ValueError, TypeError, AttributeError) as exc:
            raise errors.ModelError(
                f"{str(listed)!r} is no table of tokens; download it again."
            ) from exc
        numbers = {token: pieces.token_to_id(token) for token in (BEGIN, END)}
        steering = {token: n for token, n in numbers.items() if n is not None}
        if len(steering) < len(numbers):
            raise errors.ModelError(
                f"The tokenizer in {str(folder)!r} lacks {BEGIN} and {END}; download it again."
            )
        return cls(pieces, known | steering)

    def tokens(self, written: str) -> list[int]:
        """
        Tokens of one piece of a prompt, nothing put before it.

        As then, white space beside an added token goes, and what follows it starts anew with `▁`.
        """
        found: list[int] = []
        parts = self._splitting.split(written)
        for place, part in enumerate(parts):
            if place % 2:
                found.append(self.added[part])
                continue
            text = part.lstrip() if place else part
            text = text.rstrip() if place + 1 < len(parts) else text
            found += self.pieces.encode(text, add_special_tokens=False).ids if text else []
        return found

    def text(self, tokens: Iterable[int]) -> str:
        """What the tokens say, those that were added left out."""
        steering = set(self.added.values())
        said: str = self.pieces.decode([t for t in tokens if t not in steering])
        return said.strip()

    def harmless(self, text: str) -> str:
        """*text* with no token in it that steers the model."""
        return self._splitting.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

    def number(self, token: str) -> int:
        """The number of an added token."""
        if token not in self.added:
            raise errors.ModelError(f"The checkpoint's added_tokens.json has no {token}.")
        return self.added[token]

    @cached_property
    def _splitting(self) -> re.Pattern[str]:
        longest: Sequence[str] = sorted(self.added, key=len, reverse=True)
        return re.compile(f"({'|'.join(map(re.escape, longest))})")
