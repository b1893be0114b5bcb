"""`--model_args` as a search: lmms-eval splits them at commas, and makes numbers of texts."""

from __future__ import annotations

from collections.abc import Mapping

from visualcrop import VisualSearch
from visualcrop.errors import SpecError

_IGNORED = {"batch_size", "max_batch_size"}  # which lmms-eval passes to every model
_QUOTES = ("'", '"')


def open_search(model: object, searcher: object, options: Mapping[str, object]) -> VisualSearch:
    """Load *model*, and build *searcher* with *options* such as `steps` or `relevance.layers`."""
    specs = [_unquote(str(spec)) for spec in (model, searcher)]
    for spec in specs:
        if spec.count("(") > spec.count(")"):
            raise SpecError(
                f"The spec {spec!r} ends within its options, as --model_args are split at commas; "
                "put it in quotes, or give each option on its own, as in searcher=focus,steps=4."
            )
    if (device := options.get("device")) is not None:
        raise SpecError(
            f"The device {device} is given to lmms-eval; give it in the model's spec, as in "
            "model='auto(checkpoint=llava-hf/llava-1.5-7b-hf, device=cuda)'."
        )
    written = [
        f"{path}={_to_text(value)}"
        for path, value in options.items()
        if value is not None and path not in _IGNORED
    ]
    return VisualSearch.open(specs[0], specs[1], written)


def _unquote(text: str) -> str:
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES
    return text[1:-1] if quoted else text


def _to_text(value: object) -> str:
    """A value as a spec has it: what was `true` on the command line is so again."""
    return str(value).lower() if isinstance(value, bool) else str(value)
