"""Pages of single questions: where each variant looked, how sure it was, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from ..budget import ANSWER
from ..data.base import Dataset, Sample
from ..data.record import Record
from ..drawing import render_heatmap, shrink_picture, to_data_uri
from ..errors import EvaluationError, nearest
from ..evaluation.evidence import restore_answer
from ..evaluation.run_folder import Store
from ..evaluation.study import BASELINE
from ..geometry import Box
from ..image import DrawnImage, Image
from ..values import Answer, Finding, Question, RelevanceMap, View
from .page import render_page, to_json, to_words
from .pictures import Pictures

_THUMBNAILS = 12  # boxes of a target whose pixels are shown
_CROPS = 4  # parts of the image that are shown large
_COARSE = 128  # pixels on the longer side of a part that is enlarged so much that they show
_SHOWN = 720  # pixels on the longer side of a picture that was composed for the answer
_HEATMAP = 160  # pixels on the longer side of a map for who has no scripts
_CELLS = 256 * 256  # of a map, at most
_ALIKE = 5000  # records among which a mistyped id is looked for


@attrs.frozen
class Card:
    """One variant's answer to a question; beside it the plain answer and the truth, if known."""

    question: Question
    answer: Answer | None  # none if it failed
    variant: str
    spec: str
    direct: Answer | None = None
    truth: str | None = None
    boxes: tuple[Box, ...] = ()  # where the truth is to be seen
    error: str = ""


@attrs.frozen
class DifferingQuestion:
    """A question that the variants answer differently."""

    id: str
    cells: tuple[str, ...]  # a score or a status for each variant
    page: str | None = None  # relative address


def render_cards(cards: Sequence[Card], *, title: str) -> str:
    """HTML with every picture inside it: nothing is fetched when it is viewed."""
    pictures = Pictures()
    filled = [_fill_card(card, pictures) for card in cards]
    return render_page(
        "question.html",
        styles=("viewer.css", "question.css"),
        script="question.js",
        title=title,
        cards=filled,
        pictures=pictures,
    )


def render_question(sample: Sample, records: Sequence[Record], specs: Mapping[str, str]) -> str:
    """A page with a card for each variant; asking directly has one where nobody searched."""
    image = sample.source.open()
    question = sample.question_about(image)
    direct = next((r for r in records if r.variant == BASELINE and r.status != "error"), None)
    truth = ", ".join(dict.fromkeys(sample.answers))
    boxes = tuple(target.box for target in sample.targets)
    plain = None if direct is None else restore_answer(direct, image)
    cards = [
        Card(
            question,
            None if record.status == "error" else restore_answer(record, image),
            record.variant,
            specs.get(record.variant, ""),
            direct=None if record is direct else plain,
            truth=truth,
            boxes=boxes,
            error=record.error or "",
        )
        for record in records
        if record is not direct or len(records) == 1
    ]
    return render_cards(cards, title=sample.text)


def find_records(store: Store, ids: Collection[str]) -> dict[str, list[Record]]:
    """What every variant answered to each of *ids*, in the order of the study."""
    found: dict[str, list[Record]] = {id: [] for id in ids}
    for record in store.records():
        if record.id in found:
            found[record.id].append(record)
    if missing := next((id for id, records in found.items() if not records), None):
        some = {record.id for record in islice(store.records(), _ALIKE)}
        known = nearest(missing, some, called="questions")
        raise EvaluationError(f"The run has no answer to a question {missing!r}; {known[:300]}.")
    order = [*store.study.variants]
    return {id: sorted(rs, key=lambda r: order.index(r.variant)) for id, rs in found.items()}


def find_samples(dataset: Dataset, ids: Collection[str]) -> dict[str, Sample]:
    """The questions of those ids; the dataset is read no further than it takes."""
    wanted, found = {*ids}, dict[str, Sample]()
    for sample in dataset:
        if sample.id in wanted:
            found[sample.id] = sample
        if len(found) == len(wanted):
            return found
    missing = min(wanted - {*found})
    raise EvaluationError(f"The dataset has no question {missing!r} any more.")


