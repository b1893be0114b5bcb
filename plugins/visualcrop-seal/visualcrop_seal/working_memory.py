"""SEAL's visual working memory: what was found follows the image, each with name and place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import attrs
from attrs.validators import ge, gt

from visualcrop import Answer, Box, BudgetedModel, Finding, Image, Question, View
from visualcrop.plugin import AnswerComposer, option, reply

FOCUS = "Additional visual information to focus on: "


@attrs.frozen
class WorkingMemory(AnswerComposer):
    """Show the image, then each finding by name and place, in SEAL's own words. One pass."""

    name = "working-memory"

    scale: float = option(
        1.2, help="sides of what is shown of a finding, to those of its box", validator=gt(0)
    )
    inference: Literal["generate", "letter-logits", "option-logits"] = option(
        "generate", help="how the answer is read off the model"
    )
    max_new_tokens: int = option(32, help="longest answer", validator=ge(1))

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        image = question.image
        parts: list[str | View] = [View.whole(image)]
        before = FOCUS
        for finding in findings:
            crop = View(image, enlarged(finding.box, self.scale, image))
            parts += [f"{before}{finding.target.text} ", crop]
            before = f" at location {place(finding.box, image)}; "
        if findings:
            parts.append(before.removesuffix("; ") + ".")
        answer = reply(question, parts, model, self.inference, self.max_new_tokens)
        return attrs.evolve(answer, findings=tuple(findings))


def enlarged(box: Box, scale: float, image: Image) -> Box:
    """Whole pixels about the box's centre, *scale* times as many on a side, cut to the image."""
    left, right = _span(box.left, box.width, scale, image.width)
    top, bottom = _span(box.top, box.height, scale, image.height)
    return Box(left, top, right, bottom)


def _span(start: float, length: float, scale: float, most: int) -> tuple[int, int]:
    size = max(1, int(math.ceil(length) * scale))
    first = min(max(0, int(start + length / 2) - size // 2), most - 1)
    return first, min(first + size, most)


def place(box: Box, image: Image) -> str:
    """The box in the square that the image is padded to, as parts of its side."""
    side = max(image.width, image.height)
    across, down = (side - image.width) // 2, (side - image.height) // 2
    sides = box.left + across, box.top + down, box.right + across, box.bottom + down
    return f"[{','.join(f'{min(1.0, max(0.0, at / side)):.3f}' for at in sides)}]"
