"""SEAL's visual working memory: the image, then each finding with its name and location."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import attrs
from attrs.validators import ge, gt

from visualcrop import Answer, Box, BudgetedModel, Finding, Image, Question, View
from visualcrop.plugin import AnswerComposer, option, reply

FOCUS_PREFIX = "Additional visual information to focus on: "


@attrs.frozen
class WorkingMemory(AnswerComposer):
    """Show the image, then each finding by name and location, in SEAL's own words. One pass."""

    name = "working-memory"

    scale: float = option(
        1.2, help="sides of a finding's crop, relative to those of its box", validator=gt(0)
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
        before = FOCUS_PREFIX
        for finding in findings:
            crop = View(image, enlarge(finding.box, self.scale, image))
            parts += [f"{before}{finding.target.text} ", crop]
            before = f" at location {format_location(finding.box, image)}; "
        if findings:
            parts.append(before.removesuffix("; ") + ".")
        answer = reply(question, parts, model, self.inference, self.max_new_tokens)
        return attrs.evolve(answer, findings=tuple(findings))


def enlarge(box: Box, scale: float, image: Image) -> Box:
    """The box with its sides times *scale*, about its centre, in whole pixels inside the image."""
    left, right = _enlarge_side(box.left, box.width, scale, image.width)
    top, bottom = _enlarge_side(box.top, box.height, scale, image.height)
    return Box(left, top, right, bottom)


def _enlarge_side(start: float, length: float, scale: float, limit: int) -> tuple[int, int]:
    size = max(1, int(math.ceil(length) * scale))
    first = min(max(0, int(start + length / 2) - size // 2), limit - 1)
    return first, min(first + size, limit)


def format_location(box: Box, image: Image) -> str:
    """`[left,top,right,bottom]` in the square that the image is padded to, from 0 to 1."""
    side = max(image.width, image.height)
    across, down = (side - image.width) // 2, (side - image.height) // 2
    sides = box.left + across, box.top + down, box.right + across, box.bottom + down
    return f"[{','.join(f'{min(1.0, max(0.0, at / side)):.3f}' for at in sides)}]"
