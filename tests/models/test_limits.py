"""A family's options say how much of an image is looked at, and cells follow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.opened import EXISTENCE, noise, opened
from tests.support.refusals import refused
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.tiled import TILED
from visualcrop import Prompt, View
from visualcrop.errors import ModelError
from visualcrop.models import Patches
from visualcrop.models.families.llava_next import LlavaNext

_WIDE, _LONG = (900, 600), (1200, 300)  # Gemma 3 cuts only long images into crops
_LIMITED: dict[str, list[dict[str, Any]]] = {  # most that is looked at: a lot, less, least
    "llava-next": [{}, {"max_tiles": 2}],
    "llava-onevision": [{}, {"max_tiles": 4}, {"max_tiles": 1}],
    "internvl": [{}, {"max_tiles": 4}, {"max_tiles": 1}],
    "gemma3": [
        {"crops": "true", "max_tiles": 3},
        {"crops": "true", "max_tiles": 2},
        {"crops": "false"},
    ],
    "qwen2-5-vl": [{}, {"max_pixels": 28 * 28 * 20}, {"max_pixels": 28 * 28 * 5}],
    "qwen3-vl": [{}, {"max_pixels": 32 * 32 * 20}, {"max_pixels": 32 * 32 * 5}],
    **{family: [{}, {"max_tiles": 4}, {"max_tiles": 1}] for family in TILED},
}


def _seen(family: str, options: dict[str, Any]) -> tuple[int, Patches]:
    """Placeholders in a prompt about the noise, and the cells that are among them."""
    model = opened(family, **options)
    shown = View.whole(noise(*_LONG if family == "gemma3" else _WIDE))
    prompt = Prompt.fill(shown, EXISTENCE, target="mug")
    (seen,) = model.forward([prompt])
    (patches,) = seen.patches
    assert shown.box.contains(patches.grid.box)
    return len(model.prompt_processor.tokenize(prompt).placeholders), patches


@pytest.mark.parametrize("family", _LIMITED)
class TestLimits:
    """`max_tiles` and `max_pixels`."""

    def test_tokens_fall(self, family: str) -> None:
        """The less may be looked at, the fewer tokens; the network agrees with every count."""
        counts = [_seen(family, options)[0] for options in _LIMITED[family]]
        assert counts == sorted(set(counts), reverse=True)

    def test_cells_keep_their_tokens(self, family: str) -> None:
        """Whatever the limit, the cells lie in the image, and each has a token of its own."""
        for options in _LIMITED[family]:
            _, patches = _seen(family, options)
            assert patches.tokens.shape == patches.grid.shape
            assert len(set(patches.tokens.ravel().tolist())) == patches.tokens.size


class TestRefusals:
    """A limit that leaves nothing."""

    def test_no_canvas_is_left(self) -> None:
        """A checkpoint that always cuts an image into two tiles cannot take one."""
        family = LlavaNext(checkpoint=str(checkpoint("llava-next")), max_tiles=1)
        said = refused(ModelError, family.load_config)
        assert said == "This checkpoint cuts an image into 2 tiles or more, not 1."
