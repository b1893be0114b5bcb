"""Families for which the installed transformers lacks a part, as the oldest does."""

from __future__ import annotations

from typing import Any

import transformers as tf


def find_class(name: str) -> Any:
    """The class of transformers; none if it is not there, or not without torchvision."""
    try:
        return getattr(tf, name)
    except (AttributeError, ModuleNotFoundError):
        return None


LACKING = () if find_class("Gemma4Processor") else ("gemma4",)  # of 5.17: beginnings of names
