"""Specs that nobody would type: sound ones at random, then bent, then mere text."""

from __future__ import annotations

import random
from collections.abc import Iterator

import attrs

from visualcrop.plugin import Registry, Spec
from visualcrop.plugin.registry import Entry
from visualcrop.searchers.focus import Focus
from visualcrop.spec.parse import format_value, to_value

_SCALARS = (
    *("0", "1", "-1", "3", "4.7", "1e9", "1e-9", "-0.0", "9" * 30, "1e308"),
    *("true", "false", "none", "auto", "target", "token", "general", "[]", "[1, 2]", "[0.5]"),
    *(
        '"4"',
        '""',
        '"a b"',
        r'"\u0000"',
        '"vv(clip=true)"',
        '"vv("',
        "[a, [b]]",
        "nobody",
        "~/x.toml",
    ),
)
_LETTERS = "aefoscuv()[]=,.-_~/:\"\\ \t\n\r019é😀\u00a0\u2028\x00\x7f#'{}@"


def random_specs(registry: Registry, count: int, seed: int) -> Iterator[str]:
    """*count* texts, the same for the same *seed*."""
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.random()
        if kind < 0.9:
            text = _sound(rng, registry, rng.choice(["searcher"] * 30 + registry.kinds()), 0)
            yield text if kind < 0.4 else _bent(rng, text)
        else:
            yield "".join(rng.choices(_LETTERS, k=rng.randrange(60)))


def random_options(registry: Registry, count: int, seed: int) -> Iterator[str]:
    """*count* texts as they are given to `-o`, most of them about an option of `focus`."""
    rng = random.Random(seed)
    stages = [key for key, value in Spec.of(Focus()).options if isinstance(value, Spec)]
    for _ in range(count):
        entry = rng.choice(list(registry))
        key = rng.choice([field.name for field in attrs.fields(entry.strategy)] or ["none"])
        deep = entry.strategy.kind in stages
        path = f"{entry.strategy.kind}.{key}" if deep else rng.choice([*stages, "steps", key])
        given = _value(rng, registry, entry, path if path in stages else key, 0)
        text = f"{path}={given}"
        yield text if rng.random() < 0.5 else _bent(rng, text)


def _sound(rng: random.Random, registry: Registry, kind: str, depth: int) -> str:
    """A strategy of *kind* with some of its options; values often fit."""
    entry = rng.choice([entry for entry in registry if entry.strategy.kind == kind])
    every = attrs.fields(entry.strategy)
    fields = rng.sample(every, k=min(len(every), rng.randrange(5)))
    options = [f"{f.name}={_value(rng, registry, entry, f.name, depth)}" for f in fields]
    gap = rng.choice(["", "", " ", "\n"])
    return (
        f"{entry.strategy.name}({gap}{f',{gap}'.join(options)})" if options else entry.strategy.name
    )


def _value(rng: random.Random, registry: Registry, entry: Entry, key: str, depth: int) -> str:
    kinds = registry.kinds()
    if key in kinds and depth < 3 and rng.random() < 0.9:
        return _sound(rng, registry, key if rng.random() < 0.9 else rng.choice(kinds), depth + 1)
    default = getattr(entry.strategy(), key, None)
    numbers = {int: rng.randrange(1, 60), float: rng.random(), bool: rng.random() < 0.5}
    fitting = format_value(to_value(numbers.get(type(default), default)))
    return fitting if rng.random() < 0.8 else rng.choice(_SCALARS)


def _bent(rng: random.Random, text: str) -> str:
    """One to five characters deleted, inserted, doubled or swapped."""
    for _ in range(rng.randrange(1, 6)):
        at, letter = rng.randrange(len(text) + 1), rng.choice(_LETTERS)
        text = rng.choice(
            [
                text[:at] + text[at + 1 :],
                text[:at] + letter + text[at:],
                text[:at] + text[at : at + 9] * 2 + text[at + 9 :],
                text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
            ]
        )
    return text
