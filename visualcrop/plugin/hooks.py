"""Hooks that visualcrop calls on its plug-ins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import typer

    from ..strategy.base import Strategy

hookspec = pluggy.HookspecMarker("visualcrop")
hookimpl = pluggy.HookimplMarker("visualcrop")


@hookspec
def visualcrop_strategies() -> Iterable[type[Strategy]]:  # type: ignore[empty-body]
    """
    Offer strategies of any kind.

    Called once, when the registry is built. Return classes, not instances.
    Importing the plug-in must not import torch.
    """


@hookspec
def visualcrop_commands(app: typer.Typer) -> None:
    """
    Add commands to `visualcrop`.

    Called once, before the command line is read. Import what a command needs
    inside the command, so that `visualcrop --help` stays quick.
    """
