"""The entry point for lmms-eval, which loads those of all its models at each start."""

from __future__ import annotations

from typing import Any


def manifest() -> Any:
    """Where the model `visualcrop` is: a text, so that nothing is imported before it is used."""
    from lmms_eval.models.registry_v2 import ModelManifest  # which has called this function

    return ModelManifest("visualcrop", chat_class_path="visualcrop_lmms.adapter.Visualcrop")
