"""V*'s search model: a LLaVA whose token `[LOC]` is decoded into boxes and a mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from visualcrop import (
    Box,
    Capture,
    Choice,
    Grid,
    Internals,
    Prompt,
    Proposal,
    RelevanceMap,
    Reply,
    View,
    errors,
)
from visualcrop.models import Meter, ModelInfo

from .checkpoint import CheckpointOptions, load_weights, select_prefix
from .language_model import (
    LanguageModel,
    Measured,
    MeteredModel,
    MeteredNetwork,
    reject_sampling,
)
from .llava import load_llava
from .mask_decoder import MaskPredictor
from .tokenizer import BOS, EOS, SealTokenizer
from .vision import ClipTower, OwlDetector, pad_to_square

SYSTEM_PROMPT = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)
_LOC = "[LOC]"
_MAX_BOXES = 100  # of the 2,304 that the detector gives
_NO_CAPTURE = Capture()


@attrs.frozen
class LocatedReply(Reply):
    """A reply with `[LOC]` in it. Boxes and mask are stretched to the view."""

    boxes: Tensor = attrs.field(kw_only=True, eq=False, repr=False)  # n x (cx, cy, w, h), 0 to 1
    scores: Tensor = attrs.field(kw_only=True, eq=False, repr=False)  # n, 0 to 1
    mask: Tensor = attrs.field(kw_only=True, eq=False, repr=False)  # logits, rows x columns

    def proposals(self, view: Box) -> tuple[Proposal, ...]:
        """The boxes with the highest scores, best first, in pixels of the image."""
        scores, order = self.scores.sort(descending=True, stable=True)
        best = zip(
            self.boxes[order[:_MAX_BOXES]].tolist(), scores[:_MAX_BOXES].tolist(), strict=True
        )
        return tuple(Proposal(_to_pixels(box, view), score) for box, score in best)

    def heatmap(self, view: View) -> RelevanceMap:
        """The mask's logits, negative ones as 0, with a cell for each pixel of the view."""
        columns, rows = view.size
        large = nn.functional.interpolate(
            self.mask.float()[None, None], size=(rows, columns), mode="bilinear"
        )
        return RelevanceMap(Grid.even(rows, columns, view.box), large[0, 0].clamp_min(0).numpy())


def _to_pixels(relative: list[float], view: Box) -> Box:
    """From centre x, centre y, width, height relative to *view*, to pixels of the image."""
    x, y, width, height = relative
    width, height = max(width, 1e-6) * view.width, max(height, 1e-6) * view.height
    left = view.left + x * view.width - width / 2
    top = view.top + y * view.height - height / 2
    return Box(left, top, left + width, top + height)


