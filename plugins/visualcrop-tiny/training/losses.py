"""The loss of the replies, and auxiliary losses that help to learn them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import attrs
import torch
from torch import Tensor
from torch.nn import functional

from visualcrop_tiny.place_questions import COUNTS
from visualcrop_tiny.world import THINGS

from .collate import IGNORED
from .config import LossWeights
from .crop_dataset import MOST_COUNTED, NAME_FACTS, WHERE
from .model import apply_logit_lens, get_decoder
from .tokenizer import CONTINUES, EOS, LETTERS, VOCABULARY, token_id
from .vision_inputs import CHARACTERS, COLOUR_CLASSES, NAME_CLASSES

CLASSES = (NAME_CLASSES, COLOUR_CLASSES, CHARACTERS)  # in the order of a patch's labels
_CLASS_WEIGHTS = (1.0, 1.0, 2.0)  # characters are rare, and hard to read
_READING = 0.3  # times the loss of characters alone
_COLOUR_OFFSET = 100  # in `_word_classes`
_EOS_WEIGHT = 0.15  # most replies are one word and EOS, so EOS is learnt soon
_REPLIES = {  # groups of replies whose accuracies are logged
    "yes-no": ("Yes", "No"),
    "letter": LETTERS,
    "colour": COLOUR_CLASSES,
    "side": ("left", "right", "above", "below", "top", "bottom"),
    "count": COUNTS,
    "spelled": tuple(f"{CONTINUES}{character}" for character in CHARACTERS),
    "name": tuple(THINGS),
}
_OTHER_FACTS = len(COLOUR_CLASSES), MOST_COUNTED + 1, len(WHERE)  # classes, after the places
_NAMES_LAYER = 4  # the input of this layer predicts the facts of names
MATCHES_LAYER = 5  # and of this one whether a letter of a choice is the sign's


def build_name_head(hidden_size: int, grid: int) -> torch.nn.Linear:
    """From a hidden state to logits of all `NAME_FACTS`, one after the other."""
    return torch.nn.Linear(hidden_size, 2 * grid + sum(_OTHER_FACTS))


def split_facts(logits: Tensor) -> tuple[Tensor, ...]:
    """The logits of each fact, of those of the name head, ... x classes."""
    grid = (logits.shape[-1] - sum(_OTHER_FACTS)) // 2
    return torch.split(logits, [grid, grid, *_OTHER_FACTS], -1)


@attrs.frozen(eq=False)
class DecoderOutput:
    """The decoder's output for images with questions packed behind them."""

    out: Any  # with `hidden_states`, B x T x hidden each
    image_tokens: Any  # index into B x T that selects B x image tokens
    text_tokens: Any  # index into B x T that selects B x text
    text: dict[str, Tensor]  # the fields of `PackedQuestions`
    labels: Tensor  # of the image tokens, B x 3 or 4 x tokens; -1 pads
    places: Tensor | None = None  # column and row of each image token, -1 unknown: B x tokens x 2

    def hidden(self, layer: int) -> Tensor:
        """The input of a layer, B x T x hidden."""
        states: Tensor = self.out.hidden_states[layer]
        return states


def reply_losses(
    network: Any,
    weights: LossWeights,
    output: DecoderOutput,
    name_head: torch.nn.Module | None = None,
    facts: Tensor | None = None,
) -> tuple[Tensor, dict[str, float]]:
    """
    The weighted sum of all losses of the stages after the first, and the metrics.

    *name_head* learns to predict from a name the *facts* of it, as `describe_names` has them.
    """
    total, metrics = compute_reply_loss(network, output)
    if weights.dense:
        loss, things = _dense_loss(network, output, weights.dense_layers)
        total, metrics["things"] = total + weights.dense * loss, float(things.detach())
    if weights.align or weights.floor:
        align, floor, metrics["aligned"] = alignment_loss(
            _project_values(network, output, weights.layers),
            network.config.text_config.num_key_value_heads,
            output.text["ids"],
            output.labels,
            weights.temperature,
        )
        total = total + weights.align * align + weights.floor * floor
    if weights.contrast:
        contrast, _, metrics["contrasted"] = alignment_loss(
            _layer_inputs(output, weights.layers),
            1,
            output.text["ids"],
            output.labels,
            weights.temperature,
        )
        total = total + weights.contrast * contrast
    if weights.names and name_head is not None and facts is not None:
        hidden = output.hidden(_NAMES_LAYER)
        words = split_facts(name_head(hidden[output.text_tokens]))
        losses = name_losses(words, output.text["ids"], facts)
        losses["letter"] = place_loss(words[0], words[1], output.text["places"])
        if output.places is not None:
            columns, rows = split_facts(name_head(hidden[output.image_tokens]))[:2]
            losses["patch"] = place_loss(columns, rows, output.places)
        total = total + weights.names * sum(losses.values())
        metrics |= {f"its {name}": float(loss.detach()) for name, loss in losses.items()}
    return total, metrics


