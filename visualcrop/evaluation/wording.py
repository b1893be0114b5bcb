"""Figures in words: never a share without its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LIKELY = 0.05  # how likely by chance a difference may be that is called clear


def percent(share: float) -> str:
    """With one digit, as in 72.8 %."""
    return f"{100 * share:.1f} %"


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
