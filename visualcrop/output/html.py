"""Templates of pages and figures; text put into them is escaped."""

from __future__ import annotations

from typing import Any

import jinja2
from markupsafe import Markup

from .characters import printable


def environment(package: str) -> jinja2.Environment:
    """The templates of *package*; what is put in is escaped, and nothing may be missing."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, "templates"),
        autoescape=True,
        finalize=_printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _printable(value: Any) -> Any:
    """Without characters that XML forbids or that change direction; escaping comes after."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable(value, newline="\n") if is_text else value


def template(package: str, name: str) -> jinja2.Template:
    """One template of *package*."""
    return environment(package).get_template(name)
