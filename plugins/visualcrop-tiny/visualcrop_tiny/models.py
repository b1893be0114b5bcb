"""The checkpoints that come with this package, as models."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal

import attrs

from visualcrop import Auto, errors
from visualcrop.plugin import at_least, option

# The models were not trained to name targets, and read crops of three cells of the map best.
_SETTINGS: Mapping[str, object] = {"targets": "rules", "proposals.s_max": 3}


_Kernel = Literal["sdpa", "flash_attention_2", "eager", "blocks"]


def _kernel(default: _Kernel) -> Any:
    about = "attention kernel; blocks are quicker on a CPU in bfloat16, and sdpa elsewhere"
    return option(default, help=about)


def _shipped(name: str) -> str:
    """Folder of the weights *name*, which come with this package."""
    return str(files(__package__) / "weights" / name)


@attrs.frozen
class ShippedModel(Auto):
    """A checkpoint that ships in this package's `weights` folder, under the model's name."""

    demo_dataset = "needles(about=tour, count=4, size=4k, seed=6)"

    checkpoint: str = option("", help="folder of another checkpoint than the one that ships")
    attention: _Kernel = _kernel("blocks")
    memory: int | None = option(  # a question takes about 12 MiB
        256 << 20,
        help="bytes kept in all of images seen before, as pixels, keys and values",
        validator=at_least(0),
    )

    def family(self) -> Any:
        return super(ShippedModel, self._with_checkpoint()).family()

    def fingerprint(self) -> str:
        """The fingerprint of the shipped weights, or of `checkpoint` if it is given."""
        return super(ShippedModel, self._with_checkpoint()).fingerprint()

    def _with_checkpoint(self) -> ShippedModel:
        return attrs.evolve(self, checkpoint=self.checkpoint or _shipped(self.name))

    def settings(self) -> Mapping[str, object]:
        """Defaults for every searcher, a third-party one too: it takes targets by rule."""
        return _SETTINGS


def _names_no_others(family: ShippedModel, _: object, unaligned: bool) -> None:  # noqa: FBT001
    if unaligned and family.checkpoint:
        raise errors.SpecError(
            "The options checkpoint and unaligned of tiny each name other weights; give one."
        )


@attrs.frozen
class Tiny(ShippedModel):
    """A small LLaVA for the drawn places of `needles`, and no others."""

    name = "tiny"

    unaligned: bool = option(
        False,
        help="weights whose values no loss taught to point: for studies of maps",
        validator=_names_no_others,
    )

    def _with_checkpoint(self) -> ShippedModel:
        if not self.unaligned:
            return super()._with_checkpoint()
        return attrs.evolve(self, checkpoint=_shipped("tiny-unaligned"), unaligned=False)

    def settings(self) -> Mapping[str, object]:
        """Those of every shipped model, and FOCUS counts and compares places by what it found."""
        # Of 103 development questions, the search missed a thing in 8.
        answer = "count(regions=vv, missed=0.1, otherwise=relate)"
        return {**super().settings(), "focus": {"answer": answer}}


@attrs.frozen
class TinyShapes(ShippedModel):
    """A small LLaVA for the drawn scenes of `shapes`, and no others."""

    name = "tiny-shapes"
    demo_dataset = (
        "shapes(about=attribute, count=1, size=4k, seed=1)"  # wrong here without a search
    )

    attention: _Kernel = _kernel("sdpa")  # with which its figures were measured


@attrs.frozen
class TinyOnevision(ShippedModel):
    """As `tiny`, in LLaVA-OneVision's layout: an image and four tiles, or several images."""

    name = "tiny-onevision"

    def settings(self) -> Mapping[str, object]:
        """As those of `tiny`, but it counts on a map that is not smoothed."""
        answer = "count(regions=vv(pool=1, sigma=0), otherwise=relate)"
        return {**super().settings(), "focus": {"answer": answer, "t_type2": 0.5}}


@attrs.frozen
class TinyQwen(ShippedModel):
    """As `tiny`, in Qwen2.5-VL's layout: images of their own shape and resolution, M-RoPE."""

    name = "tiny-qwen"

    def settings(self) -> Mapping[str, object]:
        """Those of `tiny`, since it was trained on one image in a prompt, too."""
        return Tiny().settings()
