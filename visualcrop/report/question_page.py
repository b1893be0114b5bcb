"""Pages of single questions: where each variant looked, how sure it was, and what it cost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

import attrs

from ..budget import ANSWER
from ..data.base import Dataset, Sample
from ..data.record import Record
from ..drawing import render_heatmap, shrink_picture, to_data_uri
from ..errors import EvaluationError, nearest
from ..evaluation.evidence import restore_answer
from ..evaluation.run_folder import Store
from ..evaluation.study import BASELINE
from ..geometry import Box
from ..output.html import load_template
from ..values import Answer, Evidence, Finding, Question, View

_THUMBNAIL, _THUMBNAILS = 220, 10  # pixels on the longer side, and how many of a target
_SHOWN = 520  # pixels on the longer side of what the model was shown for the answer
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
    return load_template("visualcrop.report", "question.html").render(
        title=title, cards=[_fill_card(card) for card in cards]
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


def _fill_card(card: Card) -> dict[str, object]:
    """The values that the template puts in."""
    answer = card.answer
    passes, shown = (dict(answer.passes), answer.shown) if answer else ({}, ())
    verdicts = (_verdict(card, "Asked directly", card.direct), _verdict(card, card.variant, answer))
    return {
        "variant": card.variant,
        "spec": card.spec,
        "question": card.question.text,
        "choices": card.question.choices,
        "verdicts": [verdict for verdict in verdicts if verdict],
        "truth": card.truth,
        "error": card.error,
        "maps": [_fill_map(card, answer, each) for each in answer.evidence] if answer else [],
        "shown": [to_data_uri(shrink_picture(view.picture, _SHOWN)) for view in shown],
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
        "words": words,
        "right": right,
        "passes": sum(answer.passes.values()),
        "confidence": answer.confidence,
    }


def _fill_map(card: Card, answer: Answer, evidence: Evidence) -> dict[str, object]:
    """One target: the image, its map as a layer, every box with its confidence."""
    image = card.question.image
    picture = shrink_picture(image.picture)
    relevance = evidence.relevance
    chosen = answer.findings
    seen = [f for f in evidence.findings if f.confidence is not None or f in chosen]
    checked = seen or evidence.findings[:1]
    heatmap = render_heatmap(relevance, picture.size, image.box) if relevance else None
    return {
        "target": evidence.target.text,
        "every": evidence.target.every,
        "picture": to_data_uri(picture, "JPEG"),
        "heatmap": None if heatmap is None else to_data_uri(heatmap),
        "width": image.width,
        "height": image.height,
        "stroke": max(image.width, image.height) / 400,
        "boxes": [_fill_box(finding, chosen) for finding in checked],
        "truth": list(card.boxes),
        "thumbnails": [
            _fill_box(finding, chosen) | {"picture": _thumbnail(card, finding.box)}
            for finding in checked[:_THUMBNAILS]
        ],
        "more": len(evidence.findings) - min(len(checked), _THUMBNAILS),
    }


def _fill_box(finding: Finding, chosen: Collection[Finding]) -> dict[str, object]:
    """Confidence is from -1, a sure No, to 1, a sure Yes; the bar is as long as it is sure."""
    confidence = finding.confidence
    return {
        "box": finding.box,
        "confidence": confidence,
        "is_yes": confidence is not None and confidence > 0,
        "share": 0 if confidence is None else round(100 * abs(confidence)),
        "chosen": finding in chosen,
    }


def _thumbnail(card: Card, box: Box) -> str:
    return to_data_uri(shrink_picture(View(card.question.image, box).picture, _THUMBNAIL))
