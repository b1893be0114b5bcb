"""
What each method costs on a small model: processor seconds, passes and decoded tokens a question.

    python -m benchmarks.methods --data "shapes(count=40)"

One process with one thread of torch asks every method every question, one after the other, and the
model forgets the image in between. Processor seconds of one thread depend little on what else the
machine does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

import attrs

from visualcrop import Ledger, Question, Sample, VisualSearch
from visualcrop.plugin import Dataset, Registry

METHODS = ("direct", "focus", "vicrop", "vicrop(source=grad-att)", "zoomeye", "seal", "dc2")
_HEAD = "| method | seconds a question | the slowest | passes | tokens decoded | right |"
_RULE = "|---|--:|--:|--:|--:|--:|"


@attrs.frozen
class Cost:
    """What one method took for one question."""

    seconds: float  # of the processor, by the whole process
    passes: int
    decoded: int  # tokens
    right: bool


def main(arguments: Sequence[str]) -> int:
    """Print a table, a row for each method."""
    import torch

    options, threads = _parse(arguments), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        costs = _measure_all(options.model, options.data, options.method or METHODS)
    finally:
        torch.set_num_threads(threads)
    print(f"{_HEAD}\n{_RULE}")
    for method, own in costs.items():
        print(format_row(method, own))
    return 0


def _measure_all(model: str, data: str, methods: Sequence[str]) -> Mapping[str, Sequence[Cost]]:
    """The costs of each method, a question after the other."""
    searches = {method: VisualSearch.open(model, method) for method in methods}
    costs: dict[str, list[Cost]] = {method: [] for method in methods}
    for done, sample in enumerate(_questions(data), 1):
        image = sample.source.open()
        image.digest  # noqa: B018 - a figure of the image, computed once, whoever asks first
        question = Question(sample.text, image, sample.choices)
        for method, search in searches.items():
            costs[method].append(measure(search, question, sample.answer))
        print(f"{done} questions", file=sys.stderr)
    return costs


def measure(search: VisualSearch, question: Question, right: object) -> Cost:
    """Ask *question* as if the model had never seen its image."""
    ledger = Ledger()
    search.model.forget()
    started = time.process_time()
    answer = search.answer(question, ledger=ledger)
    seconds = time.process_time() - started
    return Cost(seconds, ledger.passes, ledger.usage.decoded_tokens, answer.choice == right)


def format_row(method: str, costs: Sequence[Cost]) -> str:
    """Means over all questions, and the slowest one."""
    means: Mapping[str, float] = {
        name: sum(getattr(cost, name) for cost in costs) / len(costs)
        for name in ("seconds", "passes", "decoded", "right")
    }
    slowest = max(cost.seconds for cost in costs)
    return (
        f"| `{method}` | {means['seconds']:.2f} | {slowest:.2f} | {means['passes']:.1f} | "
        f"{means['decoded']:,.0f} | {means['right']:.1%} |"
    )


def _questions(data: str) -> Iterator[Sample]:
    dataset = Registry.load().build(Dataset, data)
    return (sample for sample in dataset.read() if isinstance(sample, Sample))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.methods",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", default="shapes(count=40)", metavar="SPEC", help="a dataset")
    parser.add_argument("--model", default="tiny-shapes", metavar="SPEC", help="a model")
    parser.add_argument(
        "--method", action="append", metavar="SPEC", help="a searcher; without any, all seven"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
