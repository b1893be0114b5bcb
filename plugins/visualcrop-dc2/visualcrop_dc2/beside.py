"""A second model on the same ledger, opened once and asked by one thread at a time."""

from __future__ import annotations

import os
import threading
from functools import lru_cache

from visualcrop import BudgetedModel, Model, ModelFamily
from visualcrop.models import BatchingModel

_lock = threading.Lock()


def _unlock() -> None:
    """In a forked child, where whoever was opening a model is gone."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def beside(model: BudgetedModel, family: ModelFamily | None) -> BudgetedModel:
    """The model of *family*, or *model* itself, on the ledger of *model*."""
    if family is None:
        return model
    with _lock:
        opened = _opened(family)
    opened.forget()  # so that a question costs what it costs by itself
    return BudgetedModel(opened, model.ledger)


@lru_cache(maxsize=2)
def _opened(family: ModelFamily) -> Model:
    return BatchingModel(family.open())
