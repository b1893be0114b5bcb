"""Questions about what is in sight, with their answers, for training and for the benchmark."""

from __future__ import annotations

from .asking import NUMBERS, QUESTIONS, ask
from .sense import Asked, Sense

__all__ = ["NUMBERS", "QUESTIONS", "Asked", "Sense", "ask"]
