"""The texts that DC2 asks models with, the stage each is charged to, and how replies are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

import attrs
import numpy as np

from visualcrop import (
    BudgetedModel,
    Capture,
    Internals,
    Prompt,
    Question,
    RepetitionStop,
    Sampling,
    View,
)

from .partition import Features

DESCRIBE = "Please describe this image."
REFINE = (
    "Give you patch captions which describe the sub patch of the image "
    "repectively, you are "  # as published, codespell:ignore repectively
    "required to combine all the information to generate refined caption about the image. "
    'Patch Captions: "{captions}"\n'
)
INFORM = (
    'Question: "{question}" You should provide more information to help you answer the question '
    "and explain the reasons. If no any helpful information, you should answer NONE."
)
EXTRACT = """\
# Task
You are given one sentence or more about an image. List the objects in it.
- Only concrete things that are certainly there; no places, moods or other abstractions.
- Name each by its general kind, in the singular, and give things of one kind once.
- Reply with JSON as in the example, and with an empty list if there is nothing to list.

# Example
Sentence: "A red double-decker bus passes two cars and a truck while a woman waits."
Output: {"object_list": ["bus", "car", "truck", "person"]}

# Input
Sentence: "{caption}"
Output: """

_NONE = re.compile(r"\W*none\W*", re.IGNORECASE)
_FENCE = "```"
_MOST_TEXT, _MOST_LETTERS = 20_000, 80  # characters of a reply that is parsed, and of a name
_MOST_OBJECTS = 64
_MOST_PROMPTS = 32  # in one batch: more are no faster, and progress would rarely be shown
_T = TypeVar("_T")


@attrs.frozen
class PatchDescriber:
    """Asks a model about patches, and a language model for the objects in their captions."""

    model: BudgetedModel
    llm: BudgetedModel
    max_new_tokens: int  # of one reply
    max_characters: int  # of captions in one prompt
    sampling: Sampling | None
    stop: RepetitionStop | None

    def caption(self, views: Sequence[View]) -> list[str]:
        """A caption of each of *views* alone."""
        return self._generate(self.model.at("captions"), [(view, DESCRIBE) for view in views])

    def refine_captions(
        self, views: Sequence[View], captions: Sequence[Sequence[str]]
    ) -> list[str]:
        """A caption of each of *views*, from the image and from the *captions* of its patches."""
        texts = [REFINE.replace("{captions}", self._join(own)) for own in captions]
        return self._generate(self.model.at("captions"), list(zip(views, texts, strict=True)))

    def list_objects(self, captions: Sequence[str]) -> list[tuple[str, ...]]:
        """The objects that each of *captions* names; no image is shown for it."""
        prompts = [(fill_extraction(text[: self.max_characters]),) for text in captions if text]
        replies = iter(self._generate(self.llm.at("objects"), prompts))
        return [parse_objects(next(replies)) if text else () for text in captions]

    def gather_information(
        self, views: Sequence[View], question: Question, *, authors: bool
    ) -> list[str]:
        """What each of *views* adds to answer the question; empty if the reply is NONE."""
        prompt = INFORM.replace("{question}", question.text)
        texts = self._generate(self.model.at("queries"), [(view, prompt) for view in views])
        return ["" if _is_none(text, exactly=authors) else text for text in texts]

    def extract_features(self, views: Sequence[View], layer: int) -> Features:
        """Views x width: the values of decoder layer *layer* for all image tokens, concatenated."""
        prompts = [Prompt((view, DESCRIBE)) for view in views]
        internals = self.model.at("merge").forward(prompts, Capture(values=(layer,)))
        return np.stack([_concatenate_values(each, layer) for each in internals])

    def expect(self, patches: int) -> None:
        """Announce how many *patches* will be described, for whoever watches."""
        self.model.at("captions").expect(patches)
        self.llm.at("objects").expect(patches)

    def affordable_batches(self, items: Sequence[_T], passes: int) -> Iterator[Sequence[_T]]:
        """
        *items* of so many *passes* each, in batches that the budget allows.

        What it does not allow is a batch of one, whose passes end the budget.
        """
        start = 0
        while start < len(items):
            most = passes * min(max(1, _MOST_PROMPTS // passes), len(items) - start)
            batch = items[start : start + max(1, self.model.affordable(most) // passes)]
            yield batch
            start += len(batch)

    def _join(self, captions: Sequence[str]) -> str:
        """A line for each caption, each cut so that all fit."""
        share = self.max_characters // max(1, len(captions))
        return "".join(f"{caption[:share]}\n" for caption in captions)

    def _generate(
        self, model: BudgetedModel, prompts: Sequence[tuple[str | View, ...]]
    ) -> list[str]:
        asked = [Prompt(parts, sampling=self.sampling, stop=self.stop) for parts in prompts]
        replies = model.generate(asked, max_new_tokens=self.max_new_tokens)
        return [reply.text.strip() for reply in replies]


def _is_none(text: str, *, exactly: bool) -> bool:
    """Whether a reply says that it has no information; *exactly*, in the authors' letters."""
    return text == "NONE" if exactly else _NONE.fullmatch(text) is not None


def _concatenate_values(internals: Internals, layer: int) -> Features:
    """The values of all image tokens in one vector, local crops of the processor included."""
    cells = [internals.values[layer][:, patches.tokens.ravel()] for patches in internals.patches]
    return np.concatenate([np.asarray(part.float().cpu()).ravel() for part in cells])


def fill_extraction(caption: str) -> str:
    """The prompt that asks for the objects of *caption*."""
    return EXTRACT.replace("{caption}", caption)


def parse_objects(reply: str) -> tuple[str, ...]:
    """Names in the JSON list `object_list` of a reply, each once; none if there is no such list."""
    if len(reply) > _MOST_TEXT:
        return ()
    _, _, after = reply.partition(_FENCE)
    fenced, closed, _ = after.partition(_FENCE)
    text = fenced if closed else reply
    try:
        found = json.loads(text[text.find("{") : text.rfind("}") + 1])
        names = found.get("object_list")
    except (ValueError, AttributeError, RecursionError):
        return ()
    if not isinstance(names, list):
        return ()
    plain = (" ".join(name.casefold().split()) for name in names if isinstance(name, str))
    kept = dict.fromkeys(name for name in plain if 0 < len(name) <= _MOST_LETTERS)
    return tuple(kept)[:_MOST_OBJECTS]
