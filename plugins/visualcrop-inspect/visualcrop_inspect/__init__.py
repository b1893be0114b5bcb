"""Inspect evaluates visualcrop's searches: the model API `visualcrop`, tasks, and a solver."""

from __future__ import annotations
