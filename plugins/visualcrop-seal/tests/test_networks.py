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
)

from tests.support.opened import noise
from tests.support.tiny.seal import mask_decoder
from visualcrop_seal.networks.language_model import LanguageModel
from visualcrop_seal.networks.mask_decoder import (
    MaskDecoder,
    MaskPredictor,
    UpsampleConv,
    rename_parameters,
)
from visualcrop_seal.networks.vision import (
    PERCEIVER_HEAD_WIDTH,
    OwlDetector,
    PerceiverResampler,
    box_bias,
    pad_to_square,
    to_pixel_values,
)

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
    """*module* with weights so large that a mistake shows."""
    for weights in module.parameters():
        weights.add_(torch.randn_like(weights) / 3)
    return module.eval()


def waves(*shape: int, step: float = 0.7) -> Tensor:
    """Numbers that look random and are the same with every version of torch."""
    count = torch.Size(shape).numel()
    return torch.sin(torch.arange(count, dtype=torch.float64) * step + count).float().reshape(shape)


class TestMaskDecoder:
    """SAM's mask decoder with V*'s upsampling."""

    def test_computes_what_segment_anything_computes(self):
        """
        The diagonal of a mask, recorded from V*'s own formula, with the checkpoint's names.

        A wrong key map, norm epsilon, head count, upsampling or position order changes it.
        """
        tensors = {
            f"model.mask_decoder.{name}": waves(*tensor.shape) * (0.5 if tensor.dim() > 1 else 0.3)
            + (tensor.dim() == 1 and "norm" in name and name.endswith("weight"))
            for name, tensor in mask_decoder(32, mlp=48).state_dict().items()
        }
        prompt_encoder = {
            "no_mask_embed.weight": waves(1, 32),
            "pe_layer.positional_encoding_gaussian_matrix": waves(2, 16),
        }
        tensors |= {f"model.prompt_encoder.{name}": t for name, t in prompt_encoder.items()}
        mask = MaskPredictor.from_checkpoint(tensors)(
            waves(4, 4, 32, step=1.3), waves(32, step=0.3)
        )
        assert mask.shape == (16, 16)
        # fmt: off
        assert mask.diagonal().tolist() == pytest.approx([
            -0.8862, -0.0497, -0.1175, -0.1860, -0.0321, -0.2907, -0.6091, -0.0994,
            0.0878, 0.0376, -0.3107, -0.2425, 1.3704, 4.0365, 2.2147, -1.0511,
        ], abs=2e-4)
        # fmt: on

    def test_every_parameter_has_a_name_in_the_checkpoint(self):
        """The key map leaves none out, and makes none twice."""
        names = mask_decoder(32, mlp=48).state_dict()
        renamed = rename_parameters(names)
        assert len(renamed) == len(names)
        tensors = dict(names.items())
        assert set(renamed) == set(MaskDecoder.from_checkpoint(tensors).state_dict())

    def test_positions_are_fourier_features(self):
        """Centres of cells, from -1 to 1, times each frequency, as sine and cosine; x, then y."""
        frequencies = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        decoder: Any = nn.Identity()
        encoded = MaskPredictor(decoder, torch.zeros(4), frequencies).encode_positions(2)
        assert encoded.shape == (2, 2, 4)
        x, y = torch.tensor([-0.5, 0.5, -0.5, 0.5]), torch.tensor([-0.5, -0.5, 0.5, 0.5])
        expected = [f(2 * torch.pi * at) for f in (torch.sin, torch.cos) for at in (x, y)]
        torch.testing.assert_close(encoded.flatten(0, 1), torch.stack(expected, -1))

    def test_upsampling_is_bilinear(self):
        """Without aligned corners, then the convolution."""
        ours = widened(UpsampleConv(3, 2))
        x = torch.randn(1, 3, 4, 5)
        upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        torch.testing.assert_close(ours(x), ours.conv(upsample(x)))


class TestOwlDetector:
    """OWL-ViT without its text encoder."""

    def test_is_that_of_transformers(self):
        """Features, scores and boxes are those of the whole OWL-ViT with the same weights."""
        vision = {**SMALL, "num_attention_heads": 1, "image_size": 48, "patch_size": 16}
        text = {**SMALL, "hidden_size": 24, "num_attention_heads": 2}
        config: Any = OwlViTConfig(vision_config=vision, text_config=text, projection_dim=24)
        theirs = widened(OwlViTForObjectDetection(config))
        vision_model: Any = OwlViTVisionModel(config.vision_config)
        vision_model.vision_model.load_state_dict(theirs.owlvit.vision_model.state_dict())
        ours = OwlDetector(vision_model, 24).eval()
        for part in ("class_head", "box_head", "layer_norm"):
            getattr(ours, part).load_state_dict(getattr(theirs, part).state_dict())
        features, query = ours.encode(NOISE), torch.randn(24)
        expected, _ = theirs.image_embedder(pixel_values=to_pixel_values(NOISE, 48))
        torch.testing.assert_close(features, expected[0], atol=1e-5, rtol=1e-4)
        boxes, scores = ours.detect(features, query)
        flat = features.reshape(1, 9, 32)
        logits, _ = theirs.class_predictor(flat, query[None, None])
        torch.testing.assert_close(scores, logits[0, :, 0].sigmoid())
        torch.testing.assert_close(boxes, theirs.box_predictor(flat, features[None])[0])

    def test_prior_boxes_lie_on_their_patches(self):
        """Before training, a box is as large as its patch, and centred where the patch ends."""
        boxes = box_bias(4).sigmoid().reshape(4, 4, 4)
        torch.testing.assert_close(
            boxes[1, 2], torch.tensor([0.75, 0.5, 0.25, 0.25]), atol=1e-3, rtol=0
        )


