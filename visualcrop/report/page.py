"""A page in one file that shows what was asked, where the search looked, and what it cost."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import attrs

from ..budget import ANSWER
from ..geometry import Box
from ..values import Answer, Evidence, Finding, Question, View
from .drawing import heat, reduced
from .templating import template

if TYPE_CHECKING:
    import PIL.Image

_THUMBNAIL, _THUMBNAILS = 220, 10


@attrs.frozen
class Sheet:
    """One question on a page; with the plain answer and the truth where they are known."""

    question: Question
    answer: Answer
    searcher: str
    direct: Answer | None = None
    truth: str | None = None
    boxes: tuple[Box, ...] = ()  # where the truth is to be seen


def page_of(sheets: Sequence[Sheet], *, title: str) -> str:
    """HTML with every picture inside it: nothing is fetched when it is viewed."""
    return template("page.html").render(title=title, sheets=[_shown(sheet) for sheet in sheets])


def _shown(sheet: Sheet) -> dict[str, object]:
    """What the template needs of one sheet."""
    answer, passes = sheet.answer, dict(sheet.answer.passes)
    return {
        "question": sheet.question.text,
        "choices": sheet.question.choices,
        "verdicts": [
            v
            for v in (
                _verdict(sheet, "Asked directly", sheet.direct),
                _verdict(sheet, "With a search", answer),
            )
            if v
        ],
        "truth": sheet.truth,
        "maps": [_map(sheet, evidence) for evidence in answer.evidence],
        "shown": [_uri(reduced(view.picture, 520)) for view in answer.shown],
        "passes": passes,
        "search_passes": sum(n for stage, n in passes.items() if stage != ANSWER),
        "exhausted": answer.exhausted,
        "untargeted": answer.untargeted,
        "searcher": sheet.searcher,
    }


def _verdict(sheet: Sheet, label: str, answer: Answer | None) -> dict[str, object] | None:
    if answer is None:
        return None
    words = answer.text if answer.choice is None else sheet.question.choices[answer.choice]
    right = None if sheet.truth is None else words == sheet.truth
    return {"label": label, "words": words, "right": right, "passes": sum(answer.passes.values())}


def _map(sheet: Sheet, evidence: Evidence) -> dict[str, object]:
    """One target: the image, its map as a veil, every box with its confidence."""
    image = sheet.question.image
    picture = reduced(image.picture)
    relevance = evidence.relevance
    chosen = sheet.answer.findings
    seen = [f for f in evidence.findings if f.confidence is not None or f in chosen]
    checked = seen or evidence.findings[:1]
    return {
        "target": evidence.target.text,
        "every": evidence.target.every,
        "picture": _uri(picture),
        "veil": _uri(heat(relevance, picture.size, image.box), "PNG") if relevance else None,
        "width": image.width,
        "height": image.height,
        "stroke": max(image.width, image.height) / 400,
        "boxes": [_box(sheet, finding) for finding in checked],
        "truth": list(sheet.boxes),
        "thumbnails": [
            _box(sheet, finding) | {"picture": _crop(sheet, finding.box)}
            for finding in checked[:_THUMBNAILS]
        ],
        "more": len(evidence.findings) - min(len(checked), _THUMBNAILS),
    }


def _box(sheet: Sheet, finding: Finding) -> dict[str, object]:
    confidence = finding.confidence
    return {
        "box": finding.box,
        "confidence": confidence,
        "share": 0 if confidence is None else round(50 * (confidence + 1)),
        "chosen": finding in sheet.answer.findings,
    }


def _crop(sheet: Sheet, box: Box) -> str:
    return _uri(reduced(View(sheet.question.image, box).picture, _THUMBNAIL))


def _uri(picture: PIL.Image.Image, encoding: str = "JPEG") -> str:
    encoded = BytesIO()
    picture.save(encoded, encoding, quality=85, optimize=True)
    data = base64.b64encode(encoded.getvalue()).decode()
    return f"data:image/{encoding.lower()};base64,{data}"
