"""The manifest of a run: what it was made with, so that it can be repeated."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import attrs

from ..data.base import Dataset
from ..models.base import ModelFamily
from ..plugin.registry import Registry
from ..spec.parse import Spec
from ..utils.cores import name_processor
from .study import Study, StudyObjects

_PACKAGES = ("visualcrop", "torch", "transformers", "numpy", "scipy", "pillow")


def build_manifest(study: Study, dataset: Dataset, objects: StudyObjects) -> dict[str, Any]:
    """Everything that a figure may depend on, in plain values; *objects* are complete."""
    registry = Registry.load()
    protocol, model = study.protocol_for(dataset.name), objects.model
    fingerprint = model.fingerprint() if isinstance(model, ModelFamily) else ""
    return {
        "study": study.as_json(),
        "digest": study.digest,
        "protocol": {**attrs.asdict(protocol), "digest": protocol.digest},
        "fingerprint": fingerprint,
        "resolved": _resolve(study, registry, dataset, objects),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "plugins": sorted(f"{p.distribution} {p.version}" for p in registry.plugins),
        "machine": _machine(),
        "commit": _commit(),
    }


def _resolve(
    study: Study, registry: Registry, dataset: Dataset, objects: StudyObjects
) -> dict[str, Any]:
    """Specs with every option written out; of an open model its id."""
    model, judge = objects.model, study.build_judge(registry)
    return {
        "model": str(Spec.of(model)) if isinstance(model, ModelFamily) else study.model,
        "judge": None if judge is None else str(Spec.of(judge)),
        "dataset": str(Spec.of(dataset)),
        "searchers": {label: str(Spec.of(each)) for label, each in objects.searchers.items()},
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
        "processor": name_processor(),
        "gpu": torch.cuda.get_device_name() if cuda else None,
        "driver": torch.version.cuda if cuda else None,
    }


def _commit() -> str | None:
    """Commit of the code in a git checkout, with `+` if files were changed."""
    here = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],  # noqa: S607
            cwd=here,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None
