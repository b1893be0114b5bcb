"""What children of the server do."""

from __future__ import annotations

import sys

from visualcrop.cli import app, main
from visualcrop.cli.failing import add_plugin_commands


def load() -> None:
    """Import what commands import, once for all children."""
    from visualcrop import Registry

    Registry.load()
    add_plugin_commands(app)


def line(*words: str) -> None:
    """Run `visualcrop` with these words."""
    sys.argv = ["visualcrop", *words]
    main()
