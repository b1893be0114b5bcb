"""The glossary's words are the code's words."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from itertools import chain
from pathlib import Path

import visualcrop
from visualcrop.plugin import Registry, Spec

ROOT = Path(__file__).parent.parent.parent
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
SECTIONS = GLOSSARY.split("\n## ")[1:]
CODED = set(re.findall(r"`([^`]+)`", GLOSSARY))
SHIPPED = [
    *(ROOT / "visualcrop").rglob("*.py"),
    *(path for path in (ROOT / "plugins").rglob("*.py") if "tests" not in path.parts),
]
TREES = {path: ast.parse(path.read_text("utf-8")) for path in SHIPPED}
REGISTRY = Registry.load()

# Words that were once used in senses of our own, where the field has a word that readers know.
PRIVATE = {
    "beginning": "prefix",
    "beginnings": "prefixes",
    "dead": "lost, failed",
    "dealt": "handled, assigned",
    "gone": "lost, missing; continued",
    "labour": "usage",
    "looker": "search",
    "said": "reply, text",
    "sheet": "packed batch",
    "sheets": "packed batches",
    "telling": "reply, explain",
    "told": "reply, text",
}
ALLOWED: dict[str, str] = {}  # identifier -> why the word is the right one there
EXCEPT_CLASSES = {"VisualcropError"}  # has a page of its own, reference/errors.md
NOT_PYTHON = {"direct", "model_type", "steps", "visualcrop", "visualcrop-seal"}  # options, names


def definitions():
    """Every class and function at the top of a module of the core, and `Class.method`."""
    for path, tree in TREES.items():
        if path.is_relative_to(ROOT / "visualcrop"):
            for node in tree.body:
                if isinstance(node, ast.ClassDef | ast.FunctionDef):
                    yield node.name
                    inner = node.body if isinstance(node, ast.ClassDef) else ()
                    yield from (f"{node.name}.{n.name}" for n in inner if hasattr(n, "name"))


def is_spec(text):
    """Whether *text* is a spec with options, of a strategy that exists."""
    return "(" in text and any(Spec.parse(text).name == entry.strategy.name for entry in REGISTRY)


def is_module(text):
    """Whether *text* is the path of a module of ours."""
    return text.startswith("visualcrop.") and importlib.util.find_spec(text) is not None


def identifiers():
    """Each name that shipped code defines, with where."""
    for path, tree in TREES.items():
        where = path.relative_to(ROOT)
        yield path.stem, str(where)
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    yield name, f"{where}:{node.lineno}"
                case ast.ClassDef(name=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                    yield name, f"{where}:{node.lineno}"
                case ast.Name(id=name, ctx=ast.Store()):
                    yield name, f"{where}:{node.lineno}"
                case ast.Attribute(attr=name, ctx=ast.Store()):
                    yield name, f"{where}:{node.lineno}"


def words(identifier):
    """The words of *identifier*, in snake case or in camel case."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)]


def test_every_name_in_it_exists():
    """What the glossary sets in code font is a class, function, module, kind or spec of ours."""
    known = {*definitions(), *NOT_PYTHON, *REGISTRY.kinds()}
    strange = sorted(text for text in CODED - known if not is_module(text) and not is_spec(text))
    assert strange == []


def test_it_has_every_kind_and_every_public_class():
    """A reader who meets a kind of strategy, or a class of `visualcrop`, finds it there."""
    public = {
        name
        for name in visualcrop.__all__
        if inspect.isclass(getattr(visualcrop, name)) and name not in EXCEPT_CLASSES
    }
    assert sorted({*REGISTRY.kinds(), *public} - CODED) == []


def test_terms_stand_once_and_in_order():
    """In each section terms are sorted, and no term is explained twice."""
    sections = [re.findall(r"^(\w.*)\n:   ", part, re.MULTILINE) for part in SECTIONS]
    terms = [term.lower() for term in chain(*sections)]
    assert [section for section in sections if section != sorted(section, key=str.lower)] == []
    assert len(terms) == len(set(terms)) > 40


def test_no_identifier_is_in_a_private_language():
    """Shipped code names things by words of the field: a list of former own words is empty."""
    offenders = sorted(
        f"{where}: {name} (say: {PRIVATE[word]})"
        for name, where in set(identifiers())
        for word in words(name)
        if word in PRIVATE and name not in ALLOWED
    )
    assert offenders == []
