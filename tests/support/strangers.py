"""Plug-ins as strangers write them."""

from __future__ import annotations

import types
from collections.abc import Iterable
from pathlib import Path

import attrs

from visualcrop import Proposal, RelevanceMap
from visualcrop.plugin import Plugin, Plugins, ProposalGenerator, hookimpl, option


@attrs.frozen
class Whole(ProposalGenerator):
    """Propose the whole map as one box."""

    name = "whole"

    score: float = option(1.0, help="score of the one box")

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        return (Proposal(relevance.grid.box, self.score),)


@attrs.frozen
class Rival(Whole):
    """Offer the name that another has."""


def module(name: str, **members: object) -> types.ModuleType:
    """A module of that *name* that holds *members*."""
    made = types.ModuleType(name)
    vars(made).update(members)
    return made


def offering(name: str, *strategies: object) -> types.ModuleType:
    """A plug-in whose hook returns *strategies*."""

    @hookimpl
    def visualcrop_strategies() -> Iterable[object]:
        return strategies

    return module(name, visualcrop_strategies=visualcrop_strategies)


def failing(error: BaseException, hook: str = "visualcrop_strategies") -> object:
    """A hook that raises *error*."""

    def fail() -> None:
        raise error

    return hookimpl(specname=hook)(fail)


def found(plugins: Plugins, name: str) -> Plugin:
    """What became of the one plug-in of that name."""
    (plugin,) = (plugin for plugin in plugins if plugin.name == name)
    return plugin


def install(folder: Path, name: str, source: str, version: str = "1.2") -> None:
    """Put a distribution into *folder* whose entry point *name* leads to a module of *source*."""
    code = f"stranger_{name}"
    (folder / f"{code}.py").write_text(source, encoding="utf-8")
    about = folder / f"{code}-{version}.dist-info"
    about.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {code}\nVersion: {version}\n"
    (about / "METADATA").write_text(metadata, encoding="utf-8")
    entry = f"[visualcrop]\n{name} = {code}\n"
    (about / "entry_points.txt").write_text(entry, encoding="utf-8")
