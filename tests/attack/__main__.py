"""
Repeats attacks: `python -m tests.attack runs 17`, or `runs 0:200` for all of these seeds.

With `--causes`, failures are also counted by what was said, the most frequent first; with `--all`,
the ends of all commands are shown.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict

from tests.attack.attacks import ATTACKS
from tests.attack.siege import Attempt, End, Failure, Server, assault, scratch_folder


def main(name: str, seeds: str, *options: str) -> int:
    """Make the attacks, and say what went wrong."""
    first, _, end = seeds.partition(":")
    wanted, failures = range(int(first), int(end or int(first) + 1)), list[Failure]()
    watch = _show if "--all" in options else None
    with scratch_folder() as home, Server(home) as server:
        for seed in wanted:
            for failure in assault(ATTACKS[name], seed, server, watch):
                print(failure, end="\n\n", flush=True)
                failures.append(failure)
    if "--causes" in options:
        _say_causes(failures)
    print(f"{len(failures)} of {len(wanted)} attacks of {name} went wrong.")
    return int(bool(failures))


def _show(attempt: Attempt, end: End) -> None:
    told = (end.err.strip() or end.out.strip())[-300:]
    print(f"{attempt.told[:200]}\n  {end.code}{end.signal}: {told}\n")


def _say_causes(failures: list[Failure]) -> None:
    causes = defaultdict(list)
    for failure in failures:
        said, _, place = failure.said.rpartition(" AT ")
        said = re.sub(r"'[^']*'|\d+", "*", f"{failure.wrong}: {said}")[:170]
        causes[place or said].append(failure)
    for found in sorted(causes.values(), key=len, reverse=True):
        print(f"{len(found)} x {found[0]}\n  seeds {[failure.seed for failure in found][:12]}\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
