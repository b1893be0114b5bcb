"""Networks as they are trained: each maps a batch of indices to a loss and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .collate import PROMPT_START, PackedQuestions, pack_exchanges, pack_questions
from .config import Config, find_base
from .crop_dataset import NAME_FACTS, CropDataset, describe_names, encode_seen
from .exchanges import Sight, encode, sample_exchange, sample_letter_exchange
from .losses import (
    MATCHES_LAYER,
    DecoderOutput,
    build_name_head,
    centre_loss,
    compute_reply_loss,
    match_loss,
    patch_word_accuracy,
    patch_word_loss,
    reply_losses,
    teaching_loss,
)
from .model import (
    apply_logit_lens,
    build_llava,
    build_onevision,
    compile_layers,
    encode_patches,
    gather_labels,
    get_decoder,
    get_vision_tower,
    index_all_patches,
    jitter_brightness,
    load_base,
    normalize_patches,
    run_decoder,
    select_patches,
    use_training_attention,
)
from .pictures import Pixels
from .prefixes import NEWLINE, PATCH_TOKEN, WORD, PromptPrefixes, collate_prefixes
from .prompt_dataset import ImagePrompt
from .target_prompts import encode_examples, sample_target_exchange
from .tokenizer import Tokens
from .vision_inputs import GRID, NUM_PATCHES, PATCH_SIDE

FULL_SHARE = 3  # in batches in which no patch is dropped there is one of so many images
_NAMING = 0.4  # of the batches without images, to name targets in context; the rest tells letters
_NAMING_ROWS, _NAMING_TOKENS = 4, 360
_LETTER_ROWS, _LETTER_TOKENS = 48, 200
Indices = npt.NDArray[np.int64]
LossAndMetrics = tuple[Tensor, dict[str, float]]


@attrs.frozen(eq=False)
class Encoded:
    """What a vision tower makes of parts of images."""

    features: Tensor  # in the decoder's space, B x kept x hidden
    labels: Tensor  # and whether it is a thing's centre, B x 4 x kept
    kept: Tensor  # indices of the patches, B x kept
    taught: Tensor | None = None  # features of another vision tower, which are to be learnt

    def places(self, grid: int) -> Tensor:
        """Columns and rows of the patches, in a *grid* on a side: B x kept x 2."""
        return torch.stack([self.kept % grid, self.kept // grid], -1)


class LlavaModule(nn.Module):
    """LLaVA, with a head for places, colours and counts that only training uses."""

    grid = GRID  # columns and rows of patches
    cell = PATCH_SIDE  # pixels on a side of what a token shows

    def __init__(self, config: Config, dataset: CropDataset | None, device: str) -> None:
        super().__init__()
        self.config = config
        self.dataset = dataset
        self.device = device
        self.network: Any = self.build(config).to(device)
        # A token's hidden state -> logits of what its name says of the image.
        self.name_head = build_name_head(config.model.hidden_size, self.grid).to(device)
        # Image features -> logit of being in the middle of a thing, which makes things countable.
        self.centre_head = nn.Linear(config.model.hidden_size, 1).to(device)
        # A letter of a choice -> logit of being the sign's, which lets choices be compared.
        self.match_head = nn.Linear(config.model.hidden_size, 1).to(device)
        self.sampling_weights = dataset.sampling_weights() if dataset else None

    def build(self, config: Config) -> Any:
        """The network before it is trained."""
        if not config.base:
            return build_llava(config.model)
        base = load_base(find_base(config.base))
        if not config.fresh_decoder:
            return use_training_attention(base)
        network = build_llava(config.model)
        get_vision_tower(network).load_state_dict(get_vision_tower(base).state_dict())
        return network

    def prepare(self, stage: str) -> None:
        """Keep the decoder as it is while a vision tower learns to be the words that it knows."""
        known = stage == "pretrain" and bool(self.config.base)
        for part in (get_decoder(self.network), self.network.lm_head):
            part.requires_grad_(not known)

    def compile_layers(self) -> None:
        """Compile what takes longest."""
        compile_layers(self.network)

    def forward(self, stage: str, indices: Indices, rng: Random) -> LossAndMetrics:
        """The loss of the stage for the inputs with these *indices*."""
        config = self.config.stage(stage)
        if stage != "pretrain" and rng.random() < config.without_images:
            return self._name_targets(rng) if rng.random() < _NAMING else self._tell_letters(rng)
        full = rng.random() < config.full_batches
        indices = self.choose_full(indices) if full else indices
        encoded = self.encode(indices, 0 if full else config.patches)
        if stage == "pretrain":
            return self._pretrain(encoded)
        return self._finetune(indices, encoded, rng)

    def _pretrain(self, encoded: Encoded) -> LossAndMetrics:
        """Vision tower and projector only: patches predict the words for what they show."""
        logits = apply_logit_lens(self.network, encoded.features)
        loss, things = patch_word_loss(logits, encoded.labels)
        metrics = patch_word_accuracy(logits, encoded.labels)
        loss, metrics["centres"] = self._add_centres(loss, encoded)
        if encoded.taught is not None:
            error = teaching_loss(encoded.features, encoded.taught)
            loss = loss + self.config.losses.taught * error
            metrics["taught"] = float(error.detach())
        return loss, {"things": float(things.detach())} | metrics

    def _finetune(self, indices: Indices, encoded: Encoded, rng: Random) -> LossAndMetrics:
        """The whole network: replies to questions about each input."""
        assert self.dataset is not None  # noqa: S101 - only a module that is trained has data
        data = self.dataset
        sights = [Sight.of(data.visible_things(n), data.find_size(n)) for n in indices]
        questions = pack_questions(sights, self.config.text_tokens, rng)
        questions = questions.place_in_cells(self.cell)
        output = self.decode(encoded, questions)
        facts = torch.from_numpy(self.dataset.describe_names(indices)).to(self.device)
        loss, metrics = reply_losses(
            self.network, self.config.losses, output, self.name_head, facts
        )
        loss, metrics["centres"] = self._add_centres(loss, encoded)
        match, metrics["match"] = compute_match_loss(output, self.match_head)
        return loss + self.config.losses.matches * match, metrics

    def _add_centres(self, loss: Tensor, encoded: Encoded) -> tuple[Tensor, float]:
        """The loss with that of the centres of things, and the latter."""
        centres = centre_loss(self.centre_head(encoded.features)[..., 0], encoded.labels)
        return loss + self.config.losses.centres * centres, float(centres.detach())

    def _name_targets(self, rng: Random) -> LossAndMetrics:
        """Replies that name what questions are about, after the examples of how to."""
        rows = [partial(sample_target_exchange, rng)] * _NAMING_ROWS
        loss = self._reply_to_text(encode_examples(), pack_exchanges(rows, _NAMING_TOKENS))
        return loss, {"targets": float(loss.detach())}

    def _tell_letters(self, rng: Random) -> LossAndMetrics:
        """Replies that say which letter stands before a word."""
        rows = [partial(sample_letter_exchange, rng)] * _LETTER_ROWS
        loss = self._reply_to_text(PROMPT_START, pack_exchanges(rows, _LETTER_TOKENS))
        return loss, {"letters": float(loss.detach())}

    def _reply_to_text(self, prefix: Sequence[int], questions: PackedQuestions) -> Tensor:
        """The loss of the replies to questions behind a prefix without an image."""
        batch, length = len(questions.ids), len(prefix)
        ids = torch.tensor(prefix, device=self.device)
        embedded = self.network.get_input_embeddings()(ids).expand(batch, -1, -1)
        positions = torch.arange(length, device=self.device).expand(batch, -1)
        mask = torch.ones_like(positions, dtype=torch.bool)
        text = questions.to_tensors(self.device)
        out = run_decoder(self.network, embedded, mask, positions, text, length)
        nothing = torch.zeros(batch, 3, 0, device=self.device, dtype=torch.long)
        output = DecoderOutput(out, np.s_[:, :0], np.s_[:, length:], text, nothing)
        loss, _ = compute_reply_loss(self.network, output)
        return loss

    def choose_full(self, indices: Indices) -> Indices:
        """Fewer of them, for a batch in which no patch is dropped."""
        return indices[::FULL_SHARE]

    def encode(self, indices: Indices, patches: int) -> Encoded:
        """Features of so many patches of augmented images, or of all if that is 0."""
        assert self.dataset is not None  # noqa: S101 - as above
        pixels, labels = load_inputs(self.dataset, indices, self.device)
        kept = select_patches(labels, patches) if patches else index_all_patches(labels)
        features = encode_augmented(self.network, pixels, kept)
        return Encoded(features, gather_labels(labels, kept), kept)

    def decode(self, encoded: Encoded, questions: PackedQuestions) -> DecoderOutput:
        """Run the decoder over each image with its questions packed behind it."""
        first, (batch, tokens) = len(PROMPT_START), encoded.features.shape[:2]
        ids = torch.tensor(PROMPT_START, device=self.device)
        start = self.network.get_input_embeddings()(ids).expand(batch, -1, -1)
        prefix = torch.cat([start.to(encoded.features.dtype), encoded.features], 1)
        before = torch.arange(first, device=self.device).expand(batch, -1)
        positions = torch.cat([before, encoded.kept + first], 1)  # dropped patches leave gaps
        mask = torch.ones_like(positions, dtype=torch.bool)
        text = questions.to_tensors(self.device)
        out = run_decoder(self.network, prefix, mask, positions, text, first + NUM_PATCHES)
        length = first + tokens
        image, after = np.s_[:, first:length], np.s_[:, length:]
        return DecoderOutput(out, image, after, text, encoded.labels, encoded.places(self.grid))


def load_inputs(dataset: CropDataset, indices: Indices, device: str) -> tuple[Pixels, Tensor]:
    """Images, and their labels and centres, B x 4 x patches."""
    labels = np.concatenate([dataset.labels[indices], dataset.find_centres(indices)[:, None]], 1)
    return dataset.pictures[indices], torch.from_numpy(labels).to(device).long()


def compute_match_loss(output: DecoderOutput, head: nn.Module) -> tuple[Tensor, float]:
    """The loss of whether letters of choices are the sign's, which *head* tells."""
    letters = output.hidden(MATCHES_LAYER)[output.text_tokens]
    loss = match_loss(head(letters)[..., 0], output.text["matches"])
    return loss, float(loss.detach())


