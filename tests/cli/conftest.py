"""A scene on disk, and the command line run on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.running import Run
from visualcrop.cli import app
from visualcrop.testing import Scene


@pytest.fixture(scope="session")
def scene_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scene of seed 43 as a PNG file."""
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    Scene.draw(43).image.picture.save(path)
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`visualcrop` with these words, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])
