"""An OpenAI-style server, a page to look through, and MCP tools, for visualcrop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visualcrop.plugin import hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def visualcrop_commands(app: typer.Typer) -> None:
    from .commands import serve
    from .mcp_command import mcp

    app.command()(serve)
    app.command()(mcp)
