"""A hook of mkdocs: equations become MathML while the site is built, so that it needs no script."""

from __future__ import annotations

import html
import logging
import re
from typing import Any

_EQUATION = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)
_LOG = logging.getLogger("mkdocs.hooks.mathml")


def on_page_content(content: str, **_: Any) -> str:
    """Replace what pymdownx.arithmatex marked."""
    return _EQUATION.sub(_to_mathml, content)


def _to_mathml(found: re.Match[str]) -> str:
    latex = html.unescape(found["latex"])
    display = "block" if found["tag"] == "div" else "inline"
    try:
        from latex2mathml.converter import convert
    except ImportError:  # the page is readable without it
        _LOG.info("Equations stay LaTeX: pip install latex2mathml")
        return f"<code>{html.escape(latex)}</code>"
    return str(convert(latex, display=display))
