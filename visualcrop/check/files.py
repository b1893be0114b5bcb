"""Checks of a checkpoint's files: template, weights, generation config."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..models.checkpoints.templates import default_template
from ..models.checkpoints.validation import MAX_TEMPLATE, Files
from ..models.checkpoints.weights import Weights
from ..models.families.auto import Auto
from ..models.families.base import Pretrained
from .subject import Outcome, SkipCheck, Subject, about

_LEGACY = ("image_token_index", "torch_dtype", "min_pixels", "max_pixels")
_CONFIGS = ("config.json", "preprocessor_config.json", "processor_config.json")
_MOST_TEXT = 600  # characters of a rendered prompt in a report
_MARK = "Which shape is it?"


def check_files(subject: Subject) -> Outcome:
    """The template's file, a rendered prompt, weights, stop tokens."""
    files = _files(subject)
    if files is None and subject.processor is None:
        raise SkipCheck("the model has no checkpoint")
    rendered = _render(subject)
    stops = sorted(getattr(subject.processor, "stop_tokens", ()))
    figures: dict[str, Any] = {
        "template": _template_origin(subject, files),
        "rendered": rendered[:_MOST_TEXT],
        "stop_tokens": _names(subject, stops),
    }
    figures |= {} if files is None else _describe(files)
    if _MARK not in rendered:
        found = "the chat template leaves out the question"
        return Outcome("fail", found, "give another template: template=FILE", figures)
    if subject.has_patches and "<image> x" not in rendered:
        found = "the chat template leaves out the image"
        return Outcome("fail", found, "give another template: template=FILE", figures)
    if not stops:
        found = "no token ends a reply, so that every reply runs to its limit"
        fix = "give the checkpoint's generation_config.json an eos_token_id"
        return Outcome("fail", found, fix, figures)
    ends = " ".join(figures["stop_tokens"])
    parts = [f"template: {figures['template']}", _weights_in_words(figures), f"ends at {ends}"]
    return Outcome("ok", "; ".join(part for part in parts if part), "", figures)


def _files(subject: Subject) -> Files | None:
    """The checkpoint's files; none for a model without a checkpoint."""
    family: Any = subject.family
    if isinstance(family, Auto):
        family = family.family()
    return family.source.files if isinstance(family, Pretrained) and family.checkpoint else None


def _render(subject: Subject) -> str:
    """A prompt of one image in the template; a run of placeholders is written `<image> x n`."""
    processor = subject.processor
    tokenized = processor.tokenize(about(subject.first, _MARK))
    token = processor.processor.tokenizer.convert_ids_to_tokens(processor.image_token)
    run = re.compile(f"(?:{re.escape(str(token))})+")
    return run.sub(lambda found: f"<image> x {len(found[0]) // len(str(token))}", tokenized.text)


def _template_origin(subject: Subject, files: Files | None) -> str:
    """Where the template that is used comes from, by comparing it with those in the files."""
    used = getattr(subject.processor.processor, "chat_template", None)
    if not used:
        return "none, plain text"
    if files is None:
        return "the processor's"
    holders = (name for name, template in _templates(files) if template == used)
    return next(holders, "given, not one of the checkpoint's")


def _templates(files: Files) -> Iterator[tuple[str, str | None]]:
    """The templates in a checkpoint's files, in the order of their precedence."""
    yield "chat_template.jinja", files.read_text("chat_template.jinja", MAX_TEMPLATE)
    for name in ("chat_template.json", "processor_config.json", "tokenizer_config.json"):
        stored = files.read_value(name)
        if isinstance(stored, dict):
            stored = stored.get("chat_template")
        yield name, default_template(stored)


def _describe(files: Files) -> dict[str, Any]:
    """Shards and dtypes of the weights, legacy fields, and what the generation config asks for."""
    weights = Weights.find(files)
    tables = {name: files.read_json(name) for name in _CONFIGS}
    legacy = [f"{name}: {key}" for name, table in tables.items() for key in _LEGACY if key in table]
    return {
        "weight_files": len(weights.paths),
        "weight_bytes": sum(path.stat().st_size for path in weights.paths),
        "weight_dtypes": _count_dtypes(weights),
        "legacy_fields": legacy,
        "generation": files.read_json("generation_config.json"),
    }


def _count_dtypes(weights: Weights) -> dict[str, int]:
    """Tensors by dtype; of pickled weights, whose headers cannot be read alone, nothing."""
    from safetensors import safe_open

    dtypes: Counter[str] = Counter()
    for path in weights.paths if weights.is_safe else ():
        with safe_open(path, "pt") as tensors:
            dtypes.update(tensors.get_slice(name).get_dtype() for name in tensors.keys())  # noqa: SIM118
    return dict(dtypes)


def _weights_in_words(figures: dict[str, Any]) -> str:
    if "weight_files" not in figures:
        return ""
    count, dtypes = figures["weight_files"], " and ".join(figures["weight_dtypes"]) or "a pickle"
    return f"{count} file{'s' * (count != 1)} of weights in {dtypes}"


def _names(subject: Subject, tokens: list[int]) -> list[str]:
    tokenizer = subject.processor.processor.tokenizer
    return [str(name) for name in tokenizer.convert_ids_to_tokens(tokens)]