class TestPreprocessing:
    """Pictures as the encoders take them."""

    def test_pixels_are_those_of_clips_processor(self):
        """Resized, scaled and normalised alike."""
        square = pad_to_square(NOISE, centred=True)
        size = {"height": 32, "width": 32}
        processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size)
        expected = processor(square, return_tensors="pt")["pixel_values"]
        torch.testing.assert_close(to_pixel_values(square, 32), expected, atol=1e-5, rtol=1e-5)

    @pytest.mark.parametrize(("centred", "top"), [(True, 15), (False, 0)])
    def test_padding_surrounds_or_follows_the_picture(self, centred, top):
        """In the middle for the answering model, at the top left for the search model."""
        square = pad_to_square(NOISE, centred=centred)
        assert square.size == (90, 90)
        assert square.crop((0, top, 90, top + 60)).tobytes() == NOISE.tobytes()
        assert square.getpixel((0, 89)) == (122, 116, 104)


class TestResampler:
    """The resampler that pools an object."""

    def test_is_the_plain_formula(self):
        """One layer, head by head, with matrices written out."""
        width = PERCEIVER_HEAD_WIDTH
        ours = widened(PerceiverResampler(3, 16, inner=2 * PERCEIVER_HEAD_WIDTH, mlp=20, depth=1))
        features = torch.randn(7, 16)
        attention, feed_forward = ours.layers[0]
        latents = attention.norm_latents(ours.latents)
        both = torch.cat([attention.norm_media(features + ours.media_pos_emb[0]), latents])
        mixed: list[Tensor] = []
        weights = attention.to_kv.weight
        for head in range(2):
            rows = slice(head * width, (head + 1) * width)
            queries = latents @ attention.to_q.weight[rows].T
            keys, values = both @ weights[: 2 * width][rows].T, both @ weights[2 * width :][rows].T
            mixed.append((queries @ keys.T / width**0.5).softmax(-1) @ values)
        latents = ours.latents + torch.cat(mixed, -1) @ attention.to_out.weight.T
        latents = latents + feed_forward(latents)
        torch.testing.assert_close(ours(features), ours.norm(latents), atol=1e-5, rtol=1e-4)


class TestLanguageModel:
    """LLaMA, run from embeddings."""

    @pytest.fixture
    def model(self) -> LanguageModel:
        """A small one, its weights large."""
        config = LlamaConfig(vocab_size=50, num_attention_heads=4, **SMALL)
        network = LlamaForCausalLM(config)
        widened(network)
        return LanguageModel(network)

    def test_decodes_what_transformers_generates(self, model):
        """Greedily, token by token, with the hidden state that predicted each."""
        tokens = [1, 7, 8, 9]
        with model.record_hidden_states() as hidden:
            decoded = model.decode(model.prefill(model.embed(tokens)), 2, 6)
        out = model.network.generate(
            torch.tensor([tokens]),
            max_new_tokens=6,
            do_sample=False,
            eos_token_id=2,
            pad_token_id=0,
        )
        expected = [t for t in out[0, len(tokens) :].tolist() if t != 2]
        assert decoded == expected
        whole = model.network.model(torch.tensor([[*tokens, *expected]])).last_hidden_state[0]
        before = whole[len(tokens) - 1 :][: len(decoded)]
        torch.testing.assert_close(
            torch.stack(hidden)[: len(decoded)], before, atol=1e-5, rtol=1e-4
        )

    def test_scoring_a_reply_leaves_the_cache_as_it_was(self, model):
        """The mean log-probability is that of one whole pass, whatever was scored before."""
        tokens, replies = [1, 7, 8, 9], ([5, 6, 2], [11, 2], [2])
        state = model.prefill(model.embed(tokens))
        for reply in (*replies, *reversed(replies)):
            logits = model.network(torch.tensor([[*tokens, *reply]])).logits[0].log_softmax(-1)
            rows = logits[len(tokens) - 1 : -1]
            expected = rows[range(len(reply)), reply].mean()
            score = model.mean_log_probability(state, reply)
            assert score == pytest.approx(float(expected), abs=1e-5)
