"""SEAL's own answering model, with visual working memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from visualcrop import Model, ModelFamily, errors
from visualcrop.models import checkpoint_fingerprint
from visualcrop.plugin import option

CLIP_TOWER = "openai/clip-vit-large-patch14"


@attrs.frozen
class SealVqa(ModelFamily):
    """V*'s answering model: says which objects it misses, and reads them after the image."""

    name = "seal-vqa"

    checkpoint: str = option("", help="folder of the checkpoint, or its name on the hub")
    revision: str | None = option(None, help="branch, tag or commit on the hub")
    vision_tower: str = option(CLIP_TOWER, help="its CLIP encoder: a folder, or a name on the hub")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", help="number format; auto is float16 as published, but bfloat16 on a CPU"
    )
    device: str = option("auto", help="cpu, cuda, cuda:1, ...; auto takes a GPU if there is one")
    layout: Literal["benchmark", "training"] = option(
        "benchmark",
        help="image in 32 tokens, up to 2 objects in 256 each; or as in training: 1 object in "
        "256, with more of them the image in 256 and each object in 32",
    )

    def open(self) -> Model:
        if not self.checkpoint:
            raise errors.ModelError(
                "The model 'seal-vqa' needs a checkpoint: "
                "-m seal-vqa(checkpoint=craigwu/seal_vqa_7b), or a folder."
            )
        from .networks.vqa_model import load_vqa_model

        return load_vqa_model(self, training_layout=self.layout == "training")

    def fingerprint(self) -> str:
        """Of the checkpoint and of its vision tower."""
        parts = (self.checkpoint, self.revision), (self.vision_tower, None)
        return " ".join(checkpoint_fingerprint(*part) for part in parts if part[0])

    def settings(self) -> Mapping[str, object]:
        """Targets and prompt as in its training."""
        return {"seal": {"targets": "missing", "answer": "working-memory"}}
