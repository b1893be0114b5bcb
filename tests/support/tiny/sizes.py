"""Numbers that a tiny checkpoint's processor and network have to agree on, in pixels."""

from __future__ import annotations

from tests.support.tiny.native import NATIVE
from tests.support.tiny.tiled import TILED

EYES = {  # side of what the vision encoder sees at once, side of its patches
    "llava": (84, 14),
    "llava-next": (56, 14),
    "llava-onevision": (60, 14),  # 4 pixels of each tile are never seen, as are 6 of the real 384
    "qwen2-5-vl": (56, 14),  # of a window
    "qwen3-vl": (128, 16),  # of its learned positions
    "qwen3-5": (128, 16),
    "qwen3-5-moe": (128, 16),
    "gemma3": (84, 14),
    "gemma4": (1680, 12),  # of its learned positions
    "gemma4-moe": (1680, 12),
    "internvl": (56, 14),
    "instructblip": (56, 14),
    **{name: family.eye for name, family in TILED.items()},
    **{name: family.eye for name, family in NATIVE.items()},
}
SEEN = {  # tokens of a view, where patches are joined or queries asked
    "gemma3": 9,  # its whole image: on 2 x 2, a padded layout is a squashed one
    "internvl": 4,
    "instructblip": 4,
}
PINPOINTS = {  # heights and widths
    "llava-next": [[56, 112], [112, 56], [112, 112], [168, 56], [56, 168]],
    "llava-onevision": [
        [60 * rows, 60 * columns] for rows in range(1, 7) for columns in range(1, 7)
    ],
}
PIXELS = {  # fewest, most
    "qwen2-5-vl": {"shortest_edge": 28**2, "longest_edge": 28**2 * 64},
    "qwen3-vl": {"shortest_edge": 32**2, "longest_edge": 32**2 * 64},
    "qwen3-5": {"shortest_edge": 32**2, "longest_edge": 32**2 * 64},
    "qwen3-5-moe": {"shortest_edge": 32**2, "longest_edge": 32**2 * 36},
}
SOFT_TOKENS = 70  # of an image at most, for Gemma 4: the fewest that its processor allows
POOLED = 2  # patches on a side of Gemma 4's tokens
MAX_TILES = 6  # of InternVL
WHOLE_LAST = {"internvl", *(name for name, family in TILED.items() if family.whole_last)}
