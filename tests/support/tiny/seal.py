"""Tiny random checkpoints in the format of SEAL's published ones: shards, pieces, odd names."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import torch
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from torch import Tensor, nn
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    LlamaConfig,
    LlamaForCausalLM,
    OwlViTVisionConfig,
    OwlViTVisionModel,
)

from visualcrop_seal.networks.vision import OwlDetector, PerceiverResampler

WIDTH, CLIP_WIDTH, QUERY_WIDTH, SAM_WIDTH = 64, 64, 24, 32  # of LLaMA, CLIP, OWL-ViT's query, SAM
IMAGE_SIZE = 64  # CLIP's, in pixels
ADDED = ("<im_end>", "<im_patch>", "<im_start>", "[LOC]")
TEXT = [
    "A chat between a curious human and an artificial intelligence assistant. USER: ASSISTANT:",
    "The assistant gives helpful, detailed, and polite answers to the user's questions.",
    "Please locate the red mug in this image. Sure, it is most likely to appear on the table.",
    "Additional visual information to focus on: key at location [0.123,0.456,0.789,1.000]; .",
    "Sorry, I can not answer the question. What colour is the mug? left right red, blue, green",
    "Some visual information about the following objects is missing or unclear: ",
]


@cache
def sentence_piece() -> bytes:
    """A tokenizer.model, trained as LLaMA's was."""
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT * 4),
        model_writer=model,
        model_type="bpe",
        vocab_size=460,
        hard_vocab_limit=False,
        byte_fallback=True,
        character_coverage=1.0,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,  # errors alone
    )
    return model.getvalue()


@cache
def processor() -> SentencePieceProcessor:
    """The same, loaded."""
    return SentencePieceProcessor(model_proto=sentence_piece())


@cache
def tower() -> Path:
    """CLIP's vision encoder, in a folder of its own."""
    to = Path(mkdtemp(prefix="visualcrop-seal-")) / "clip"
    config = CLIPVisionConfig(
        hidden_size=CLIP_WIDTH,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=IMAGE_SIZE,
        patch_size=16,
    )
    with _seeded():
        CLIPVisionModel(config).save_pretrained(to)
    return to


@cache
def vsm() -> Path:
    """The search model: two shards of pickled tensors and their index."""
    with _seeded():
        tensors = {
            **_pointing(_llama()),
            **_named("model.mm_projector.", nn.Linear(CLIP_WIDTH, WIDTH)),
            **_named("model.owlvit.vision_model.", (owl := _owl()).vision[0].vision_model),
            **_named("model.owlvit.", owl),
            **_named("model.visual_projection.", nn.Linear(CLIP_WIDTH, SAM_WIDTH, bias=False)),
            **_named("model.mask_decoder.", mask_decoder(SAM_WIDTH, mlp=48)),
            **_named("model.text_hidden_fcs_det.0.", _head(QUERY_WIDTH)),
            **_named("model.text_hidden_fcs_seg.0.", _head(SAM_WIDTH)),
            "model.prompt_encoder.no_mask_embed.weight": torch.randn(1, SAM_WIDTH),
            "model.prompt_encoder.point_embeddings.0.weight": torch.randn(1, SAM_WIDTH),
            "model.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix": torch.randn(
                2, SAM_WIDTH // 2
            ),
            "model.mask_decoder.iou_prediction_head.layers.0.weight": torch.randn(9, SAM_WIDTH),
            "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8),
        }
    return _saved(tensors, "llava")


@cache
def vqa() -> Path:
    """The answering model, with its object projector."""
    resampler = PerceiverResampler(5, CLIP_WIDTH, inner=2 * 96, mlp=128, depth=2)
    objects = nn.Sequential(nn.LayerNorm(CLIP_WIDTH), resampler, nn.Linear(CLIP_WIDTH, WIDTH))
    with _seeded():
        tensors = {
            **_llama(),
            **_named("model.mm_projector.", nn.Linear(CLIP_WIDTH, WIDTH)),
            **_named("model.mm_projector_object.", objects),
        }
    return _saved(tensors, "llava_search")


