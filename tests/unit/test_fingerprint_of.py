"""An open model is identified by its family, which reads files for it."""

from __future__ import annotations

import pytest

from visualcrop import BudgetedModel, Ledger
from visualcrop.models.toy import Toy


def test_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often searches with the model ask for it."""
    asked: list[Toy] = []

    def identify(family: Toy) -> str:
        asked.append(family)
        return "0123"

    model = Toy().open()
    monkeypatch.setattr(Toy, "fingerprint", identify)
    assert [BudgetedModel(model, Ledger()).fingerprint for _ in range(3)] == ["0123"] * 3
    assert len(asked) == 1
