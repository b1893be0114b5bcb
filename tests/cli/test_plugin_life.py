"""A package made by `plugins new`, from its first install to its last trace."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from visualcrop.cli.scaffold import KINDS, scaffold


class Home:
    """An environment of its own that sees this one's packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.parent
        venv.create(folder, with_pip=False)
        self.python = next(folder.glob("[Bb]*/python*"))
        site = next(folder.glob("[Ll]ib/**/site-packages"))
        here = sysconfig.get_path("purelib")
        (site / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n")

    def run(self, *words: object) -> str:
        """What `python words` prints; it has to succeed."""
        command = [str(self.python), *map(str, words)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pip(self, *words: object) -> None:
        """Without a network, and without an environment to build in."""
        command = [sys.executable, "-m", "pip", "--python", str(self.python), *map(str, words)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def plugins(self) -> dict[str, dict[str, str]]:
        """Lines of `plugins list`, by name."""
        rows = json.loads(self.run("-m", "visualcrop", "plugins", "list", "--json"))
        return {row["name"]: row for row in rows}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One environment, with a package of each kind installed."""
    folder = tmp_path_factory.mktemp("home")
    made = Home(folder / "venv")
    packages = [scaffold(kind, f"my-{kind}", str(folder)) for kind in KINDS]
    pinned = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    made.pip("install", *pinned, *(word for package in packages for word in ("-e", package)))
    return made


class TestPluginLife:
    """Installed, used, broken, uninstalled; in this order."""

    def test_lives_and_dies(self, home, scene_file: Path) -> None:
        """Each kind is listed and passes its suite; one is used, broken, and taken away."""
        listed = home.plugins()
        assert {listed[f"my-{kind}"]["status"] for kind in KINDS} == {"ok"}
        tests = [home.folder / f"visualcrop-my-{kind}" / "tests" for kind in KINDS]
        plain = ("-q", "-p", "no:randomly", "--import-mode=importlib", "-c", "/dev/null")
        home.run("-m", "pytest", *plain, "--rootdir", home.folder, *tests)

        ask = ("-m", "visualcrop", "ask", scene_file, "What colour is the mug?", "--json")
        told = json.loads(home.run(*ask, "-o", "relevance=my-relevance"))
        assert "relevance=my-relevance" in told["searcher"]
        assert told["answer"] == "green"

        module = home.folder / "visualcrop-my-relevance" / "visualcrop_my_relevance.py"
        module.write_text("raise RuntimeError('broken on purpose')\n")
        line = home.plugins()["my-relevance"]
        assert line["status"] == "broken"
        assert line["distribution"] == "visualcrop-my-relevance"
        assert line["version"] == "0.1.0"
        assert line["reason"] == "RuntimeError: broken on purpose"
        assert json.loads(home.run(*ask))["answer"] == "green"

        home.pip("uninstall", "--quiet", "--yes", "visualcrop-my-relevance")
        assert "my-relevance" not in home.plugins()
        assert "my-relevance" not in home.run("-m", "visualcrop", "strategies")
        assert not list(home.python.parents[1].rglob("*my_relevance*"))

    def test_a_model_family_is_found_by_auto(self, home, scene_file: Path) -> None:
        """A checkpoint of the new `model_type` is opened by `auto`, asked and billed."""
        folder = home.folder / "tiny"
        home.run("-m", "visualcrop_my_model.tiny", folder)
        told = json.loads((folder / "config.json").read_text("utf-8"))
        assert told["model_type"] == "my_model"
        ask = ("-m", "visualcrop", "ask", scene_file, "What colour is the mug?", "--json")
        reply = json.loads(home.run(*ask, "-m", f"auto(checkpoint={folder})", "-o", "steps=2"))
        assert sum(reply["passes"].values()) > 0
        assert home.plugins()["my-model"]["model_types"] == ["my_model"]
