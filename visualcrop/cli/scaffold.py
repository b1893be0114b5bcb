"""Writes a new plug-in package from the templates beside this file."""

from __future__ import annotations

import re
import string
from importlib.resources import files
from pathlib import Path

from ..errors import FileError, SpecError, nearest
from ..plugin.registry import Registry
from ..plugin.validation import KEBAB, RESERVED
from ..utils.paths import expand_path
from .options import write

KINDS = {
    "targets": "TargetExtractor",
    "relevance": "RelevanceSource",
    "proposals": "ProposalGenerator",
    "verification": "Verifier",
    "answer": "AnswerComposer",
    "searcher": "Searcher",
    "model": "ModelFamily",
    "dataset": "Dataset",
    "executor": "Executor",
    "judge": "Judge",
}


_COMMON = {  # file -> its template
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "tests/test_$module.py": "test.py",
}
_PACKAGES = {  # kinds whose plug-in is a package rather than one module
    "model": {
        "$module/__init__.py": "model.py",
        "$module/network.py": "model_network.py",
        "$module/tiny.py": "model_tiny.py",
        "tests/test_$module.py": "model_test.py",
    },
}
_SUITES = {"model": "HuggingFaceFamilySuite"}


def scaffold(kind: str, name: str, folder: str) -> Path:
    """Make `visualcrop-NAME` in *folder*, which must not hold one yet."""
    if kind not in KINDS:
        raise SpecError(
            f"There is no kind called {kind!r}; {nearest(kind, KINDS, called='kinds')}."
        )
    if not KEBAB.fullmatch(name) or name in RESERVED:
        better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789") or "my-source"
        if better in RESERVED:
            raise SpecError(f"{name!r} means something in a spec; call it, say, 'my-{better}'.")
        raise SpecError(f"{name!r} is not lower-case-with-dashes; call it, say, {better!r}.")
    _check_free(kind, name)
    module = f"visualcrop_{name.replace('-', '_')}"
    place = expand_path(expand_path(folder) / f"visualcrop-{name}")
    if place.exists():
        raise FileError(
            f"{str(place)!r} exists already; choose another name or --to another folder."
        )
    sources = _PACKAGES.get(kind, {f"{module}.py": f"{kind}.py"})
    words = {
        "kind": kind,
        "name": name,
        "module": module,
        "type": name.replace("-", "_"),
        "cls": "".join(word.title() for word in name.split("-")),
        "suite": _SUITES.get(kind, f"{KINDS[kind]}Suite"),
        "interface": KINDS[kind],
        "included": module if kind in _PACKAGES else f"{module}.py",
    }
    for file, template in {**_COMMON, **sources}.items():
        path = place / string.Template(file).substitute(words)
        write(path, _fill_template(template, words))
    return place


def _check_free(kind: str, name: str) -> None:
    """Neither a strategy of that kind nor a plug-in may have the name already."""
    registry = Registry.load()
    offers = (entry.plugin for entry in registry.entries_for(kind, name))
    taken = [*offers, *(plugin for plugin in registry.plugins if plugin.name == name)]
    if taken:
        raise SpecError(
            f"The name {name!r} is taken by the plug-in {taken[0]}; choose another name."
        )


def _fill_template(template: str, words: dict[str, str]) -> str:
    text = files(__package__).joinpath("templates", f"{template}.txt").read_text(encoding="utf-8")
    return string.Template(text).substitute(words)