def encode_augmented(network: Any, pixels: Pixels, kept: Tensor) -> Tensor:
    """Features of the *kept* patches of images whose brightness is changed, B x kept x hidden."""
    patches = jitter_brightness(normalize_patches(pixels, kept))
    return encode_patches(network, patches, kept)


class OnevisionModule(nn.Module):
    """LLaVA-OneVision, initialised from a trained LLaVA."""

    sampling_weights = None  # uniform

    def __init__(self, config: Config, dataset: Sequence[ImagePrompt] | None, device: str) -> None:
        super().__init__()
        self.config = config
        self.dataset = dataset
        self.device = device
        self.network: Any = build_onevision(find_base(config.base)).to(device)  # type: ignore[arg-type]
        # As in `LlavaModule`, in cells of a picture that is stretched to LLaVA's input.
        hidden = self.network.config.text_config.hidden_size
        self.name_head = build_name_head(hidden, GRID).to(device)
        self.match_head = nn.Linear(hidden, 1).to(device)

    def prepare(self, stage: str) -> None:
        """All weights are trained in its one stage."""

    def compile_layers(self) -> None:
        """As in `LlavaModule`."""
        compile_layers(self.network)

    def forward(self, stage: str, indices: Indices, rng: Random) -> LossAndMetrics:
        """Replies to questions about the prompts with these *indices*."""
        assert self.dataset is not None  # noqa: S101 - as above
        config = self.config.stage(stage)
        full = rng.random() < config.full_batches
        prompts = [self.dataset[index] for index in indices[:: FULL_SHARE if full else 1]]
        inputs = [image for prompt in prompts for image in prompt.images]
        pixels = np.concatenate([image.pixels for image in inputs])
        classes = np.concatenate(
            [np.concatenate([image.labels, image.places], 1) for image in inputs], dtype=np.int64
        )
        labels = torch.from_numpy(classes).to(self.device)  # with columns and rows
        kept = index_all_patches(labels) if full else select_patches(labels, config.patches)
        features = encode_augmented(self.network, pixels, kept)
        prefixes = collate_prefixes(prompts, kept, self.device)
        rows = [partial(_sample_about, prompt, rng) for prompt in prompts]
        questions = pack_exchanges(rows, self.config.text_tokens).place_in_cells(PATCH_SIDE)
        output = self.decode(features, gather_labels(labels, kept), prefixes, questions)
        facts = torch.from_numpy(np.stack(list(map(_describe_names, prompts)))).to(self.device)
        loss, metrics = reply_losses(
            self.network, self.config.losses, output, self.name_head, facts
        )
        match, metrics["match"] = compute_match_loss(output, self.match_head)
        return loss + self.config.losses.matches * match, metrics

    def decode(
        self,
        features: Tensor,
        labels: Tensor,
        prefixes: PromptPrefixes,
        questions: PackedQuestions,
    ) -> DecoderOutput:
        """Run the decoder over each prompt with its questions packed behind it."""
        text = questions.to_tensors(self.device)
        prefix, after_images = self._embed(features, prefixes), prefixes.lengths[:, None]
        out = run_decoder(
            self.network, prefix, prefixes.mask, prefixes.positions, text, after_images
        )
        image_tokens, known = _index_image_tokens(prefixes, labels)
        after, places = np.s_[:, prefix.shape[1] :], known[:, 3:].mT
        return DecoderOutput(out, image_tokens, after, text, known[:, :3], places)

    def _embed(self, features: Tensor, prefixes: PromptPrefixes) -> Tensor:
        """Input embeddings of the prefixes, B x prefix x hidden."""
        kinds, values = prefixes.kinds, prefixes.values
        words = self.network.get_input_embeddings()(torch.where(kinds == WORD, values, 0))
        rows = features.flatten(0, 1)
        patches = rows[torch.where(kinds == PATCH_TOKEN, values, 0)]
        newline = self.network.model.image_newline.to(rows.dtype)
        mixed = torch.where((kinds == PATCH_TOKEN)[..., None], patches, words.to(rows.dtype))
        return torch.where((kinds == NEWLINE)[..., None], newline, mixed)


