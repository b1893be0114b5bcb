"""Studies on toy scenes that the tests of evaluation share."""

from __future__ import annotations

from typing import Any

from visualcrop.evaluation.study import Study, labelled


def toy_study(*searchers: str, scenes: int = 2, **options: Any) -> Study:
    """The toy model on some scenes, three questions each."""
    given = labelled(searchers or ["focus"])
    return Study(f"toy(scenes={scenes})", "toy", given, **options)
