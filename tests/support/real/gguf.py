"""Reads what a GGUF file says of its vocabulary: keys and values before the tensors."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

_MAGIC = b"GGUF"
_STRING, _ARRAY = 8, 9
_NUMBERS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}  # formats of `struct`


def read_fields(path: Path) -> dict[str, Any]:
    """All fields of the file by their names."""
    reader = _Reader(path.read_bytes())
    assert reader.content[:4] == _MAGIC, f"{path} is no GGUF file"
    reader.at = 4
    _version, _tensors, fields = reader.number("I"), reader.number("Q"), reader.number("Q")
    return {reader.string(): reader.value(reader.number("I")) for _ in range(fields)}


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def number(self, format_: str) -> Any:
        (found,) = struct.unpack_from(f"<{format_}", self.content, self.at)
        self.at += struct.calcsize(format_)
        return found

    def string(self) -> str:
        length = self.number("Q")
        self.at += length
        return self.content[self.at - length : self.at].decode()

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.number(_NUMBERS[kind])
        kind, length = self.number("I"), self.number("Q")
        if kind in (_STRING, _ARRAY):
            return [self.value(kind) for _ in range(length)]
        found = struct.unpack_from(f"<{length}{_NUMBERS[kind]}", self.content, self.at)
        self.at += length * struct.calcsize(_NUMBERS[kind])
        return list(found)
