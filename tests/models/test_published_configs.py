"""Configs of full size, with the fields and names that published checkpoints have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.refusals import refused
from visualcrop import Auto
from visualcrop.errors import ModelError

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
_CLIP = {
    "hidden_size": 1024,
    "image_size": 336,
    "intermediate_size": 4096,
    "patch_size": 14,
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "projection_dim": 768,
    "model_type": "clip_vision_model",
}
_SIGLIP = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "patch_size": 14,
    "num_attention_heads": 16,
    "vision_use_head": False,
    "model_type": "siglip_vision_model",
}
_LLAMA_7B = {"num_attention_heads": 32, "num_hidden_layers": 32, "hidden_size": 4096}
_QWEN_7B = {
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "rope_theta": 1000000.0,
}
_PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
CONFIGS: dict[str, dict[str, Any]] = {  # as converted in the year of each model
    "llava": {  # text_config without a number of layers
        "image_token_index": 32000,
        "ignore_index": -100,
        "torch_dtype": "float16",
        "text_config": {"model_type": "llama", "vocab_size": 32064, "torch_dtype": "float16"},
        "vision_config": _CLIP,
        "vision_feature_layer": -2,
    },
    "llava_next": {
        "image_token_index": 32000,
        "torch_dtype": "float16",
        "text_config": {"model_type": "mistral", "vocab_size": 32064, "rope_theta": 1000000.0},
        "image_grid_pinpoints": _PINPOINTS,
        "vision_config": _CLIP,
        "vocab_size": 32064,
        "use_image_newline_parameter": True,
    },
    "llava_onevision": {
        "image_token_index": 151646,
        "video_token_index": 151647,
        "torch_dtype": "float16",
        "text_config": {"model_type": "qwen2", "vocab_size": 152000, **_QWEN_7B},
        "image_grid_pinpoints": [[384 * r, 384 * c] for r in range(1, 7) for c in range(1, 7)],
        "vision_config": {**_SIGLIP, "image_size": 384, "num_hidden_layers": 26},
        "vision_aspect_ratio": "anyres_max_9",
        "vision_feature_select_strategy": "full",
        "vision_feature_layer": -1,
    },
    "qwen2_5_vl": {  # one flat table
        "image_token_id": 151655,
        "torch_dtype": "bfloat16",
        "vocab_size": 152064,
        **_QWEN_7B,
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
        "vision_config": {
            "depth": 32,
            "hidden_size": 1280,
            "in_chans": 3,
            "out_hidden_size": 3584,
            "patch_size": 14,
            "spatial_patch_size": 14,
            "window_size": 112,
        },
    },
    "gemma3": {  # neither heads nor a head's width
        "image_token_index": 262144,
        "eos_token_id": [1, 106],
        "mm_tokens_per_image": 256,
        "text_config": {"model_type": "gemma3_text", "num_hidden_layers": 34, "hidden_size": 2560},
        "vision_config": {**_SIGLIP, "image_size": 896, "num_hidden_layers": 27},
        "torch_dtype": "bfloat16",
    },
    "internvl": {  # sides as pairs
        "image_token_id": 151667,
        "image_seq_length": 256,
        "downsample_ratio": 0.5,
        "text_config": {"model_type": "qwen2", "vocab_size": 151675, **_QWEN_7B},
        "vision_config": {
            "image_size": [448, 448],
            "patch_size": [14, 14],
            "hidden_size": 1024,
            "model_type": "internvl_vision",
            "num_hidden_layers": 24,
        },
    },
    "instructblip": {  # no token stands for an image
        "image_token_index": None,
        "num_query_tokens": 32,
        "torch_dtype": "float32",
        "text_config": {"model_type": "llama", "vocab_size": 32001, **_LLAMA_7B},
        "vision_config": {"image_size": 224, "patch_size": 14, "num_hidden_layers": 39},
        "qformer_config": {"vocab_size": 30523, "encoder_hidden_size": 1408},
        "use_decoder_only_language_model": True,
    },
}


@pytest.mark.parametrize(
    ("model_type", "layers", "token", "base"),
    [
        ("llava", 32, 32000, 336),
        ("llava_next", 32, 32000, 336),
        ("llava_onevision", 28, 151646, 384),
        ("qwen2_5_vl", 28, 151655, 384),
        ("gemma3", 34, 262144, 896),
        ("internvl", 28, 151667, 448),
        ("instructblip", 32, None, 224),
    ],
)
def test_is_read(model_type: str, layers: int, token: int, base: int, tmp_path: Path) -> None:
    """Layers, the image's token and the side of the encoder, whatever the fields are called."""
    config = CONFIGS[model_type] | {"model_type": model_type, "transformers_version": "4.36.0"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    family = Auto(checkpoint=str(tmp_path)).family()
    read = family.load_config()
    family.check_config(read)
    assert read.get_text_config().num_hidden_layers == layers
    assert (read.image_token_id, family.base(read)) == (token, base)


@pytest.mark.parametrize(
    ("model_type", "layers"), [("llava", (14, 32)), ("llava_onevision", (21, 28))]
)
def test_has_the_settings_of_its_size(
    model_type: str, layers: tuple[int, int], tmp_path: Path
) -> None:
    """The paper's layers of the 7B models, one of whose configs does not name its depth."""
    config = CONFIGS[model_type] | {"model_type": model_type}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert Auto(checkpoint=str(tmp_path)).settings()["relevance.layers"] == layers


def test_one_without_a_model_type_is_refused(tmp_path: Path) -> None:
    """Since no family could be chosen by it."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIGS["llava"]))
    message = refused(ModelError, Auto(checkpoint=str(tmp_path)).open)
    assert message.endswith("config.json has no model_type; download it again.")
