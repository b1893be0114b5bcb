"""The checkpoints that come with this package, as models."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import attrs

from visualcrop import Auto
from visualcrop.plugin import at_least, option

# Targets in its world are found by rule. A box is three cells of the map: as much as its eye reads.
_SUITED: Mapping[str, object] = {"targets": "rules", "proposals.s_max": 3}


@attrs.frozen
class Packaged(Auto):
    """A checkpoint that lies in this package, under its name."""

    home = "needles(about=attribute, count=1, size=4k, seed=1)"  # where it fails if asked directly

    checkpoint: str = option("", help="folder of another checkpoint than the one that ships")
    memory: int | None = option(  # a question takes 12 MiB or so
        256 << 20,
        help="bytes kept in all of images seen before, as pixels, keys and values",
        validator=at_least(0),
    )

    def family(self) -> Any:
        return super(Packaged, self._placed()).family()

    def fingerprint(self) -> str:
        """Of the weights that ship, or of the folder's."""
        return super(Packaged, self._placed()).fingerprint()

    def _placed(self) -> Packaged:
        shipped = files(__package__) / "weights" / self.name
        return attrs.evolve(self, checkpoint=self.checkpoint or str(shipped))

    def settings(self) -> Mapping[str, object]:
        """Every search finds its targets by rule, whosever it is."""
        return _SUITED

    @classmethod
    def shipped(cls) -> bool:
        """Whether the weights have been trained, and lie here."""
        return (files(__package__) / "weights" / cls.name).is_dir()


@attrs.frozen
class Tiny(Packaged):
    """A small LLaVA for the drawn scenes of `needles`, and no others."""

    name = "tiny"


@attrs.frozen
class TinyOnevision(Packaged):
    """As `tiny`, in LLaVA-OneVision's layout: the whole and four tiles, or several images."""

    name = "tiny-onevision"

    def settings(self) -> Mapping[str, object]:
        """As `tiny`'s, but what FOCUS finds is shown beside the whole."""
        return {**super().settings(), "focus": {"answer": "interleaved", "t_type2": 0.5}}
