"""
Check a model on this machine: `check_model`.

Layouts, templates and numbers of the engine against plain passes of transformers, memory, speed,
and three questions about a drawn picture.
"""

from __future__ import annotations

from .checkup import CHECKS, check_model
from .report import CheckReport, CheckResult

__all__ = ["CHECKS", "CheckReport", "CheckResult", "check_model"]
