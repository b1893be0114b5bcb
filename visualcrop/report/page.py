"""Pages in one file: style sheets and scripts lie inside, and a policy names them by their hash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from ..output.html import load_template
from .assets import bundle_modules, read_asset
from .vector import theme_css


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
        policy=policy,
        style=style,
        script=code,
        **values,
    )


def _hash(text: str) -> str:
    """The source of a policy that allows an element with just this text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
