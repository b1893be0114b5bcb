"""Checks of what a pass takes: hardware, memory, time, preparation of images."""

from __future__ import annotations

import time
from typing import Any

from ..models.base import Usage
from ..models.engine.decoder import get_decoder
from ..models.engine.metering.peak_rss import peak_rss
from .numbers import kept_prefixes
from .pictures import SIZES, SMALL, draw_blocks
from .subject import CIRCLE, Outcome, SkipCheck, Subject, about

_GIB, _MIB = 1 << 30, 1 << 20
_DECODED = 9  # tokens of a reply that is timed
_OTHER = "What is in the middle of the image?"


def check_hardware(subject: Subject) -> Outcome:
    """Device, dtype and kernel, and whether they suit one another."""
    network = getattr(subject.model, "network", None)
    if network is None:
        raise SkipCheck("the model is not a network of transformers")
    device, dtype = network.device.type, str(network.dtype).removeprefix("torch.")
    kernel = get_decoder(network).config._attn_implementation  # noqa: SLF001 - no other name
    quantised = getattr(network, "hf_quantizer", None) is not None
    packed = ", packed weights" if quantised else ""
    figures = {"device": device, "dtype": dtype, "attention": kernel, "quantised": quantised}
    found = f"computes in {dtype}{packed} on {device}, attention by {kernel}"
    chosen = str(getattr(subject.family, "attention", kernel))  # some families need eager
    fix = advise(device, dtype, chosen, quantised=quantised)
    return Outcome("note" if fix else "ok", found, fix, figures)


def advise(device: str, dtype: str, kernel: str, *, quantised: bool) -> str:
    """What would be faster; empty if nothing."""
    import torch

    if device == "cpu" and torch.cuda.is_available():
        return "there is a GPU: set device=cuda"
    if device == "cuda" and dtype == "float32" and not quantised:
        return "dtype=bfloat16 takes half the memory and less than half the time on a GPU"
    if device == "cpu" and dtype == "float16":
        return "few CPUs compute in float16: set dtype=bfloat16"
    if kernel == "eager":
        return "attention=sdpa is faster, and takes less memory"
    return ""


def check_memory(subject: Subject) -> Outcome:
    """Weights, the peak of a pass, and what one image takes of `memory=`."""
    network: Any = getattr(subject.model, "network", None)
    if network is None:
        raise SkipCheck("the model is not a network of transformers")
    subject.model.forget()
    (choice,) = subject.choose([about(subject.first, CIRCLE)])
    weights = sum(part.nbytes for part in (*network.parameters(), *network.buffers()))
    peak, kept = choice.usage.peak_bytes, sum(kept_prefixes(subject))
    cache = getattr(subject.model, "prefix_cache", None)
    most = 0 if cache is None else cache.max_bytes
    figures = {
        "weight_bytes": weights,
        "peak_bytes": peak or None,
        "peak_resident_bytes": peak_rss(),
        "image_bytes": kept,
        "image_tokens": choice.usage.image_tokens,
        "cache_bytes": most,
    }
    found = f"weights {_size(weights)}" + (f", {_size(peak)} at the peak of a pass" if peak else "")
    if cache is None:
        return Outcome("ok", f"{found}; keys and values are not remembered", "", figures)
    if not kept:
        found += f"; an image does not fit into {_size(most)}"
        return Outcome("note", found, "raise memory=, so that an image is remembered", figures)
    found += f"; an image of {choice.usage.image_tokens} tokens takes {_size(kept)}"
    return Outcome("ok", f"{found}; there is room for {most // kept:,}", "", figures)


def check_speed(subject: Subject) -> Outcome:
    """Milliseconds of a pass, of a question about a remembered image, and of a decoded token."""
    first, second = (about(subject.first, text) for text in (CIRCLE, _OTHER))
    repeats = 1 if subject.quick else 3
    whole, again = [], []
    for _ in range(repeats):
        subject.model.forget()
        whole.append(subject.choose([first])[0].usage)
        again.append(subject.choose([second])[0].usage)
    fastest, suffix = min(whole, key=_seconds), min(again, key=_seconds)
    if not fastest.seconds:
        raise SkipCheck("the model does not tell how long a pass takes")
    token = _decoding(subject)
    figures = {
        "prefill_ms": _ms(fastest.seconds),
        "prefill_tokens": fastest.new_tokens,
        "suffix_ms": _ms(suffix.seconds),
        "suffix_tokens": suffix.new_tokens,
        "decode_ms": None if token is None else _ms(token),
        "flops": fastest.flops,
    }
    found = f"{_ms(fastest.seconds):,.4g} ms for a prompt of {fastest.new_tokens} tokens"
    if suffix.reused_tokens:
        found += f", {_ms(suffix.seconds):,.4g} ms for another question about its image"
    if token is not None:
        found += f", {_ms(token):,.4g} ms for a decoded token"
    return Outcome("ok", found, "", figures)


def _decoding(subject: Subject) -> float | None:
    """Seconds of a decoded token; none if the reply is too short to tell."""
    prompt = about(subject.first, "Describe the image in detail.")
    (one,) = subject.model.generate([prompt], max_new_tokens=1)
    (several,) = subject.model.generate([prompt], max_new_tokens=_DECODED)
    (one,) = subject.model.generate([prompt], max_new_tokens=1)  # now as warm as the other
    more = several.usage.decoded_tokens - one.usage.decoded_tokens
    seconds = several.usage.seconds - one.usage.seconds
    return seconds / more if more > 0 and seconds > 0 else None


def check_preparation(subject: Subject) -> Outcome:
    """Milliseconds to turn a prompt into tokens and pixels, the first time and again."""
    if subject.processor is None:
        raise SkipCheck("the model does not prepare prompts by itself")
    sizes = {"small": SMALL} if subject.quick else {"small": SMALL, "large": SIZES["large"]}
    figures: dict[str, Any] = {}
    shown = []
    for name, size in sizes.items():
        first, again = _prepare(subject, size)
        figures |= {f"{name}_first_ms": _ms(first), f"{name}_again_ms": _ms(again)}
        shown.append(f"{_ms(first):.3g} ms, again {_ms(again):.3g} ms, for {size[0]}x{size[1]}")
    return Outcome("ok", "; ".join(shown), "", figures)


def _prepare(subject: Subject, size: tuple[int, int]) -> tuple[float, float]:
    """Seconds for a new image, and for another question about it."""
    image = draw_blocks(size, seed=5)
    subject.model.forget()
    seconds = []
    for text in (CIRCLE, _OTHER):
        started = time.perf_counter()
        subject.processor.tokenize(about(image, text))
        seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1]


def _seconds(usage: Usage) -> float:
    return usage.seconds


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 3)


def _size(amount: int) -> str:
    """Bytes in GiB or MiB, to three digits."""
    return f"{amount / _GIB:.3g} GiB" if amount >= _GIB else f"{amount / _MIB:.3g} MiB"
