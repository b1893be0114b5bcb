"""Questions that a searcher was calibrated on are no test of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ..calibration import Calibrated, Calibration, read_calibration
from ..errors import EvaluationError
from ..executors.base import Task
from ..interfaces import Searcher
from ..strategy.base import Strategy
from .verified_crops import item_digest


def find_calibrations(strategy: Strategy) -> dict[str, Calibration]:
    """The calibrations of a strategy and of those within it, by their files' paths."""
    found: dict[str, Calibration] = {}
    if isinstance(strategy, Calibrated) and (path := strategy.calibration_file()):
        found[path] = read_calibration(path)
    for field in attrs.fields(type(strategy)):
        held = getattr(strategy, field.name)
        for each in held if isinstance(held, tuple) else (held,):
            if isinstance(each, Strategy):
                found |= find_calibrations(each)
    return found


def check_calibrations(searchers: Mapping[str, Searcher], manifest: Mapping[str, Any]) -> None:
    """Refuse a calibration of another model or protocol before anything is asked."""
    for searcher in searchers.values():
        for path, calibration in find_calibrations(searcher).items():
            model = manifest["fingerprint"] or manifest["study"]["model"]
            calibration.check_model(path, model, manifest["protocol"]["digest"])


def refuse_calibrated(tasks: Iterator[Task], searchers: Mapping[str, Searcher]) -> Iterator[Task]:
    """The *tasks*, up to one whose searcher was calibrated on its question."""
    found = {label: find_calibrations(searcher) for label, searcher in searchers.items()}
    for task in tasks:
        for path, calibration in found.get(task.variant, {}).items():
            sample = task.sample
            if item_digest(sample.digest, sample.source.fingerprint()) in calibration.items:
                raise EvaluationError(
                    f"{path!r} was calibrated on the question {sample.id!r}, so that a measurement "
                    "on it would flatter; choose other questions, such as another split or seed."
                )
        yield task