def find_differing(store: Store, labels: Sequence[str]) -> Iterator[DifferingQuestion]:
    """Questions whose scores differ between variants; at the end those that one never answered."""
    waiting: dict[str, dict[str, str]] = {}  # for the answers of other variants
    for record in store.records():
        cell = record.status if record.score is None else f"{100 * record.score:.0f} %"
        found = waiting.setdefault(record.id, {})
        found[record.variant] = cell
        if len(found) == len(labels):
            yield from _if_differing(record.id, waiting.pop(record.id), labels)
    for id, found in waiting.items():
        yield from _if_differing(id, found, labels)


def _if_differing(
    id: str, found: Mapping[str, str], labels: Sequence[str]
) -> Iterator[DifferingQuestion]:
    if len({*found.values()}) > 1:
        yield DifferingQuestion(id, tuple(found.get(label, "") for label in labels))


def _fill_card(card: Card, pictures: Pictures) -> dict[str, object]:
    """The values that the template puts in."""
    answer = card.answer
    passes = dict(answer.passes) if answer else {}
    crops = [*_crops(card, pictures)]  # first: their pixels serve for small pictures, too
    verdicts = (
        _verdict(card, card.variant, answer),
        _verdict(card, "Asked directly", card.direct),
    )
    return {
        "variant": card.variant,
        "spec": card.spec,
        "question": card.question.text,
        "choices": _choices(card),
        "verdicts": [verdict for verdict in verdicts if verdict],
        "truth": card.truth,
        "error": card.error,
        "looks": [*_looks(card, pictures)],
        "crops": crops,
        "passes": passes,
        "search_passes": sum(n for stage, n in passes.items() if stage != ANSWER),
        "exhausted": bool(answer and answer.exhausted),
        "untargeted": bool(answer and answer.untargeted),
        "decision": answer.decision if answer else "",
        "audit": answer.audit if answer else None,
    }


def _verdict(card: Card, label: str, answer: Answer | None) -> dict[str, object] | None:
    if answer is None:
        return None
    words = answer.text if answer.choice is None else card.question.choices[answer.choice]
    right = None if card.truth is None else words == card.truth
    return {
        "label": label,
        "searched": answer is card.answer,
        "words": words,
        "right": right,
        "passes": sum(answer.passes.values()),
        "confidence": answer.confidence,
    }


def _choices(card: Card) -> list[dict[str, object]]:
    """Each choice, with how likely it was to each way of asking, where that is known."""
    ways = [(answer, searched) for answer, searched in ((card.answer, True), (card.direct, False))]
    return [
        {
            "text": text,
            "true": card.truth == text,
            "shares": [
                {"searched": searched, "share": answer.probabilities[place]}
                for answer, searched in ways
                if answer and place < len(answer.probabilities)
            ],
        }
        for place, text in enumerate(card.question.choices)
    ]


def _looks(card: Card, pictures: Pictures) -> Iterator[dict[str, object]]:
    """Where it looked for each target; the whole image where nothing was looked for."""
    answer, image = card.answer, card.question.image
    for evidence in (answer.evidence if answer else ()) or (None,):
        chosen = answer.findings if answer else ()
        findings = evidence.findings if evidence else chosen
        seen = [f for f in findings if f.confidence is not None or f in chosen]
        checked = seen or [*findings[:1]]
        boxes = [_fill_box(finding, image, chosen=finding in chosen) for finding in checked]
        strip = boxes[:_THUMBNAILS]
        relevance = evidence.relevance if evidence else None
        yield {
            "target": f"{'every ' * evidence.target.every}{evidence.target.text}"
            if evidence
            else "",
            "picture": pictures.add(image),
            "heatmap": _heatmap(relevance) if relevance else None,
            "boxes": boxes,
            "truth": card.boxes,
            "strip": [
                box
                | {
                    "picture": pictures.add(image),
                    "detail": pictures.add_thumbnail(image, finding.box),
                    "coarse": False,
                }
                for box, finding in zip(strip, checked, strict=False)
            ],
            "more": len(findings) - len(strip),
            "data": to_json(
                {
                    "picture": pictures.add(image).id,
                    "width": image.width,
                    "height": image.height,
                    "map": _map(relevance) if relevance else None,
                    "boxes": [_box_data(box) for box in boxes]
                    + [
                        {"pixels": _edges(b), "label": "truth", "kind": "truth"} for b in card.boxes
                    ],
                    "crops": [_edges(Box(*image.rectangle(view.box))) for view in _deciding(card)],
                    "details": [
                        {"box": _edges(detail.box), "picture": detail.id}
                        for view in _deciding(card)
                        if (detail := pictures.add_detail(image, view.box))
                    ],
                }
            ),
        }


