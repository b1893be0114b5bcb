"""What is asked of the network beside the right reply."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from ..scenes import DIGITS
from ..scenes.words import plural
from ..speech import WORDS
from ..views.labelling import ALL_COLOURS, ALL_SHAPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

_NOTHING = WORDS.index("nothing")
_LISTS = (ALL_SHAPES, ALL_COLOURS, DIGITS)
_SHARES = (1.0, 1.0, 2.0)  # digits are rare, and hard to read


@cache
def word_ids(kind: int, device: str) -> Tensor:
    """Tokens of the shapes, colours or digits, in the order of the labels."""
    import torch

    return torch.tensor([WORDS.index(word) for word in _LISTS[kind]], device=device)


@cache
def word_classes(device: str) -> Tensor:
    """For each token the shape that it names, or 100 + the colour, or -1."""
    import torch

    classes = torch.full((len(WORDS),), -1)
    for index, shape in enumerate(ALL_SHAPES):
        classes[[WORDS.index(shape), WORDS.index(plural(shape))]] = index
    for index, colour in enumerate(ALL_COLOURS):
        classes[WORDS.index(colour)] = 100 + index
    return classes.to(device)


def dense(words: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """
    Each image token is the words for what it shows: its loss, and that of things alone.

    *words* are logits, views x tokens x words; *labels* views x 3 x tokens. Tokens of things and
    of nothing weigh the same in all, and a large thing little more than a small one.
    """
    import torch

    logs = words.float().log_softmax(-1)
    told, count = torch.zeros_like(logs[..., 0]), torch.zeros_like(logs[..., 0])
    things, nothing = labels[:, 0] > 0, labels[:, 0] == 0
    for kind in range(3):
        label = labels[:, kind]
        ids = word_ids(kind, str(words.device))[(label - 1).clamp(min=0)]
        share = _SHARES[kind] * (label > 0)
        told = told - logs.gather(-1, ids[..., None])[..., 0] * share
        count = count + share
    least = torch.where(count > 2, 1.5, 1.0) * math.log(2)  # where all words share the token
    ours = (told / count.clamp(min=1) - least) * things
    weight = things / _patches(labels[:, 0]).sqrt()
    loss = (ours * weight).sum() / weight.sum().clamp(min=1)
    empty = (-logs[..., _NOTHING] * nothing).sum() / nothing.sum().clamp(min=1)
    return (loss + empty) / 2, ours.sum() / things.sum().clamp(min=1)


def _patches(shapes: Tensor) -> Tensor:
    """How many tokens of the view show the same shape as each."""
    import torch

    classes = torch.nn.functional.one_hot(shapes.clamp(min=0), len(ALL_SHAPES) + 1)
    counts = (classes * (shapes > 0)[..., None]).sum(1)
    return counts.gather(1, shapes.clamp(min=0)).clamp(min=1)


def align(
    pairs: Sequence[tuple[Tensor, Tensor]], heads: int, ids: Tensor, labels: Tensor, tau: float
) -> tuple[Tensor, Tensor, float]:
    """
    Values of a word are nearest to those of the patches that show it: InfoNCE, and its floor.

    *pairs* are values of the image's and of the text's tokens, a pair for each layer. Also the
    part of words whose nearest patch is right, in the last layer.
    """
    import torch

    kinds = word_classes(str(ids.device))[ids]
    view, token = torch.nonzero(kinds >= 0, as_tuple=True)
    kind = kinds[view, token][:, None]
    right = torch.where(kind < 100, labels[view, 0] == kind + 1, labels[view, 1] == kind - 99)
    some = right.any(1)
    view, token, right = view[some], token[some], right[some]
    zero = pairs[0][0].sum() * 0
    if not len(view):
        return zero, zero, 0.0
    hazy = labels[view, 0] < 0
    loss, floor, hit = zero, zero, 0.0
    for image, text in pairs:
        cosines = (_unit(text, heads) @ _unit(image, heads).mT)[view, token]
        logs = (cosines.masked_fill(hazy, -9.0) / tau).log_softmax(-1)
        loss = loss - logs.masked_fill(~right, -1e4).logsumexp(-1).mean() / len(pairs)
        floor = floor + (0.15 - cosines.masked_fill(hazy, 1.0)).relu().square().mean() / len(pairs)
        nearest = cosines.masked_fill(hazy, -9.0).argmax(1, keepdim=True)
        hit = float(right.gather(1, nearest).float().mean())
    return loss, floor, hit


def _unit(values: Tensor, heads: int) -> Tensor:
    """Each head's values of length one, as in Fig. 7, and then all of them together."""
    split = values.float().unflatten(-1, (heads, -1))
    unit: Tensor = split / split.norm(dim=-1, keepdim=True).clamp_min(1e-6)
    return unit.flatten(2) / math.sqrt(heads)


def place(logits: Tensor, ids: Tensor, where: Tensor, grid: int) -> Tensor:
    """
    A word's token knows the column and the row of its thing, if there is but one such thing.

    *logits* are views x text x 2 grid; *where* is views x shapes x 2, -1 where there is not one.
    """
    import torch

    kinds = word_classes(str(ids.device))[ids]
    view, token = torch.nonzero((kinds >= 0) & (kinds < 100), as_tuple=True)
    goal = where[view, kinds[view, token]]
    known = goal[:, 0] >= 0
    if not known.any():
        return logits.sum() * 0
    said = logits[view[known], token[known]].float().unflatten(-1, (2, grid))
    return torch.nn.functional.cross_entropy(said.flatten(0, 1), goal[known].flatten())


def named(words: Tensor, labels: Tensor) -> dict[str, float]:
    """The part of patches whose shape, colour or digit comes first among its like."""
    told = {}
    for kind, name in enumerate(("shape", "colour", "digit")):
        label = labels[:, kind]
        best = words[..., word_ids(kind, str(words.device))].argmax(-1) + 1
        if (label > 0).any():
            told[name] = float((best == label)[label > 0].float().mean())
    return told


def own_place(logits: Tensor, places: Tensor, grid: int) -> Tensor:
    """An image token knows its own column and row; *places* are its numbers in the grid."""
    import torch

    said = logits.float().unflatten(-1, (2, grid))
    goal = torch.stack([places % grid, places // grid], -1)
    return torch.nn.functional.cross_entropy(said.flatten(0, 2), goal.flatten())
