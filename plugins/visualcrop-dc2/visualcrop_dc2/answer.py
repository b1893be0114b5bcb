"""The answer, from the whole image and the notes on its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from visualcrop import Answer, BudgetedModel, Evidence, Finding, Question, Target, View
from visualcrop.plugin import ANSWER, Inference, reply

from .partition import Places

_NOTES = "Here are some useful information to help you answer the question: {notes}\n"
_SHORT = "Just answer the question only."


@attrs.frozen
class Note:
    """What the model replied about one place of an object; an empty text if it had nothing."""

    name: str
    places: Places
    similarity: float  # of the object to the question
    text: str

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One for each part of the image in the average that was shown."""
        return tuple(Finding(Target(self.name), box, self.similarity) for box in self.places)


@attrs.frozen
class NoteAnswerer:
    """Asks the question with notes before it."""

    inference: Inference
    max_new_tokens: int
    max_characters: int  # of all notes

    def answer(self, question: Question, notes: Sequence[Note], model: BudgetedModel) -> Answer:
        """Answer *question* with the texts of *notes* before it."""
        useful = [note for note in notes if note.text]
        whole, asked = View.whole(question.image), question
        text = "".join(f"{note.text[: self.max_characters // len(useful)]}\n\n" for note in useful)
        parts: list[str | View] = [whole]
        if useful:
            parts.append(_NOTES.replace("{notes}", text))
            words = f"Query: {question.text}"
            asked = attrs.evolve(question, text=words if question.choices else f"{words}\n{_SHORT}")
        return reply(
            asked,
            parts,
            model.at(ANSWER),
            self.inference,
            self.max_new_tokens,
            findings=[finding for note in useful for finding in note.findings],
        )


def collect_evidence(notes: Iterable[Note]) -> list[Evidence]:
    """All places of each object, in the order they were asked about."""
    seen: dict[str, list[Finding]] = {}
    for note in notes:
        seen.setdefault(note.name, []).extend(note.findings)
    return [Evidence(Target(name), tuple(findings)) for name, findings in seen.items()]
