"""The most memory that this process held."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from visualcrop.models.engine.metering import peak_rss as module
from visualcrop.models.engine.metering.peak_rss import peak_rss

_MORE = 8 << 20


@pytest.mark.slow
def test_rises_with_what_is_held_and_never_falls() -> None:
    """It is a high-water mark, in bytes."""
    before = peak_rss() or 0
    held = bytearray(b"x" * (before + _MORE))  # more than was ever held, whatever is left of that
    grown = peak_rss() or 0
    del held
    assert grown >= before + _MORE
    assert (peak_rss() or 0) >= grown


def test_without_proc_the_system_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The figure is of the same size; it may be that of a larger process before this one."""
    monkeypatch.setattr(module, "_STATUS", tmp_path / "status")
    assert (peak_rss() or 0) > 10 << 20


def test_where_nobody_knows_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on Windows: none, and not zero."""
    monkeypatch.setattr(module, "_STATUS", tmp_path / "status")
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_rss() is None