def _deciding(card: Card) -> list[View]:
    """Parts of the image that the model was shown for the answer; else those it rests on."""
    answer, image = card.answer, card.question.image
    if answer is None:
        return []
    shown = [view for view in answer.shown if _is_part(view, image)]
    if not shown and all(view.image.key == image.key for view in answer.shown):
        shown = [View(image, finding.box) for finding in answer.findings]
    return shown[:_CROPS]


def _is_part(view: View, image: Image) -> bool:
    is_drawn = isinstance(view.image, DrawnImage)
    return not is_drawn and view.image.key == image.key and view.box != image.box


def _crops(card: Card, pictures: Pictures) -> Iterator[dict[str, object]]:
    """The pictures beside the image: parts of it, and what was composed from it."""
    image = card.question.image
    for view in _deciding(card):
        box = Box(*image.rectangle(view.box))
        yield {
            "uri": None,
            "box": box,
            "picture": pictures.add(image),
            "detail": pictures.add_detail(image, view.box),
            "coarse": max(box.width, box.height) < _COARSE,
        }
    shown = card.answer.shown if card.answer else ()
    for view in [view for view in shown if view.image.key != image.key][:_CROPS]:
        whole = shrink_picture(view.picture, _SHOWN)
        yield {"uri": to_data_uri(whole), "width": whole.width, "height": whole.height}


def _fill_box(finding: Finding, image: Image, *, chosen: bool) -> dict[str, Any]:
    """Confidence is from -1, a sure No, to 1, a sure Yes; the bar is as long as it is sure."""
    confidence = finding.confidence
    return {
        "box": finding.box.common(image.box) or finding.box,
        "target": finding.target.singular,
        "confidence": confidence,
        "is_yes": confidence is not None and confidence > 0,
        "share": 0 if confidence is None else round(100 * abs(confidence)),
        "chosen": chosen,
    }


def _box_data(box: Mapping[str, Any]) -> dict[str, object]:
    return {
        "pixels": _edges(box["box"]),
        "label": to_words(box["target"]) if box["chosen"] else "",
        "confidence": box["confidence"],
        "kind": "chosen" if box["chosen"] else "tried",
    }


def _map(relevance: RelevanceMap) -> dict[str, Any]:
    """A map as the viewer takes it; a fine one with fewer cells."""
    grid, scores = relevance.grid, relevance.scores
    factor = math.ceil(math.sqrt(scores.size / _CELLS))
    if factor > 1:
        grid = grid.pooled(factor)
        scores = (_pool(scores, factor) / _pool(np.ones_like(scores), factor)).astype(np.float32)
    return {
        "box": _edges(grid.box),
        "rows": grid.shape[0],
        "columns": grid.shape[1],
        "xs": grid.xs,
        "ys": grid.ys,
        "scores": [float(f"{score:.4g}") for score in scores.flat],
    }


def _pool(values: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
    """Sums of *factor* x *factor* values."""
    rows, columns = (np.arange(0, length, factor) for length in values.shape)
    return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)


def _heatmap(relevance: RelevanceMap) -> dict[str, object]:
    """The map as a small picture, which browsers enlarge smoothly."""
    box = relevance.grid.box
    factor = _HEATMAP / max(box.width, box.height)
    size = max(1, round(factor * box.width)), max(1, round(factor * box.height))
    return {"uri": to_data_uri(render_heatmap(relevance, size, box)), "box": box}


def _edges(box: Box) -> tuple[float, ...]:
    return attrs.astuple(box)
