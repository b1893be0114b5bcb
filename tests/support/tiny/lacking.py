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


_OLD = tuple(int(number) for number in tf.__version__.split(".")[:2]) < (5, 21)
LACKING: tuple[str, ...] = (
    ("gemma4", "smolvlm", "ovis2", "minicpm", "idefics3") if _OLD else ()
)  # parts of names
if find_class("Molmo2Config") is None:
    LACKING = (*LACKING, "molmo2")
