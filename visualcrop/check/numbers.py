"""Checks of numbers: values, remembered, batched and packed passes, attention, FLOPs."""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

from ..models.base import Capture
from ..models.engine.block_attention import BLOCKS
from ..models.huggingface import HuggingFaceModel
from .comparing import Comparison, Logits, relative_difference, worst
from .pictures import SMALL, draw_blocks
from .plain import one_batch, remembered
from .subject import CIRCLE, WORDS, Outcome, SkipCheck, Subject, about

_OTHERS = (
    "What colour is the shape in the middle? Answer with one word.",
    "Is there a square in the image? Answer Yes or No.",
)
_LONG = (
    "Look at the picture carefully, from its left side to its right side and from its top to its "
    "bottom, and say whether there is a small blue square in it. Answer Yes or No."
)
_SENTENCES = ("The shape in the image is red.", "It is a square.")
_REPLY = 8  # tokens of the reply that is compared
_ATTENTION = 3  # tolerances: weights are exponentials of what is rounded in every layer below
_MOST_FLOPS_OFF = 0.02  # a share of what PyTorch counts


def check_plain(subject: Subject) -> Outcome:
    """A pass over an image and a question gives numbers."""
    logits = subject.reference(about(subject.first, CIRCLE))
    figures = {"logits": dict(zip(WORDS, logits, strict=True))}
    if not all(map(math.isfinite, logits)):
        found = "a plain pass of the network gives logits that are not numbers"
        fix = "download the weights again; if that does not help, set dtype=float32 or bfloat16"
        return Outcome("fail", found, fix, figures)
    if len({*logits}) == 1:
        found = "all replies have the same logit, so the network does not tell them apart"
        return Outcome("note", found, "weights of zeros do that: download them again", figures)
    shown = f"{min(logits):.3g} to {max(logits):.3g}"
    found = f"logits from {shown} for {len(WORDS)} replies, by {subject.compared_with}"
    return Outcome("ok", found, "", figures)


def check_values(subject: Subject) -> Outcome:
    """Values and keys that the tap captures are those in the network's own cache."""
    plain = subject.need_plain()
    prompt = about(subject.first, CIRCLE)
    wanted = plain.cached(prompt)
    if not wanted:
        raise SkipCheck("the network's cache keeps no values of every token")
    layers = tuple(wanted)
    subject.model.forget()
    differences: list[tuple[int, float]] = []
    for _ in range(2):  # whole, then over the remembered prefix
        (seen,) = subject.model.forward([prompt], Capture(values=layers, keys=layers))
        for n, (keys, values) in wanted.items():
            pairs = ((seen.values[n], values), (seen.keys[n], keys))
            differences.append((n, max(relative_difference(a, b) for a, b in pairs)))
    layer, most = worst(differences)
    figures = {"layers": list(layers), "largest_share": most, "tolerance": subject.tolerance}
    depth = subject.model.info.layers
    on = f"all {depth} layers" if len(layers) == depth else f"{len(layers)} of {depth} layers"
    if most > subject.tolerance:
        found = f"values and keys differ from the network's cache by {most:.2g} in layer {layer}"
        fix = "set memory=0; if it still fails, report it with this report, for maps are wrong"
        return Outcome("fail", found, fix, figures)
    found = f"values and keys of {on} are those in the network's cache, to {most:.1g}"
    return Outcome("ok", found, "", figures)


def check_remembered(subject: Subject) -> Outcome:
    """Questions about images seen before are answered as if they were new."""
    model = subject.model
    keeps = not isinstance(model, HuggingFaceModel) or model.prefix_cache is not None
    if not keeps:
        raise SkipCheck("nothing is remembered, with memory=0 or as image tokens see the question")
    texts = (CIRCLE, *_OTHERS[: 1 if subject.quick else 2])
    images = (subject.first, subject.second)
    prompts = [about(image, text) for text in texts for image in images]
    wanted = [subject.reference(prompt) for prompt in prompts]
    model.forget()
    choices = [subject.choose([prompt])[0] for prompt in prompts]
    pairs = [(choice.logits, want) for choice, want in zip(choices, wanted, strict=True)]
    comparison = Comparison(pairs, subject.tolerance, subject.largest_logit)
    fix = "set memory=0, which runs every prompt from its start, and report it with this report"
    outcome = comparison.outcome(subject, fix)
    reused = sum(choice.usage.reused_tokens for choice in choices)
    if outcome.state == "ok" and isinstance(model, HuggingFaceModel) and not reused:
        found = f"{outcome.found}; but no token was reused"
        return Outcome("note", found, "raise memory=, so that an image fits in", outcome.figures)
    return outcome


def check_batched(subject: Subject) -> Outcome:
    """Prompts of several images and lengths in one pass do not see one another."""
    model = subject.model
    others = [draw_blocks((SMALL[1], SMALL[0]), seed=2)]
    prompts = [about(subject.first, CIRCLE), about(subject.second, _LONG)]
    prompts += [] if subject.quick else [about(image, _OTHERS[0]) for image in others]
    wanted = [subject.reference(prompt) for prompt in prompts]
    model.forget()
    with one_batch(model) if isinstance(model, HuggingFaceModel) else nullcontext():
        choices = subject.choose(prompts)
    pairs = [(choice.logits, want) for choice, want in zip(choices, wanted, strict=True)]
    fix = "set concurrency=1, and report it with this report"
    return Comparison(pairs, subject.tolerance, subject.largest_logit).outcome(subject, fix)


