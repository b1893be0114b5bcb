"""A trained reader of text as an expert: where text is, and what it says."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .answer import Read
from .proposals import Ocr
from .union import Union
from .verification import Reading

__all__ = ["Ocr", "Read", "Reading", "Union"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [Ocr, Union, Reading, Read]
