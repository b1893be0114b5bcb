"""An answer that is read off the boxes, where they hold one."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from visualcrop import Answer, BudgetedModel, Finding, Focus, Question, View
from visualcrop.plugin import AnswerComposer, between, option

from .finding import read_view
from .matching import choose


@attrs.frozen
class Read(AnswerComposer):
    """
    Answer with the text in the findings, and ask the model only where none fits. 0 or 1 pass.

    Of choices, the one that the text holds; without choices, all the text of the surest finding
    that has any: ask it about texts alone.
    """

    name = "read"

    least: float = option(
        0.75, help="least share of a choice's letters that is read", validator=between(0, 1)
    )
    otherwise: AnswerComposer = option(
        Focus().answer, help="who answers where nothing that is read fits"
    )

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        if question.needs_words:
            return self.otherwise.compose(question, findings, model)
        for finding in sorted(findings, key=_sureness, reverse=True):
            view = View(question.image, finding.box)
            text = " ".join(line.text for line in read_view(view))
            choice = choose(question.choices, text, self.least)
            if choice is not None:
                text = question.letters[choice]
            if choice is not None or (text and not question.choices):
                return Answer(text, choice, findings=tuple(findings), shown=(view,))
        return self.otherwise.compose(question, findings, model)


def _sureness(finding: Finding) -> float:
    return -2.0 if finding.confidence is None else finding.confidence
