"""Features of the toy model's tokens: a word's resemble those of the cells that show it."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import numpy.typing as npt

from .scene import COLOURS, KINDS
from .vision import Floats

LAYERS, HEADS, WIDTH = 4, 2, 16
_WORD = re.compile(r"\w+|[^\w\s]")
_GAIN = 2.0


def words(text: str) -> list[re.Match[str]]:
    """The words and punctuation spans of *text*, each a token."""
    return list(_WORD.finditer(text))


def meaning(word: str) -> str:
    """The kind of thing that a word names, in the singular; else the word in lower case."""
    low = word.lower()
    return low.removesuffix("s") if low.removesuffix("s") in KINDS else low


def kinds_in(text: str) -> list[str]:
    """The kinds of things that *text* names, in its order, each once."""
    named = (meaning(word[0]) for word in words(text))
    return list(dict.fromkeys(name for name in named if name in KINDS))


def direction(name: str, layer: int) -> Floats:
    """A fixed unit vector for each head, H x D."""
    return _fixed(f"{name}/{layer}", HEADS, WIDTH, unit=True)


def cell_features(traces: dict[str, Floats], layer: int, noise: float) -> Floats:
    """Features of cells, H x cells x D: a common direction, the cells' traces, and noise."""
    strength = np.stack([traces[name].ravel() for name in traces])  # names x cells
    ways = np.stack([direction(name, layer) for name in traces])  # names x heads x width
    cells = np.einsum("nc,nhw->hcw", _GAIN * strength, ways)
    ground = direction("ground", layer)[:, None] * 0.5
    grain = _fixed(f"grain/{layer}/{noise}", HEADS * strength.shape[1], WIDTH)
    features: Floats = cells + ground + noise * grain.reshape(HEADS, -1, WIDTH)
    return features


def word_features(word: str, layer: int, noise: float) -> Floats:
    """Features of one word, H x 1 x D."""
    name = meaning(word)
    clean = direction(name, layer) if name in {**KINDS, **COLOURS} else direction("ground", layer)
    return (clean + noise * _fixed(f"{word}/{layer}", HEADS, WIDTH))[:, None]


def _fixed(name: str, rows: int, columns: int, *, unit: bool = False) -> Floats:
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    drawn: npt.NDArray[np.float64] = np.random.default_rng(seed).normal(size=(rows, columns))
    scale = np.linalg.norm(drawn, axis=1, keepdims=True) if unit else columns**0.5
    fixed: Floats = (drawn / scale).astype(np.float32)
    return fixed
