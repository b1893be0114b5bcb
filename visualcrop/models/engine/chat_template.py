"""
Prompts in a checkpoint's chat template: text in which every image stands where the prompt has it.

Many published templates write all images of a turn before all of its text, so that a label loses
its picture. Where the order of a prompt would be lost, its text and later images are written as one
text, each part on a line of its own, and an image is the string that the template writes for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice, takewhile
from typing import Any, TypeAlias

import attrs

from ...errors import ModelError
from ...prompt import Prompt

Turn: TypeAlias = "dict[str, object]"
Content: TypeAlias = "list[dict[str, str]]"  # of a turn
_IMAGE = {"type": "image"}
_MARK = "\ue000"  # in a probe
_PRIVATE, _MORE = range(0xE000, 0xF900), range(0xF0000, 0x10FFFE)  # characters without a meaning
_REORDERS = (
    "The chat template of this checkpoint does not write each text of a prompt once and in order; "
    "give another with template=FILE."
)
_NO_IMAGE = (
    "The chat template of this checkpoint cannot place an image; give one that can with "
    "template=FILE."
)
# The clock of templates that write the date stands still, so that a prompt is the same on any day:
# 26 July 2024, the date of Llama's templates where they have no clock.
_DATE = {"Y": "2024", "y": "24", "m": "07", "B": "July", "b": "Jul", "d": "26", "-d": "26"} | {
    "A": "Friday",
    "a": "Fri",
    "H": "00",
    "M": "00",
    "S": "00",
}
_CLOCK = (
    "{% macro strftime_now(format) %}{{ format"
    + "".join(f'|replace("%{code}", "{value}")' for code, value in _DATE.items())
    + ' }}{% endmacro %}{{ "" }}'
)


@attrs.frozen
class RenderedPrompt:
    """A prompt's text in the template, and where its text parts lie in it."""

    text: str
    # Of each text part by its index in the prompt: its first character that is no white space,
    # and the one after its last.
    places: Mapping[int, tuple[int, int]]


@attrs.frozen(eq=False)
class ChatTemplate:
    """The chat template of a processor, asked for an answer that begins right away."""

    processor: Any  # of transformers
    _by_images: dict[int, str] = attrs.field(factory=dict, init=False)  # `_probe`, by images

    @cached_property
    def source(self) -> str:
        """The template's source; empty if there is none."""
        found = getattr(self.processor, "chat_template", None)
        return str(found.get("default", "") if isinstance(found, dict) else found or "")

    @cached_property
    def separator(self) -> str:
        """The white space between a prompt and its reply."""
        question = _turn("user", "?")
        asked = self._write([question])
        whole = self._write([question, _turn("assistant", "Yes")], add_generation_prompt=False)
        if not whole.startswith(asked):  # as where earlier replies lack the empty thoughts
            return ""
        gap = whole[len(asked) :].partition("Yes")[0]
        return gap if gap.isspace() else ""

    @cached_property
    def reply_end(self) -> str:
        """What is written after a reply; empty if there is no template, or it writes no replies."""
        if not self.source:
            return ""
        try:
            turns = [_turn("user", "?"), _turn("assistant", _MARK)]
            return self._write(turns, add_generation_prompt=False).rpartition(_MARK)[2]
        except Exception:  # noqa: BLE001 - of jinja, or of an expression in the template
            return ""

    def render(self, prompt: Prompt, *, joined: bool = False) -> RenderedPrompt:
        """
        *prompt* in the template, without the BOS token where the tokenizer adds it itself.

        If *joined*, texts that follow one another are one, so that no template trims between them.
        """
        marks, last = _unused_characters(prompt, self.source), len(prompt.parts) - 1
        texts = {
            i: _marked(part, marks[i]) + ("" if i == last else "\n")
            for i, part in enumerate(prompt.parts)
            if isinstance(part, str)
        }
        views = [i for i in range(last + 1) if i not in texts]
        images: dict[int, str] = {}
        content: Content = [_text(texts[i]) if i in texts else _IMAGE for i in range(last + 1)]
        if texts and views and views[-1] > min(texts) and not self._keeps_order:
            leading = min(texts) if self._writes_images_first else 0
            images = {i: self._image_text(n) for n, i in enumerate(views) if i >= leading}
            content = [*content[:leading], _text(_merge(texts, images, marks))]
        content = _join_texts(content) if joined else content
        turns: list[Turn] = [*_examples(prompt), {"role": "user", "content": content}]
        return _place(self._write(turns).removeprefix(self._bos), texts, images, marks)

    @cached_property
    def _keeps_order(self) -> bool:
        """Whether the template writes each image where it stands among the texts."""
        text = _text(_MARK)
        with_images = self._write_probe([_IMAGE, text, _IMAGE, text, _IMAGE]).split(_MARK)
        without = self._write_probe([text, text]).split(_MARK)
        pairs = zip(with_images, without, strict=False)
        return len(with_images) == len(without) and all(len(one) > len(two) for one, two in pairs)

    @property
    def _writes_images_first(self) -> bool:
        return self._probe(1).index(_MARK) > self._probe(0).index(_MARK)

    def _image_text(self, index: int) -> str:
        """What the template writes for the image at *index*: one may count them."""
        before, after = self._probe(index), self._probe(index + 1)
        length = len(after) - len(before)
        both = zip(before, after, strict=False)
        first = next((at for at, (one, other) in enumerate(both) if one != other), len(before))
        if after[:first] + after[first + length :] != before:
            raise ModelError(_NO_IMAGE)  # it rewrites what it wrote for earlier images
        # "<i><s>" is "<s>" with "<i>" before it, or with "i><" in it, which would cut tokens.
        places = takewhile(
            lambda at: after[:at] + after[at + length :] == before, range(first, -1, -1)
        )
        cuts = self._token_borders(after)
        start = next((at for at in places if {at, at + length} <= cuts), first)
        if not (text := after[start : start + length]).strip():
            raise ModelError(_NO_IMAGE)
        return text

    def _token_borders(self, text: str) -> set[int]:
        found = self.processor.tokenizer(text, return_offsets_mapping=True)
        return set(chain.from_iterable(found["offset_mapping"]))

    def _probe(self, images: int) -> str:
        if images not in self._by_images:
            content = [_IMAGE] * images + [_text(_MARK)]
            if _MARK not in (probe := self._write_probe(content)):
                raise ModelError(_REORDERS)
            self._by_images[images] = probe
        return self._by_images[images]

    def _write_probe(self, content: Content) -> str:
        try:
            return self._write([{"role": "user", "content": content}])
        except Exception as exc:  # of jinja, or of an expression in the template
            raise ModelError(_NO_IMAGE) from exc

    def _write(self, turns: Sequence[Turn], *, add_generation_prompt: bool = True) -> str:
        options: dict[str, Any] = {}
        if "strftime_now" in self.source:
            options["chat_template"] = _CLOCK + self.source
        if "enable_thinking" in self.source:
            options["enable_thinking"] = False
        text: str = self.processor.apply_chat_template(
            list(turns), add_generation_prompt=add_generation_prompt, **options
        )
        if text.rstrip().endswith("<think>"):  # always, as of a model that is trained to think
            text = text.rstrip() + "\n\n</think>\n\n"
        return text

    @cached_property
    def _bos(self) -> str:
        """The BOS token, if the tokenizer adds it; else empty."""
        tokenizer = self.processor.tokenizer
        adds_bos = tokenizer("").input_ids[:1] == [tokenizer.bos_token_id]
        return (tokenizer.bos_token or "") if adds_bos else ""


