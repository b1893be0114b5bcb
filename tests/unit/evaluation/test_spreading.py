"""Which executor `evaluate` takes where none is named."""

from __future__ import annotations

import os
import sys
from typing import Any

import attrs
import pytest

from visualcrop import Focus, ModelFamily, evaluate
from visualcrop.errors import EvaluationError
from visualcrop.evaluation import spreading
from visualcrop.evaluation.spreading import (
    LEAST_TASKS,
    MOST_UNASKED,
    WORKERS,
    choose_executor,
    default_workers,
)
from visualcrop.evaluation.study import Study, StudyObjects
from visualcrop.executors.local import Local, Processes
from visualcrop.models.families.llava import Llava
from visualcrop.models.toy import Toy

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere there is one process")


@attrs.frozen
class OneCore(Toy):
    """A model that computes on one core."""

    name = "one-core"

    def uses_one_core(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to three processes."""
    monkeypatch.setenv(WORKERS, "3")


def _chosen(model: Any = None, concurrency: int = 1, **settings: Any) -> Any:
    study = Study("toy(scenes=2)", "toy", {"direct": "direct", "focus": "focus"}, **settings)
    return choose_executor(study, StudyObjects(model, {"focus": Focus()}), concurrency)


def test_a_model_of_one_core_gets_processes() -> None:
    """As many as are allowed, where there are enough questions for them."""
    assert _chosen(OneCore()) == Processes(workers=3, least=LEAST_TASKS)


def test_others_stay_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that use all cores, that are open, or that cannot be opened; and where a judge is."""
    assert _chosen() == Local()
    assert _chosen(OneCore().open()) == Local()
    assert _chosen(Llava()) == Local()
    assert _chosen(OneCore(), judge="llm") == Local()
    assert _chosen(OneCore(), concurrency=4) == Local(concurrency=4)
    monkeypatch.setenv(WORKERS, "1")
    assert _chosen(OneCore()) == Local()


def test_a_class_of_a_notebook_stays_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process can import it, or send it."""
    assert isinstance(_chosen(OneCore()), Processes)
    monkeypatch.setattr(OneCore, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "OneCore", OneCore, raising=False)
    assert _chosen(OneCore()) == Local()
    monkeypatch.delattr(sys.modules["__main__"], "OneCore")
    assert _chosen(OneCore()) == Local()


def test_the_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable's; else that of the usable cores, with a limit."""
    assert default_workers() == 3
    monkeypatch.delenv(WORKERS)
    for cores in (1, 2, 500):
        monkeypatch.setattr(spreading, "usable_cores", lambda cores=cores: cores)
        assert default_workers() == min(cores, MOST_UNASKED)
    for wrong in ("0", "-1", "many", "1.5", "1000000", "9" * 5000):
        monkeypatch.setenv(WORKERS, wrong)
        with pytest.raises(EvaluationError, match="set it to a number of processes from 1"):
            default_workers()


def test_evaluate_asks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the study and the objects that it was given; one that is named is taken instead."""
    asked = list[tuple[Any, ...]]()

    def choose(study: Study, objects: StudyObjects, concurrency: int) -> Local:
        asked.append((study.model, objects.model, concurrency))
        return Local()

    monkeypatch.setattr(sys.modules["visualcrop.evaluation.evaluate"], "choose_executor", choose)
    family: ModelFamily = Toy()
    evaluate("toy(scenes=1)", "direct", family, limit=1, progress=False, concurrency=2)
    evaluate("toy(scenes=1)", "direct", "toy", limit=1, progress=False, executor="local")
    assert asked == [("toy", family, 2)]
