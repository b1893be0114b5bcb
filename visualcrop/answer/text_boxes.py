"""As `interleaved`, but places are given as numbers in the text, and nothing is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..geometry import Box
from ..image import Image
from ..interfaces import AnswerComposer
from ..prompt import Part
from ..protocol import Inference
from ..values import Answer, Finding, Question, View
from .reply import inference_option, max_new_tokens_option, reply


@attrs.frozen
class TextBoxes(AnswerComposer):
    """Show the untouched image, then each finding with its box in words. One pass."""

    name = "text-boxes"

    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        parts: list[Part] = [View.whole(question.image)]
        for finding in findings:
            place = format_box(finding.box, question.image)
            parts += [
                f"The part at {place} with the {finding.target.text}:",
                View(question.image, finding.box),
            ]
        return reply(question, parts, model, self.inference, self.max_new_tokens, findings=findings)


def format_box(box: Box, image: Image) -> str:
    """Left, top, right and bottom as fractions of the image's sides: `[0.25, 0.10, 0.40, 0.22]`."""
    across, down = image.width, image.height
    sides = box.left / across, box.top / down, box.right / across, box.bottom / down
    return f"[{', '.join(f'{side:.2f}' for side in sides)}]"