@attrs.frozen(eq=False)
class LocationDecoder:
    """Hidden state before `[LOC]` -> boxes and a mask."""

    detector: OwlDetector
    mask_predictor: MaskPredictor
    box_query: nn.Module  # LLaMA's width -> OWL-ViT's query
    mask_query: nn.Module  # LLaMA's width -> the mask decoder's
    mask_features: nn.Module  # OWL-ViT's width -> the mask decoder's

    @classmethod
    def from_checkpoint(cls, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> LocationDecoder:
        """Load the parts of the checkpoint that are not LLaVA's."""
        projection = select_prefix(tensors, "model.visual_projection.")
        out_width, width = projection["weight"].shape
        linear = nn.Linear(width, out_width, bias=False)
        return cls(
            OwlDetector.from_checkpoint(select_prefix(tensors, "model.owlvit."), dtype),
            MaskPredictor.from_checkpoint(tensors),
            _load_mlp(select_prefix(tensors, "model.text_hidden_fcs_det.0.")),
            _load_mlp(select_prefix(tensors, "model.text_hidden_fcs_seg.0.")),
            load_weights(linear, projection, "the visual projection"),
        )

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        """All networks with weights."""
        queries = (self.box_query, self.mask_query, self.mask_features)
        return (self.detector, *self.detector.vision, self.mask_predictor, *queries)

    def to(self, device: torch.device) -> LocationDecoder:
        """Move the weights to *device*."""
        for network in self.networks:
            network.to(device)
        return self

    def locate(self, text: str, view: View, hidden: Tensor) -> LocatedReply:
        """The reply *text* with the boxes and mask of its `[LOC]`, predicted from *hidden*."""
        features = self.detector.encode(view.picture)
        boxes, scores = self.detector.detect(features, self.box_query(hidden))
        mask = self.mask_predictor(self.mask_features(features), self.mask_query(hidden))
        return LocatedReply(text, boxes=boxes.cpu(), scores=scores.cpu(), mask=mask.float().cpu())


@attrs.define(eq=False)
class VsmModel(MeteredModel):
    """V*'s search model: a reply with `[LOC]` in it is a `LocatedReply`."""

    id: str
    info: ModelInfo
    tokenizer: SealTokenizer
    language_model: LanguageModel
    vision_tower: ClipTower
    projector: nn.Module
    location_decoder: LocationDecoder

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        return [self._generate(prompt, max_new_tokens) for prompt in prompts]

    def forward(
        self, prompts: Sequence[Prompt], capture: Capture = _NO_CAPTURE
    ) -> Sequence[Internals]:
        raise errors.ModelError("V*'s search model shows no internals; it only generates.")

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: str = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        raise errors.ModelError("V*'s search model scores no choices; it only generates.")

    def _generate(self, prompt: Prompt, max_new_tokens: int) -> Reply:
        reject_sampling(prompt)
        if len(prompt.views) != 1:
            raise errors.ModelError(
                f"V*'s search model takes one image at a time, not {len(prompt.views)}."
            )
        (view,), model = prompt.views, self.language_model
        loc, eos = self.tokenizer.token_id(_LOC), self.tokenizer.token_id(EOS)
        with self.measure() as measured, model.record_hidden_states() as hidden:
            state = model.prefill(self._embed(prompt.text, view, measured))
            tokens = model.decode(state, eos, max_new_tokens, prompt.stop)
            text = " ".join(self.tokenizer.decode(tokens).split())
            reply = Reply(text)
            if loc in tokens:
                last = len(tokens) - 1 - tokens[::-1].index(loc)
                reply = self.location_decoder.locate(text, view, hidden[last])
        return attrs.evolve(reply, usage=measured.usage)

    def _embed(self, text: str, view: View, measured: Measured) -> Tensor:
        """Input embeddings, T x hidden; the texts before and after the image are encoded apart."""
        encode, embed = self.tokenizer.encode, self.language_model.embed
        before = [self.tokenizer.token_id(BOS), *encode(f"{SYSTEM_PROMPT} USER: <im_start>")]
        after = encode(f"<im_end>\n{self.tokenizer.escape(text)} ASSISTANT:")
        picture = pad_to_square(view.picture, centred=False)
        image = self.projector(self.vision_tower.encode(picture))
        measured.image_tokens = len(image)
        return torch.cat([embed(before), image, embed(after)])


def load_vsm_model(options: CheckpointOptions) -> VsmModel:
    """Load the checkpoint that *options* name."""
    with load_llava(options, torch.bfloat16, "V*'s search model") as llava:
        decoder = LocationDecoder.from_checkpoint(llava.tensors, llava.dtype).to(llava.device)
    networks = (llava.vision_tower.network, llava.projector, *decoder.networks)
    metered: Any = MeteredNetwork(llava.language_model, *networks)
    return VsmModel(
        Meter(metered),
        options.checkpoint,
        llava.info,
        llava.tokenizer,
        llava.language_model,
        llava.vision_tower,
        llava.projector,
        decoder,
    )


def _load_mlp(tensors: Mapping[str, Tensor]) -> nn.Sequential:
    """Load an MLP of two linear layers."""
    first, last = (tensors[f"{n}.weight"].shape[::-1] for n in (0, 2))
    mlp = nn.Sequential(nn.Linear(*first), nn.ReLU(), nn.Linear(*last))
    return load_weights(mlp, tensors, "the query projections")