def _index_image_tokens(prefixes: PromptPrefixes, labels: Tensor) -> tuple[Any, Tensor]:
    """
    The index of all image tokens in B x prefix, and their labels, B x kinds x tokens.

    Rows with fewer image tokens than others are padded with other tokens, labelled -1.
    """
    is_patch = prefixes.kinds == PATCH_TOKEN
    most = int(is_patch.sum(1).max())
    order = (~is_patch).long().argsort(dim=1, stable=True)[:, :most]
    rows = torch.arange(len(is_patch), device=is_patch.device)[:, None].expand_as(order)
    flat = labels.transpose(1, 2).flatten(0, 1)  # patches x kinds
    own = flat[torch.where(is_patch, prefixes.values, 0).gather(1, order)]
    own = own.masked_fill(~is_patch.gather(1, order)[..., None], -1)
    return (rows, order), own.transpose(1, 2)


def _describe_names(prompt: ImagePrompt) -> Indices:
    """What each name says of the prompt's picture; without counts, unless all things are known."""
    facts = describe_names(encode_seen(prompt.things))
    if prompt.questions:
        facts[:, NAME_FACTS.index("count")] = -1
    return facts


def _sample_about(prompt: ImagePrompt, rng: Random) -> Tokens:
    """One of the prompt's questions or, without any, one about its things."""
    if prompt.questions:  # about places in the whole picture, which is not the only image
        return attrs.evolve(encode(rng.choice(prompt.questions), rng), places={})
    return sample_exchange(Sight.of(prompt.things), rng)
