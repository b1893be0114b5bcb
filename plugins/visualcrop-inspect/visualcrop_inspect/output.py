"""Answers as Inspect's model outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ModelOutput,
    ModelUsage,
    StopReason,
)

from visualcrop import Answer, Finding, Ledger, Question, VisualSearch
from visualcrop.plugin import Spec


@attrs.frozen
class Outcome:
    """An answer, and what it took."""

    search: VisualSearch
    question: Question
    answer: Answer
    ledger: Ledger
    seconds: float

    def describe(self, model: str, stop: Sequence[str]) -> ModelOutput:
        """The reply, what it took, and as metadata where the search looked."""
        text, reason = self._cut(stop)
        message = ChatMessageAssistant(content=text, model=model, source="generate")
        return ModelOutput(
            model=model,
            choices=[ChatCompletionChoice(message=message, stop_reason=reason)],
            usage=_describe_usage(self.ledger),
            time=self.seconds,
            metadata={"visualcrop": self._describe_search()},
        )

    def _cut(self, stop: Sequence[str]) -> tuple[str, StopReason]:
        """The text up to the first stop sequence, and why it ends."""
        text, most = self.answer.text, self.question.max_new_tokens
        cuts = [text.index(each) for each in stop if each and each in text]
        if cuts:
            return text[: min(cuts)], "stop"
        if most is not None and len(self.answer.token_probabilities) >= most:
            return text, "max_tokens"
        return text, "stop"

    def _describe_search(self) -> dict[str, Any]:
        answer, question = self.answer, self.question
        return {
            "searcher": str(Spec.of(self.search.searcher)),
            "choice": None if answer.choice is None else question.choices[answer.choice],
            "confidence": answer.confidence,
            "boxes": [_describe_box(finding) for finding in answer.findings],
            "passes": dict(answer.passes),
            "exhausted": answer.exhausted,
            "untargeted": answer.untargeted,
            "decision": answer.decision,
            "abstained": answer.abstained,
            "evidence_gain": answer.evidence_gain,
            "image": [question.image.width, question.image.height],
        }


def _describe_usage(ledger: Ledger) -> ModelUsage:
    """Tokens of all passes; those of image prefixes that were read before are cache reads."""
    used = ledger.usage
    return ModelUsage(
        input_tokens=used.new_tokens,
        input_tokens_cache_read=used.reused_tokens,
        output_tokens=used.decoded_tokens,
        total_tokens=used.new_tokens + used.reused_tokens + used.decoded_tokens,
    )


def _describe_box(finding: Finding) -> dict[str, Any]:
    box = finding.box
    return {
        "pixels": [float(each) for each in (box.left, box.top, box.right, box.bottom)],
        "target": finding.target.text,
        "confidence": finding.confidence,
    }
