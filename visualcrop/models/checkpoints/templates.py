"""
Finds a checkpoint's chat template, and refuses one that places no image.

Checkpoints have it in one of four files. A tokenizer alone would take that of the text model, which
often lies beside the processor's and places no image.
"""

from __future__ import annotations

import json
from typing import Any

from ...errors import ModelError
from ...utils.paths import expand_path, read_limited
from .load_errors import first_sentence
from .validation import MAX_TEMPLATE, Files

_JINJA, _LEGACY = "chat_template.jinja", "chat_template.json"
_SETTINGS = ("processor_config.json", "tokenizer_config.json")  # in the order of precedence
_KEY = "chat_template"
_ADVICE = "give one that places images with template=FILE"
_TURN = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "?"}]}


def find_template(files: Files) -> str | None:
    """The chat template in the checkpoint's files; none if no file has one."""
    if (text := files.read_text(_JINJA, MAX_TEMPLATE)) is not None:
        return text
    legacy = files.read_value(_LEGACY)
    if legacy is not None:
        return _default_of(legacy, f"{_LEGACY} of {files.checkpoint!r}")
    for name in _SETTINGS:
        if (stored := files.read_json(name).get(_KEY)) is not None:
            return _default_of(stored, f"{name} of {files.checkpoint!r}")
    return None


def read_template(path: str) -> str:
    """The chat template in a file of the user's: Jinja, or JSON as in a chat_template.json."""
    file = expand_path(path)
    content = read_limited(file, MAX_TEMPLATE, called="The chat template")
    try:
        text = content.decode()
        return _default_of(json.loads(text), repr(path)) if file.suffix == ".json" else text
    except (ValueError, RecursionError):
        kind = "JSON" if file.suffix == ".json" else "UTF-8"
        raise ModelError(f"The chat template {path!r} is not valid {kind}; {_ADVICE}.") from None


def default_template(stored: Any) -> str | None:
    """The template that a processor or tokenizer has loaded, or the default of several."""
    if isinstance(stored, dict | list):
        return _default_of(stored, "the processor")
    return stored or None


def check_template(checkpoint: str, processor: Any, image_token: int) -> None:
    """Refuse a *processor* whose chat template is missing, fails, or places no image."""
    if not getattr(processor, _KEY, None):
        raise ModelError(f"{checkpoint!r} has no chat template; {_ADVICE}.")
    try:
        text = str(processor.apply_chat_template([_TURN], add_generation_prompt=True))
    except Exception as exc:  # the template is a program: anything may be raised in it
        raise ModelError(
            f"The chat template of {checkpoint!r} fails on a prompt with an image "
            f"({first_sentence(exc)}); {_ADVICE}."
        ) from exc
    token = processor.tokenizer.convert_ids_to_tokens(image_token)
    placeholders = (getattr(processor, name, None) for name in ("image_token", "boi_token"))
    if not any(mark and mark in text for mark in (token, *placeholders)):
        raise ModelError(
            f"The chat template of {checkpoint!r}, or the one given for it, does not write "
            f"{token}, which stands for an image; {_ADVICE}."
        )


def _default_of(stored: Any, where: str) -> str:
    """The template in a JSON value: a text, an object with one, or named templates."""
    if isinstance(stored, dict) and _KEY in stored:
        stored = stored[_KEY]
    if isinstance(stored, list) and all(isinstance(entry, dict) for entry in stored):
        stored = {str(entry.get("name")): entry.get("template") for entry in stored}
    if isinstance(stored, dict):
        stored = stored.get("default")
    if not isinstance(stored, str):
        raise ModelError(
            f"The chat template in {where} is neither a text nor named templates with a "
            f"'default'; {_ADVICE}."
        )
    if len(stored) > MAX_TEMPLATE:
        raise ModelError(
            f"The chat template in {where} is longer than {MAX_TEMPLATE:,} characters; {_ADVICE}."
        )
    return stored
