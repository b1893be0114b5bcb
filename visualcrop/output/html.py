"""Templates of pages and figures; text put into them is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jinja2
from markupsafe import Markup

from .characters import printable


def make_environment(package: str) -> jinja2.Environment:
    """Jinja environment of *package*'s templates: escapes values, refuses missing ones."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, "templates"),
        autoescape=True,
        finalize=_printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _printable(value: Any) -> Any:
    """Replace characters that XML forbids or that change direction, before Jinja escapes."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable(value, newline="\n") if is_text else value


def load_template(package: str, name: str) -> jinja2.Template:
    """Load the template *name* of *package*."""
    return make_environment(package).get_template(name)


def to_json(values: Mapping[str, Any]) -> Markup:
    """Data for a page's script, inside a `script` element: nothing in it can end that."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped above
