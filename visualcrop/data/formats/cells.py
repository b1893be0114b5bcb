"""A row of a table, and the picture in one of its cells."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import attrs

from ...errors import DatasetError
from ..base import ImageSource

IMAGE_COLUMNS = ("image", "bytes")


@attrs.frozen
class TableRow:
    """One row without its picture, and where that is."""

    place: str
    cells: Mapping[str, Any]
    source: ImageSource
    digest: str  # of the encoded picture


def decoded(cell: Any) -> bytes:
    """The picture in a cell: base64, plain bytes, or what Hugging Face's datasets write."""
    if isinstance(cell, dict):
        cell = cell.get("bytes")
    if isinstance(cell, bytes):
        return cell
    try:
        picture = base64.b64decode(cell or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as exc:
        raise DatasetError("Its image is not base64; the file may be cut short.") from exc
    if not picture:
        raise DatasetError("Its image is missing.")
    return picture


def digest_of(picture: bytes) -> str:
    """Fingerprint of an encoded picture."""
    return hashlib.sha256(picture).hexdigest()
