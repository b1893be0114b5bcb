"""Figures as text for tables and notes: every share with its bounds, every amount with its unit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .statistics import Interval

_LETTERS = ("", "k", "M", "G", "T", "P", "E")  # of thousands
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")
LIKELY = 0.05  # how likely by chance a difference may be that is called clear


def format_percent(share: float) -> str:
    """With one digit, as in 72.8 %."""
    return f"{100 * share:.1f} %"


def format_accuracy(row: Mapping[str, Any]) -> list[str]:
    """The share that is right and its bounds; empty where nothing has an answer."""
    return (
        [format_percent(row["accuracy"]), format_interval(row["interval"])]
        if row["n"]
        else ["", ""]
    )


def format_share(share: float, bounds: Interval) -> str:
    """With its bounds, as in 0.018 (0.010 to 0.029), if they are known; empty if it is not."""
    if math.isnan(share):
        return ""
    known = not math.isnan(bounds.low)
    return f"{share:.3f} ({bounds.low:.3f} to {bounds.high:.3f})" if known else f"{share:.3f}"


def format_interval(interval: tuple[float, float]) -> str:
    """As in 66 % to 79 %."""
    low, high = interval
    return f"{low:.0%} to {high:.0%}".replace("%", " %")


def format_gain(gain: Mapping[str, Any] | None) -> str:
    """Points with their bounds, as in +25.1 (+18.0 to +32.2)."""
    if not gain:
        return ""
    low, high = gain["interval"]["low"], gain["interval"]["high"]
    return f"{100 * gain['gain']:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def format_p(gain: Mapping[str, Any] | None) -> str:
    """How likely the gain is by chance, corrected for the number of comparisons."""
    if not gain:
        return ""
    p = corrected_p(gain)
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def corrected_p(gain: Mapping[str, Any]) -> float:
    """By Holm's method, where several variants are compared with one."""
    return float(gain.get("p_holm", gain["p"]))


def format_ratio(interval: Interval | None) -> str:
    """Bounds of a ratio, as in 2.9 to 4.4; more digits below 1."""
    if interval is None:
        return ""
    digits = 1 if interval.low >= 1 else 2
    return f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"


