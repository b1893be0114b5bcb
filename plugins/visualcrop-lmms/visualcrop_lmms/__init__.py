"""Evaluate visualcrop's searches with lmms-eval, and a transformers pipeline."""

from __future__ import annotations
