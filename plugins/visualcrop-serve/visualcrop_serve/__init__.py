"""An OpenAI-style server, a page to look through, and MCP tools, for visualcrop."""

from __future__ import annotations
