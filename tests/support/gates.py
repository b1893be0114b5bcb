"""Gates whose decisions are known beforehand."""

from __future__ import annotations

from pathlib import Path

from visualcrop import Model
from visualcrop.calibration import AFTER, BEFORE, Calibration, Gate, Logistic
from visualcrop.models.base import fingerprint_of
from visualcrop.protocol import PromptProtocol

ALWAYS, NEVER = 0.0, 2.0  # thresholds below and above all probabilities


def make_calibration(model: Model, *, searches: bool, believes: bool) -> Calibration:
    """A calibration of *model* that always or never searches, and always or never believes it."""
    before, after = (ALWAYS if yes else NEVER for yes in (searches, believes))
    return Calibration(
        name=model.id,
        model=fingerprint_of(model) or model.id,
        protocol=PromptProtocol().digest,
        searcher="focus",
        datasets=("toy",),
        items=(),
        n=100,
        alpha=0.02,
        gate=Gate(
            Logistic(0.0, dict.fromkeys(BEFORE, 0.1), before),
            Logistic(0.0, dict.fromkeys(AFTER, 0.1), after),
        ),
    )


def write_gate(folder: Path, model: Model, *, searches: bool, believes: bool) -> str:
    """The path of such a calibration in *folder*."""
    path = folder / f"gate-{searches}-{believes}.json"
    make_calibration(model, searches=searches, believes=believes).write(path)
    return str(path)