def compute_reply_loss(network: Any, output: DecoderOutput) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy of the replies' tokens, and the accuracy of each group of replies."""
    targets = output.text["targets"]
    in_reply = targets != IGNORED
    hidden = output.out.last_hidden_state[output.text_tokens][in_reply]
    logits, target = network.lm_head(hidden).float(), targets[in_reply]
    losses = functional.cross_entropy(logits, target, reduction="none")
    is_word = target != token_id(EOS)
    loss = (losses * torch.where(is_word, 1.0, _EOS_WEIGHT)).sum() / is_word.sum()
    correct, metrics = logits.argmax(-1) == target, {"reply": float(loss.detach())}
    for name, words in _REPLIES.items():
        ids = torch.tensor([token_id(word) for word in words], device=target.device)
        in_group = torch.isin(target, ids)
        if in_group.any():
            metrics[name] = float(correct[in_group].float().mean())
    return loss, metrics


def _dense_loss(
    network: Any, output: DecoderOutput, layers: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """`patch_word_loss` averaged over *layers*, and that of things in the last layer."""
    index = output.image_tokens
    logits = [apply_logit_lens(network, output.hidden(n)[index]) for n in layers]
    logits.append(network.lm_head(output.out.last_hidden_state[index]))
    losses = [patch_word_loss(each, output.labels) for each in logits]
    return torch.stack([loss for loss, _ in losses]).mean(), losses[-1][1]


def patch_word_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """
    Cross-entropy of image tokens, which predict the words for what they show, or `nothing`.

    Things and `nothing` weigh the same in total, and a large thing little more than a small one.
    Characters are also told from one another, which in words for signs would hardly weigh.

    Args:
        logits: B x tokens x vocabulary.
        labels: B x 3 x tokens, as `label_patches` has them; ambiguous tokens are left out.

    Returns:
        The loss, and the mean over tokens that show things.
    """
    log_probs = logits.float().log_softmax(-1)
    word_losses, count = torch.zeros_like(log_probs[..., 0]), torch.zeros_like(log_probs[..., 0])
    is_thing, is_nothing = labels[:, 0] > 0, labels[:, 0] == 0
    for kind in range(3):
        label = labels[:, kind]
        ids = class_ids(kind, str(logits.device))[(label - 1).clamp(min=0)]
        weight = _CLASS_WEIGHTS[kind] * (label > 0)
        word_losses = word_losses - log_probs.gather(-1, ids[..., None])[..., 0] * weight
        count = count + weight
    # Several words share a token's probability, so subtract the least loss they can have.
    least = torch.where(count > 2, 1.5, 1.0) * math.log(2)
    thing_losses = (word_losses / count.clamp(min=1) - least) * is_thing
    weight = is_thing / _count_tokens_of_name(labels[:, 0]).sqrt()
    loss = (thing_losses * weight).sum() / weight.sum().clamp(min=1)
    nothing = -log_probs[..., token_id("nothing")] * is_nothing
    nothing_loss = nothing.sum() / is_nothing.sum().clamp(min=1)
    total = (loss + nothing_loss) / 2 + _READING * _character_loss(logits, labels[:, 2])
    return total, thing_losses.sum() / is_thing.sum().clamp(min=1)


def _character_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy among the characters, of the tokens that show one."""
    among = logits[..., class_ids(2, str(logits.device))].float().flatten(0, 1)
    target = torch.where(labels > 0, labels - 1, IGNORED).flatten()
    losses = functional.cross_entropy(among, target, ignore_index=IGNORED, reduction="sum")
    return losses / (labels > 0).sum().clamp(min=1)


def patch_word_accuracy(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """The fraction of the patches whose name, colour or character is predicted, by class."""
    metrics = {}
    for kind, name in enumerate(("name", "colour", "character")):
        label = labels[:, kind]
        predicted = logits[..., class_ids(kind, str(logits.device))].argmax(-1) + 1
        if (label > 0).any():
            metrics[name] = float((predicted == label)[label > 0].float().mean())
    return metrics


def _count_tokens_of_name(names: Tensor) -> Tensor:
    """For each token, the number of tokens of its image with the same name, B x tokens."""
    classes = functional.one_hot(names.clamp(min=0), len(NAME_CLASSES) + 1)
    counts = (classes * (names > 0)[..., None]).sum(1)
    return counts.gather(1, names.clamp(min=0)).clamp(min=1)


def alignment_loss(
    values: Sequence[tuple[Tensor, Tensor]],
    heads: int,
    ids: Tensor,
    labels: Tensor,
    temperature: float,
) -> tuple[Tensor, Tensor, float]:
    """
    Pull the features of a word, such as its values, to those of the patches that show it.

    Args:
        values: For each layer, those of image tokens and of text tokens, each B x tokens x width.
        heads: Number of heads that the width is divided into.
        ids: Of the text tokens, B x text.
        labels: Of the image tokens, B x 3 x tokens.
        temperature: Of the softmax over patches.

    Returns:
        InfoNCE over cosines as in Fig. 7; the penalty on cosines under a floor; and the fraction
        of words whose most similar patch shows them, in the last layer.
    """
    classes = _word_classes(str(ids.device))[ids]
    row, token = torch.nonzero(classes >= 0, as_tuple=True)
    word = classes[row, token][:, None]
    is_name = word < _COLOUR_OFFSET
    positive = torch.where(
        is_name, labels[row, 0] == word + 1, labels[row, 1] == word - _COLOUR_OFFSET + 1
    )
    is_visible = positive.any(1)
    row, token, positive = row[is_visible], token[is_visible], positive[is_visible]
    zero = values[0][0].sum() * 0
    if not len(row):
        return zero, zero, 0.0
    ambiguous = labels[row, 0] < 0
    loss, penalty, accuracy = zero, zero, 0.0
    for image, text in values:
        cosines = (_normalize_heads(text, heads) @ _normalize_heads(image, heads).mT)[row, token]
        candidates = cosines.masked_fill(ambiguous, -9.0)
        log_probs = (candidates / temperature).log_softmax(-1)
        loss = loss - log_probs.masked_fill(~positive, -1e4).logsumexp(-1).mean() / len(values)
        below = (0.15 - cosines.masked_fill(ambiguous, 1.0)).relu()
        penalty = penalty + below.square().mean() / len(values)
        nearest = candidates.argmax(1, keepdim=True)
        accuracy = float(positive.gather(1, nearest).float().mean())
    return loss, penalty, accuracy


def _project_values(
    network: Any, output: DecoderOutput, layers: tuple[int, int]
) -> list[tuple[Tensor, Tensor]]:
    """Per layer, value features of image tokens and of text tokens, B x tokens x width."""
    values = []
    for index, states in zip(range(*layers), _layer_inputs(output, layers), strict=True):
        layer = get_decoder(network).layers[index]
        image, text = (layer.self_attn.v_proj(layer.input_layernorm(some)) for some in states)
        values.append((image, text))
    return values


def _layer_inputs(output: DecoderOutput, layers: tuple[int, int]) -> list[tuple[Tensor, Tensor]]:
    """Per layer, what comes in of image tokens and of text tokens, B x tokens x hidden."""
    states = map(output.hidden, range(*layers))
    return [(hidden[output.image_tokens], hidden[output.text_tokens]) for hidden in states]


def _normalize_heads(values: Tensor, heads: int) -> Tensor:
    """Unit vectors, B x tokens x width, to which every head contributes equally, as in Fig. 7."""
    unit = functional.normalize(values.float().unflatten(-1, (heads, -1)), dim=-1, eps=1e-6)
    return unit.flatten(2) / math.sqrt(heads)


def name_losses(logits: Sequence[Tensor], ids: Tensor, facts: Tensor) -> dict[str, Tensor]:
    """
    Cross-entropy of each fact, predicted from the names in the text.

    Args:
        logits: Of each fact, B x text x classes.
        ids: Of the text tokens, B x text.
        facts: Of each name, -1 where unknown, B x names x facts.
    """
    classes = _word_classes(str(ids.device))[ids]
    row, token = torch.nonzero((classes >= 0) & (classes < _COLOUR_OFFSET), as_tuple=True)
    targets = facts[row, classes[row, token]].unbind(-1)
    return {
        name: _mean_cross_entropy(one[row, token], target)
        for name, one, target in zip(NAME_FACTS, logits, targets, strict=True)
    }


def place_loss(columns: Tensor, rows: Tensor, places: Tensor) -> Tensor:
    """
    Cross-entropy of the cell that a token is at, or has to look at.

    Args:
        columns: Logits, B x tokens x grid.
        rows: The same for rows.
        places: Column and row, -1 where there is none, B x tokens x 2.
    """
    one, other = (
        _mean_cross_entropy(logits.flatten(0, 1), at.flatten())
        for logits, at in zip((columns, rows), places.unbind(-1), strict=True)
    )
    return (one + other) / 2


def match_loss(logits: Tensor, matches: Tensor) -> Tensor:
    """
    Cross-entropy of whether a letter of a choice is the sign's; both cases have half of the weight.

    Args:
        logits: B x tokens.
        matches: 1, 0, or -1 where nothing is compared, B x tokens.
    """
    losses = functional.binary_cross_entropy_with_logits(
        logits.float(), (matches == 1).float(), reduction="none"
    )
    means = [(losses * own).sum() / own.sum().clamp(min=1) for own in (matches == 0, matches == 1)]
    return torch.stack(means).mean()


def _mean_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Over the targets that are known, which none may be."""
    losses = functional.cross_entropy(logits.float(), target, ignore_index=-1, reduction="sum")
    return losses / (target >= 0).sum().clamp(min=1)


def centre_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """
    Cross-entropy of being the middle of a thing; the middles have half of the weight.

    Args:
        logits: B x tokens.
        labels: Whose first row is a name, and whose fourth is 1 in a middle, B x 4 x tokens.
    """
    is_centre, in_thing = labels[:, 3] == 1, labels[:, 0] > 0
    losses = functional.binary_cross_entropy_with_logits(
        logits.float(), is_centre.float(), reduction="none"
    )
    parts = ((is_centre, 0.5), (in_thing & ~is_centre, 0.35), (labels[:, 0] == 0, 0.15))
    means = [weight * (losses * own).sum() / own.sum().clamp(min=1) for own, weight in parts]
    return torch.stack(means).sum()


def teaching_loss(features: Tensor, taught: Tensor) -> Tensor:
    """The fraction of the variance of features, B x tokens x width, that is not yet learnt."""
    wanted = taught.float()
    spread = wanted.flatten(0, 1).var(0, correction=0).mean()
    return (features.float() - wanted).square().mean() / spread


@cache
def class_ids(kind: int, device: str) -> Tensor:
    """Ids of the words for names, colours or characters, in the order of the labels."""
    return torch.tensor([token_id(word) for word in CLASSES[kind]], device=device)


@cache
def _word_classes(device: str) -> Tensor:
    """For each token id, the thing that it names, or `_COLOUR_OFFSET` + the colour, or -1."""
    classes = torch.full((len(VOCABULARY),), -1)
    for index, name in enumerate(NAME_CLASSES):
        several = THINGS[name].plural if name in THINGS else f"{name}s"
        classes[[token_id(name), token_id(several)]] = index
    for index, colour in enumerate(COLOUR_CLASSES):
        classes[token_id(colour)] = _COLOUR_OFFSET + index
    return classes.to(device)
