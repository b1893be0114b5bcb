"""What a run was made with, so that it can be made again, or told apart."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import attrs

from ..data.base import Dataset
from ..models.base import ModelFamily
from ..plugin.configure import read_model
from ..plugin.registry import Registry
from ..spec.parse import Spec
from .study import Study

_PACKAGES = ("visualcrop", "torch", "transformers", "numpy", "scipy", "pillow")


def manifest(study: Study, registry: Registry, dataset: Dataset) -> dict[str, Any]:
    """Everything that a figure may hang on, in plain values."""
    asked = study.protocol_for(dataset)
    return {
        "study": study.as_json(),
        "digest": study.digest,
        "protocol": {**attrs.asdict(asked), "digest": asked.digest},
        "fingerprint": registry.build(ModelFamily, read_model(registry, study.model)).fingerprint(),
        "resolved": _resolved(study, registry, dataset),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "plugins": sorted(f"{p.distribution} {p.version}" for p in registry.plugins),
        "machine": _machine(),
        "commit": _commit(),
    }


def _resolved(study: Study, registry: Registry, dataset: Dataset) -> dict[str, Any]:
    """Specs with every option written out."""
    family = registry.build(ModelFamily, read_model(registry, study.model))
    searchers = {
        label: str(Spec.of(study.searcher(label, registry, family.settings())))
        for label in study.variants
    }
    judge = study.build_judge(registry)
    return {
        "model": str(Spec.of(family)),
        "judge": None if judge is None else str(Spec.of(judge)),
        "dataset": str(Spec.of(dataset)),
        "searchers": searchers,
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _machine() -> dict[str, Any]:
    import os

    import torch

    cuda = torch.cuda.is_available()
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if cuda else None,
        "driver": torch.version.cuda if cuda else None,
    }


def _commit() -> str | None:
    """The commit of the code, if it is a checkout; with `+` where files were changed."""
    here = Path(__file__).parent
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],  # noqa: S607
            cwd=here,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip() or None
