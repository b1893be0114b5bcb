"""Pages in one file: style sheets and scripts lie inside, and a policy names them by their hash."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ..output.characters import printable
from ..output.html import load_template
from .assets import bundle_modules, read_asset
from .vector import Drawing, theme_css


def render_page(name: str, *, styles: Sequence[str], script: str = "", **values: Any) -> str:
    """
    The template *name* as a page that loads nothing and runs nothing but its own script.

    Args:
        name: A template of this package; it includes `head.html` and `foot.html`.
        styles: Style sheets after `look.css`.
        script: A module of the viewer that the page runs; none: the page has no script.
        **values: What else the template asks for.
    """
    style = "".join(map(read_asset, ("look.css", *styles))) + theme_css()
    code = bundle_modules(script) if script else ""
    allowed = {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": _hash(style),
        "script-src": _hash(code) if code else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    policy = "; ".join(f"{kind} {source}" for kind, source in allowed.items())
    return load_template("visualcrop.report", name).render(
        policy=Markup(policy),  # noqa: S704 - hashes that were made here
        style=Markup(style),  # noqa: S704 - our own files
        script=Markup(code),  # noqa: S704 - our own files
        **values,
    )


def inline(drawing: Drawing) -> Markup:
    """A drawing as an element of a page, which has its colours."""
    return Markup(drawing.to_svg(styled=False))  # noqa: S704 - escaped by its own template


def to_json(values: Mapping[str, Any]) -> Markup:
    """Data for a page's script, inside a `script` element: nothing in it can end that."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped above


def to_words(text: str) -> str:
    """Text that a script puts on the page: without what steers a terminal or turns directions."""
    return printable(text)


def _hash(text: str) -> str:
    """The source of a policy that allows an element with just this text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
