"""Whole searches on networks: tiny random ones of four families, and the trained `tiny-shapes`."""

from __future__ import annotations

from functools import cache

import pytest

from tests.support.opened import opened
from visualcrop import Answer, Budget, Finding, Ledger, Model, ModelFamily, Question
from visualcrop.plugin import Registry, Searcher

FAMILIES = ("llava", "llava-onevision", "qwen2-5-vl", "qwen3-5")
MODELS = (*FAMILIES, "tiny-shapes")


@cache
def open_model(name: str) -> Model:
    """The model of one of `MODELS`; the test is skipped where `tiny-shapes` is not installed."""
    if name == "tiny-shapes":
        pytest.importorskip("visualcrop_tiny")
        return Registry.load().build(ModelFamily, name).open()
    return opened(name)


def search(
    searcher: Searcher | str, question: Question, model: Model, passes: int | None = None
) -> tuple[Answer, Ledger]:
    """The answer, with all findings in the image, and its ledger, which has every pass."""
    if isinstance(searcher, str):
        searcher = Registry.load().build(Searcher, searcher)
    ledger, before = Ledger(Budget(passes)), model.passes
    answer = searcher.run(question, model, ledger)
    assert ledger.passes == model.passes - before
    assert not ledger.unbilled
    within = question.image.box
    assert not [f for f in (*answer.findings, *seen(answer)) if not within.contains(f.box)]
    assert answer.choice is None or answer.choice in range(len(question.choices))
    return answer, ledger


def seen(answer: Answer) -> list[Finding]:
    """All findings of the evidence, whether or not they were checked."""
    return [finding for evidence in answer.evidence for finding in evidence.findings]
