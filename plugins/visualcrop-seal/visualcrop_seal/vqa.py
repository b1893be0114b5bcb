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
    """V*'s answering model: it names the objects it misses, and reads crops of them."""

    name = "seal-vqa"

    checkpoint: str = option("", help="folder of the checkpoint, or its name on the hub")
    revision: str | None = option(None, help="branch, tag or commit on the hub")
    vision_tower: str = option(CLIP_TOWER, help="CLIP encoder: a folder, or its name on the hub")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", help="number format; auto is float16 as published, but bfloat16 on a CPU"
    )
    device: str = option("auto", help="cpu, cuda, cuda:1, ...; auto takes a GPU if there is one")
    layout: Literal["benchmark", "training"] = option(
        "benchmark",
        help="tokens of the image and of each object: benchmark has 32 and, up to 2 objects, 256; "
        "training has 32 and 256 for 1 object, else 256 and 32",
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
        """The fingerprints of the checkpoint and of its vision tower."""
        parts = (self.checkpoint, self.revision), (self.vision_tower, None)
        return " ".join(checkpoint_fingerprint(*part) for part in parts if part[0])

    def settings(self) -> Mapping[str, object]:
        """Defaults for `seal`: targets and prompt as in the model's training."""
        return {"seal": {"targets": "missing", "answer": "working-memory"}}
