"""What is asked of the models, in which words, and at which stage it is charged."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs
import numpy as np

from visualcrop import BudgetedModel, Capture, Internals, Prompt, Question, Sampling, View

from .dividing import Features
from .objects import asked_of, listed

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
_NONE = re.compile(r"\W*none\W*", re.IGNORECASE)


@attrs.frozen
class Asker:
    """The model that sees, the one that lists objects, and how both are to reply."""

    model: BudgetedModel
    llm: BudgetedModel
    longest: int  # tokens of one reply
    most_text: int  # characters of captions in one prompt
    sampling: Sampling | None

    def caption(self, view: View) -> str:
        return self._said(self.model.at("captions"), view, DESCRIBE)

    def refined(self, view: View, captions: Sequence[str]) -> str:
        """A caption of *view*, from the image and from the captions of its patches."""
        share = self.most_text // max(1, len(captions))
        text = "".join(f"{caption[:share]}\n" for caption in captions)
        return self._said(self.model.at("captions"), view, REFINE.replace("{captions}", text))

    def objects(self, caption: str) -> tuple[str, ...]:
        """What *caption* says is there. The view is not shown."""
        prompt = asked_of(caption[: self.most_text])
        return listed(self._said(self.llm.at("objects"), prompt)) if caption else ()

    def information(self, view: View, question: Question, *, authors: bool) -> str:
        """What *view* has to say about the question; nothing if it says that it has nothing."""
        said = self._said(
            self.model.at("queries"), view, INFORM.replace("{question}", question.text)
        )
        return "" if (said == "NONE" if authors else _NONE.fullmatch(said)) else said

    def features(self, views: Sequence[View], layer: int) -> Features:
        """One vector for each view: its image tokens one after another, as *layer* takes them."""
        prompts = [Prompt((view, DESCRIBE)) for view in views]
        seen = self.model.at("merge").forward(prompts, Capture(values=(layer,)))
        return np.stack([_vector(reading, layer) for reading in seen])

    def _said(self, model: BudgetedModel, *parts: str | View) -> str:
        prompt = Prompt(parts, sampling=self.sampling)
        (reply,) = model.generate([prompt], max_new_tokens=self.longest)
        return reply.text.strip()


def _vector(seen: Internals, layer: int) -> Features:
    """The values of all cells, those of local crops included."""
    cells = [seen.values[layer][:, patches.tokens.ravel()] for patches in seen.patches]
    return np.concatenate([np.asarray(part.float().cpu()).ravel() for part in cells])
