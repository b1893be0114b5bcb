"""Inspect's chat messages as turns of a conversation."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from inspect_ai.model import ChatMessage, Content, ContentImage, ContentReasoning, ContentText

from visualcrop import Image, Turn
from visualcrop.errors import ImageError, QuestionError


def read_messages(messages: Sequence[ChatMessage]) -> list[Turn]:
    """A turn for each message; tools and media other than images are refused."""
    return [_read_message(message) for message in messages]


def _read_message(message: ChatMessage) -> Turn:
    if message.role == "tool":
        raise QuestionError(
            "The conversation has a tool's output, which a search does not read; evaluate it "
            "without tools."
        )
    if isinstance(message.content, str):
        return Turn(message.role, [message.content])
    parts = [_read_part(part) for part in message.content if not _is_thought(part)]
    return Turn(message.role, parts)


def _is_thought(part: Content) -> bool:
    return isinstance(part, ContentReasoning)


def _read_part(part: Content) -> str | Image:
    if isinstance(part, ContentText):
        return part.text
    if isinstance(part, ContentImage):
        return _open_image(part.image)
    raise QuestionError(
        f"A message has a part of type {part.type!r}, which a search does not read; give texts and "
        "images."
    )


def _open_image(url: str) -> Image:
    """Open a data URL; Inspect itself makes one of a task's paths and addresses."""
    head, comma, encoded = url.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64") and comma):
        raise ImageError(
            f"The image {url[:80]!r} is not inline; make it so in your task, with "
            "inspect_ai.util.materialize_media."
        )
    try:
        return Image.open(base64.b64decode(encoded, validate=True))
    except binascii.Error as exc:
        raise ImageError(
            "An image's data URL is not in base64; encode it with base64.b64encode."
        ) from exc
