"""Asks questions: one model, every variant of a search, one question after the other."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import attrs

from ..budget import CONVENTIONS, Budget, Ledger
from ..data.base import Sample
from ..executors.base import Task, Worker
from ..interfaces import Searcher
from ..judges.base import JudgeFn
from ..models.base import Model, ModelFamily
from ..models.engine.metering.peak_rss import peak_rss
from ..models.engine.response_cache import ResponseCache
from ..models.engine.wrappers import BatchingModel
from ..plugin.configure import read_model
from ..plugin.registry import Registry
from ..protocol import PromptProtocol
from ..record import Record
from ..values import Answer, Question
from .downscaling import whole_of
from .evidence import written
from .failed import failed, writable
from .image_cache import Opening
from .pictures import Pictures
from .scoring import recall, scored
from .study import Study


@attrs.frozen
class Asker(Worker):
    """A model and its searchers, ready for questions."""

    model: Model
    searchers: Mapping[str, Searcher]
    protocol: PromptProtocol
    budget: Budget = Budget()
    rule: JudgeFn | None = None  # on answers that are not right word for word
    opening: Opening = attrs.field(factory=Opening)
    alone: bool = False  # whether nothing that the model keeps is of another question or variant
    pictures: Pictures = attrs.field(factory=Pictures)

    @classmethod
    def open(cls, study: Study) -> Asker:
        """Load the model, and fit every searcher to it."""
        registry = Registry.load()
        family = registry.build(ModelFamily, read_model(registry, study.model))
        settings = family.settings()
        searchers = {label: study.searcher(label, registry, settings) for label in study.variants}
        protocol = study.protocol_for(study.open_dataset(registry))
        judge = study.build_judge(registry)
        model = ResponseCache(family.open()) if study.sharing else family.open()
        rule = judge.open() if judge else None
        opening, alone = Opening(study.sharing), not study.sharing
        return cls(model, searchers, protocol, study.budget, rule, opening, alone)

    def shared(self) -> Asker:
        """What waits for the model at the same time is run together."""
        model = self.model.model if isinstance(self.model, ResponseCache) else self.model
        return attrs.evolve(self, model=BatchingModel(model), opening=Opening(), alone=False)

    def answer(self, task: Task) -> Record:
        """Ask, and write down what happened; whatever goes wrong is this question's alone."""
        sample, ledger = task.sample, Ledger(self.budget)
        about: dict[str, Any] = {
            "id": sample.id,
            "variant": task.variant,
            "answer": sample.answer,
            "question": sample.digest,
            "group": sample.group,
            "category": sample.category,
            "alone": self.alone,
        }
        started = time.monotonic()
        try:
            about["picture"] = self.pictures.of(sample.source)
            started = time.monotonic()
            question = attrs.evolve(self.opening.question(sample), protocol=self.protocol)
            about["image"] = (question.image.width, question.image.height)
            about["whole"] = whole_of(sample, question.image, self.model)
            answer = self._searched(task.variant, question, ledger)
            about["seconds"] = _since(started)
            said = _told(sample, answer) | self._scored(sample, answer)
            return writable(Record(**about | said | _cost(ledger, answer.counts)))
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 - counted, named, and never a wrong answer
            about.setdefault("seconds", _since(started))
            return failed(about | _cost(ledger, {}), exc)

    def _searched(self, variant: str, question: Question, ledger: Ledger) -> Answer:
        if self.alone:
            self.model.forget()
        if isinstance(self.model, ResponseCache):
            self.model.set_image(question.image.digest)
        return self.searchers[variant].run(question, self.model, ledger)

    def _scored(self, sample: Sample, answer: Answer) -> dict[str, Any]:
        """By the words; the judge is asked only where they are not a right answer's."""
        score, said = scored(sample, answer), None
        if self.rule and not isinstance(sample.answer, int) and score != 1:
            ruling = self.rule(sample, answer.text)
            score, said = None if ruling.right is None else float(ruling.right), ruling.said
        return {"status": "unparsed" if score is None else "ok", "score": score, "ruling": said}


def _since(started: float) -> float:
    return round(time.monotonic() - started, 4)


def _told(sample: Sample, answer: Answer) -> dict[str, Any]:
    return {
        "text": answer.text,
        "choice": answer.choice,
        "exhausted": answer.exhausted,
        "untargeted": answer.untargeted,
        "evidence": tuple(written(answer)),
        "recall": recall(sample, answer),
    }


def _cost(ledger: Ledger, own: Mapping[str, int]) -> dict[str, Any]:
    """What was spent; *own* is what the method's own paper counts."""
    work = attrs.asdict(ledger.usage)
    if not ledger.usage.peak_bytes:
        del work["peak_bytes"]  # nobody knows: it is no zero
    return {
        "passes": dict(ledger.by_stage()),
        "counts": {name: count(ledger) for name, count in CONVENTIONS.items()} | dict(own),
        "work": work,
        "held": peak_rss(),
    }
