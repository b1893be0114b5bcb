"""Studies on toy scenes that the tests of evaluation share."""

from __future__ import annotations

from typing import Any

from visualcrop.evaluation.study import Study, label_specs


def toy_study(*searchers: str, scenes: int = 2, **options: Any) -> Study:
    """The toy model on some scenes, three questions each."""
    given = label_specs(searchers or ["focus"])
    return Study(f"toy(scenes={scenes})", "toy", given, **options)


def manifest_of(study: Study) -> dict[str, Any]:
    """As much of a manifest as a run needs, for runs that are written by hand."""
    return {
        "protocol": {"name": study.protocol, "digest": "d"},
        "resolved": {"model": study.model, "dataset": study.dataset, "searchers": study.variants},
        "packages": {},
        "plugins": [],
        "machine": {"system": "none", "cores": None, "gpu": None},
        "commit": None,
    }
