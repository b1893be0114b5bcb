"""What V*'s two models are loaded from, and how they are to run."""

from __future__ import annotations

from typing import Protocol

TOWER = "openai/clip-vit-large-patch14"


class Recipe(Protocol):
    """The options that both have."""

    @property
    def checkpoint(self) -> str: ...

    @property
    def revision(self) -> str | None: ...

    @property
    def vision_tower(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def device(self) -> str: ...
