"""Messages of a chat, checked: roles, texts, and where their pictures are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from .errors import RequestError, invalid
from .fields import Fields
from .images import check_url
from .settings import Settings

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_MOST_MESSAGES = 200
_MOST_PARTS = 200


@attrs.frozen
class Picture:
    """A picture of a message that is not read yet."""

    url: str = attrs.field(repr=False)
    param: str  # where it stands in the request


@attrs.frozen
class Message:
    """One message, its pictures not read yet."""

    role: Any  # system, user or assistant
    parts: tuple[str | Picture, ...]


def read_messages(fields: Fields, settings: Settings) -> tuple[Message, ...]:
    """The messages of a request; nothing is fetched or decoded yet."""
    listed = fields.items("messages")
    if not listed:
        raise invalid("messages has to be a list with a message at least.", "messages")
    if len(listed) > _MOST_MESSAGES:
        raise invalid(f"There are more than {_MOST_MESSAGES} messages.", "messages")
    messages = tuple(
        _read_message(message, f"messages[{n}]", settings) for n, message in enumerate(listed)
    )
    parts = [part for message in messages for part in message.parts]
    if sum(isinstance(part, Picture) for part in parts) > settings.max_images:
        raise invalid(
            f"There are more than {settings.max_images} pictures; send fewer, or start the server "
            "with a larger --max-images.",
            "messages",
            code="too_many_images",
        )
    if sum(len(part) for part in parts if isinstance(part, str)) > settings.max_text:
        raise invalid(
            f"The messages have more than {settings.max_text:,} characters; send a shorter text.",
            "messages",
            code="context_length_exceeded",
        )
    return messages


def _read_message(message: object, path: str, settings: Settings) -> Message:
    if not isinstance(message, dict):
        raise invalid(f"{path} has to be an object.", path, code="invalid_type")
    fields = Fields(message, f"{path}.")
    role = fields.text("role")
    if role not in _ROLES:
        raise invalid(
            f"{path}.role is {role[:40]!r}; send system, user or assistant: no tools are called.",
            f"{path}.role",
        )
    if message.get("tool_calls") or message.get("function_call"):
        raise invalid(f"{path} calls a tool, and no tools are called here.", path)
    return Message(_ROLES[role], tuple(_read_content(message.get("content"), path, settings)))


def _read_content(content: object, path: str, settings: Settings) -> Iterator[str | Picture]:
    if isinstance(content, str):
        yield content
        return
    if not isinstance(content, list) or len(content) > _MOST_PARTS:
        raise invalid(
            f"{path}.content has to be a text, or a list of at most {_MOST_PARTS} parts.",
            f"{path}.content",
            code="invalid_type",
        )
    for n, part in enumerate(content):
        yield _read_part(part, f"{path}.content[{n}]", settings)


def _read_part(part: object, path: str, settings: Settings) -> str | Picture:
    if not isinstance(part, dict):
        raise invalid(f"{path} has to be an object.", path, code="invalid_type")
    fields = Fields(part, f"{path}.")
    kind = fields.text("type")
    if kind == "text":
        return fields.text("text")
    if kind == "image_url":
        return read_picture(part.get("image_url"), f"{path}.image_url", settings)
    raise _unknown_part(kind, path)


def _unknown_part(kind: str, path: str) -> RequestError:
    return invalid(f"{path}.type is {kind[:40]!r}; send text or image_url.", f"{path}.type")


def read_picture(value: object, path: str, settings: Settings) -> Picture:
    """A URL, or an object that holds one; its scheme and host are allowed here."""
    if isinstance(value, dict):
        value, path = Fields(value, f"{path}.").text("url"), f"{path}.url"
    if not isinstance(value, str):
        raise invalid(
            f"{path} has to be a URL, or an object with a url.", path, code="invalid_type"
        )
    check_url(value, settings, path)
    return Picture(value, path)


def read_text(fields: Fields, name: str, settings: Settings) -> str:
    """A text that has to be there, and is no longer than all messages may be."""
    text = fields.text(name)
    if len(text) > settings.max_text:
        raise invalid(
            f"{name} has more than {settings.max_text:,} characters; send a shorter text.",
            name,
            code="context_length_exceeded",
        )
    return text
