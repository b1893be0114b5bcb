"""Every file that claims to be a picture is one, or one sentence, within a bound of memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tests.attack import pictures, pictures_hostile
from tests.attack.siege import Server
from tests.support.refusals import is_one_sentence

_GIB = 1 << 30
_SPARE = 24 << 20  # bytes: modules, buffers, and what the allocator keeps
# Most bytes a pixel at any moment, from the header on, the picture itself with its four included.
_PROMISED = {
    "large-jpeg": 4,
    "large-png": 4,
    "bomb-rgb-15000": 4,
    "large-jpeg-progressive": 10,
    "large-webp": 17,
}
_OTHERS = 8
_REFUSED = pictures_hostile.REFUSED
_SOUND = {name: (make, size) for name, make, size in pictures.sound()}
_LARGE = {name: (make, size) for name, make, size in pictures.large()}


@attrs.frozen
class Opened:
    """What became of a file."""

    said: str  # why it was refused; empty if it was not
    size: tuple[int, int]
    peak: int  # bytes more than before it was opened, at the most


def _opened(server: Server, scratch: Path, make: Callable[[], bytes], memory: int) -> Opened:
    path = scratch / "picture"
    path.write_bytes(make())
    end = server.call("tests.attack.commands:opened", ["picture"], scratch, memory=memory)
    assert not [*end.complaints()], end
    told = json.loads(end.out)
    assert not told["said"] or is_one_sentence(told["said"]), told
    return Opened(told["said"], tuple(told["size"]), told["peak"])


def _within(opened: Opened, name: str) -> bool:
    """Whether it took no more memory than was promised."""
    each = _PROMISED.get(name, _OTHERS)
    return opened.peak <= opened.size[0] * opened.size[1] * each + _SPARE


@pytest.mark.parametrize("name", _SOUND)
def test_formats_and_modes_that_are_read(name: str, server: Server, scratch: Path) -> None:
    """They open, upright, and small ones take little memory."""
    make, size = _SOUND[name]
    opened = _opened(server, scratch, make, _GIB)
    assert (opened.said, opened.size) == ("", size)
    assert opened.peak < _SPARE


@pytest.mark.parametrize("name", _REFUSED)
def test_what_is_no_picture(name: str, server: Server, scratch: Path) -> None:
    """One sentence, before any memory is taken for it."""
    opened = _opened(server, scratch, _REFUSED[name], _GIB)
    assert opened.said
    assert opened.peak < _SPARE


@pytest.mark.parametrize("name", pictures_hostile.EITHER)
def test_what_is_broken_or_swollen(name: str, server: Server, scratch: Path) -> None:
    """A picture or one sentence, and no text or profile in it takes more than a few megabytes."""
    opened = _opened(server, scratch, pictures_hostile.EITHER[name], _GIB)
    assert opened.peak < 4 * _SPARE


@pytest.mark.attack
@pytest.mark.parametrize("name", _LARGE)
def test_large_pictures_take_what_is_promised(name: str, server: Server, scratch: Path) -> None:
    """Four bytes a pixel of an RGB JPEG or PNG, eight of most others, turned ones included."""
    make, size = _LARGE[name]
    opened = _opened(server, scratch, make, _GIB)
    assert (opened.said, opened.size) == ("", size)
    assert _within(opened, name), f"{opened.peak / (size[0] * size[1]):.1f} bytes a pixel"


@pytest.mark.attack
@pytest.mark.parametrize("name", pictures_hostile.BOMBS)
def test_small_files_of_many_pixels(name: str, server: Server, scratch: Path) -> None:
    """Opened within what is promised, or refused before the memory is taken."""
    opened = _opened(server, scratch, pictures_hostile.BOMBS[name], 5 * _GIB)
    assert _within(opened, name), f"{opened.peak >> 20} MiB for {opened.size}"