def mask_decoder(width: int, mlp: int) -> nn.Module:
    """V*'s mask decoder by the names of its checkpoint, which are segment-anything's."""

    def attention(inner: int) -> nn.ModuleDict:
        sides = {f"{name}_proj": nn.Linear(width, inner) for name in "qkv"}
        return nn.ModuleDict({**sides, "out_proj": nn.Linear(inner, width)})

    def layer() -> nn.ModuleDict:
        return nn.ModuleDict(
            {
                "self_attn": attention(width),
                "cross_attn_token_to_image": attention(width // 2),
                "cross_attn_image_to_token": attention(width // 2),
                "mlp": nn.ModuleDict(
                    {"lin1": nn.Linear(width, mlp), "lin2": nn.Linear(mlp, width)}
                ),
                **{f"norm{number}": nn.LayerNorm(width) for number in (1, 2, 3, 4)},
            }
        )

    def upsampling(size: int, out: int) -> nn.ModuleDict:
        return nn.ModuleDict({"conv": nn.Conv2d(size, out, 3, padding=1)})

    half, quarter = width // 4, width // 8
    hypernetwork = [nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, quarter)]
    return nn.ModuleDict(
        {
            "transformer": nn.ModuleDict(
                {
                    "layers": nn.ModuleList([layer(), layer()]),
                    "final_attn_token_to_image": attention(width // 2),
                    "norm_final_attn": nn.LayerNorm(width),
                }
            ),
            "iou_token": nn.Embedding(1, width),
            "mask_tokens": nn.Embedding(4, width),
            "output_upscaling": nn.Sequential(
                upsampling(width, half),
                nn.LayerNorm(half),
                nn.GELU(),
                upsampling(half, quarter),
                nn.GELU(),
            ),
            "output_hypernetworks_mlps": nn.ModuleList(
                [nn.ModuleDict({"layers": nn.ModuleList(hypernetwork)})]
            ),
        }
    )


def _llama() -> dict[str, Tensor]:
    vocabulary = processor().get_piece_size() + len(ADDED)
    config = LlamaConfig(vocab_size=vocabulary, **_config())
    network = LlamaForCausalLM(config)
    return _named("", network, scale=4)


def _pointing(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same language model, made to reply `[LOC]` to everything, and to end there."""
    last, eos = processor().encode("USER: x ASSISTANT:")[-1], processor().eos_id()
    loc = processor().get_piece_size() + ADDED.index("[LOC]")
    embeddings, lm_head = tensors["model.embed_tokens.weight"], tensors["lm_head.weight"]
    for token, following, axis in ((last, loc, 0), (loc, eos, 1)):
        embeddings[token, axis] += 400
        lm_head[following, axis] = 400
    return tensors


def _config() -> dict[str, Any]:
    return {
        "hidden_size": WIDTH,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 2048,
    }


def _owl() -> OwlDetector:
    config = OwlViTVisionConfig(
        hidden_size=CLIP_WIDTH,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=1,
        image_size=96,
        patch_size=16,
    )
    return OwlDetector(OwlViTVisionModel(config), QUERY_WIDTH)


def _head(out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, out), nn.Dropout(0))


def _named(prefix: str, module: nn.Module, scale: float = 2) -> dict[str, Tensor]:
    """Weights wide enough for a mistake to show."""
    return {
        prefix + name: tensor * scale
        if tensor.dim() > 1
        else tensor + torch.randn(tensor.shape) / 9
        for name, tensor in module.state_dict().items()
    }


def _saved(tensors: Mapping[str, Tensor], kind: str) -> Path:
    to = Path(mkdtemp(prefix="visualcrop-seal-")) / kind
    to.mkdir()
    (to / "config.json").write_text(json.dumps({"model_type": kind, **_config()}))
    (to / "tokenizer.model").write_bytes(sentence_piece())
    first = processor().get_piece_size()
    (to / "added_tokens.json").write_text(
        json.dumps({token: first + at for at, token in enumerate(ADDED)})
    )
    where: dict[str, str] = {}
    for part, names in enumerate(_halves(list(tensors)), 1):
        shard = f"pytorch_model-0000{part}-of-00002.bin"
        torch.save({name: tensors[name].clone() for name in names}, to / shard)
        where |= dict.fromkeys(names, shard)
    (to / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": where}))
    return to


def _halves(names: Sequence[str]) -> Iterator[Sequence[str]]:
    yield names[: len(names) // 2]
    yield names[len(names) // 2 :]


@contextmanager
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
