"""Templates of pages and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..output.html import environment

if TYPE_CHECKING:
    import jinja2


def template(name: str) -> jinja2.Template:
    """One of ours."""
    return environment("visualcrop.report").get_template(name)
