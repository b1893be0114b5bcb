"""Templates of pages and figures."""

from __future__ import annotations

import jinja2


def template(name: str) -> jinja2.Template:
    """One of ours; what is put in is escaped, and nothing may be missing."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("visualcrop.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