def check_packed(subject: Subject) -> Outcome:
    """Several questions about one image, and several replies, in one call."""
    model = subject.model
    others = _OTHERS[: 1 if subject.quick else 2]
    prompts = [about(subject.first, text) for text in (CIRCLE, *others)]
    wanted = [subject.reference(prompt) for prompt in prompts]
    model.forget()
    choices = subject.choose(prompts)
    found = [choice.logits for choice in choices]
    pairs: list[tuple[Logits, Logits]] = list(zip(found, wanted, strict=True))
    if (plain := subject.plain) is not None:
        (scored,) = model.choose(prompts[:1], _SENTENCES, by="sentence")
        means = [plain.mean_log_probability(prompts[0], reply) for reply in _SENTENCES]
        pairs.append((scored.logits, means))
    fix = "set memory=0, or attention=eager, and report it with this report"
    return Comparison(pairs, subject.tolerance, subject.largest_logit).outcome(subject, fix)


def check_decoded(subject: Subject) -> Outcome:
    """A reply is the one that `generate` of transformers writes, up to a tie."""
    plain = subject.need_plain()
    prompt = about(subject.first, "Describe the image in detail.")
    decode = plain.model.prompt_processor.detokenize
    tokens = plain.generate(prompt, _REPLY)
    (reply,) = subject.model.generate([prompt], max_new_tokens=_REPLY)
    figures: dict[str, Any] = {"reply": reply.text, "by_transformers": decode(tokens)}
    if reply.text == decode(tokens):
        found = f"a reply is that of generate of transformers, token by token ({len(tokens)})"
        return Outcome("ok", found, "", figures)
    starts = [n for n in range(len(tokens) + 1) if reply.text.startswith(decode(tokens[:n]))]
    margin, scale = plain.margin_after(prompt, tokens[: starts[-1]])
    figures |= {"margin": margin, "scale": scale}
    if margin <= 2 * subject.tolerance * scale:
        found = f"a reply leaves that of transformers at a tie, after {starts[-1]} tokens"
        return Outcome("ok", found, "", figures)
    found = f"a reply leaves that of generate of transformers after {starts[-1]} tokens"
    return Outcome("fail", found, "set memory=0, and report it with this report", figures)


def check_attention(subject: Subject) -> Outcome:
    """The last token's attention on two layers is that of eager attention."""
    plain = subject.need_plain()
    if subject.quick:
        raise SkipCheck("left out by --quick")
    layers = plain.attention_layers()
    if not layers:
        raise SkipCheck("no layer of the decoder has a module self_attn")
    two = tuple(sorted({layers[len(layers) // 2], layers[-1]}))
    prompt = about(subject.first, CIRCLE)
    wanted = plain.attention(prompt, two)
    subject.model.forget()
    (seen,) = subject.model.forward([prompt], Capture(attention=two))
    layer, most = worst((n, relative_difference(seen.attention[n], wanted[n])) for n in two)
    figures = {
        "layers": list(two),
        "largest_share": most,
        "tolerance": _ATTENTION * subject.tolerance,
    }
    if most > _ATTENTION * subject.tolerance:
        found = f"the last token's attention in layer {layer} differs from eager's by {most:.2g}"
        fix = "set attention=eager, and report it with this report"
        return Outcome("fail", found, fix, figures)
    shown = " and ".join(map(str, two))
    found = f"the last token's in layers {shown} is that of eager, to {most:.1g}"
    return Outcome("ok", found, "", figures)


def check_flops(subject: Subject) -> Outcome:
    """The meter counts what PyTorch counts."""
    plain = subject.need_plain()
    if subject.quick:
        raise SkipCheck("left out by --quick")
    if plain.is_quantised:
        raise SkipCheck("PyTorch does not count operators of packed weights")
    device = plain.network.device.type
    if plain.kernel not in {"sdpa", "eager", BLOCKS} or device not in {"cpu", "cuda"}:
        raise SkipCheck(f"PyTorch does not count {plain.kernel} on {device}")
    by_meter, counted = plain.flops(about(subject.first, CIRCLE))
    figures = {"meter": by_meter, "counted": counted}
    off = abs(by_meter - counted) / max(counted, 1.0)
    if off > _MOST_FLOPS_OFF:
        found = f"the meter counts {by_meter:.4g} FLOPs a pass where PyTorch counts {counted:.4g}"
        fix = "answers are right all the same; report it with this report, for costs are not"
        return Outcome("note", found, fix, figures)
    return Outcome(
        "ok", f"{counted / 1e9:.3g} GFLOPs a pass, as PyTorch counts, to {off:.1%}", "", figures
    )


def kept_prefixes(subject: Subject) -> list[int]:
    """Bytes of keys and values of each prefix that is remembered."""
    model = subject.model
    states = remembered(model) if isinstance(model, HuggingFaceModel) else []
    return [state.kv_bytes for state in states]
