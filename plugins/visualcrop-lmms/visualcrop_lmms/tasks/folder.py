"""How questions are put and scored: as `visualcrop evaluate` does, for any model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import PIL.Image

from visualcrop import get_protocol

Document = Mapping[str, Any]  # a line of samples.jsonl
_PROTOCOL = get_protocol("paper", "folder")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def show(document: Document) -> list[PIL.Image.Image]:
    """The picture; its path is relative to the folder."""
    return [PIL.Image.open(Path(document["image"])).convert("RGB")]


def ask(document: Document, lmms_eval_specific_kwargs: object = None) -> str:
    """The question with its choices."""
    del lmms_eval_specific_kwargs
    return _PROTOCOL.asked(document["question"], document["options"])


def write_messages(
    document: Document, lmms_eval_specific_kwargs: object = None
) -> list[dict[str, Any]]:
    """One turn: the picture, then the question."""
    images = [{"type": "image", "url": picture} for picture in show(document)]
    text = {"type": "text", "text": ask(document, lmms_eval_specific_kwargs)}
    return [{"role": "user", "content": [*images, text]}]


def name_answer(document: Document) -> str:
    """The letter of the right choice."""
    return _LETTERS[document["answer"]]


def score(document: Document, results: Sequence[str]) -> dict[str, float]:
    """1 if the reply names the right choice."""
    named = _PROTOCOL.named(results[0], document["options"])
    return {"right": float(named == document["answer"])}
