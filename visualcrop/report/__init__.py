"""Pictures and pages of what a search did."""

from __future__ import annotations

from ..utils.cores import name_processor
from .assets import FOLDER, read_asset

__all__ = ["FOLDER", "name_processor", "read_asset"]
