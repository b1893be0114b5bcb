"""Pictures and pages of what a search did."""

from __future__ import annotations

from .assets import FOLDER, read_asset

__all__ = ["FOLDER", "read_asset"]
