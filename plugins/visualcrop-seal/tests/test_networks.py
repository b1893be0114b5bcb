"""Each part of SEAL's models computes what transformers, or a plainer formula, computes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    CLIPImageProcessorPil,
    LlamaConfig,
    LlamaForCausalLM,
    OwlViTConfig,
    OwlViTForObjectDetection,
    OwlViTVisionModel,
    SamMaskDecoderConfig,
)
from transformers.models.sam.modeling_sam import SamTwoWayTransformer

from tests.models.opened import noise
from visualcrop_seal.networks.decoder import Decoder
from visualcrop_seal.networks.mask import ChannelNorm, Doubled
from visualcrop_seal.networks.owl import Owl, bias
from visualcrop_seal.networks.resampler import HEAD, Resampler
from visualcrop_seal.networks.seeing import pixels, squared
from visualcrop_seal.networks.two_way import TwoWay, spread

pytestmark = pytest.mark.torch
NOISE = noise(90, 60).picture
SMALL: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}


@pytest.fixture(autouse=True)
def seeded():
    """The same weights each time, and no gradients."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        yield


def widened(module: Any) -> Any:
    """Weights with which a mistake shows."""
    for weights in module.parameters():
        weights.add_(torch.randn_like(weights) / 3)
    return module.eval()


class TestTwoWay:
    """SAM's transformer."""

    def test_is_that_of_transformers(self):
        """The same weights under other names give the same tokens and picture."""
        config = SamMaskDecoderConfig(
            hidden_size=32, mlp_dim=48, num_hidden_layers=2, num_attention_heads=8
        )
        config._attn_implementation = "eager"
        theirs, ours = widened(SamTwoWayTransformer(config)), TwoWay(32, 16, 48, 2).eval()
        names = {"layer_norm_final_attn": "norm_final_attn", "layer_norm": "norm"}
        weights = theirs.state_dict()
        for old, new in names.items():
            weights = {name.replace(old, new): tensor for name, tensor in weights.items()}
        ours.load_state_dict(weights)
        tokens, picture, places = torch.randn(6, 32), torch.randn(25, 32), torch.randn(25, 32)
        grid = (x.T.reshape(1, 32, 5, 5) for x in (picture, places))
        wanted = theirs(tokens[None, None], *grid, None)
        for mine, other in zip(ours(tokens, picture, places), wanted, strict=False):
            torch.testing.assert_close(mine, other[0, 0], atol=1e-5, rtol=1e-5)

    def test_places_are_waves_across_then_down(self):
        """The middle of a cell, from -1 to 1, times each frequency, as sine and cosine."""
        frequencies = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        waves = spread(frequencies, 2)
        assert waves.shape == (4, 4)
        across, down = torch.tensor([-0.5, 0.5, -0.5, 0.5]), torch.tensor([-0.5, -0.5, 0.5, 0.5])
        wanted = [f(2 * torch.pi * x) for f in (torch.sin, torch.cos) for x in (across, down)]
        torch.testing.assert_close(waves, torch.stack(wanted, -1))


class TestWayUp:
    """From features to a mask of four times their size."""

    def test_doubles_smoothly_and_folds(self):
        """Bilinear, without aligned corners, then the convolution."""
        ours = widened(Doubled(3, 2))
        x = torch.randn(3, 4, 5)
        up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        torch.testing.assert_close(ours(x), ours.conv(up(x[None]))[0])

    def test_norms_each_cell_over_its_channels(self):
        """Mean nought and spread one, before weight and bias."""
        normed = ChannelNorm(16)(torch.randn(16, 3, 2) * 5 + 1)
        torch.testing.assert_close(normed.mean(0), torch.zeros(3, 2), atol=1e-5, rtol=0)
        torch.testing.assert_close(normed.var(0, correction=0), torch.ones(3, 2))


class TestOwl:
    """OWL-ViT without its words."""

    def test_is_that_of_transformers(self):
        """Features, scores and boxes are those of the whole OWL-ViT with the same weights."""
        vision = {**SMALL, "num_attention_heads": 1, "image_size": 48, "patch_size": 16}
        text = {**SMALL, "hidden_size": 24, "num_attention_heads": 2}
        config: Any = OwlViTConfig(vision_config=vision, text_config=text, projection_dim=24)
        theirs = widened(OwlViTForObjectDetection(config))
        eye: Any = OwlViTVisionModel(config.vision_config)
        eye.vision_model.load_state_dict(theirs.owlvit.vision_model.state_dict())
        ours = Owl(eye, 24).eval()
        for part in ("class_head", "box_head", "layer_norm"):
            getattr(ours, part).load_state_dict(getattr(theirs, part).state_dict())
        features, query = ours.features(NOISE), torch.randn(24)
        wanted, _ = theirs.image_embedder(pixel_values=pixels(NOISE, 48))
        torch.testing.assert_close(features, wanted[0], atol=1e-5, rtol=1e-4)
        boxes, scores = ours.boxes(features, query)
        flat = features.reshape(1, 9, 32)
        logits, _ = theirs.class_predictor(flat, query[None, None])
        torch.testing.assert_close(scores, logits[0, :, 0].sigmoid())
        torch.testing.assert_close(boxes, theirs.box_predictor(flat, features[None])[0])

    def test_boxes_begin_on_their_patches(self):
        """Before anything is learned a box ends where its patch ends, and is as large."""
        boxes = bias(4).sigmoid().reshape(4, 4, 4)
        torch.testing.assert_close(
            boxes[1, 2], torch.tensor([0.75, 0.5, 0.25, 0.25]), atol=1e-3, rtol=0
        )


