"""Figures in words: never a share without its bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .missing import missing_told

_LETTERS = ("", "k", "M", "G", "T", "P", "E")  # of thousands
LIKELY = 0.05  # how likely by chance a difference may be that is called clear


def percent(share: float) -> str:
    """With one digit, as in 72.8 %."""
    return f"{100 * share:.1f} %"


def right_told(row: Mapping[str, Any]) -> list[str]:
    """The share that is right and its bounds; empty where nothing has an answer."""
    return [percent(row["accuracy"]), bounds_told(row["interval"])] if row["n"] else ["", ""]


def bounds_told(interval: tuple[float, float]) -> str:
    """As in 66 % to 79 %."""
    low, high = interval
    return f"{low:.0%} to {high:.0%}".replace("%", " %")


def gain_told(gain: Mapping[str, Any] | None) -> str:
    """Points with their bounds, as in +25.1 (+18.0 to +32.2)."""
    if not gain:
        return ""
    low, high = gain["interval"]["low"], gain["interval"]["high"]
    return f"{100 * gain['gain']:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def chance_told(gain: Mapping[str, Any] | None) -> str:
    """How likely the gain is by chance."""
    if not gain:
        return ""
    return "< 0.001" if gain["p"] < 0.001 else f"{gain['p']:.3f}"


def amount_told(amount: float, unit: str = "") -> str:
    """With one digit and a letter for thousands, as in 52.3 G; nothing if it is not known."""
    if not amount:
        return ""
    size = min(int(math.log10(max(amount, 1)) // 3), len(_LETTERS) - 1)
    return f"{amount / 1000**size:.1f} {_LETTERS[size]}{unit}".rstrip()


def costs(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What a question costs under each variant, by what it is called, as far as models tell."""
    told = [_costs(row) for row in rows]
    known = [name for name in (told[0] if told else ()) if any(each[name] for each in told)]
    return [{name: each[name] for name in known} for each in told]


def _costs(row: Mapping[str, Any]) -> dict[str, str]:
    work, whole = row["work"], row["whole"]
    return {
        "search passes": f"{row['counts'].get('focus-paper', 0):.1f}" if row["n"] else "",
        "whole image": f"{whole['tokens']:.0f}" if whole else "",
        "image tokens": f"{work.get('image_tokens', 0):.0f}".lstrip("0"),
        "FLOPs": amount_told(work.get("flops", 0)),
        "MACs": amount_told(work.get("macs", 0)),
        "GPU": amount_told(row["memory"]["gpu"] or 0, "B"),
        "seconds": f"{row['seconds']:.2f}" if row["n"] and row["seconds"] is not None else "",
    }


def wrong_told(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What to know before the figures: that a run is unfinished, and answers that failed."""
    if lack := missing_told((row["searcher"], row["asked"], row["wanted"]) for row in rows):
        yield lack
    yield from _errors(rows)
    yield from _unsearched(rows)
    yield from _drawn(rows)
    yield from _shared(rows)


def _errors(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How many answers failed, and why the first one did; each reason once, with whom it is of."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["errors"]:
            found.setdefault(" ".join(row["error"].split()).rstrip("."), []).append(row)
    for reason, failing in found.items():
        names = ", ".join(row["searcher"] for row in failing)
        yield f"Errors: {sum(row['errors'] for row in failing)} ({names}), the first: {reason}."


def _unsearched(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where a search did not search, or not to its end: its figures are not the method's."""
    for name, what in (
        ("untargeted", "No target was found, and the whole image was asked, in"),
        ("exhausted", "The budget ran out, and the best so far was taken, in"),
    ):
        counts = [f"{row[name]} of {row['n']} ({row['searcher']})" for row in rows if row[name]]
        if counts:
            yield f"{what} {', '.join(counts)}."


def _drawn(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """That several commands chose different questions, all of which count."""
    asked = max((row["asked"] for row in rows), default=0)
    chosen = next((row["chosen"] for row in rows if row["chosen"] is not None), asked)
    if asked > chosen:
        yield f"{asked} questions count, of several commands: the last of them chose {chosen}."


def _shared(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Whose costs cannot be told, because its passes ran with those of others."""
    answered = [row for row in rows if row["n"]]
    names = [row["searcher"] for row in answered if not row["alone"]]
    if names:
        whose = f" ({', '.join(names)})" if len(names) < len(answered) else ""
        yield (
            f"Passes were shared, or ran beside others{whose}: FLOPs, memory and seconds are "
            "nobody's own, and left out."
        )


def losses_told(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where a model is shown less than the images hold; each sentence once, with whom it is of."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for told in _losses(row["whole"]):
            found.setdefault(told, []).append(row["searcher"])
    for told, names in found.items():
        yield told if len(names) == len(rows) else f"{told[:-1]} ({', '.join(names)})."


def _losses(whole: Mapping[str, Any] | None) -> Iterator[str]:
    if whole and whole["shrunk"]:
        full, now = ("{} x {}".format(*whole["most"][name]) for name in ("image", "size"))
        yield (
            f"The model is shown {whole['shrunk']} of {whole['questions']} whole images smaller "
            f"than they are; the most {whole['most']['id']!r}, {full} pixels as {now}."
        )
    if whole and whole["lost"]:
        yield (
            f"In {whole['lost']} of {whole['measured']} whole images what is asked for takes less "
            f"than one image token: {', '.join(whole['named'])}"
            + (" and others." if whole["lost"] > len(whole["named"]) else ".")
        )


def memory_told(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the process held, which is nobody's alone."""
    if held := max((row["memory"]["process"] or 0 for row in rows), default=0):
        yield f"The process held {amount_told(held, 'B')} at the most, model and all."
