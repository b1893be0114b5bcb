"""Every installed strategy keeps the contract of its kind, whoever wrote it."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.shipped import WRITERS
from tests.support.tiny.checkpoints import FAMILIES, checkpoint
from visualcrop import ModelFamily
from visualcrop.models import Family
from visualcrop.models.families.instructblip import InstructBlip
from visualcrop.models.toy.dataset import ToyScenes
from visualcrop.plugin import Dataset, Registry
from visualcrop.testing import SUITES, HuggingFaceFamilySuite, StrategySuite

# What is run by its own tests alone, and what they set up for it.
ELSEWHERE = {
    "ray": "one cluster for all",
    "llm": "a checkpoint",
    "seal-vqa": "a checkpoint",
}
# Families that any checkpoint of a kind can be opened with, and the one that they are tested on.
_LENT = {"auto": "llava", "native-grids": "glm4v", "single-squares": "llava"}
_PLUGINS = Path(__file__).parents[2] / "plugins"  # where their sources are beside these tests


def _suites() -> Iterator[type[StrategySuite]]:
    sources = [path.read_text(encoding="utf-8") for path in _PLUGINS.glob("*/tests/*.py")]
    tested = {name for text in sources for name in re.findall(r"    strategy = (\w+)\n", text)}
    for entry in Registry.load():
        cls = entry.strategy
        if cls.__module__.startswith("visualcrop_") and cls.__name__ in tested:
            continue  # by the plug-in's own tests, with the same suite
        suite = SUITES.get(cls.kind, StrategySuite)
        if issubclass(cls, Family) and cls is not InstructBlip:  # its tokens have no cells
            suite = HuggingFaceFamilySuite
        if cls.name in ELSEWHERE:
            suite = StrategySuite
        own: dict[str, Any] = {}
        if cls.name in (*FAMILIES, *_LENT):
            own["family"] = _tiny(cls, _LENT.get(cls.name, cls.name))
        if cls is ToyScenes:
            own["dataset"] = lambda _: ToyScenes(scenes=4)
        if cls.name in WRITERS:
            own["dataset"] = _shipped(cls)
        name = f"Test{cls.kind.title()}{cls.__name__}"
        yield type(name, (suite,), {"strategy": cls, "__module__": __name__, **own})


def _tiny(cls: Callable[..., Any], name: str) -> Callable[[object], ModelFamily]:
    """Open a family on a tiny checkpoint of its own."""
    return lambda _: cls(checkpoint=str(checkpoint(name)))


def _shipped(cls: Callable[..., Any]) -> Callable[[object], Dataset]:
    """A dataset of small files in the format in which it is shipped."""
    return lambda _: cls(path=str(_folder(cls.name)))  # type: ignore[attr-defined]


@cache
def _folder(name: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="visualcrop-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return WRITERS[name](folder)


globals().update({suite.__name__: suite for suite in _suites()})
