"""FOCUS as a user configures it."""

from __future__ import annotations

from collections.abc import Mapping

from visualcrop.plugin import Registry, Searcher
from visualcrop.plugin.configure import configure, read_option
from visualcrop.searchers.focus import Focus

Settings = Mapping[str, Mapping[str, object]]


def configured(
    registry: Registry, spec: str, *options: str, settings: Mapping[str, object] | None = None
) -> Focus:
    """A spec, options as given to `-o`, and the settings of a model."""
    given = [read_option(text) for text in options]
    made = configure(registry, Searcher, spec, options=given, settings=settings)
    assert isinstance(made, Focus)
    return made