def format_amount(amount: float, unit: str = "") -> str:
    """With one digit and a letter for thousands, as in 52.3 G; empty if it is not known."""
    if not amount:
        return ""
    size = min(int(math.log10(max(amount, 1)) // 3), len(_LETTERS) - 1)
    return f"{amount / 1000**size:.1f} {_LETTERS[size]}{unit}".rstrip()


def format_bytes(amount: float) -> str:
    """With one digit, as in 1.3 GiB; empty if it is not known."""
    if not amount:
        return ""
    size = min(int(math.log2(max(amount, 1)) // 10), len(_BYTES) - 1)
    return f"{amount / 1024**size:.1f} {_BYTES[size]}"


def format_machine(machine: Mapping[str, Any]) -> str:
    """The machine of a manifest: its GPU, else its cores and their name, if that was written."""
    named = f", {machine['processor']}" if machine.get("processor") else ""
    return machine["gpu"] or f"{machine['cores']} cores{named}, no GPU"


def format_costs(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The mean cost of a question under each variant; columns that no variant has are left out."""
    costs = [_costs(row) for row in rows]
    known = [name for name in (costs[0] if costs else ()) if any(each[name] for each in costs)]
    return [{name: each[name] for name in known} for each in costs]


def _costs(row: Mapping[str, Any]) -> dict[str, str]:
    work, whole, macs = row["work"], row["whole"], row["macs"] or {}
    return {
        "search passes": f"{row['counts'].get('focus-paper', 0):.1f}" if row["n"] else "",
        "own paper's passes": ""
        if row["own_paper_passes"] is None
        else f"{row['own_paper_passes']:.1f}",
        "whole image": f"{whole['tokens']:.0f}" if whole else "",
        "image tokens": f"{work.get('image_tokens', 0):.0f}".lstrip("0"),
        "FLOPs": format_amount(work.get("flops", 0)),
        "MACs": format_amount(work.get("macs", 0)),
        "search MACs": format_amount(macs.get("search", 0)),
        "GPU": format_bytes(row["memory"]["gpu"] or 0),
        "GPU, most": format_bytes(row["memory"]["gpu_most"] or 0),
        "seconds": f"{row['seconds']:.2f}" if row["n"] and row["seconds"] is not None else "",
    }


def describe_problems(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """All that a reader has to know before the figures: failures first, then caveats."""
    yield from describe_failures(rows)
    yield from describe_caveats(rows)


def describe_failures(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """That a run is unfinished, and answers that failed."""
    if lack := describe_missing((row["searcher"], row["asked"], row["wanted"]) for row in rows):
        yield lack
    yield from _errors(rows)


def describe_missing(counts: Iterable[tuple[str, int, int | None]]) -> str:
    """That a run is unfinished; empty if it is not. *counts*: label, questions asked, expected."""
    found: dict[str, list[str]] = {}
    missing, known = 0, True
    for label, asked, expected in counts:
        if expected is not None and (asked < expected or not expected):
            share = f"{asked} of {expected}" if expected else f"only {asked}"
            found.setdefault(share, []).append(label)
            missing, known = missing + (expected - asked), known and bool(expected)
    if not found:
        return ""
    listed = "; ".join(f"{share} asked ({', '.join(names)})" for share, names in found.items())
    who = "the same command, and those of other shards, ask only these"
    more = f" {missing} answers are missing: {who}." if known else ""
    return f"Unfinished: {listed}.{more}"


def describe_caveats(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where figures are not what they seem, though nothing went wrong."""
    yield from _unsearched(rows)
    yield from _drawn(rows)
    yield from _shared(rows)


def describe_correction(rows: Sequence[Mapping[str, Any]], baseline: str) -> Iterator[str]:
    """For how many comparisons p is corrected; nothing if there is one alone."""
    count = sum(bool(row["gain"]) for row in rows)
    if count > 1:
        yield f"p is corrected for {count} comparisons with {baseline} (Holm)."


def describe_history(manifests: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Runs that were forced, or resumed with other software or on another machine, by name."""
    for name, manifest in manifests.items():
        run = f"{name}: " if len(manifests) > 1 else ""
        yield from (f"{run}{change}" for change in manifest.get("changes", ()))
        for later in manifest.get("resumed", ()):
            changes = "; ".join(_changes(manifest, later)) or "another build of the same packages"
            yield f"{run}Resumed with other software or on another machine: {changes}."


def _changes(manifest: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[str]:
    """What is another in *later*, as in torch 2.6 -> 2.7."""
    before, now = manifest["packages"], later["packages"]
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield f"{name} {before.get(name, 'none')} -> {now.get(name, 'none')}"
    for name in ("gpu", "processor", "cores", "system", "python"):
        old, new = (made["machine"].get(name) for made in (manifest, later))
        if old != new and name in manifest["machine"]:  # older runs do not name the processor
            yield f"{name} {old} -> {new}"
    if manifest["commit"] != later["commit"]:
        yield f"commit {manifest['commit']} -> {later['commit']}"
    for plugin in sorted({*later["plugins"]} ^ {*manifest["plugins"]}):
        yield f"{plugin} {'added' if plugin in later['plugins'] else 'removed'}"


def _errors(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How many answers failed, and why the first one did: a sentence for each reason."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["errors"]:
            found.setdefault(" ".join(row["error"].split()).rstrip("."), []).append(row)
    for reason, failing in found.items():
        names = ", ".join(row["searcher"] for row in failing)
        yield f"Errors: {sum(row['errors'] for row in failing)} ({names}), the first: {reason}."


def _unsearched(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Searches without a target, or cut short by the budget: not the method's figures."""
    for name, what in (
        ("untargeted", "No target was found, and the whole image was asked, in"),
        ("exhausted", "The budget ran out, and the best so far was taken, in"),
    ):
        counts = [f"{row[name]} of {row['n']} ({row['searcher']})" for row in rows if row[name]]
        if counts:
            yield f"{what} {', '.join(counts)}."


def _drawn(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Questions of several commands, all of which count."""
    asked = max((row["asked"] for row in rows), default=0)
    chosen = next((row["chosen"] for row in rows if row["chosen"] is not None), asked)
    if asked > chosen:
        yield f"{asked} questions count, of several commands: the last of them chose {chosen}."


def _shared(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Variants whose cost is unknown, because their passes ran in batches with those of others."""
    answered = [row for row in rows if row["n"]]
    names = [row["searcher"] for row in answered if not row["alone"]]
    if names:
        whose = f" ({', '.join(names)})" if len(names) < len(answered) else ""
        yield (
            f"Passes were shared, or ran beside others{whose}: FLOPs, memory and seconds are "
            "nobody's own, and left out."
        )


def describe_downscaling(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Images shown smaller than they are, and targets below one image token, by variant."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for sentence in _losses(row["whole"]):
            found.setdefault(sentence, []).append(row["searcher"])
    for sentence, names in found.items():
        every = len(names) == len(rows)
        yield sentence if every else f"{sentence[:-1]} ({', '.join(names)})."


def _losses(whole: Mapping[str, Any] | None) -> Iterator[str]:
    if whole and whole["shrunk"]:
        full, now = ("{} x {}".format(*whole["most"][name]) for name in ("image", "size"))
        yield (
            f"The model is shown {whole['shrunk']} of {whole['questions']} whole images smaller "
            f"than they are, {whole['most']['id']!r} most of all: {full} pixels as {now}."
        )
    if whole and whole["lost"]:
        yield (
            f"In {whole['lost']} of {whole['measured']} whole images what is asked for takes less "
            f"than one image token: {', '.join(whole['named'])}"
            + (" and others." if whole["lost"] > len(whole["named"]) else ".")
        )


def describe_stages(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """MACs by stage of each variant with more than one stage: with and without the answer."""
    for row in rows:
        stages = (row["macs"] or {}).get("stages", {})
        if len(stages) > 1:
            parts = ", ".join(f"{name} {format_amount(n)}" for name, n in stages.items())
            yield f"MACs by stage, {row['searcher']}: {parts}."


def describe_memory(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Peak memory of the process, which all variants share."""
    if held := max((row["memory"]["process"] or 0 for row in rows), default=0):
        yield f"The process held {format_bytes(held)} at the most, model and all."
