"""Reads the pieces of a SentencePiece model, for which nothing else has to be installed."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from visualcrop import errors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Piece: TypeAlias = tuple[str, float]  # and its score: what is joined first has the highest
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def read_pieces(path: Path) -> list[Piece]:
    """The vocabulary, in the order of its numbers."""
    try:
        pieces = parsed(path.read_bytes())
    except OSError as exc:
        raise errors.ModelError(
            f"The tokenizer {str(path)!r} cannot be read: {exc.strerror}."
        ) from exc
    except (ValueError, IndexError, struct.error) as exc:
        raise errors.ModelError(
            f"{str(path)!r} is no SentencePiece model; download it again."
        ) from exc
    if not pieces:
        raise errors.ModelError(f"{str(path)!r} holds no pieces; download it again.")
    return pieces


def parsed(data: bytes) -> list[Piece]:
    """The vocabulary of a model that is in memory."""
    return [_piece(field) for number, field in _fields(data) if number == 1]


def tokenizer(pieces: Sequence[Piece]) -> Tokenizer:
    """Byte-pair encoding as LLaMA's: `▁` for a space and before a text, bytes for the unknown."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    vocabulary = {piece: number for number, (piece, _) in enumerate(pieces)}
    made = Tokenizer(
        models.BPE(
            vocabulary,
            list(_merges(pieces, vocabulary)),
            unk_token=pieces[0][0],
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return made


def _merges(pieces: Sequence[Piece], vocabulary: Mapping[str, int]) -> list[tuple[str, str]]:
    """Every pair that makes a piece: the best piece first, then the best of its first halves."""
    pairs = [
        (-score, vocabulary[piece[:cut]], vocabulary[piece[cut:]], piece[:cut], piece[cut:])
        for piece, score in pieces
        for cut in range(1, len(piece))
        if piece[:cut] in vocabulary and piece[cut:] in vocabulary
    ]
    return [(first, second) for *_, first, second in sorted(pairs)]


def _piece(field: bytes) -> Piece:
    """One message of the vocabulary: its text is field 1, its score field 2."""
    parts = dict(_fields(field))
    (score,) = struct.unpack("<f", parts.get(2, bytes(4)))
    return parts[1].decode("utf-8") if 1 in parts else "", score


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each field of a protocol-buffer message; whole numbers are left out."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            _, at = _varint(data, at)
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in {_FIXED32, _FIXED64}:
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + size > len(data):
            raise ValueError("a field that is cut short")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, and where the next field begins."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return number, at
        if shift > 63:
            raise ValueError("a number that never ends")
