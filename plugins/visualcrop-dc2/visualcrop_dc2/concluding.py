"""The answer: the whole image, and in words what its parts had to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import attrs

from visualcrop import Answer, BudgetedModel, Evidence, Finding, Question, Target, View
from visualcrop.plugin import ANSWER, reply

from .memory import Places

Inference: TypeAlias = Literal["generate", "letter-logits", "option-logits"]
_NOTES = "Here are some useful information to help you answer the question: {notes}\n"
_SHORT = "Just answer the question only."


@attrs.frozen
class Note:
    """What was said of one place, where an object had been seen; empty if that was nothing."""

    name: str
    places: Places
    likeness: float
    text: str

    @property
    def findings(self) -> tuple[Finding, ...]:
        """A finding for each part of the image that was laid into the picture."""
        return tuple(Finding(Target(self.name), box, self.likeness) for box in self.places)


@attrs.frozen
class Voice:
    """How the answer is said, whatever it rests on."""

    inference: Inference
    max_new_tokens: int
    most_text: int  # characters of all notes

    def conclude(self, question: Question, notes: Sequence[Note], model: BudgetedModel) -> Answer:
        """Answer *question*, with what the notes say before it."""
        useful = [note for note in notes if note.text]
        whole, asked = View.whole(question.image), question
        text = "".join(f"{note.text[: self.most_text // len(useful)]}\n\n" for note in useful)
        parts: list[str | View] = [whole]
        if useful:
            parts.append(_NOTES.replace("{notes}", text))
            words = f"Query: {question.text}"
            asked = attrs.evolve(question, text=words if question.choices else f"{words}\n{_SHORT}")
        answer = reply(asked, parts, model.at(ANSWER), self.inference, self.max_new_tokens)
        findings = tuple(finding for note in useful for finding in note.findings)
        return attrs.evolve(answer, findings=findings, evidence=tuple(_evidence(notes)))


def _evidence(notes: Sequence[Note]) -> list[Evidence]:
    """All places of each object, in the order they were asked about."""
    seen: dict[str, list[Finding]] = {}
    for note in notes:
        seen.setdefault(note.name, []).extend(note.findings)
    return [Evidence(Target(name), tuple(findings)) for name, findings in seen.items()]
