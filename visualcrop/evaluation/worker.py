"""Answers the questions of a study: one model, every variant, one record for each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import attrs

from ..budget import CONVENTIONS, Budget, Ledger
from ..data.base import Sample
from ..data.record import Record
from ..errors import EvaluationError
from ..executors.base import Task, Worker
from ..interfaces import Searcher
from ..judges.base import JudgeFn
from ..models.base import Model
from ..models.engine.metering.peak_rss import peak_rss
from ..models.engine.response_cache import ResponseCache
from ..models.engine.wrappers import BatchingModel
from ..plugin.configure import read_dataset
from ..plugin.errors import explain_plugin_error
from ..plugin.registry import Registry
from ..protocol import PromptProtocol
from ..values import Answer, Question
from .downscaling import describe_encoding
from .evidence import encode_audit, encode_evidence
from .image_cache import ImageCache, SourceFingerprints
from .scoring import measure_recall, score_answer
from .study import Study, StudyObjects

_OF_THE_SAMPLE = ("id", "variant", "question", "group", "category")


@attrs.frozen
class StudyWorker(Worker):
    """The model and the searchers of a study, ready for its questions."""

    model: Model
    searchers: Mapping[str, Searcher]  # by label
    protocol: PromptProtocol
    budget: Budget = Budget()
    judge: JudgeFn | None = None  # scores answers in words that do not match word for word
    images: ImageCache = attrs.field(factory=ImageCache)
    alone: bool = False  # caches are emptied before each question: its cost is its own
    fingerprints: SourceFingerprints = attrs.field(factory=SourceFingerprints)

    @classmethod
    def open(cls, study: Study, objects: StudyObjects = StudyObjects()) -> StudyWorker:  # noqa: B008 - frozen
        """Load the model and the judge, and build the searchers that *objects* does not hold."""
        registry = Registry.load()
        objects = objects.complete(study, registry)
        judge = study.build_judge(registry)
        model = objects.open_model()
        return cls(
            ResponseCache(model) if study.sharing else model,
            objects.searchers,
            study.protocol_for(read_dataset(registry, study.dataset).name),
            study.budget,
            judge.open() if judge else None,
            ImageCache(study.sharing),
            alone=not study.sharing,
        )

    def shared(self) -> StudyWorker:
        """For several threads: prompts that wait together run as one batch."""
        model = self.model.model if isinstance(self.model, ResponseCache) else self.model
        return attrs.evolve(self, model=BatchingModel(model), images=ImageCache(), alone=False)

    def answer(self, task: Task) -> Record:
        """Ask one question under one variant; whatever goes wrong becomes its record's error."""
        sample, ledger = task.sample, Ledger(self.budget)
        fields: dict[str, Any] = {
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
            fields["picture"] = self.fingerprints.fingerprint(sample.source)
            started = time.monotonic()
            question = attrs.evolve(self.images.build_question(sample), protocol=self.protocol)
            fields["image"] = (question.image.width, question.image.height)
            fields["whole"] = describe_encoding(sample, question.image, self.model)
            answer = self._search(task.variant, question, ledger)
            fields["seconds"] = _since(started)
            result = _result(sample, answer) | self._score(sample, answer)
            return check_writable(Record(**fields | result | _cost(ledger, answer.counts)))
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 - counted and named, and never a wrong answer
            fields.setdefault("seconds", _since(started))
            return error_record(fields | _cost(ledger, {}), exc)

    def _search(self, variant: str, question: Question, ledger: Ledger) -> Answer:
        if self.alone:
            self.model.forget()
        if isinstance(self.model, ResponseCache):
            self.model.set_image(question.image.key)
        return self.searchers[variant].run(question, self.model, ledger)

    def _score(self, sample: Sample, answer: Answer) -> dict[str, Any]:
        """Score by the words; the judge is asked only where they do not match in full."""
        score, ruling = score_answer(sample, answer), None
        asks = self.judge and not isinstance(sample.answer, int) and not answer.abstained
        if self.judge and asks and score != 1:
            verdict = self.judge(sample, answer.text)
            score = None if verdict.right is None else float(verdict.right)
            ruling = verdict.reply
        return {"status": "unparsed" if score is None else "ok", "score": score, "ruling": ruling}


def _since(started: float) -> float:
    return round(time.monotonic() - started, 4)


def _result(sample: Sample, answer: Answer) -> dict[str, Any]:
    return {
        "text": answer.text,
        "choice": answer.choice,
        "exhausted": answer.exhausted,
        "untargeted": answer.untargeted,
        "decision": answer.decision,
        "probabilities": tuple(round(each, 6) for each in answer.probabilities),
        "confidence": None if answer.confidence is None else round(answer.confidence, 6),
        "abstained": answer.abstained,
        "audit": None if answer.audit is None else encode_audit(answer.audit),
        "evidence": tuple(encode_evidence(answer)),
        "recall": measure_recall(sample, answer),
    }


def _cost(ledger: Ledger, own: Mapping[str, int]) -> dict[str, Any]:
    """What was spent; *own* are the counts that the method's own paper reports."""
    work, stages = attrs.asdict(ledger.usage), ledger.usage_by_stage()
    if not work["peak_bytes"]:
        del work["peak_bytes"]  # unknown, not zero
    return {
        "passes": dict(ledger.by_stage()),
        "counts": {name: count(ledger) for name, count in CONVENTIONS.items()} | dict(own),
        "work": work,
        "macs": {stage: usage.macs for stage, usage in stages.items() if usage.macs},
        "held": peak_rss(),
    }


def error_record(fields: Mapping[str, Any], exc: BaseException) -> Record:
    """A record of *exc*, with as many of the record's *fields* as can be written."""
    error = _describe(exc).encode("utf-8", "replace").decode()
    few = {name: fields[name] for name in _OF_THE_SAMPLE if name in fields}
    try:
        return check_writable(Record(**{**fields, "status": "error", "error": error}))
    except EvaluationError:  # one of the costs is no number, say
        return Record(**few, status="error", error=error)


def check_writable(record: Record) -> Record:
    """Raise if *record* cannot be written as a line of JSON; else return it."""
    record.line()
    return record


def _describe(exc: BaseException) -> str:
    try:
        return explain_plugin_error(exc) or f"{type(exc).__name__}: {exc}"
    except Exception:  # noqa: BLE001 - the exception of a plug-in whose own __str__ raises
        return type(exc).__name__
