"""The page on the architecture describes the code as it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_file_on_it_exists():
    """A path in code font is a file or folder of the package, or of the repository."""
    paths = re.findall(r"`([\w/]+(?:\.py|/))`", PAGE)
    package = ROOT / "visualcrop"
    folders = (ROOT, package, package / "models", package / "models" / "engine")
    strange = [path for path in paths if not any((folder / path).exists() for folder in folders)]
    assert strange == []
    assert len(paths) > 15


def test_packages_are_the_layers_of_the_import_rules():
    """The table of packages has the layers of the import linter, from top to bottom."""
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    (floors,) = (contract for contract in contracts if contract["id"] == "floors")
    layers = [name for layer in floors["layers"] for name in re.findall(r"\w+", layer)]
    table = PAGE.partition("| package |")[2].partition("\n\n")[0]
    packages = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\|([^|]+)\|", table, re.MULTILINE)))
    assert packages == [name for name in layers if name != "__main__"]