class TestSeeing:
    """Pictures as the encoders take them."""

    def test_pixels_are_those_of_clips_processor(self):
        """Resized, scaled and normalised alike."""
        square = squared(NOISE, centred=True)
        size = {"height": 32, "width": 32}
        processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size)
        wanted = processor(square, return_tensors="pt")["pixel_values"]
        torch.testing.assert_close(pixels(square, 32), wanted, atol=1e-5, rtol=1e-5)

    @pytest.mark.parametrize(("centred", "top"), [(True, 15), (False, 0)])
    def test_square_has_the_picture_at_its_place(self, centred, top):
        """In the middle for the answering model, at the top left for the search model."""
        square = squared(NOISE, centred=centred)
        assert square.size == (90, 90)
        assert square.crop((0, top, 90, top + 60)).tobytes() == NOISE.tobytes()
        assert square.getpixel((0, 89)) == (122, 116, 104)


class TestResampler:
    """The Perceiver of objects."""

    def test_is_the_plain_formula(self):
        """One layer, head by head, with matrices written out."""
        ours = widened(Resampler(3, 16, 2 * HEAD, 20, 1))
        seen = torch.randn(7, 16)
        attend, feed = ours.layers[0]
        latents = ours.latents
        x = attend.norm_media(seen + ours.media_pos_emb[0])
        asking = attend.norm_latents(latents)
        both = torch.cat([x, asking])
        told: list[Tensor] = []
        weights = attend.to_kv.weight
        for head in range(2):
            rows = slice(head * HEAD, (head + 1) * HEAD)
            queries = asking @ attend.to_q.weight[rows].T
            keys, values = both @ weights[: 2 * HEAD][rows].T, both @ weights[2 * HEAD :][rows].T
            told.append((queries @ keys.T / HEAD**0.5).softmax(-1) @ values)
        latents = latents + torch.cat(told, -1) @ attend.to_out.weight.T
        latents = latents + feed(latents)
        torch.testing.assert_close(ours(seen), ours.norm(latents), atol=1e-5, rtol=1e-4)


class TestDecoder:
    """LLaMA, read to from embeddings."""

    @pytest.fixture
    def decoder(self) -> Decoder:
        """A small one, its weights wide."""
        config = LlamaConfig(vocab_size=50, num_attention_heads=4, **SMALL)
        network = LlamaForCausalLM(config)
        widened(network)
        return Decoder(network)

    def test_says_what_transformers_generates(self, decoder):
        """Greedily, token by token, with the state of mind before each."""
        tokens = [1, 7, 8, 9]
        said = list(decoder.greedy(decoder.read(decoder.embedded(tokens)), 2, 6))
        out = decoder.network.generate(
            torch.tensor([tokens]),
            max_new_tokens=6,
            do_sample=False,
            eos_token_id=2,
            pad_token_id=0,
        )
        wanted = [t for t in out[0, len(tokens) :].tolist() if t != 2]
        assert [token for token, _ in said] == wanted
        whole = decoder.network.model(torch.tensor([[*tokens, *wanted]])).last_hidden_state[0]
        for place, (_, hidden) in enumerate(said):
            torch.testing.assert_close(hidden, whole[len(tokens) - 1 + place], atol=1e-5, rtol=1e-4)

    def test_weighs_a_reply_and_forgets_it(self, decoder):
        """The mean log-probability is that of one whole read, whatever was weighed before."""
        tokens, replies = [1, 7, 8, 9], ([5, 6, 2], [11, 2], [2])
        state = decoder.read(decoder.embedded(tokens))
        for reply in (*replies, *reversed(replies)):
            logits = decoder.network(torch.tensor([[*tokens, *reply]])).logits[0].log_softmax(-1)
            rows = logits[len(tokens) - 1 : -1]
            wanted = rows[range(len(reply)), reply].mean()
            assert decoder.likelihood(state, reply) == pytest.approx(float(wanted), abs=1e-5)
