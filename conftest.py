"""Every example of README, documentation and docstrings is a test."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import SkipParser
from sybil.parsers.rest import DocTestParser
from sybil.sybil import SybilCollection
from sybil.typing import Parser
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.support.blocks import parse_blocks
from tests.support.console import stop_all
from tests.support.tiny.lacking import LACKING
from visualcrop.output import progress

settings.register_profile(  # no stopwatch: other tests run beside each
    "unhurried",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")

pytest_plugins = ["tests.support.browser"]  # of the pages, and of the lens

FILES = Path(__file__).parent / "tests" / "docs" / "files"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which a page's examples run, with the files they may use."""
    folder = tmp_path_factory.mktemp("page")
    if FILES.is_dir():
        shutil.copytree(FILES, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)  # a listing may be a module
        patch.setenv("COLUMNS", "80")
        patch.setenv("NO_COLOR", "1")
        patch.delenv("VISUALCROP_MODEL")
        yield folder
        stop_all()
    for name, module in list(sys.modules.items()):  # the next page may list another of that name
        if (getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


def pytest_configure() -> None:
    """
    Tests see what the repository brings, whatever else is installed.

    They name no model where any will do: they mean the toy, which needs no weights. `evaluate`
    starts no processes unless a test wants some: several tests run at a time as it is.
    """
    os.environ["VISUALCROP_MODEL"] = "toy"
    os.environ["VISUALCROP_WORKERS"] = "1"
    ours = {"visualcrop", *(path.name for path in (Path(__file__).parent / "plugins").iterdir())}
    installed = {entry.dist.name for entry in entry_points(group="visualcrop") if entry.dist}
    foreign = installed - ours  # a user's own, say
    os.environ["VISUALCROP_BLOCK"] = " ".join(foreign)  # for what a test starts

    def without_foreign(*, group: str) -> list[EntryPoint]:
        found = entry_points(group=group)
        return [entry for entry in found if entry.dist is None or entry.dist.name not in foreign]

    from visualcrop.plugin import manager as plugins

    vars(plugins)["entry_points"] = without_foreign
    progress.SECONDS_BETWEEN_LINES = math.inf  # however long a command takes, it says the same


parsers: list[Parser] = [parse_blocks, SkipParser()]
pytest_collect_file = SybilCollection(
    [
        Sybil(parsers, filenames=["README.md"], fixtures=["page"]),
        Sybil(parsers, path="docs", pattern="*.md", fixtures=["page"]),
        Sybil([DocTestParser()], path="visualcrop", pattern="*.py", fixtures=["page"]),
    ]
).pytest()


FIRST = (  # the files that take longest, so that all workers end together
    "tests/cli/test_plugin_life.py",
    "plugins/visualcrop-tiny/tests/test_tiny.py",
    "tests/models/test_side_by_side.py",
    "tests/attack/test_folders.py",
    "plugins/visualcrop-dc2/tests/test_dc2.py",
    "plugins/visualcrop-tiny/tests/test_train.py",
    "tests/cli/test_models.py",
    "tests/cli/test_streams.py",
    "tests/models/test_impulses.py",
    "tests/cli/test_hostile_text.py",
    "tests/unit/evaluation/test_run_study.py",
    "tests/unit/evaluation/test_flatness.py",
)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Give each file to one worker, whose fixtures and caches serve all of it, in our order."""
    config.option.loadscopereorder = False  # by the number of tests
    return LoadFileScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with what takes longest, then read pages from top to bottom, whatever shuffled them."""
    items.sort(key=_place)
    for item in items:
        if any(name in item.nodeid.lower() for name in LACKING):
            item.add_marker(pytest.mark.skip(reason="this transformers lacks a part of it"))


def _place(item: pytest.Item) -> tuple[int, str, int]:
    if isinstance(item, SybilItem):
        return (len(FIRST), str(item.path), item.example.line)
    file = item.nodeid.partition("::")[0]
    return (FIRST.index(file) if file in FIRST else len(FIRST) + 1, "", 0)
