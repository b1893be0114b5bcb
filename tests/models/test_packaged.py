"""A package that brings a checkpoint along, written with public names only."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from types import ModuleType

import pytest

from tests.support.opened import about
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import Auto, ModelFamily, VisualSearch
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.plugin import Registry, Searcher, load_plugins
from visualcrop.plugin.configure import configure
from visualcrop.testing import ModelFamilySuite

_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "models.md"


def _listing() -> str:
    """The package as the page shows it."""
    listing = r'title="visualcrop_shelf/__init__.py"\n(.*?)```'
    found = re.search(listing, _PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The page's package, with LLaVA's tiny checkpoint inside."""
    folder = tmp_path_factory.mktemp("site")
    copytree(checkpoint("llava"), folder / "visualcrop_shelf" / "weights")
    (folder / "visualcrop_shelf" / "__init__.py").write_text(_listing())
    sys.path.insert(0, str(folder))
    yield importlib.import_module("visualcrop_shelf")
    sys.path.remove(str(folder))
    del sys.modules["visualcrop_shelf"]


@pytest.fixture(scope="module")
def registry(package: ModuleType) -> Registry:
    """What is installed, and the package."""
    return Registry.from_plugins(load_plugins(package))


class TestPackaged:
    """`-m shelf`."""

    def test_opens_by_name(self, registry: Registry) -> None:
        """No folder has to be named, and the family is found by the folder's config."""
        model = registry.build(ModelFamily, "shelf").open()
        assert isinstance(model, HuggingFaceModel)
        assert model.network.config.model_type == "llava"
        assert model.generate([about("mug")], max_new_tokens=2)

    def test_takes_the_options_of_a_checkpoint(self, registry: Registry) -> None:
        """Number format, device, kernel and memory are given as for any other."""
        model = registry.build(ModelFamily, "shelf(dtype=bfloat16, memory=0, device=cpu)").open()
        assert isinstance(model, HuggingFaceModel)
        assert str(model.network.dtype) == "torch.bfloat16"
        assert model.prefix_cache is None

    def test_may_set_an_option_of_its_family(self, package: ModuleType) -> None:
        """`fit` is LLaVA's alone; the class sets it where it has the family."""
        family = package.Shelf(device="cpu").family()
        assert (family.name, family.fit, family.device) == ("llava", "crop", "cpu")

    def test_brings_settings(self, registry: Registry) -> None:
        """Its own beside the family's."""
        settings = registry.build(ModelFamily, "shelf").settings()
        made = configure(registry, Searcher, "focus", settings=settings)
        assert getattr(made, "targets").name == "rules"  # noqa: B009 - of the searcher called focus
        assert getattr(made, "t_type2") == 0.6  # noqa: B009 - as above

    def test_keeps_the_contract(self, package: ModuleType) -> None:
        """It passes the suite of its kind: what is no test of how a plug-in is installed."""
        suite = type("TestShelf", (ModelFamilySuite,), {"strategy": package.Shelf})()
        reads = [name for name in vars(ModelFamilySuite) if name.startswith("test_")]
        assert reads
        for name in reads:
            getattr(suite, name)()


def test_auto_inherits_nothing_that_it_cannot_do() -> None:
    """What belongs to one architecture is not offered by the one that picks among them."""
    for name in ("processor", "layout", "picture", "base", "limit", "around"):
        assert not hasattr(Auto, name)


def test_a_looker_opens_any_checkpoint() -> None:
    """In Python, as on the command line, a folder is enough."""
    search = VisualSearch.open(str(checkpoint("llava-onevision")), "direct")
    assert isinstance(search.model, HuggingFaceModel)
