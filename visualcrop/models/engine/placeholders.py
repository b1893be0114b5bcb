"""
Text with thousands of placeholders, tokenized as if each run of them were one.

A processor writes a placeholder for every token of an image, and a tokenizer takes as long for each
of them as for a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

_OF_IMAGES = ("pixel_", "image_")  # how names of inputs begin that are not of tokens
_MAY_CUT = ("truncation", "max_length", "stride", "return_overflowing_tokens")  # of a tokenizer


@attrs.frozen(eq=False)
class RunTokenizer:
    """A tokenizer that sees one placeholder of each run, and repeats its token afterwards."""

    tokenizer: Any
    repeated: int  # id of the placeholder
    asked: dict[str, Any] = attrs.field(factory=dict, init=False)  # options of the last call

    def __call__(self, text: Any, **options: Any) -> Any:
        self.asked.update(options)
        if not self._can_repeat(text, options):
            return self.tokenizer(text, **options)
        from transformers import BatchEncoding

        short, counts = self._collapse(text[0])
        encoded = self.tokenizer([short], **{**options, "return_tensors": "np"})
        places = np.flatnonzero(encoded["input_ids"][0] == self.repeated)
        if len(places) != len(counts):  # a placeholder that the tokenizer did not take for one
            return self.tokenizer(text, **options)
        whole = _repeat(encoded, places, counts, len(self.placeholder))
        return BatchEncoding({n: _convert(v, options["return_tensors"]) for n, v in whole.items()})

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tokenizer, name)

    @cached_property
    def placeholder(self) -> str:
        placeholder: str = self.tokenizer.convert_ids_to_tokens(self.repeated)
        return placeholder

    @cached_property
    def _stands_alone(self) -> bool:
        """Whether the token of a placeholder is the same whatever it stands beside."""
        added = self.tokenizer.added_tokens_decoder.get(self.repeated)
        return added is not None and not (
            added.lstrip or added.rstrip or added.single_word or added.normalized
        )

    @cached_property
    def _run(self) -> re.Pattern[str]:
        return re.compile(f"(?:{re.escape(self.placeholder)})+")

    def _can_repeat(self, text: Any, options: Mapping[str, Any]) -> bool:
        one = isinstance(text, list) and len(text) == 1 and isinstance(text[0], str)
        whole = not any(options.get(name) for name in _MAY_CUT)
        plain = options.get("padding") in {None, False, True, "longest", "do_not_pad"}
        known = options.get("return_tensors") in {None, "np", "pt"}
        return one and whole and plain and known and self._stands_alone

    def _collapse(self, text: str) -> tuple[str, list[int]]:
        """*text* with one placeholder in place of each run, and the length of each."""
        counts: list[int] = []

        def collapse(run: re.Match[str]) -> str:
            counts.append(len(run[0]) // len(self.placeholder))
            return self.placeholder

        return self._run.sub(collapse, text), counts


def is_of_tokens(name: str, value: Any, length: int) -> bool:
    """Whether an input has one element for each of the prompt's *length* tokens, 1 x T."""
    shape = tuple(getattr(value, "shape", ()))
    return shape == (1, length) and not name.startswith(_OF_IMAGES)


def expand_placeholders(text: str, replacements: list[dict[str, Any]]) -> str:
    """*text* with each image's placeholder repeated for each of its tokens."""
    for change in reversed(replacements):
        start, stop = change["span"]
        text = text[:start] + change["replacement"] + text[stop:]
    return text


def _repeat(
    encoded: Mapping[str, Any], places: npt.NDArray[np.intp], counts: Sequence[int], characters: int
) -> dict[str, Any]:
    """
    *encoded*, 1 x t (x 2 offsets), with the tokens at *places* as often as *counts* says.

    Each of them stands for so many *characters*.
    """
    length = encoded["input_ids"].shape[1]
    times = np.ones(length, np.intp)
    times[places] = counts
    index = np.repeat(np.arange(length), times)
    starts = np.cumsum(times) - times  # of each short token among the repeated ones
    added = starts - np.arange(length)  # before each short token
    nth = np.arange(len(index)) - starts[index]
    found = {}
    for name, values in encoded.items():
        found[name] = values[:, index] if values.shape[:2] == (1, length) else values
    if "offset_mapping" in found:
        shift = (added[index] + nth) * characters
        found["offset_mapping"] = found["offset_mapping"] + shift[None, :, None]
    return found


def _convert(values: npt.NDArray[Any], kind: str | None) -> Any:
    if kind == "pt":
        import torch

        return torch.from_numpy(values)
    if kind == "np":
        return values
    rows = values.tolist()
    return [[*map(tuple, row)] for row in rows] if values.ndim == 3 else rows  # pairs of offsets
