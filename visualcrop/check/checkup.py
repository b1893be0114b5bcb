"""Runs all checks of a model, one after the other, and makes a report of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import VisualcropError
from ..models.checkpoints.load_errors import is_folder
from ..models.families.auto import Auto
from .costs import check_hardware, check_memory, check_preparation, check_speed
from .files import check_files
from .machine import describe_machine, list_packages
from .numbers import (
    check_attention,
    check_batched,
    check_decoded,
    check_flops,
    check_packed,
    check_plain,
    check_remembered,
    check_values,
)
from .report import CheckReport, CheckResult, redact_user
from .sanity import check_sanity
from .subject import Outcome, SkipCheck, Subject
from .tokens import check_image_tokens, check_order, check_replies

if TYPE_CHECKING:
    from ..models.base import Model, ModelFamily

_MOST_QUOTED = 300  # characters of an error's message


@attrs.frozen
class Check:
    """A check, and the checks that must not have failed before it."""

    run: Callable[[Subject], Outcome]
    needs: tuple[str, ...] = ()


_ASKED = ("image-tokens", "replies")
_RUNS = (*_ASKED, "plain")
_CHECKS: Mapping[str, Check] = {
    "hardware": Check(check_hardware),
    "files": Check(check_files),
    "image-tokens": Check(check_image_tokens),
    "order": Check(check_order, ("image-tokens",)),
    "replies": Check(check_replies),
    "plain": Check(check_plain, _ASKED),
    "values": Check(check_values, _RUNS),
    "remembered": Check(check_remembered, _RUNS),
    "batched": Check(check_batched, _RUNS),
    "packed": Check(check_packed, _RUNS),
    "decoded": Check(check_decoded, _RUNS),
    "attention": Check(check_attention, _RUNS),
    "flops": Check(check_flops, _RUNS),
    "memory": Check(check_memory, _RUNS),
    "speed": Check(check_speed, _RUNS),
    "preparation": Check(check_preparation, ("image-tokens",)),
    "sanity": Check(check_sanity, _RUNS),
}
CHECKS = tuple(_CHECKS)  # names of all checks, in their order


def check_model(
    model: Model,
    *,
    family: ModelFamily | None = None,
    quick: bool = False,
    on_start: Callable[[str], None] | None = None,
) -> CheckReport:
    """
    Check that *model* works here as it does in transformers, and measure what it costs.

    A check that fails or raises does not keep the others from running; those that need it are
    skipped. The model forgets all images that it has seen.

    Args:
        model: An open model of any kind. What its kind cannot be asked is skipped.
        family: What it was opened from, so that the files of its checkpoint are looked at, too.
        quick: Leave out the large picture, attention, FLOPs, and repeated measurements.
        on_start: Called with the name of each check before it runs.
    """
    subject = Subject(model, family, quick)
    results: dict[str, CheckResult] = {}
    for name, check in _CHECKS.items():
        if on_start is not None:
            on_start(name)
        started = time.perf_counter()
        outcome = _run(subject, check, results)
        fields = attrs.asdict(outcome, recurse=False)
        results[name] = CheckResult(name, **fields, seconds=round(time.perf_counter() - started, 4))
    with suppress(Exception):  # the checks say what goes wrong in a stranger's model
        model.forget()
    described = dict(_describe_model(subject))
    return CheckReport(described, describe_machine(), list_packages(), tuple(results.values()))


def _run(subject: Subject, check: Check, before: Mapping[str, CheckResult]) -> Outcome:
    """Run one check: an exception is a failure, a missing requirement a reason to skip."""
    if broken := [name for name in check.needs if before[name].state == "fail"]:
        return Outcome("skipped", f"needs {broken[0].replace('-', ' ')}, which failed")
    try:
        return check.run(subject)
    except SkipCheck as skip:
        return Outcome("skipped", _quote(subject, str(skip)))
    except VisualcropError as exc:
        fix = "do what it says, or report it with this report"
        return Outcome("fail", _quote(subject, str(exc)), fix)
    except Exception as exc:  # noqa: BLE001 - whatever goes wrong in a stranger's model is a finding
        found = f"it raised {type(exc).__name__}: {_quote(subject, str(exc))}"
        return Outcome("fail", found, "report it with this report")


def _quote(subject: Subject, message: str) -> str:
    """The first line of a *message*, without paths and names."""
    first = message.partition("\n")[0].partition("; see what 'visualcrop check'")[0].rstrip(".")
    first = redact_user(first.replace(str(subject.model.id), _name(subject)))
    return first if len(first) <= _MOST_QUOTED else f"{first[:_MOST_QUOTED]} ..."


def _name(subject: Subject) -> str:
    """The checkpoint's name on the hub, or that of its folder."""
    name = str(subject.model.id)
    return redact_user(Path(name).resolve().name if is_folder(name) else name)


def _describe_model(subject: Subject) -> Iterator[tuple[str, Any]]:
    """Name, kind, sizes and fingerprint of the model."""
    model, network = subject.model, getattr(subject.model, "network", None)
    yield "name", _name(subject)
    yield "family", _family_name(subject.family)
    yield "fingerprint", _fingerprint(subject)
    yield "layers", model.info.layers
    yield "base", model.info.base
    if network is not None:
        yield "network", type(network).__name__
        yield "model_type", str(network.config.model_type)
        yield "text_model_type", str(network.config.get_text_config().model_type)
        yield "parameters", sum(weights.numel() for weights in network.parameters())


def _family_name(family: Any) -> str:
    """The name of the family that `auto` found; empty if none is known."""
    found = family.family() if isinstance(family, Auto) else family
    return "" if found is None else str(found.name)


def _fingerprint(subject: Subject) -> str:
    if subject.family is None:
        return str(subject.model.fingerprint)
    return subject.family.fingerprint()
