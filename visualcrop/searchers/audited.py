"""Ask again without what was found, to see whether the answer rests on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ..answer.reply import reply
from ..budget import BudgetedModel
from ..errors import BudgetExceededError
from ..geometry import Box
from ..interfaces import AnswerComposer, Searcher
from ..strategy.base import Strategy, between, option
from ..values import Answer, Audit, Evidence, Finding, Question, Target, View
from .focus import Focus

AUDIT = "audit"  # the stage of its pass, within the budget
CANNOT_TELL = "cannot tell"  # the text of an answer that abstains
_ANYTHING = Target("thing")  # of parts that were shown without a finding


@attrs.frozen
class Audited(Searcher):
    """
    After a search, ask the same question on a matched null crop. The search's passes, and one.

    The null crop is as large as what was shown, meets no box that was shown or accepted, and lies
    where the maps point least. What the answer loses on it is the evidence gain: the margin of its
    choice with what was found, less the margin without. The answer itself stays what it was.
    """

    name = "audited"

    searcher: Searcher = option(Focus(), help="what searches, and answers")
    least_gain: float = option(
        0.1,
        help="evidence gain below which the answer does not rest on what was found",
        validator=between(-2, 2),
    )
    abstain: bool = option(
        False, help="answer 'cannot tell' where nothing was found and the margin is small"
    )
    least_margin: float = option(
        0.5,
        help="margin of the choice over the next below which an answer without a find abstains",
        validator=between(0, 1),
    )

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        answer = self.searcher.search(question, model)
        if self.abstain and self._is_a_guess(answer):
            answer = attrs.evolve(answer, text=CANNOT_TELL, choice=None, abstained=True)
        return attrs.evolve(answer, audit=self._audit(question, answer, model.at(AUDIT)))

    def _is_a_guess(self, answer: Answer) -> bool:
        margin = find_margin(answer, answer.choice)
        return not answer.found and margin is not None and margin < self.least_margin

    def _audit(self, question: Question, answer: Answer, model: BudgetedModel) -> Audit:
        """One more pass, unless there is nothing to compare, no place, or no pass left."""
        with_it = find_margin(answer, answer.choice)
        if with_it is None:
            return Audit(reason="the answer names no choice whose probability is known")
        composer = next(find_composers(self.searcher), None)
        nulls = place_nulls(question, answer)
        if not nulls:
            nothing = not _boxes_shown(question, answer)
            return Audit(reason="nothing was found" if nothing else "there is no room elsewhere")
        try:
            if composer is None or not answer.findings:
                without = reply(question, [View(question.image, f.box) for f in nulls], model)
            else:
                without = composer.compose(question, nulls, model)
        except BudgetExceededError:
            return Audit(reason="the budget has no pass left for it")
        margin = find_margin(without, answer.choice)
        if margin is None:
            return Audit(reason="the model gave no probabilities without what was found")
        gain = with_it - margin
        return Audit(gain, gain >= self.least_gain, tuple(f.box for f in nulls))


def find_margin(answer: Answer, choice: int | None) -> float | None:
    """Probability of *choice* less that of the likeliest other, from -1 to 1; none if unknown."""
    known = answer.probabilities
    if choice is None or not choice < len(known) or len(known) < 2:
        return None
    return known[choice] - max(p for place, p in enumerate(known) if place != choice)


def find_composers(strategy: Strategy) -> Iterator[AnswerComposer]:
    """Composers among the parts of *strategy*, its own before those of the searchers it holds."""
    parts = [getattr(strategy, field.name) for field in attrs.fields(type(strategy))]
    yield from (part for part in parts if isinstance(part, AnswerComposer))
    for part in parts:
        if isinstance(part, Searcher):
            yield from find_composers(part)


def place_nulls(question: Question, answer: Answer) -> list[Finding]:
    """
    What was shown of *answer*, moved to where nothing is; none if there is no place for it.

    Where one crop shows all findings, they move together, so that the crop keeps its size; where
    they are shown one by one, each moves alone.
    """
    from .null_place import find_null_place  # which no start-up needs

    shown = _boxes_shown(question, answer)
    if not shown:
        return []
    image, maps = question.image, [e.relevance for e in answer.evidence if e.relevance is not None]
    taken = [*shown, *_accepted(answer.evidence)]
    findings = answer.findings or tuple(Finding(_ANYTHING, box) for box in shown)
    whole = Box.union(finding.box for finding in findings)
    together = any(view.box == whole for view in answer.shown if view.image == image)
    moved: list[Finding] = []
    for group in [findings] if together else [(finding,) for finding in findings]:
        over = Box.union(finding.box for finding in group)
        place = find_null_place(View(image, over).size, image.box, taken, maps)
        if place is None:
            return []
        moved += _move(group, over, place)
    return moved


def _move(group: Sequence[Finding], over: Box, place: Box) -> Iterator[Finding]:
    """Findings within *over*, at the same places within *place*, and checked by nobody."""
    if len(group) == 1:
        yield Finding(group[0].target, place)
        return
    left, top, _, _ = over.whole_pixels()
    for finding in group:
        yield Finding(finding.target, finding.box.moved(place.left - left, place.top - top))


def _boxes_shown(question: Question, answer: Answer) -> list[Box]:
    """Boxes that the answer rests on, or else the parts of the image that were shown for it."""
    if answer.findings:
        return [finding.box for finding in answer.findings]
    whole = question.image.box
    return [v.box for v in answer.shown if v.image == question.image and v.box != whole]


def _accepted(evidence: Sequence[Evidence]) -> Iterator[Box]:
    """Boxes in which the model said that the target is there."""
    for each in evidence:
        yield from (f.box for f in each.findings if f.confidence is not None and f.confidence >= 0)