def _place(
    written: str, texts: Iterable[int], images: Mapping[int, str], marks: Sequence[str]
) -> RenderedPrompt:
    """
    Take the marks out of what the template wrote, and note where the texts are.

    Args:
        written: Has two marks of each text, and one of each image that was in a text.
        texts: The indices of text parts.
        images: What to write for images that were in a text, by their indices.
        marks: The private character of each part.
    """
    marked = sorted([*texts, *texts, *images])
    first, *rest = re.split(f"([{''.join(marks)}])", written) if marks else [written]
    if rest[::2] != [marks[index] for index in marked]:
        raise ModelError(_REORDERS)
    text, starts, places = first, dict[int, int](), dict[int, tuple[int, int]]()
    for index, piece in zip(marked, rest[1::2], strict=True):
        if index in images:
            text += images[index]
        elif index in starts:
            places[index] = (starts[index], len(text))
        else:
            starts[index] = len(text)
        text += piece
    return RenderedPrompt(text, places)


def _merge(texts: Mapping[int, str], images: Mapping[int, str], marks: Sequence[str]) -> str:
    """Parts as one text, with a mark for each image, which ends its line if a text follows."""
    merged = ""
    for index in sorted({*texts, *images}):
        if index in texts:
            merged += texts[index]
        else:
            ends = images[index][-1].isspace() or index + 1 not in texts
            merged += marks[index] if ends else f"{marks[index]}\n"
    return merged


def _marked(text: str, mark: str) -> str:
    """
    *text* with a mark before and after what is not white space around it.

    A template which trims texts trims as much as it would without spans.
    """
    bare = text.strip()
    start = text.index(bare) if bare else len(text)
    return f"{text[:start]}{mark}{bare}{mark}{text[start + len(bare) :]}"


def _unused_characters(prompt: Prompt, source: str) -> Sequence[str]:
    """A private character for each part, which neither the prompt nor the template has."""
    used = {*source, *prompt.text, *"".join(chain.from_iterable(prompt.examples))}
    unused = (c for c in map(chr, chain(_PRIVATE, _MORE)) if c not in used)
    found = [*islice(unused, len(prompt.parts))]
    if len(found) < len(prompt.parts):
        raise ModelError("The prompt has every private character of Unicode; leave some out.")
    return found


def _join_texts(content: Content) -> Content:
    """*content* with one text in place of each run of them."""
    found: Content = []
    for part in content:
        if found and found[-1]["type"] == part["type"] == "text":
            found[-1] = _text(found[-1]["text"] + part["text"])
        else:
            found.append(part)
    return found


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _turn(role: str, text: str) -> Turn:
    return {"role": role, "content": [_text(text)]}


def _examples(prompt: Prompt) -> Iterator[Turn]:
    """Earlier turns."""
    for asked, reply in prompt.examples:
        yield _turn("user", asked)
        yield _turn("assistant", reply)
