"""Reads a large JSON file member by member, so that memory does not grow with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ...errors import DatasetError, FileError
from ..base import Problem

_CHUNK = 1 << 20
_LONGEST = 1 << 26  # characters of one member


def read_json_items(path: Path) -> Iterator[tuple[str, Any]]:
    """Read the one object or list in the file: pairs of key, or index from 0, and value."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            yield from _Reader(file, str(path)).iterate_members()
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be read: {exc.strerror}.") from exc


class _Reader:
    """A sliding window over the file."""

    def __init__(self, file: IO[str], label: str) -> None:
        self.file, self.label, self.window = file, label, ""
        self.decode = json.JSONDecoder().raw_decode

    def iterate_members(self) -> Iterator[tuple[str, Any]]:
        opening = self._peek()
        self.window = self.window[1:]
        if opening not in {"{", "["}:
            raise DatasetError(f"{self.label!r} holds neither a JSON object nor a list.")
        number, last = 0, ""
        while True:
            key = str(number)
            try:
                if self._peek() in {"}", "]"}:
                    return
                if opening == "{":
                    key = str(self._read_value())
                    self._expect(":")
                value = self._read_value()
                if self._peek() == ",":
                    self._expect(",")
            except (ValueError, RecursionError) as exc:
                after = f" after {last!r}" if last else ""
                reason = str(exc).partition(":")[0].lower()
                yield key, Problem(key, f"The file cannot be read on{after} ({reason}).")
                return
            yield key, value
            number, last = number + 1, key

    def _read_value(self) -> Any:
        """Parse the next value; extend the window until it is complete."""
        self._peek()
        while True:
            try:
                value, end = self.decode(self.window)
            except ValueError as exc:
                if not self._read_more():
                    raise exc from None
                continue
            rest = self.window[end : end + 1]
            if (not rest or rest in ".eE") and self._read_more():  # `12` may be the start of `12.3`
                continue
            self.window = self.window[end:]
            return value

    def _expect(self, wanted: str) -> None:
        if self._peek() != wanted:
            raise ValueError(f"a {wanted} is missing")
        self.window = self.window[1:]

    def _peek(self) -> str:
        while not (trimmed := self.window.lstrip()) and self._read_more():
            pass
        self.window = trimmed
        return trimmed[:1]

    def _read_more(self) -> bool:
        if len(self.window) > _LONGEST:
            raise ValueError("a member is too long")
        chunk = self.file.read(max(_CHUNK, len(self.window)))
        self.window += chunk
        return bool(chunk)
