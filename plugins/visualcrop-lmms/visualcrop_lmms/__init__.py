"""Evaluate visualcrop's searches with lmms-eval."""

from __future__ import annotations
