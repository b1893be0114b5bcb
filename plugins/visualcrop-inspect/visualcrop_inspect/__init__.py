"""Evaluate visualcrop's searches with Inspect."""

from __future__ import annotations
