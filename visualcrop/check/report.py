"""What `visualcrop check` found: results, and a report that can be attached to an issue."""

from __future__ import annotations

import getpass
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import attrs

State: TypeAlias = Literal["ok", "note", "fail", "skipped"]
STATES: tuple[State, ...] = ("ok", "note", "fail", "skipped")
FORMAT = 1  # of `CheckReport.to_dict`; raised when a key changes its meaning or goes away
_TOKEN = re.compile(r"\bhf_\w{8,}")
_CREDENTIALS = re.compile(r"://[^\s/@]+@")
_PATH = re.compile(
    r"(?<![\w:/.~\\])(?:[A-Za-z]:|~|\.{1,2})?(?:[\\/][^\s\\/'\",;:()<>|]+){2,}[\\/]?"
)
_MIN_NAME = 3  # letters of a user's name; shorter ones are parts of many words


@attrs.frozen
class CheckResult:
    """One line of a report: what was checked, and what to do about it."""

    name: str  # such as "image-tokens", stable
    state: State
    found: str  # a sentence
    fix: str = ""  # what to do; empty if nothing needs doing
    figures: Mapping[str, Any] = attrs.field(factory=dict)  # plain values, by stable names
    seconds: float = 0.0  # that the check took

    @property
    def title(self) -> str:
        """The name, for people."""
        return self.name.replace("-", " ")


@attrs.frozen
class CheckReport:
    """
    The results of `check_model`, with the machine, the packages and the model.

    What `to_dict` gives holds no path, no name of a user or host, and no token: see `redact`.
    """

    model: Mapping[str, Any]
    machine: Mapping[str, Any]
    packages: Mapping[str, str]
    results: tuple[CheckResult, ...]

    @property
    def failed(self) -> bool:
        """Whether a check failed."""
        return any(result.state == "fail" for result in self.results)

    @property
    def counts(self) -> dict[str, int]:
        """The number of results by state, zeros included."""
        states = Counter(result.state for result in self.results)
        return {state: states[state] for state in STATES}

    @property
    def summary(self) -> str:
        """The counts in words."""
        words = {"ok": "ok", "note": "to note", "fail": "failed", "skipped": "skipped"}
        return ", ".join(f"{count} {words[state]}" for state, count in self.counts.items() if count)

    @property
    def seconds(self) -> float:
        """Seconds that all checks took."""
        return sum(result.seconds for result in self.results)

    def __getitem__(self, name: str) -> CheckResult:
        """The result of the check of that *name*."""
        found = {result.name: result for result in self.results}
        return found[name]

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self.results)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, redacted."""
        whole = {
            "format": FORMAT,
            "model": self.model,
            "machine": self.machine,
            "packages": self.packages,
            "counts": self.counts,
            "seconds": round(self.seconds, 3),
            "checks": [attrs.asdict(result) for result in self.results],
        }
        redacted: dict[str, Any] = _redact_all(whole)
        return redacted


def redact(text: str) -> str:
    """*text* without tokens and passwords; of a path only its last part stays."""
    text = _TOKEN.sub("hf_...", _CREDENTIALS.sub("://", text))
    home = str(Path.home())
    text = text.replace(home, "~") if len(home) > 1 else text
    return _PATH.sub(_last_part, text)


def redact_user(text: str) -> str:
    """`redact`, and the user's name is replaced where it is a word of its own."""
    text, name = redact(text), _user_name()
    return re.sub(rf"\b{re.escape(name)}\b", "user", text) if len(name) >= _MIN_NAME else text


def _last_part(path: re.Match[str]) -> str:
    return ".../" + re.split(r"[\\/]", path[0].rstrip("\\/"))[-1]


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have no name for its user
        return ""


def _redact_all(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _redact_all(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_redact_all(inner) for inner in value]
    return redact(value) if isinstance(value, str) else value
