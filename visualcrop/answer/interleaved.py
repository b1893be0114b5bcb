"""Answer from the whole image, what was found outlined, and each finding as an image of its own."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import AnswerComposer
from ..prompt import Part
from ..protocol import Inference
from ..strategy.base import between, option
from ..values import Answer, Finding, Question, View
from .outlining import outline_colour, outlined
from .replying import reply, with_findings


@attrs.frozen
class Interleaved(AnswerComposer):
    """Show the whole image with every finding outlined, then each finding. One pass."""

    name = "interleaved"

    inference: Inference = option("generate", help="how the answer is read off the model")
    max_new_tokens: int = option(32, help="longest answer", validator=between(1, 65_536))

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        parts: list[Part] = [View.whole(question.image)]
        if findings:
            colour = outline_colour(question.text)
            image = outlined(question.image, [finding.box for finding in findings], colour)
            parts = [f"The whole image, with {colour} outlines:", View.whole(image)]
        for finding in findings:
            parts += [
                f"The outlined part with the {finding.target.text}:",
                View(question.image, finding.box),
            ]
        answer = reply(question, parts, model, self.inference, self.max_new_tokens)
        return with_findings(answer, findings)
